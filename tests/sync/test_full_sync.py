"""A sync in full: what a broker has learnt is dropped, every connection is asked, transactions from the beginning."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import LearningBroker, Listing
from cotrader_tui.domain.sync import RunStatus, SyncKind, Trigger
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from cotrader_tui.sync.history import FIRST_REACH, OVERLAP
from tests.builders import NOW
from tests.sync.fakes import ManualClock, run_skipping
from tests.sync.support import config, network_error
from tests.sync.test_history import FILL, HELD, HistoryScript, Stage, play

MINUTE = timedelta(minutes=1)
A_MOMENT = timedelta(seconds=30)


class Learned(HistoryScript):
    """A scripted broker that tells when it had to forget."""

    def forget(self) -> None:
        assert not self.is_busy, "calls of one broker never overlap"
        self.asked.append(("forget", ""))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


async def ask_in_full(stage: Stage) -> None:
    request_sync(stage.path, stage.clock(), is_full=True)
    await asyncio.sleep(5)


def test_the_fake_has_the_power_it_is_to_show() -> None:
    assert isinstance(Learned(HELD), LearningBroker)
    assert not isinstance(HistoryScript(HELD), LearningBroker)


def test_a_sync_in_full_forgets_first_and_fetches_everything_from_the_beginning(path: Path) -> None:
    broker = Learned(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        await stage.ask()
        assert ("forget", "") not in broker.asked
        broker.asked.clear()
        await ask_in_full(stage)
        assert [what for what, _ in broker.asked] == ["forget", "positions", "orders", "transactions"]
        first, second, in_full = broker.since
        assert second == FILL.at - OVERLAP
        assert abs(stage.clock() - FIRST_REACH - in_full) < A_MOMENT
        assert abs(in_full - first) < A_MOMENT
        assert stage.runs(SyncKind.TRANSACTIONS)[-1].trigger is Trigger.MANUAL

    play(path, broker, scene)


def test_it_reaches_back_to_the_first_transaction_that_is_kept(path: Path) -> None:
    broker = Learned(HELD)
    old = replace(FILL, key="7", at=NOW - 3 * FIRST_REACH)
    broker.booked = Listing((FILL, old))

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        await ask_in_full(stage)
        assert broker.since[-1] == old.at

    play(path, broker, scene)


def test_only_the_next_cycle_is_full(path: Path) -> None:
    broker = Learned(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        await ask_in_full(stage)
        broker.asked.clear()
        await stage.ask()
        await asyncio.sleep(16 * 60)
        assert broker.count("forget") == 0
        assert broker.count("transactions") >= 2
        assert set(broker.since[-2:]) == {FILL.at - OVERLAP}

    play(path, broker, scene)


def test_a_waiting_request_becomes_full_and_stays_so(path: Path) -> None:
    with Writer(path) as writer:
        writer.ensure_connection("c0", "tastytrade", "", timedelta(seconds=60))
    asked = {request_sync(path, NOW), request_sync(path, NOW, is_full=True), request_sync(path, NOW)}
    assert len(asked) == 1
    broker = Learned(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        assert broker.count("forget") == 1

    play(path, broker, scene)


def test_a_request_that_an_engine_left_behind_is_still_full(path: Path) -> None:
    with Writer(path) as writer:
        number = writer.ensure_connection("c0", "tastytrade", "", timedelta(seconds=60))
        request_sync(path, NOW, is_full=True)
        assert writer.is_full(writer.begin_cycle(number, Trigger.MANUAL, NOW))
    broker = Learned(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        assert broker.count("forget") == 1

    play(path, broker, scene)


def test_asked_in_the_middle_of_another_cycle_it_is_the_next_one_that_is_full(path: Path) -> None:
    with Writer(path) as writer:
        number = writer.ensure_connection("c0", "tastytrade", "", timedelta(seconds=60))
        request_sync(path, NOW)
        running = writer.begin_cycle(number, Trigger.MANUAL, NOW)
        request_sync(path, NOW, is_full=True)
        assert not writer.is_full(running)
        assert writer.is_full(writer.begin_cycle(number, Trigger.MANUAL, NOW + MINUTE))


def test_a_plain_request_of_the_same_number_is_not_full_once_the_full_one_is_served(path: Path) -> None:
    """Numbers of requests that were thinned may come again."""

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        await ask_in_full(stage)
        assert stage.writer.property_value("full sync of connection 1") is None

    play(path, Learned(HELD), scene)


def test_a_pass_in_full_that_fails_says_how_to_ask_for_it_again(path: Path) -> None:
    broker = Learned(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        error = network_error()
        error.hint = ""
        broker.booked = error
        await ask_in_full(stage)
        run = stage.runs(SyncKind.TRANSACTIONS)[-1]
        assert run.status is RunStatus.FAILED
        assert run.error is not None
        assert "`R`, or `cotrader sync --full`" in run.error.hint

    play(path, broker, scene)


def test_it_asks_every_connection_but_one_that_is_named(path: Path) -> None:
    brokers = [Learned(HELD), Learned(HELD)]

    async def run() -> None:
        with Writer(path) as writer:
            pairs = [(config(f"c{number}"), broker) for number, broker in enumerate(brokers)]
            stop = asyncio.Event()
            task = asyncio.create_task(Engine(writer, pairs, ManualClock()).run(stop))
            await asyncio.sleep(5)
            request_sync(path, NOW, ["c1"], is_full=True)
            await asyncio.sleep(5)
            assert [broker.count("forget") for broker in brokers] == [0, 1]
            request_sync(path, NOW, is_full=True)
            await asyncio.sleep(5)
            assert [broker.count("forget") for broker in brokers] == [1, 2]
            stop.set()
            await task

    run_skipping(run())


def test_one_sync_from_the_command_line_can_be_full(path: Path) -> None:
    broker = Learned(HELD)

    async def run() -> None:
        stage = Stage(path, broker, frozenset(SyncKind), timedelta(seconds=60))
        (outcome,) = await stage.engine.sync_once(is_full=True)
        stage.writer.close()
        assert outcome.is_full
        assert [what for what, _ in broker.asked] == ["forget", "positions", "orders", "transactions"]
        with Reader(path) as reader:
            assert {each.status for each in reader.cycle(outcome.number)} == {RunStatus.SUCCESS}

    run_skipping(run())
