"""Instruments: what is held, and what moves its price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import InstrumentId


class InstrumentType(StrEnum):
    EQUITY = "equity"
    EQUITY_OPTION = "equity_option"
    FUTURE = "future"
    FUTURE_OPTION = "future_option"
    CRYPTOCURRENCY = "cryptocurrency"
    INDEX = "index"
    BOND = "bond"
    FUND = "fund"
    WARRANT = "warrant"
    FOREX = "forex"
    OTHER = "other"


class OptionType(StrEnum):
    CALL = "call"
    PUT = "put"


OPTION_TYPES = frozenset({InstrumentType.EQUITY_OPTION, InstrumentType.FUTURE_OPTION})
"""Types whose Greeks come from a broker or a model."""

LINEAR_TYPES = frozenset(
    {InstrumentType.EQUITY, InstrumentType.FUND, InstrumentType.CRYPTOCURRENCY, InstrumentType.FUTURE}
)
"""Types whose per-unit delta is 1 and whose other Greeks are 0 by definition."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable contract as a broker names it."""

    id: InstrumentId
    symbol: str
    """The broker's symbol, unchanged."""
    type: InstrumentType
    underlying: str
    """The name it is grouped under: AAPL; SPX for SPXW too; the product (/ES) for futures and their options."""
    multiplier: Decimal
    """Money per point of price and unit of quantity; may be fractional (0.5)."""
    currency: str
    underlying_id: InstrumentId | None = None
    """The instrument whose price moves this one (for a futures option its exact contract); `None` if it is its own."""
    option_type: OptionType | None = None
    strike: Decimal | None = None
    expiration: date | None = None
    expires_at: datetime | None = None
    """The instant of expiration where the broker gives it (UTC)."""
    streamer_symbol: str | None = None
    """The symbol the broker's market data stream knows it by."""
    is_adjusted: bool = False
    """An adjusted option: its deliverable is not the standard one, so its Greeks are approximate."""

    @property
    def is_option(self) -> bool:
        return self.type in OPTION_TYPES

    @property
    def has_greeks(self) -> bool:
        """Whether a leg of this instrument counts among those that should have Greeks."""
        return self.type in OPTION_TYPES or self.type in LINEAR_TYPES

    def is_expired(self, now: datetime) -> bool:
        """Whether `now` is past its expiration: by the instant where known, else by the exchange's date."""
        if self.expires_at is not None:
            return now >= self.expires_at
        return self.expiration is not None and exchange_date(now) > self.expiration

    def days_to_expiration(self, today: date) -> int | None:
        """Calendar days from the exchange's date `today`; 0 on the day, negative after, `None` without expiration."""
        return None if self.expiration is None else (self.expiration - today).days
