"""The engine's life: schedule, requests, streams, faults and its end, on a loop whose sleeps take no time."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from cotrader_tui.analytics.freshness import DataState, freshness
from cotrader_tui.brokers.base import AccountResult, Broker, MarketUpdate
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import TradingSession
from cotrader_tui.domain.sync import Connection, ConnectionStatus, RunStatus, SyncRun, Trigger
from cotrader_tui.errors import CorruptStoreError
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine, SessionSource
from tests.builders import NOW, TODAY, coin, future, greeks, option, quote, share
from tests.store.support import damage
from tests.sync.fakes import LoopClock, ScriptedBroker, Step, StreamingScript, never, run_skipping
from tests.sync.support import answer, config, holding, network_error

CALL = option("AAPL", "250")
WHOLE = [answer(holding(CALL, "1"), quotes=[quote(CALL, "5")])]


class Stage:
    """A running engine of one or more brokers on one database."""

    def __init__(
        self, path: Path, brokers: Sequence[Broker], sessions: SessionSource | None = None, busy_seconds: float = 5
    ) -> None:
        self.path = path
        self.clock = LoopClock()
        self.stop = asyncio.Event()
        self.writer = Writer(path, busy_seconds=busy_seconds)
        named = [(config(f"c{number}"), broker) for number, broker in enumerate(brokers)]
        self.engine = Engine(self.writer, named, self.clock, sessions)
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Stage:
        self.task = asyncio.create_task(self.engine.run(self.stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        assert self.task is not None
        try:
            await self.task
        finally:
            self.writer.close()

    def runs(self) -> list[SyncRun]:
        """Oldest first."""
        with Reader(self.path) as reader:
            return list(reversed(reader.runs(1000)))

    def connection(self) -> Connection:
        with Reader(self.path) as reader:
            return reader.connections()[0]

    async def pass_time(self, by: timedelta) -> None:
        await asyncio.sleep(by.total_seconds())


def play(path: Path, brokers: Sequence[Broker], scene: Callable[[Stage], Awaitable[None]], **options: object) -> None:
    async def run() -> None:
        async with Stage(path, brokers, **options) as stage:  # type: ignore[arg-type]
            await scene(stage)

    run_skipping(run())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


# Schedule


def test_it_syncs_at_the_start_and_then_every_interval(path: Path) -> None:
    broker = ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(minutes=3, seconds=30))
        runs = stage.runs()
        assert [run.trigger for run in runs] == [Trigger.STARTUP, *[Trigger.SCHEDULED] * 3]
        starts = [(run.started_at - NOW).total_seconds() for run in runs]
        assert starts == pytest.approx([0, 60, 120, 180], abs=2)

    play(path, [broker], scene)
    assert broker.closed == 1


def test_after_a_night_asleep_there_is_exactly_one_cycle(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=10))
        stage.clock.jump(timedelta(hours=9))
        await stage.pass_time(timedelta(seconds=30))
        assert [run.trigger for run in stage.runs()] == [Trigger.STARTUP, Trigger.SCHEDULED]
        await stage.pass_time(timedelta(seconds=50))
        assert len(stage.runs()) == 3

    play(path, [ScriptedBroker(WHOLE)], scene)


# Requests


def test_a_request_is_heard_within_a_second_and_answered_once(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=10))
        (asked,) = request_sync(path, NOW)
        await stage.pass_time(timedelta(seconds=1))
        runs = stage.runs()
        assert [run.trigger for run in runs] == [Trigger.STARTUP, Trigger.MANUAL]
        with Reader(path) as reader:
            assert reader.finished_request(asked) == runs[-1].cycle
        await stage.pass_time(timedelta(seconds=20))
        assert len(stage.runs()) == 2

    play(path, [ScriptedBroker(WHOLE)], scene)


def test_a_request_waiting_before_the_start_is_served_by_the_first_cycle(path: Path) -> None:
    with Writer(path) as writer:
        writer.ensure_connection("c0", "tastytrade", "", timedelta(seconds=60))
    (asked,) = request_sync(path, NOW)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=20))
        (run,) = stage.runs()
        with Reader(path) as reader:
            assert reader.finished_request(asked) == run.cycle

    play(path, [ScriptedBroker(WHOLE)], scene)


def test_requests_while_one_runs_are_queued_once(path: Path) -> None:
    async def slow() -> Sequence[AccountResult]:
        await asyncio.sleep(20)
        return WHOLE

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=5))
        asked = {request_sync(path, NOW) for _ in range(3)}
        assert len(asked) == 1
        await stage.pass_time(timedelta(seconds=5))
        assert len(stage.runs()) == 1
        await stage.pass_time(timedelta(seconds=40))
        assert [run.trigger for run in stage.runs()] == [Trigger.STARTUP, Trigger.MANUAL]

    play(path, [ScriptedBroker(slow, slow, WHOLE)], scene)


def test_a_request_ignores_backoff(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(hours=1))
        assert stage.connection().status is ConnectionStatus.ERROR
        before = len(stage.runs())
        request_sync(path, NOW)
        await stage.pass_time(timedelta(seconds=1))
        assert [run.trigger for run in stage.runs()[before:]] == [Trigger.MANUAL]

    play(path, [ScriptedBroker(network_error())], scene)


def test_a_request_for_one_connection_leaves_the_others_alone(path: Path) -> None:
    first, second = ScriptedBroker(WHOLE), ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=5))
        request_sync(path, NOW, ["c1"])
        await stage.pass_time(timedelta(seconds=2))

    play(path, [first, second], scene)
    assert (len(first.wanted), len(second.wanted)) == (1, 2)


# Failures


def test_failures_back_off_and_five_in_a_row_are_an_error(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(hours=1))
        runs, connection = stage.runs(), stage.connection()
        waits = [(b.started_at - a.started_at).total_seconds() / 60 for a, b in pairwise(runs)]
        for wait, expected in zip(waits, [1, 2, 4, 8, 15, 15], strict=False):
            assert 0.8 * expected - 0.1 <= wait <= 1.2 * expected + 0.1
        assert (connection.status, connection.last_sync_status) == (ConnectionStatus.ERROR, RunStatus.FAILED)
        assert connection.consecutive_failures == len(runs) >= 5
        assert connection.last_sync_at is None

    play(path, [ScriptedBroker(network_error())], scene)


def test_a_success_resets_everything_and_keeps_the_figures_until_then(path: Path) -> None:
    steps: list[Step] = [WHOLE, *[network_error()] * 5, WHOLE]

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(minutes=25))
        failing = stage.connection()
        assert (failing.status, failing.last_sync_at) == (ConnectionStatus.ERROR, NOW)
        with Reader(path) as reader:
            assert len(reader.snapshot(TODAY).legs) == 1
        await stage.pass_time(timedelta(minutes=20))
        healthy = stage.connection()
        assert (healthy.status, healthy.consecutive_failures, healthy.last_sync_error) == (
            ConnectionStatus.ACTIVE,
            0,
            None,
        )

    play(path, [ScriptedBroker(*steps)], scene)


def test_a_grant_refused_twice_is_expired_and_rarely_tried(path: Path) -> None:
    broker = ScriptedBroker((), accounts=network_error(is_grant_refused=True))

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(minutes=30))
        assert stage.connection().status is ConnectionStatus.EXPIRED
        assert len(stage.runs()) == 2

    play(path, [broker], scene)


def test_health_outlives_the_engine(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=2))

    for _ in range(5):
        play(path, [ScriptedBroker(network_error())], scene)
    with Reader(path) as reader:
        assert reader.connections()[0].status is ConnectionStatus.ERROR


def test_one_connection_failing_does_not_hold_up_another(path: Path) -> None:
    stuck, well = ScriptedBroker(never), ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=185))

    play(path, [stuck, well], scene)
    assert len(well.wanted) == 4


def test_a_locked_database_is_tried_again_and_ends_nothing(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=50))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await stage.pass_time(timedelta(seconds=30))
            assert [run.status for run in stage.runs()] == [RunStatus.SUCCESS]
        await stage.pass_time(timedelta(seconds=60))
        assert [run.status for run in stage.runs()] == [RunStatus.SUCCESS, RunStatus.SUCCESS]

    play(path, [ScriptedBroker(WHOLE)], scene, busy_seconds=0.01)


def test_a_damaged_database_ends_the_engine(path: Path) -> None:
    with Writer(path) as writer:
        writer.ensure_connection("c0", "tastytrade", "", timedelta(seconds=60))
    damage(path, "positions")
    broker = ScriptedBroker(WHOLE)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=5))

    with pytest.raises(CorruptStoreError):
        play(path, [broker], scene)
    assert broker.closed == 1


# Between cycles


def test_streamed_prices_and_greeks_reach_the_store(path: Path) -> None:
    broker = StreamingScript(WHOLE)
    broker.updates = [MarketUpdate((quote(CALL, "5.55"),), (greeks(CALL, delta=0.61),))]

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=5))
        with Reader(path) as reader:
            (leg,) = reader.snapshot(TODAY).legs
        assert leg.quote is not None
        assert leg.quote.mark == Decimal("5.55")
        assert leg.greeks is not None
        assert leg.greeks.delta == 0.61
        assert len(stage.runs()) == 1, "a stream is no sync"

    play(path, [broker], scene)


@pytest.mark.parametrize("fault", [network_error(), ZeroDivisionError("inside the vendor's library")])
def test_a_broken_stream_starts_again_with_backoff(path: Path, fault: Exception) -> None:
    broker = StreamingScript(WHOLE)

    async def scene(stage: Stage) -> None:
        broker.updates = [fault]
        await stage.pass_time(timedelta(seconds=10))
        assert broker.starts == 2
        broker.updates = [MarketUpdate((quote(CALL, "6"),))]
        await stage.pass_time(timedelta(seconds=2))
        with Reader(path) as reader:
            (leg,) = reader.snapshot(TODAY).legs
        assert leg.quote is not None
        assert leg.quote.mark == 6

    play(path, [broker], scene)


def test_a_stream_waits_for_the_first_sync_to_end(path: Path) -> None:
    may_end = asyncio.Event()

    async def late() -> Sequence[AccountResult]:
        await may_end.wait()
        return WHOLE

    broker = StreamingScript(late)

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=30))
        assert broker.starts == 0
        may_end.set()
        await stage.pass_time(timedelta(seconds=1))
        assert broker.starts == 1

    play(path, [broker], scene)


def test_trading_sessions_around_today_are_stored(path: Path) -> None:
    session = TradingSession(TODAY, NOW - timedelta(hours=2), NOW + timedelta(hours=4, minutes=30))
    asked: list[tuple[date, date]] = []

    def source(start: date, end: date) -> Sequence[TradingSession]:
        asked.append((start, end))
        return [session]

    async def scene(stage: Stage) -> None:
        while not _sessions(path):
            await stage.pass_time(timedelta(seconds=1))

    play(path, [ScriptedBroker(WHOLE)], scene, sessions=source)
    assert _sessions(path) == (session,)
    assert asked == [(date(2026, 2, 28), date(2026, 3, 24))]


HOLIDAY = tuple(
    TradingSession(TODAY + day, NOW + day - timedelta(hours=2), NOW + day + timedelta(hours=4, minutes=30))
    for day in (timedelta(days=-1), timedelta(days=1), timedelta(days=2))
)
"""No session today: the market next trades tomorrow."""


def test_while_nothing_held_trades_cycles_are_further_apart_and_a_request_is_served_at_once(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        while not _sessions(path):
            await stage.pass_time(timedelta(seconds=1))
        await stage.pass_time(timedelta(hours=1))
        waits = [b.started_at - a.started_at for a, b in pairwise(stage.runs())]
        assert all(timedelta(minutes=15) <= wait < timedelta(minutes=15, seconds=2) for wait in waits[1:])
        assert len(waits) == 4
        assert freshness(stage.connection(), stage.clock()).state is DataState.LIVE
        request_sync(path, stage.clock(), {"c0"})
        await stage.pass_time(timedelta(seconds=2))
        assert stage.runs()[-1].trigger is Trigger.MANUAL

    play(path, [ScriptedBroker(WHOLE)], scene, sessions=lambda *_: HOLIDAY)


@pytest.mark.parametrize(
    ("held", "rests"), [(share(), True), (future(), False), (coin(), False)], ids=["share", "future", "coin"]
)
def test_what_trades_keeps_the_pace(path: Path, held: Instrument, rests: bool) -> None:
    """A future keeps it because the hours of its market are not among the known ones."""
    broker = ScriptedBroker([answer(holding(held, "1"), holding(CALL, "1"))])

    async def scene(stage: Stage) -> None:
        while not _sessions(path):
            await stage.pass_time(timedelta(seconds=1))
        await stage.pass_time(timedelta(minutes=10))

    play(path, [broker], scene, sessions=lambda *_: HOLIDAY)
    assert (len(broker.wanted) <= 2) is rests


def test_a_fault_of_the_calendar_is_not_fatal(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def source(start: date, end: date) -> Sequence[TradingSession]:
        raise ZeroDivisionError

    async def scene(stage: Stage) -> None:
        while "Could not refresh the trading sessions" not in caplog.text:
            await stage.pass_time(timedelta(seconds=1))
        before = len(stage.runs())
        await stage.pass_time(timedelta(minutes=2))
        assert len(stage.runs()) > before

    play(path, [ScriptedBroker(WHOLE)], scene, sessions=source)


def _sessions(path: Path) -> tuple[TradingSession, ...]:
    with Reader(path) as reader:
        return reader.snapshot(TODAY).sessions


def test_history_is_thinned_while_it_runs(path: Path) -> None:
    def count() -> int:
        with closing(sqlite3.connect(path)) as connection:
            return int(connection.execute("SELECT count(*) FROM position_snapshots").fetchone()[0])

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=30))
        with closing(sqlite3.connect(path)) as other, other:
            other.executemany(
                "INSERT INTO position_snapshots (position_id, taken_at, quantity) VALUES (1, ?, '1')",
                [
                    (datetime(2026, 1, 5, 12, minute, tzinfo=UTC).isoformat(timespec="microseconds"),)
                    for minute in range(10)
                ],
            )
        before = count()
        await stage.pass_time(timedelta(minutes=2))
        assert count() == before - 9 + 2, "nine of ten old ones went, two cycles came"

    play(path, [ScriptedBroker(WHOLE)], scene)


# The end


def test_stopping_in_the_middle_of_a_cycle_ends_at_once_and_closes_its_run(path: Path) -> None:
    broker = ScriptedBroker(never)
    ended_after: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        async with Stage(path, [broker]) as stage:
            await stage.pass_time(timedelta(seconds=5))
            began = loop.time()
        ended_after.append(loop.time() - began)

    run_skipping(run())
    assert ended_after[0] <= 1.0
    assert broker.closed == 1
    with Reader(path) as reader:
        (run_,) = reader.runs(9)
    assert run_.status is RunStatus.FAILED
    assert run_.error is not None
    assert run_.error.message == "The program was asked to end in the middle of this sync."


class _Clinging(ScriptedBroker):
    async def close(self) -> None:
        await asyncio.Event().wait()


class _Breaking(ScriptedBroker):
    async def close(self) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize("kind", [_Clinging, _Breaking])
def test_a_broker_that_will_not_close_keeps_nobody(
    path: Path, kind: type[ScriptedBroker], caplog: pytest.LogCaptureFixture
) -> None:
    other = ScriptedBroker(WHOLE)

    async def run() -> float:
        loop = asyncio.get_running_loop()
        async with Stage(path, [kind(WHOLE), other]) as stage:
            await stage.pass_time(timedelta(seconds=5))
            began = loop.time()
        return loop.time() - began

    with caplog.at_level(logging.ERROR):
        assert run_skipping(run()) <= 1.5
    assert other.closed == 1
    assert "c0 could not be closed" in caplog.text


def test_one_cycle_of_some_connections_is_manual_and_lets_the_brokers_go(path: Path) -> None:
    first, second = ScriptedBroker(WHOLE), ScriptedBroker(WHOLE)

    async def run() -> None:
        with Writer(path) as writer:
            engine = Engine(writer, [(config("c0"), first), (config("c1"), second)], LoopClock())
            (outcome,) = await engine.sync_once(["c1"])
        assert outcome.status is RunStatus.SUCCESS

    run_skipping(run())
    assert (len(first.wanted), len(second.wanted)) == (0, 1)
    assert (first.closed, second.closed) == (1, 1)
    with Reader(path) as reader:
        assert [run.trigger for run in reader.runs(9)] == [Trigger.MANUAL]


def test_runs_a_killed_engine_left_behind_are_closed_at_the_start(path: Path) -> None:
    with Writer(path) as writer:
        number = writer.ensure_connection("c0", "tastytrade", "", timedelta(seconds=60))
        writer.begin_cycle(number, Trigger.SCHEDULED, NOW - timedelta(minutes=3))

    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(seconds=5))
        left, first = stage.runs()
        assert (left.status, first.status) == (RunStatus.FAILED, RunStatus.SUCCESS)
        assert left.error is not None
        assert left.error.message == "The program ended in the middle of this sync."

    play(path, [ScriptedBroker(WHOLE)], scene)
