"""The exchanges' trading sessions, holidays and early closes. Imports pandas, so only the engine calls it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, time

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.market import Market, TradingSession

_CALENDARS = {Market.EQUITIES: ("NYSE", time(16)), Market.FUTURES: ("CME Globex Equity", time(17))}
"""The calendar of each market, and when it closes on a whole day (New York).

Of Globex that of index futures stands for all: on half days energy and metals close up to an hour and a half later.
"""


def trading_sessions(start: date, end: date) -> Sequence[TradingSession]:
    """Regular sessions of every market for the trade dates from `start` to `end`, inclusive. Takes seconds at first."""
    return [session for market in _CALENDARS for session in _sessions(market, start, end)]


def _sessions(market: Market, start: date, end: date) -> Iterator[TradingSession]:
    import pandas_market_calendars

    name, regular_close = _CALENDARS[market]
    schedule = pandas_market_calendars.get_calendar(name).schedule(start_date=start, end_date=end)
    for day, row in schedule.iterrows():
        opens_at, closes_at = (row[edge].to_pydatetime().astimezone(UTC) for edge in ("market_open", "market_close"))
        is_early = closes_at.astimezone(EXCHANGE_ZONE).time() < regular_close
        yield TradingSession(day.date(), opens_at, closes_at, is_early, market)
