"""What one sync changes in one account: decided by reconciling, written by the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.positions import DatedAmount, EventKind, Position, RealizedSource
from cotrader_tui.domain.sync import SyncCounts


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """What the store remembers of one account before a sync."""

    open: tuple[Position, ...] = ()
    last_closed: Mapping[InstrumentId, Position] | None = None
    """The newest closed position per instrument, of the last days: a broker may go on listing it with quantity 0."""
    marks: Mapping[InstrumentId, Decimal] | None = None
    """The last marks of what is open."""
    suspected_empty_at: datetime | None = None
    """When a complete answer last listed nothing although the balances still valued something."""
    repeated: Mapping[InstrumentId, Position] = field(default_factory=dict)
    """What else is open: the answer at hand repeats and prices it, so it was not read again and its times are old."""


@dataclass(frozen=True, slots=True)
class Realized:
    """A realized part of P&L; `amount` is `None` where it happened but cannot be told."""

    amount: Decimal | None
    source: RealizedSource


@dataclass(frozen=True, slots=True)
class PositionState:
    """A position's figures after a sync."""

    instrument: Instrument
    quantity: Decimal
    average_open_price: Decimal | None
    previous_close: Decimal | None
    realized_pnl: Decimal | None
    realized_source: RealizedSource | None
    realized_since_open: DatedAmount | None
    realized_day_gain: DatedAmount | None
    opened_at: datetime
    day_base: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One position's change. `kind` is `None` where nothing worth an event happened.

    A state of quantity 0 closes the position, or records one that opened and closed between two syncs.
    """

    kind: EventKind | None
    position: Position | None
    """The stored row concerned; `None` makes a new one."""
    state: PositionState
    realized: Realized | None = None
    """What this change alone realized."""

    @property
    def quantity_before(self) -> Decimal:
        return Decimal(0) if self.position is None else self.position.quantity


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Everything one complete or partial answer changes in one account."""

    changes: tuple[Change, ...]
    unchanged: Mapping[InstrumentId, Position]
    """Open positions the answer repeats figure by figure, as they were stored."""
    orphaned: tuple[Position, ...]
    """Open positions the answer neither confirms nor disproves: they stay as they were."""
    counts: SyncCounts
    notes: tuple[str, ...]
    """Sentences for the sync log; any makes the run partial."""
    is_suspected_empty: bool = False
