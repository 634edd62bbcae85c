"""The phase of the market from its sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.market import MarketPhase, TradingSession, market_state


def new_york(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second), EXCHANGE_ZONE).astimezone(UTC)


def session(day: date, closes: int = 16) -> TradingSession:
    return TradingSession(day, new_york(day, 9, 30), new_york(day, closes), is_early_close=closes != 16)


MONDAY = date(2026, 3, 9)  # the day after the clocks went forward
WEEK = tuple(session(MONDAY + timedelta(days=days)) for days in (0, 1, 2, 3, 4, 7))
FRIDAY, SATURDAY = MONDAY + timedelta(days=4), MONDAY + timedelta(days=5)


@pytest.mark.parametrize(
    ("at", "phase", "changes_in"),
    [
        ((3, 59, 59), MarketPhase.CLOSED, timedelta(hours=5, minutes=30, seconds=1)),
        ((4, 0), MarketPhase.PRE, timedelta(hours=5, minutes=30)),
        ((9, 29, 59), MarketPhase.PRE, timedelta(seconds=1)),
        ((9, 30), MarketPhase.OPEN, timedelta(hours=6, minutes=30)),
        ((15, 59, 59), MarketPhase.OPEN, timedelta(seconds=1)),
        ((16, 0), MarketPhase.AFTER, timedelta(hours=17, minutes=30)),
        ((19, 59, 59), MarketPhase.AFTER, timedelta(hours=13, minutes=30, seconds=1)),
        ((20, 0), MarketPhase.CLOSED, timedelta(hours=13, minutes=30)),
    ],
)
def test_the_phases_of_a_regular_day(at: tuple[int, ...], phase: MarketPhase, changes_in: timedelta) -> None:
    state = market_state(WEEK, new_york(MONDAY, *at))
    assert (state.phase, state.changes_in, state.is_early_close) == (phase, changes_in, False)


def test_a_weekend_is_closed_until_monday() -> None:
    state = market_state(WEEK, new_york(SATURDAY, 12))
    assert (state.phase, state.changes_in) == (MarketPhase.CLOSED, timedelta(days=1, hours=21, minutes=30))
    assert market_state(WEEK, new_york(FRIDAY, 21)).phase is MarketPhase.CLOSED


def test_a_weekday_without_a_session_is_a_holiday() -> None:
    without_wednesday = tuple(each for each in WEEK if each.on != MONDAY + timedelta(days=2))
    state = market_state(without_wednesday, new_york(MONDAY + timedelta(days=2), 12))
    assert (state.phase, state.changes_in) == (MarketPhase.HOLIDAY, timedelta(hours=21, minutes=30))


def test_an_early_close_is_told_and_ends_after_hours_early() -> None:
    day = date(2026, 11, 27)
    sessions = (session(day, closes=13), session(day + timedelta(days=3)))
    state = market_state(sessions, new_york(day, 12, 30))
    assert (state.phase, state.changes_in, state.is_early_close) == (MarketPhase.OPEN, timedelta(minutes=30), True)
    assert market_state(sessions, new_york(day, 13)).phase is MarketPhase.AFTER
    assert market_state(sessions, new_york(day, 17)).phase is MarketPhase.CLOSED


@pytest.mark.parametrize(
    ("friday", "opens"),
    [(date(2026, 3, 6), time(13, 30)), (date(2026, 10, 30), time(14, 30))],
    ids=["into summer time", "out of it"],
)
def test_the_clock_change_moves_monday_by_an_hour_of_the_world(friday: date, opens: time) -> None:
    monday = friday + timedelta(days=3)
    sessions = (session(friday), session(monday))
    assert sessions[1].opens_at.time() == opens
    saturday = new_york(friday + timedelta(days=1), 12)
    state = market_state(sessions, saturday)
    assert state.phase is MarketPhase.CLOSED
    assert state.changes_in == sessions[1].opens_at - saturday
    assert market_state(sessions, new_york(monday, 9, 30)).phase is MarketPhase.OPEN
    assert market_state(sessions, new_york(monday, 4)).phase is MarketPhase.PRE


def test_beyond_the_known_sessions_nothing_is_claimed() -> None:
    for now in (new_york(MONDAY - timedelta(days=1), 12), new_york(MONDAY + timedelta(days=8), 12)):
        assert market_state(WEEK, now).phase is MarketPhase.UNKNOWN
    assert market_state((), new_york(MONDAY, 12)).phase is MarketPhase.UNKNOWN


def test_after_the_last_known_session_the_next_opening_is_unknown() -> None:
    state = market_state(WEEK, new_york(MONDAY + timedelta(days=7), 17))
    assert (state.phase, state.changes_in) == (MarketPhase.AFTER, None)
