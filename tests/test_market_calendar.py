"""Trading sessions by the real calendars of the New York Stock Exchange and of CME Globex."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.market import Market, MarketPhase, TradingSession, market_state
from cotrader_tui.market_calendar import trading_sessions


def _instant(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def _sessions(start: date, end: date, market: Market = Market.EQUITIES) -> list[TradingSession]:
    return [session for session in trading_sessions(start, end) if session.market is market]


def test_the_week_of_thanksgiving_has_a_holiday_and_an_early_close() -> None:
    assert _sessions(date(2026, 11, 25), date(2026, 11, 30)) == [
        TradingSession(date(2026, 11, 25), _instant(11, 25, 14, 30), _instant(11, 25, 21), is_early_close=False),
        TradingSession(date(2026, 11, 27), _instant(11, 27, 14, 30), _instant(11, 27, 18), is_early_close=True),
        TradingSession(date(2026, 11, 30), _instant(11, 30, 14, 30), _instant(11, 30, 21), is_early_close=False),
    ]


def test_sessions_keep_new_york_time_when_it_changes() -> None:
    friday, monday = _sessions(date(2026, 3, 6), date(2026, 3, 9))
    assert (friday.opens_at, friday.closes_at) == (_instant(3, 6, 14, 30), _instant(3, 6, 21))
    assert (monday.opens_at, monday.closes_at) == (_instant(3, 9, 13, 30), _instant(3, 9, 20))
    assert not monday.is_early_close
    friday, monday = _sessions(date(2026, 10, 30), date(2026, 11, 2))
    assert (friday.opens_at, friday.closes_at) == (_instant(10, 30, 13, 30), _instant(10, 30, 20))
    assert (monday.opens_at, monday.closes_at) == (_instant(11, 2, 14, 30), _instant(11, 2, 21))


def test_both_ends_are_included_and_instants_are_utc() -> None:
    (only,) = _sessions(date(2026, 11, 18), date(2026, 11, 18))
    assert only.on == date(2026, 11, 18)
    assert only.opens_at.tzinfo is UTC


def test_a_weekend_has_no_session() -> None:
    assert list(trading_sessions(date(2026, 11, 21), date(2026, 11, 22))) == []


# CME Globex


def _new_york(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=EXCHANGE_ZONE)


def _globex(start: date, end: date) -> list[tuple[date, datetime, datetime, bool]]:
    found = _sessions(start, end, Market.FUTURES)
    return [(each.on, each.opens_at, each.closes_at, each.is_early_close) for each in found]


def test_a_trade_date_of_futures_begins_the_evening_before() -> None:
    assert _globex(date(2026, 11, 16), date(2026, 11, 17)) == [
        (date(2026, 11, 16), _new_york(11, 15, 18), _new_york(11, 16, 17), False),
        (date(2026, 11, 17), _new_york(11, 16, 18), _new_york(11, 17, 17), False),
    ]


def test_globex_trades_on_thanksgiving_until_one() -> None:
    assert _globex(date(2026, 11, 25), date(2026, 11, 27)) == [
        (date(2026, 11, 25), _new_york(11, 24, 18), _new_york(11, 25, 17), False),
        (date(2026, 11, 26), _new_york(11, 25, 18), _new_york(11, 26, 13), True),
        (date(2026, 11, 27), _new_york(11, 26, 18), _new_york(11, 27, 13, 15), True),
    ]


def test_globex_keeps_new_york_time_when_it_changes() -> None:
    before, after = _sessions(date(2026, 3, 6), date(2026, 3, 9), Market.FUTURES)
    assert (before.opens_at, after.opens_at) == (_instant(3, 5, 23), _instant(3, 8, 22))
    assert (after.closes_at - after.opens_at) == timedelta(hours=23)
    before, after = _sessions(date(2026, 10, 30), date(2026, 11, 2), Market.FUTURES)
    assert (before.opens_at, after.opens_at) == (_instant(10, 29, 22), _instant(11, 1, 23))


def test_globex_is_closed_over_new_year() -> None:
    sessions = tuple(trading_sessions(date(2026, 12, 28), date(2027, 1, 8)))
    for at in (_new_york(12, 31, 18), _new_york(1, 1, 12, year=2027)):
        assert market_state(sessions, at, Market.FUTURES).phase is MarketPhase.HOLIDAY
        assert market_state(sessions, at).phase is (MarketPhase.AFTER if at.month == 12 else MarketPhase.HOLIDAY)
    sunday = _new_york(1, 3, 18, year=2027)
    assert market_state(sessions, sunday, Market.FUTURES).phase is MarketPhase.OPEN
    assert market_state(sessions, sunday).phase is MarketPhase.CLOSED


@pytest.mark.parametrize("market", [Market.EQUITIES, Market.FUTURES])
def test_the_sessions_of_each_market_come_in_order_of_date(market: Market) -> None:
    days = [session.on for session in _sessions(date(2026, 1, 1), date(2026, 12, 31), market)]
    assert days == sorted(set(days))
    assert len(days) > 250
