"""A clock that is set and a machine that slept: a fresh sync at once, and no burst of those that were missed.

The loop's time stands still while a machine sleeps; the clock does not. Both are passed in here.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from cotrader_tui.analytics.freshness import DataState, freshness
from cotrader_tui.brokers.base import MarketUpdate
from cotrader_tui.domain.market import TradingSession
from cotrader_tui.domain.sync import StreamState, Trigger
from cotrader_tui.errors import BrokerError, ErrorKind
from cotrader_tui.store.reader import Reader
from tests.builders import quote
from tests.sync.fakes import ScriptedBroker, StreamingScript
from tests.sync.support import network_error
from tests.sync.test_engine import CALL, HOLIDAY, WHOLE, Stage, play

NIGHT = timedelta(hours=9)
SECOND = timedelta(seconds=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


def test_after_a_night_asleep_each_connection_has_exactly_one_cycle(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(10 * SECOND)
        stage.clock.jump(NIGHT)
        assert freshness(stage.connection(), stage.clock()).state is DataState.STALE
        await stage.pass_time(3 * SECOND)
        assert freshness(stage.connection(), stage.clock()).state is DataState.LIVE
        await stage.pass_time(40 * SECOND)
        triggers = [run.trigger for run in stage.runs()]
        assert triggers == [Trigger.STARTUP] * 3 + [Trigger.SCHEDULED] * 3
        await stage.pass_time(30 * SECOND)
        assert len(stage.runs()) == 9, "and then they keep their pace"

    play(path, [ScriptedBroker(WHOLE) for _ in range(3)], scene)


def test_a_stream_that_breaks_over_a_night_asks_for_one_sync_more(path: Path) -> None:
    broker = StreamingScript(WHOLE)

    async def scene(stage: Stage) -> None:
        broker.updates.append(MarketUpdate((quote(CALL, "5.10"),)))
        await stage.pass_time(90 * SECOND)
        before = len(stage.runs())
        stage.clock.jump(NIGHT)
        broker.updates.append(BrokerError(ErrorKind.NETWORK, "The socket is dead.", "", is_transient=True))
        await stage.pass_time(3 * SECOND)
        broker.updates.append(MarketUpdate((quote(CALL, "5.20"),), state=StreamState.LIVE))
        await stage.pass_time(40 * SECOND)
        assert [run.trigger for run in stage.runs()][before:] == [Trigger.SCHEDULED, Trigger.MANUAL]

    play(path, [broker], scene)
    assert broker.starts == 2


@pytest.mark.parametrize("back", [timedelta(minutes=5), timedelta(hours=1), timedelta(days=400)])
def test_a_clock_set_back_is_followed_by_one_cycle_at_once(path: Path, back: timedelta) -> None:
    """What was fetched before lies in the future: no age of it can be told."""

    async def scene(stage: Stage) -> None:
        await stage.pass_time(50 * SECOND)
        stage.clock.jump(-back)
        await stage.pass_time(3 * SECOND)
        assert len(stage.runs()) == 2
        known = freshness(stage.connection(), stage.clock())
        assert known.age is not None
        assert timedelta() <= known.age <= 3 * SECOND
        with Reader(path) as reader:
            assert [run.trigger for run in reader.runs(2)] == [Trigger.SCHEDULED, Trigger.STARTUP], "the newest first"
        await stage.pass_time(50 * SECOND)
        assert len(stage.runs()) == 2
        await stage.pass_time(10 * SECOND)
        assert len(stage.runs()) == 3, "and then it keeps its pace"

    play(path, [ScriptedBroker(WHOLE)], scene)


@pytest.mark.parametrize("back", [timedelta(seconds=2), timedelta(seconds=30)])
def test_a_clock_that_is_put_right_by_little_puts_a_cycle_off_by_no_more(path: Path, back: timedelta) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(50 * SECOND)
        stage.clock.jump(-back)
        await stage.pass_time(12 * SECOND + back)
        assert len(stage.runs()) == 2

    play(path, [ScriptedBroker(WHOLE)], scene)


def test_while_the_market_rests_a_clock_set_back_is_put_right_too(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_time(timedelta(minutes=5))
        before = len(stage.runs())
        stage.clock.jump(-timedelta(hours=3))
        await stage.pass_time(3 * SECOND)
        assert len(stage.runs()) == before + 1

    play(path, [ScriptedBroker(WHOLE)], scene, sessions=lambda *_: HOLIDAY)


def test_a_clock_set_back_does_not_hurry_a_connection_that_was_refused(path: Path) -> None:
    broker = ScriptedBroker(network_error(is_grant_refused=True))

    async def scene(stage: Stage) -> None:
        await stage.pass_time(10 * SECOND)
        stage.clock.jump(-timedelta(hours=1))
        await stage.pass_time(timedelta(minutes=3))
        assert len(broker.wanted) == 1
        await stage.pass_time(timedelta(minutes=5))
        assert len(broker.wanted) == 2

    play(path, [broker], scene)


def test_what_is_looked_up_twice_a_day_is_looked_up_after_a_night_asleep_and_once(path: Path) -> None:
    asked: list[date] = []

    def source(start: date, end: date) -> tuple[TradingSession, ...]:
        asked.append(start)
        return HOLIDAY

    async def scene(stage: Stage) -> None:
        while not asked:
            await stage.pass_time(SECOND)
        stage.clock.jump(timedelta(days=3))
        await stage.pass_time(timedelta(seconds=65))
        while len(asked) < 2:
            await stage.pass_time(SECOND)
        await stage.pass_time(timedelta(minutes=5))
        assert len(asked) == 2

    play(path, [ScriptedBroker(WHOLE)], scene, sessions=source)
    assert asked[1] - asked[0] == timedelta(days=3)
