"""Connections that come, change and go while an engine runs."""

from __future__ import annotations

import asyncio
import gc
import logging
import sqlite3
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import Broker, ConnectionConfig, MarketUpdate, Secret
from cotrader_tui.domain.sync import Connection, ConnectionStatus, RunStatus, SyncKind, SyncRun, Trigger
from cotrader_tui.errors import ConfigError, CorruptStoreError
from cotrader_tui.secret_store.locked_broker import LockedBroker
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync, revocation_key
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from cotrader_tui.sync.roster import Wanted
from tests.builders import NOW, TODAY, option, quote
from tests.store.support import damage
from tests.sync.fakes import LoopClock, ScriptedBroker, StreamingScript, never, run_skipping
from tests.sync.support import answer, config, holding, network_error

CALL = option("AAPL", "250")
WHOLE = [answer(holding(CALL, "1"), quotes=[quote(CALL, "5")])]
A_MOMENT = timedelta(seconds=3)


@dataclass
class ListedBrokers:
    """What a test wants; brokers are taken from `brokers` by name, in turn."""

    brokers: dict[str, list[Broker]] = field(default_factory=dict)
    news: Wanted | None = None
    made: list[ConnectionConfig] = field(default_factory=list)

    def want(self, *configs: ConnectionConfig, leaving: Mapping[str, str] | None = None) -> None:
        self.news = Wanted(configs, leaving or {})

    def changed(self) -> Wanted | None:
        news, self.news = self.news, None
        return news

    def broker(self, config: ConnectionConfig) -> Broker:
        self.made.append(config)
        return self.brokers[config.name].pop(0)


class Stage:
    """A running engine that follows a roster."""

    def __init__(self, path: Path, served: Sequence[tuple[ConnectionConfig, Broker]], roster: ListedBrokers) -> None:
        self.path = path
        self.roster = roster
        self.writer = Writer(path, busy_seconds=0.01)
        self.engine = Engine(self.writer, served, LoopClock(), roster=roster)

    def connections(self) -> dict[str, Connection]:
        with Reader(self.path) as reader:
            return {each.name: each for each in reader.connections()}

    def runs(self, name: str) -> list[SyncRun]:
        """Oldest first."""
        with Reader(self.path) as reader:
            return [run for run in reversed(reader.runs(1000)) if run.connection == name]

    async def pass_time(self, by: timedelta) -> None:
        await asyncio.sleep(by.total_seconds())


Scene = Callable[[Stage], Awaitable[None]]


def play(
    path: Path, served: Sequence[tuple[ConnectionConfig, Broker]], scene: Scene, **brokers: Broker | list[Broker]
) -> ListedBrokers:
    """Run a scene; `brokers` are those the roster hands out."""
    roster = ListedBrokers({name: each if isinstance(each, list) else [each] for name, each in brokers.items()})

    async def run() -> None:
        stage, stop = Stage(path, served, roster), asyncio.Event()
        task = asyncio.create_task(stage.engine.run(stop))
        try:
            await scene(stage)
        finally:
            stop.set()
            try:
                await task
            finally:
                stage.writer.close()

    run_skipping(run())
    return roster


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


# Coming


def test_a_new_connection_is_synced_within_two_seconds(path: Path) -> None:
    first, second = ScriptedBroker(WHOLE), ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=10))
        stage.roster.want(config("first"), config("second"))
        await stage.pass_time(timedelta(seconds=2))
        assert [run.trigger for run in stage.runs("second")] == [Trigger.STARTUP]
        await stage.pass_time(timedelta(seconds=65))
        assert len(stage.runs("second")) == 2

    roster = play(path, [(config("first"), first)], scene, second=second)
    assert roster.made == [config("second")], "the first one keeps its broker"
    assert (first.closed, second.closed) == (1, 1)


def test_an_engine_may_begin_with_no_connection_at_all(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(minutes=5))
        stage.roster.want(config("first"))
        await stage.pass_time(A_MOMENT)
        assert [run.status for run in stage.runs("first")] == [RunStatus.SUCCESS]

    play(path, [], scene, first=ScriptedBroker(WHOLE))


def test_a_new_connection_hears_requests_and_streams(path: Path) -> None:
    broker = StreamingScript(WHOLE)
    broker.updates = [MarketUpdate((quote(CALL, "6"),))]

    async def scene(stage: Stage) -> None:
        stage.roster.want(config("first"))
        await stage.pass_time(timedelta(seconds=10))
        with Reader(path) as reader:
            (leg,) = reader.snapshot(TODAY).legs
        assert leg.quote is not None
        assert leg.quote.mark == 6
        request_sync(path, NOW, ["first"])
        await stage.pass_time(A_MOMENT)
        assert [run.trigger for run in stage.runs("first")] == [Trigger.STARTUP, Trigger.MANUAL]

    play(path, [], scene, first=broker)


# Changing


def test_another_interval_or_switch_takes_the_place_of_the_former_one(path: Path) -> None:
    slow = replace(config("first"), sync_interval=timedelta(minutes=10))
    quiet = replace(slow, sync_kinds=frozenset({SyncKind.ORDERS}))
    brokers: list[Broker] = [ScriptedBroker(WHOLE), ScriptedBroker(WHOLE)]
    former = ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=10))
        stage.roster.want(slow)
        await stage.pass_time(timedelta(minutes=9))
        assert len(stage.runs("first")) == 2
        assert stage.connections()["first"].sync_interval == timedelta(minutes=10)
        stage.roster.want(quiet)
        await stage.pass_time(timedelta(hours=1))
        assert len(stage.runs("first")) == 2
        paused = stage.connections()["first"]
        assert not paused.sync_enabled
        assert paused.sync_kinds == {SyncKind.ORDERS}

    play(path, [(config("first"), former)], scene, first=brokers)
    assert former.closed == 1


def test_other_secrets_take_the_place_of_the_former_ones(path: Path) -> None:
    """The definition is the same; only when it was stored differs."""
    refused, renewed = ScriptedBroker((), accounts=network_error(is_grant_refused=True)), ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(minutes=10))
        assert stage.connections()["first"].status is ConnectionStatus.EXPIRED
        stage.roster.want(replace(config("first"), connected_at="2026-03-10T16:00:00+00:00"))
        await stage.pass_time(A_MOMENT)
        assert stage.connections()["first"].status is ConnectionStatus.ACTIVE

    play(path, [(config("first"), refused)], scene, first=renewed)


def test_what_stays_the_same_is_left_alone(path: Path) -> None:
    broker = ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        for _ in range(20):
            stage.roster.want(config("first"))
            await stage.pass_time(timedelta(seconds=1))
        assert len(stage.runs("first")) == 1

    assert play(path, [(config("first"), broker)], scene).made == []


# Going


def test_a_connection_that_is_gone_is_let_go_of_and_its_figures_stay(path: Path) -> None:
    first, second = ScriptedBroker(never), ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=5))
        stage.roster.want(config("second"))
        await stage.pass_time(A_MOMENT)
        assert first.closed == 1
        assert [run.status for run in stage.runs("first")] == [RunStatus.FAILED], "its cycle was given up"
        assert stage.connections()["first"].status is ConnectionStatus.ACTIVE, "nobody has disconnected it"
        await stage.pass_time(timedelta(minutes=5))
        assert len(stage.runs("first")) == 1
        assert len(stage.runs("second")) == 6

    play(path, [(config("first"), first), (config("second"), second)], scene)


def test_a_connection_that_is_disconnected_is_let_go_of_and_that_is_told(path: Path) -> None:
    class Grant:
        """A broker's memory."""

    grant = Grant()
    is_remembered = weakref.ref(grant)
    broker = ScriptedBroker(WHOLE)
    broker.grant = grant  # type: ignore[attr-defined]
    served = [(config("first", secrets={"token": Secret("canary")}), broker)]
    del grant, broker

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=5))
        served.clear()
        stage.roster.want(leaving={"first": "mark-1"})
        await stage.pass_time(A_MOMENT)
        assert stage.connections()["first"].status is ConnectionStatus.REVOKED
        with Reader(path) as reader:
            assert reader.property_value(revocation_key("first")) == "mark-1"
            assert [book.is_included for book in reader.snapshot(TODAY).accounts] == [False]
        gc.collect()
        assert is_remembered() is None, "what could log in has left the memory"

    play(path, served, scene)


def test_a_disconnection_that_was_never_served_is_answered_too(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.roster.want(leaving={"never": "mark-2"})
        await stage.pass_time(A_MOMENT)
        with Reader(path) as reader:
            assert reader.property_value(revocation_key("never")) == "mark-2"
        assert stage.connections() == {}

    play(path, [], scene)


def test_one_that_comes_back_is_active_and_counted_again(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=5))
        stage.roster.want(leaving={"first": "mark"})
        await stage.pass_time(A_MOMENT)
        stage.roster.want(config("first"))
        await stage.pass_time(A_MOMENT)
        assert stage.connections()["first"].status is ConnectionStatus.ACTIVE
        with Reader(path) as reader:
            assert [book.is_included for book in reader.snapshot(TODAY).accounts] == [True]

    play(path, [(config("first"), ScriptedBroker(WHOLE))], scene, first=ScriptedBroker(WHOLE))


# Switches


def test_with_its_positions_switched_off_a_connection_is_not_asked_and_keeps_its_book(path: Path) -> None:
    async def once(stage: Stage) -> None:
        await stage.pass_time(A_MOMENT)

    play(path, [(config("first"), ScriptedBroker(WHOLE))], once)
    broker = StreamingScript(WHOLE)
    paused = config("first", sync_kinds=frozenset({SyncKind.TRANSACTIONS}))

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(hours=1))
        assert request_sync(path, NOW) == (), "a request passes it over"
        with Reader(path) as reader:
            assert len(reader.snapshot(TODAY).legs) == 1

    play(path, [(paused, broker)], scene)
    assert (broker.wanted, broker.starts) == ([], 0)


def test_one_cycle_of_all_leaves_out_those_switched_off(path: Path) -> None:
    on, off = ScriptedBroker(WHOLE), ScriptedBroker(WHOLE)

    async def run() -> None:
        with Writer(path) as writer:
            paused = config("off", sync_kinds=frozenset[SyncKind]())
            await Engine(writer, [(config("on"), on), (paused, off)], LoopClock()).sync_once()

    run_skipping(run())
    assert (len(on.wanted), len(off.wanted)) == (1, 0)


# Secrets that can be read later


def test_a_broker_that_could_not_be_made_streams_as_soon_as_it_is(path: Path) -> None:
    broker, closed = StreamingScript(WHOLE), [True]

    def unlock() -> Broker:
        if closed:
            raise ConfigError("The keyring is closed.", "Open it.")
        return broker

    async def scene(stage: Stage) -> None:
        while not stage.runs("first"):
            await stage.pass_time(timedelta(seconds=1))
        closed.clear()
        broker.updates = [MarketUpdate((quote(CALL, "6"),))]
        request_sync(path, NOW)
        while not broker.starts:  # the secrets are read in a thread, which takes its own time
            await stage.pass_time(timedelta(seconds=1))
        await stage.pass_time(A_MOMENT)
        with Reader(path) as reader:
            (leg,) = reader.snapshot(TODAY).legs
        assert leg.quote is not None
        assert leg.quote.mark == 6

    play(path, [(config("first"), LockedBroker(unlock))], scene)
    assert broker.closed == 1


# Faults


def test_a_locked_database_puts_off_what_the_roster_wants(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(A_MOMENT)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            stage.roster.want(config("first"))
            await stage.pass_time(timedelta(seconds=10))
        await stage.pass_time(A_MOMENT)
        assert len(stage.runs("first")) == 1

    with caplog.at_level(logging.WARNING):
        play(path, [], scene, first=[ScriptedBroker(WHOLE) for _ in range(20)])
    assert "could not be brought up to date" in caplog.text


def test_a_damaged_database_ends_the_engine_also_from_a_connection_that_came_later(path: Path) -> None:
    with Writer(path) as writer:
        writer.ensure_connection("first", "tastytrade", "", timedelta(seconds=60))
    damage(path, "positions")
    broker = ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        stage.roster.want(config("first"))
        await stage.pass_time(timedelta(seconds=5))

    with pytest.raises(CorruptStoreError):
        play(path, [], scene, first=broker)
    assert broker.closed == 1
