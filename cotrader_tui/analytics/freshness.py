"""Whether a connection's figures can be trusted, as one word, one glyph and an age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from cotrader_tui.domain.clock import EXCHANGE_ZONE, exchange_date
from cotrader_tui.domain.sync import Connection, ConnectionStatus, RunStatus
from cotrader_tui.errors import ErrorKind

_GRACE = timedelta(seconds=30)


class DataState(StrEnum):
    LIVE = "LIVE"
    DELAYED = "DELAYED"
    """As fresh as the exchange allows without a subscription: some fifteen minutes old."""
    PAUSED = "PAUSED"
    """Its owner has switched its positions off: the figures stay as they are, however old."""
    STALE = "STALE"
    CACHED = "CACHED"
    OFFLINE = "OFFLINE"
    LOGIN = "LOGIN"
    ERROR = "ERROR"
    NO_DATA = "NO DATA"


GLYPHS = {
    DataState.LIVE: "●",
    DataState.DELAYED: "◑",
    DataState.PAUSED: "‖",
    DataState.STALE: "◐",
    DataState.CACHED: "○",
    DataState.OFFLINE: "×",
    DataState.LOGIN: "?",
    DataState.ERROR: "!",
    DataState.NO_DATA: "·",
}
"""One glyph a state: the word beside it carries the meaning."""

SEVERITY = (
    DataState.LIVE,
    DataState.DELAYED,
    DataState.PAUSED,
    DataState.STALE,
    DataState.CACHED,
    DataState.NO_DATA,
    DataState.OFFLINE,
    DataState.ERROR,
    DataState.LOGIN,
)
"""From best to worst, for the places that show only the worst."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """The state of a connection's figures; `age` is since they last landed, `None` if they never did."""

    state: DataState
    age: timedelta | None
    since: datetime | None

    @property
    def glyph(self) -> str:
        return GLYPHS[self.state]


def freshness(connection: Connection, now: datetime) -> Freshness:
    """Judge one connection at `now`: whether it is to sync, then a failure, then the age against its own interval."""
    since = connection.last_sync_at
    age = None if since is None else max(now - since, timedelta(0))
    return Freshness(_state(connection, now, age), age, since)


@dataclass(frozen=True, slots=True)
class Crowd:
    """The states of many connections, judged once: `states` holds from `since` until just before `until`."""

    states: Counter[DataState]
    """How many are in each state there is."""
    worst: Connection | None
    """The first of those in the worst state; `None` where there are none at all."""
    since: datetime
    until: datetime

    @classmethod
    def of(cls, connections: Sequence[Connection], now: datetime) -> Crowd:
        """Those of `connections` that their owner has not disconnected, as of `now`."""
        judged = [(freshness(each, now).state, each) for each in in_use(connections)]
        states = Counter(state for state, _ in judged)
        worst = max(states, key=SEVERITY.index, default=None)
        named = next((each for state, each in judged if state is worst), None)
        ends = [_fresh_until(each) for state, each in judged if state in (DataState.LIVE, DataState.DELAYED)]
        return cls(states, named, now, min([*ends, _next_midnight(now)]))

    def holds(self, now: datetime) -> bool:
        """Whether the states are still these at `now`."""
        return self.since <= now < self.until


def in_use(connections: Iterable[Connection]) -> list[Connection]:
    """Those that were not disconnected by their owner."""
    return [each for each in connections if each.status is not ConnectionStatus.REVOKED]


def _fresh_until(connection: Connection) -> datetime:
    """When a fresh connection's figures become stale, unless a sync comes before."""
    patience = connection.sync_interval + _GRACE
    last, due_at = connection.last_sync_at, connection.next_sync_at
    ends = [at for at in (last and last + connection.sync_interval + patience, due_at and due_at + patience) if at]
    return max(ends) + timedelta(microseconds=1)


def _next_midnight(now: datetime) -> datetime:
    """When the exchange's date changes."""
    return datetime.combine(exchange_date(now) + timedelta(days=1), time(), EXCHANGE_ZONE)


def _state(connection: Connection, now: datetime, age: timedelta | None) -> DataState:
    if connection.status is ConnectionStatus.REVOKED:
        return DataState.LOGIN
    if not connection.sync_enabled:
        return DataState.PAUSED
    if connection.status is ConnectionStatus.EXPIRED:
        return DataState.LOGIN
    if connection.last_sync_status is RunStatus.FAILED and connection.last_sync_error is not None:
        kind = connection.last_sync_error.kind
        if kind is ErrorKind.AUTH:
            return DataState.LOGIN
        return DataState.OFFLINE if kind is ErrorKind.NETWORK else DataState.ERROR
    if age is None or connection.last_sync_at is None:
        return DataState.NO_DATA
    if age <= 2 * connection.sync_interval + _GRACE or _is_due_later(connection, now):
        return DataState.DELAYED if connection.is_delayed else DataState.LIVE
    is_today = exchange_date(connection.last_sync_at) == exchange_date(now)
    return DataState.STALE if is_today else DataState.CACHED


def _is_due_later(connection: Connection, now: datetime) -> bool:
    """Whether its next sync is not overdue by more than one interval: while nothing trades they are further apart."""
    due_at = connection.next_sync_at
    return due_at is not None and now <= due_at + connection.sync_interval + _GRACE
