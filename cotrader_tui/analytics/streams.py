"""How the market data between two syncs does, as far as what is stored of it can still be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cotrader_tui.analytics.freshness import DataState, freshness
from cotrader_tui.analytics.hours import leg_market
from cotrader_tui.domain.market import Market, MarketPhase, Source, market_state
from cotrader_tui.domain.portfolio import LeaseHolder, PortfolioSnapshot
from cotrader_tui.domain.sync import Connection, StreamState, StreamStatus

TROUBLED = frozenset({StreamState.SILENT, StreamState.BROKEN, StreamState.REFUSED})
_OPENING = timedelta(seconds=15)
"""So long a stream may take to open before that is worth a word."""
_OVERDUE = timedelta(seconds=120)
"""So long after its next sync was due a connection without one has no engine: a cycle may take 100 s."""
_OUTDATED = frozenset({DataState.STALE, DataState.CACHED, DataState.NO_DATA, DataState.PAUSED})


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a book says about its streams, found once for each book; by the connection's name."""

    statuses: Mapping[str, StreamStatus]
    """Those that the engine holding the lease has written."""
    newest: Mapping[str, datetime]
    """When the newest streamed quote of what is held came."""
    markets: Mapping[str, frozenset[Market | None]]
    """Where what is held trades."""


NO_FACTS = StreamFacts({}, {}, {})


def stream_facts(snapshot: PortfolioSnapshot) -> StreamFacts:
    """Of a whole book. A frozen copy has no streams, nor has a book whose engine has said nothing of them yet."""
    newest: dict[str, datetime] = {}
    markets: dict[str, set[Market | None]] = {}
    for leg in snapshot.legs:
        markets.setdefault(leg.connection, set()).add(leg_market(leg))
        quote, known = leg.quote, newest.get(leg.connection)
        if quote is not None and quote.source is Source.STREAM and (known is None or quote.received_at > known):
            newest[leg.connection] = quote.received_at
    statuses = {
        each.name: each.stream
        for each in snapshot.connections
        if each.stream is not None and not snapshot.is_frozen and is_of(snapshot.lease, each.stream)
    }
    return StreamFacts(statuses, newest, {name: frozenset(found) for name, found in markets.items()})


def is_of(holder: LeaseHolder | None, status: StreamStatus | None) -> bool:
    """Whether the engine that said last that it syncs has written the status: an older one is of another, now gone."""
    return holder is not None and status is not None and status.since >= holder.since


def stream_status(
    connection: Connection, snapshot: PortfolioSnapshot, facts: StreamFacts, now: datetime, *, has_engine: bool
) -> StreamStatus | None:
    """How the stream does at `now`; `None` where it has none, or where nobody is left who would say otherwise.

    An engine that was killed leaves its last word behind: without an engine (`has_engine`), with a sync that is overdue
    or with figures that are old it is not repeated. A live stream is `closed` while nothing that is held trades.
    """
    status = facts.statuses.get(connection.name)
    if status is None or not has_engine or _is_overdue(connection, now):
        return None
    if freshness(connection, now).state in _OUTDATED:
        return None
    if status.state is StreamState.LIVE and _is_all_closed(connection, snapshot, facts, now):
        return replace(status, state=StreamState.CLOSED)
    return status


def worth_a_word(status: StreamStatus | None, now: datetime) -> bool:
    """Whether a person should be told: it is troubled, it takes long to open, or something is missing from it."""
    if status is None:
        return False
    if status.state is StreamState.CONNECTING:
        return now - status.since > _OPENING
    return status.state in TROUBLED or bool(status.message)


def newest_age(
    connection: Connection, facts: StreamFacts, status: StreamStatus | None, now: datetime
) -> timedelta | None:
    """The age of the newest figures: those of the last sync or, while the stream lives, its newest quote."""
    instants = [connection.last_sync_at] if connection.last_sync_at is not None else []
    if status is not None and status.state is StreamState.LIVE and connection.name in facts.newest:
        instants.append(facts.newest[connection.name])
    return max(now - max(instants), timedelta()) if instants else None


def _is_overdue(connection: Connection, now: datetime) -> bool:
    due_at = connection.next_sync_at
    return due_at is not None and not connection.is_syncing and now > due_at + _OVERDUE


def _is_all_closed(connection: Connection, snapshot: PortfolioSnapshot, facts: StreamFacts, now: datetime) -> bool:
    markets = facts.markets.get(connection.name, frozenset())
    closed = (MarketPhase.CLOSED, MarketPhase.HOLIDAY)
    return bool(markets) and all(
        each is not None and market_state(snapshot.sessions, now, each).phase in closed for each in markets
    )
