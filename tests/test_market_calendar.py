"""Trading sessions by the real calendar of the New York Stock Exchange."""

from __future__ import annotations

from datetime import UTC, date, datetime

from cotrader_tui.domain.market import TradingSession
from cotrader_tui.market_calendar import trading_sessions


def _instant(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_the_week_of_thanksgiving_has_a_holiday_and_an_early_close() -> None:
    assert list(trading_sessions(date(2026, 11, 25), date(2026, 11, 30))) == [
        TradingSession(date(2026, 11, 25), _instant(11, 25, 14, 30), _instant(11, 25, 21), is_early_close=False),
        TradingSession(date(2026, 11, 27), _instant(11, 27, 14, 30), _instant(11, 27, 18), is_early_close=True),
        TradingSession(date(2026, 11, 30), _instant(11, 30, 14, 30), _instant(11, 30, 21), is_early_close=False),
    ]


def test_sessions_keep_new_york_time_when_it_changes() -> None:
    friday, monday = trading_sessions(date(2026, 3, 6), date(2026, 3, 9))
    assert (friday.opens_at, friday.closes_at) == (_instant(3, 6, 14, 30), _instant(3, 6, 21))
    assert (monday.opens_at, monday.closes_at) == (_instant(3, 9, 13, 30), _instant(3, 9, 20))
    assert not monday.is_early_close
    friday, monday = trading_sessions(date(2026, 10, 30), date(2026, 11, 2))
    assert (friday.opens_at, friday.closes_at) == (_instant(10, 30, 13, 30), _instant(10, 30, 20))
    assert (monday.opens_at, monday.closes_at) == (_instant(11, 2, 14, 30), _instant(11, 2, 21))


def test_both_ends_are_included_and_instants_are_utc() -> None:
    (only,) = trading_sessions(date(2026, 11, 18), date(2026, 11, 18))
    assert only.on == date(2026, 11, 18)
    assert only.opens_at.tzinfo is UTC


def test_a_weekend_has_no_session() -> None:
    assert list(trading_sessions(date(2026, 11, 21), date(2026, 11, 22))) == []
