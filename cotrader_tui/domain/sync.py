"""Connections to brokers, and what each attempt to sync them came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cotrader_tui.errors import ErrorKind


class ConnectionStatus(StrEnum):
    ACTIVE = "active"
    ERROR = "error"
    """Five cycles in a row failed."""
    EXPIRED = "expired"
    """The grant was refused twice."""
    REVOKED = "revoked"
    """Disconnected by its owner."""


class Trigger(StrEnum):
    MANUAL = "manual"
    SCHEDULED = "scheduled"
    STARTUP = "startup"


class RunStatus(StrEnum):
    RUNNING = "running"
    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"


class SyncKind(StrEnum):
    """What of a broker a connection syncs."""

    POSITIONS = "positions"
    """Positions, balances and market data: one cycle."""
    TRANSACTIONS = "transactions"
    ORDERS = "orders"


class StreamState(StrEnum):
    """How the market data between two syncs is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    SILENT = "silent"
    """Connected, and nothing has come for longer than it should."""
    CLOSED = "closed"
    """Connected, and the markets are closed."""
    BROKEN = "broken"
    """It broke off and starts again."""
    REFUSED = "refused"
    """The broker refuses the market data: a log-in or a subscription is missing."""


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """The state of one connection's stream, and since when."""

    state: StreamState
    since: datetime
    message: str = ""
    """A sentence where something is wrong, with the next step."""
    overflow: int = 0
    """Updates that were replaced by newer ones before they could be stored, since the stream was begun; 0 once there
    were none for five minutes."""


@dataclass(frozen=True, slots=True)
class SyncError:
    """Why a run failed or is partial: a kind, a sentence, the next step. Without a kind it is a note on a whole run."""

    kind: ErrorKind | None
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class SyncCounts:
    """How many positions a run added, updated, closed, left alone, and rows it could not read."""

    added: int = 0
    updated: int = 0
    closed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    transactions_added: int = 0
    orders_synced: int = 0


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One account's part of one cycle, or the connection's where it could not even log in (`account` is `None`)."""

    id: int
    cycle: int
    connection: str
    broker: str
    account: str | None
    trigger: Trigger
    sync_type: str
    status: RunStatus
    started_at: datetime
    completed_at: datetime | None
    counts: SyncCounts
    error: SyncError | None

    @property
    def duration(self) -> timedelta | None:
        return None if self.completed_at is None else self.completed_at - self.started_at


RunEnd = tuple[int, RunStatus, int | None, bool]
"""How one run of a cycle ended: the cycle, the status, how many milliseconds it took (`None` while it runs), whether
this program itself failed in it. There are very many, hence no class."""


@dataclass(frozen=True, slots=True)
class RunLog:
    """What statistics need of the runs of one connection's cycles, as long as they are kept."""

    runs: Sequence[RunEnd] = ()
    """In any order."""
    last_error: SyncError | None = None
    """Of the newest run that failed or landed only in part, in a cycle that has ended."""
    last_error_at: datetime | None = None
    """When that run ended."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A named way to one broker, as the store knows it."""

    name: str
    broker: str
    label: str
    """A word that must always be visible: DEMO, SANDBOX, PAPER or a foreign host; empty for the broker itself."""
    status: ConnectionStatus
    sync_enabled: bool
    sync_interval: timedelta
    last_sync_at: datetime | None
    """When its last cycle ended in which at least one account landed."""
    last_sync_status: RunStatus | None
    """How its last cycle ended, landed or not."""
    last_sync_error: SyncError | None
    consecutive_failures: int
    is_syncing: bool = False
    is_delayed: bool = False
    """Whether its market data came delayed at the last sync."""
    sync_kinds: frozenset[SyncKind] = frozenset({SyncKind.POSITIONS})
    """What of it is synced."""
    stream: StreamStatus | None = None
    """`None` where it has no stream, or none was begun."""
    next_sync_at: datetime | None = None
    """When it is due by schedule; further off than its interval while nothing that is held trades."""
