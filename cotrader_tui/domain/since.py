"""What the store remembers of the time from one moment on: the material of "Since you left"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.positions import PositionEvent, PositionSnapshot
from cotrader_tui.domain.sync import RunStatus, SyncError
from cotrader_tui.domain.transactions import TransactionKind


@dataclass(frozen=True, slots=True)
class HeldSince:
    """A position that is open, or was closed after that moment."""

    leg: Leg
    """As it is now; of a closed one with the last mark it had."""
    before: PositionSnapshot | None
    """Its last stored figures at or before that moment."""
    events: tuple[PositionEvent, ...]
    """What happened to it after `before`, oldest first; everything where there is no `before`."""
    ending: TransactionKind | None = None
    """The booking that ended it, where that is stored and was no trade: assignment, exercise or expiration."""


@dataclass(frozen=True, slots=True)
class LandedSince:
    """When an account landed last until that moment, and last of all; `None`: never."""

    until: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class SyncTally:
    """How many cycles of a connection were begun after that moment, of one kind and with one ending."""

    connection: str
    sync_type: str
    status: RunStatus
    cycles: int
    last_at: datetime
    """When the newest of them was begun."""
    error: SyncError | None
    """The newest one's."""


@dataclass(frozen=True, slots=True)
class SinceRecord:
    """Everything that is stored of some accounts from `since` on, read at one moment."""

    since: datetime
    held: tuple[HeldSince, ...]
    accounts: dict[AccountId, LandedSince]
    syncs: tuple[SyncTally, ...]
    """Of all connections."""
