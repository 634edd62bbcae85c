"""The exchange's trading sessions, holidays and early closes. Imports pandas, so only the engine calls it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, time

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.market import TradingSession

_REGULAR_CLOSE = time(16)


def trading_sessions(start: date, end: date) -> Sequence[TradingSession]:
    """Regular sessions of the New York Stock Exchange from `start` to `end`, inclusive. Takes seconds at first."""
    import pandas_market_calendars

    schedule = pandas_market_calendars.get_calendar("NYSE").schedule(start_date=start, end_date=end)
    sessions = []
    for day, row in schedule.iterrows():
        opens_at, closes_at = (row[name].to_pydatetime().astimezone(UTC) for name in ("market_open", "market_close"))
        is_early = closes_at.astimezone(EXCHANGE_ZONE).time() < _REGULAR_CLOSE
        sessions.append(TradingSession(day.date(), opens_at, closes_at, is_early))
    return sessions
