"""Positions: what a broker reports as held, and what the store remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks


class PositionStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class RealizedSource(StrEnum):
    """Where realized P&L came from, strongest first."""

    BROKER = "broker"
    TRANSACTIONS = "transactions"
    ESTIMATED = "estimated"

    def weakest(self, other: RealizedSource | None) -> RealizedSource:
        """The weaker of the two; a sum is as good as its weakest part."""
        if other is None:
            return self
        order = list(RealizedSource)
        return max(self, other, key=order.index)


@dataclass(frozen=True, slots=True)
class DatedAmount:
    """Money that belongs to one date of the exchange."""

    amount: Decimal
    on: date


@dataclass(frozen=True, slots=True)
class Holding:
    """One position row as a broker reports it."""

    instrument: Instrument
    quantity: Decimal
    """Signed: + long, − short; 0 is a row closed today that the broker has not purged yet."""
    average_open_price: Decimal | None
    """Per unit, without multiplier."""
    previous_close: Decimal | None = None
    """Of this position, for day P&L: an average where it grew today."""
    realized_since_open: DatedAmount | None = None
    """Realized on that date against the average open price."""
    realized_day_gain: DatedAmount | None = None
    """Realized on that date against the previous close: the realized part of that date's day P&L."""
    opened_at: datetime | None = None
    """When the broker opened it, if it says so."""
    day_base: Decimal | None = None
    """The price from which the broker's own day P&L comes out whole, today's trades included; it outranks the rest."""
    broker_value: Decimal | None = None
    """The broker's own market value. This and the P&L below are to compare ours with, and are not stored."""
    broker_open_pnl: Decimal | None = None
    broker_day_pnl: Decimal | None = None

    @property
    def id(self) -> InstrumentId:
        return self.instrument.id


@dataclass(frozen=True, slots=True)
class Entry:
    """The Greeks (per unit) and the underlying's price at the first sync that saw the position, with that time."""

    greeks: Greeks | None
    underlying_price: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """One position the store knows, open or closed. Identity is account and instrument, one open row each."""

    id: int
    account: AccountId
    instrument: Instrument
    status: PositionStatus
    quantity: Decimal
    average_open_price: Decimal | None
    previous_close: Decimal | None
    realized_pnl: Decimal | None
    """All parts realized since `opened_at`, reductions included; `None` while none is known."""
    realized_source: RealizedSource | None
    realized_since_open: DatedAmount | None
    realized_day_gain: DatedAmount | None
    opened_at: datetime
    closed_at: datetime | None
    last_synced_at: datetime
    orphaned_since: datetime | None = None
    """Since when the broker's row for it could not be read; its figures are then as of before that."""
    entry: Entry | None = None
    day_base: Decimal | None = None
    """The price from which the broker's own day P&L comes out whole on the date of `last_synced_at`."""


class EventKind(StrEnum):
    OPENED = "opened"
    INCREASED = "increased"
    REDUCED = "reduced"
    ADJUSTED = "adjusted"
    """The quantity stayed, the average open price or the multiplier changed."""
    CLOSED = "closed"
    FLIPPED = "flipped"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class PositionEvent:
    """Something that happened to a position, as a sync noticed it."""

    position_id: int
    at: datetime
    kind: EventKind
    quantity_before: Decimal
    quantity_after: Decimal
    average_open_price: Decimal | None
    mark: Decimal | None
    realized_pnl: Decimal | None
    realized_source: RealizedSource | None


@dataclass(frozen=True, slots=True)
class PositionSnapshot:
    """A position's figures at one sync, kept for history."""

    at: datetime
    quantity: Decimal
    mark: Decimal | None
    underlying_price: Decimal | None
    open_pnl: Decimal | None
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    iv: float | None
