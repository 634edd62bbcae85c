"""Positions that were held at the last sync and are gone now: what TWS says they realized."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cotrader_tui.brokers.ibkr.parse import Pnl
from cotrader_tui.brokers.ibkr.pnl import Key
from cotrader_tui.domain.clock import Clock, exchange_date
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.positions import DatedAmount, Holding

_RESET_AHEAD = timedelta(minutes=5)
"""TWS starts a new day five minutes before midnight. Source: IBKR Guides, Profit and Loss."""
_FUTURES = frozenset({InstrumentType.FUTURE, InstrumentType.FUTURE_OPTION})
"""Their day starts with their session, in the evening."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A position as the last sync saw it."""

    instrument: Instrument
    average_open_price: Decimal | None
    realized: Decimal | None
    """On that day, in the base currency."""
    rate: Decimal | None
    at: datetime


class Closings:
    """Remembers what was held, so that a row that vanishes can be told with TWS's own figures."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[Key, _Seen] = {}

    def held(self, key: Key, holding: Holding, pnl: Pnl | None, rate: Decimal | None) -> None:
        """Notes a position that is open."""
        realized = None if pnl is None else pnl.realized
        self._seen[key] = _Seen(holding.instrument, holding.average_open_price, realized, rate, self._clock())

    def vanished(self, account: str, held: set[int]) -> list[Key]:
        """Positions of the account that were seen and are not `held` (contract ids) any more."""
        return [key for key in self._seen if key[0] == account and key[1] not in held]

    def closed(self, key: Key, pnl: Pnl | None) -> Holding | None:
        """The closed position as a row of quantity 0; `None` if TWS has not told what it came to.

        realized since open is what TWS's realized P&L grew by since the position was last seen open, day gain its daily
        P&L, both converted from the base currency. What was realized earlier that day is not in the first.
        """
        seen = self._seen.pop(key)
        if pnl is None or pnl.quantity != 0 or not seen.rate:
            return None
        today = exchange_date(self._clock() + _RESET_AHEAD)
        grown = _grown(seen, pnl.realized, is_same_day=exchange_date(seen.at + _RESET_AHEAD) == today)
        if grown is None:
            return None
        return Holding(
            instrument=seen.instrument,
            quantity=Decimal(0),
            average_open_price=seen.average_open_price,
            realized_since_open=DatedAmount(grown / seen.rate, today),
            realized_day_gain=None if pnl.daily is None else DatedAmount(pnl.daily / seen.rate, today),
        )


def _grown(seen: _Seen, realized: Decimal | None, *, is_same_day: bool) -> Decimal | None:
    """How much was realized since then. After something had been realized, only within the same day of TWS's."""
    if realized is None or seen.realized is None:
        return None
    if seen.realized == 0 or (is_same_day and seen.instrument.type not in _FUTURES):
        return realized - seen.realized
    return None
