"""Reading what happened from one moment on."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.positions import EventKind, PositionEvent, PositionSnapshot, RealizedSource
from cotrader_tui.domain.since import HeldSince, LandedSince, SinceRecord, SyncTally
from cotrader_tui.domain.sync import RunStatus
from cotrader_tui.domain.transactions import TransactionKind
from cotrader_tui.store.codec import decimal_value, instant_from, instant_text, instant_value
from cotrader_tui.store.rows import Row, error_from, qualified

SNAPSHOT_COLUMNS = "taken_at, quantity, mark, underlying_price, open_pnl, delta, gamma, theta, vega, iv"
EVENT_COLUMNS = (
    "position_id, at, kind, quantity_before, quantity_after, average_open_price, mark, realized_pnl, realized_source"
)

_BEFORE = """SELECT id FROM position_snapshots
              WHERE position_id = p.id AND taken_at <= ? ORDER BY taken_at DESC LIMIT 1"""
_CONCERNED = "(p.status = 'open' OR p.closed_at > ?)"
_ENDINGS = (TransactionKind.ASSIGNMENT, TransactionKind.EXERCISE, TransactionKind.EXPIRATION)
_BOOKED_BEFORE = timedelta(days=7)
"""So much earlier than a sync notices it may the booking that ended a position be dated."""


def event_from(row: Row) -> PositionEvent:
    """An event from its columns."""
    position, at, kind, before, after, average, mark, realized, source = row
    return PositionEvent(
        position_id=position,
        at=instant_from(at),
        kind=EventKind(kind),
        quantity_before=Decimal(before),
        quantity_after=Decimal(after),
        average_open_price=decimal_value(average),
        mark=decimal_value(mark),
        realized_pnl=decimal_value(realized),
        realized_source=None if source is None else RealizedSource(source),
    )


def snapshot_from(row: Row) -> PositionSnapshot:
    """A position's stored figures from their columns."""
    at, quantity, mark, underlying, profit, *greeks = row
    return PositionSnapshot(
        instant_from(at),
        Decimal(quantity),
        decimal_value(mark),
        decimal_value(underlying),
        decimal_value(profit),
        *greeks,
    )


def read_since(
    sqlite: sqlite3.Connection, legs: Sequence[Leg], accounts: Collection[AccountId], since: datetime
) -> SinceRecord:
    """What is stored from `since` on of `accounts`; `legs` are the open ones and those closed after `since`."""
    before, events, endings = _before(sqlite, since), _events(sqlite, since), _endings(sqlite, since)
    held = tuple(
        HeldSince(
            leg,
            before.get(leg.position.id),
            tuple(events.get(leg.position.id, ())),
            endings.get((leg.position.account, leg.position.instrument.symbol)),
        )
        for leg in legs
        if leg.position.account in accounts
    )
    return SinceRecord(since, held, _landed(sqlite, accounts, since), tuple(_syncs(sqlite, since)))


def _before(sqlite: sqlite3.Connection, since: datetime) -> dict[int, PositionSnapshot]:
    at = instant_text(since)
    sql = f"""SELECT p.id, {qualified(SNAPSHOT_COLUMNS, "s")}
                FROM positions p JOIN position_snapshots s ON s.id = ({_BEFORE}) WHERE {_CONCERNED}"""
    return {position: snapshot_from(row) for position, *row in sqlite.execute(sql, (at, at))}


def _events(sqlite: sqlite3.Connection, since: datetime) -> dict[int, list[PositionEvent]]:
    at = instant_text(since)
    sql = f"""SELECT {qualified(EVENT_COLUMNS, "e")}
                FROM positions p JOIN position_events e ON e.position_id = p.id
                LEFT JOIN position_snapshots s ON s.id = ({_BEFORE})
               WHERE {_CONCERNED} AND (s.taken_at IS NULL OR e.at > s.taken_at) ORDER BY e.id"""
    found: defaultdict[int, list[PositionEvent]] = defaultdict(list)
    for row in sqlite.execute(sql, (at, at)):
        found[row[0]].append(event_from(row))
    return found


def _endings(sqlite: sqlite3.Connection, since: datetime) -> dict[tuple[AccountId, str], TransactionKind]:
    sql = f"""SELECT a.broker, a.number, t.symbol, t.kind FROM transactions t JOIN accounts a ON a.id = t.account_id
               WHERE t.at >= ? AND t.symbol IS NOT NULL
                 AND t.kind IN ({", ".join(repr(kind.value) for kind in _ENDINGS)}) ORDER BY t.at"""
    found = sqlite.execute(sql, (instant_text(since - _BOOKED_BEFORE),))
    return {(AccountId(broker, number), symbol): TransactionKind(kind) for broker, number, symbol, kind in found}


def _landed(
    sqlite: sqlite3.Connection, accounts: Collection[AccountId], since: datetime
) -> dict[AccountId, LandedSince]:
    """By the account's snapshots, which are for ever, and by its runs: an account may land without balances."""
    at = instant_text(since)
    sql = """SELECT a.broker, a.number, a.last_synced_at,
                    (SELECT max(s.taken_at) FROM account_snapshots s WHERE s.account_id = a.id AND s.taken_at <= ?),
                    (SELECT r.completed_at FROM sync_runs r
                      WHERE r.account_id = a.id AND r.sync_type = 'positions' AND r.status IN ('success', 'partial')
                            AND r.started_at <= ? AND r.completed_at <= ? ORDER BY r.started_at DESC LIMIT 1)
               FROM accounts a WHERE (a.broker || ':' || a.number) IN (SELECT value FROM json_each(?))"""
    names = json.dumps([str(account) for account in accounts])
    found = {}
    for broker, number, last, *until in sqlite.execute(sql, (at, at, at, names)):
        latest = max((each for each in until if each is not None), default=None)
        found[AccountId(broker, number)] = LandedSince(instant_value(latest), instant_value(last))
    return found


def _syncs(sqlite: sqlite3.Connection, since: datetime) -> list[SyncTally]:
    # SQLite takes the other columns from the row that has the maximum.
    sql = """SELECT c.name, r.sync_type, r.status, count(DISTINCT r.cycle), max(r.started_at), r.error_kind,
                    r.error_message, r.hint
               FROM sync_runs r JOIN connections c ON c.id = r.connection_id
              WHERE r.started_at > ? AND r.status != 'running'
              GROUP BY c.name, r.sync_type, r.status ORDER BY c.name, r.sync_type, r.status"""
    return [
        SyncTally(name, kind, RunStatus(status), cycles, instant_from(at), error_from(*error))
        for name, kind, status, cycles, at, *error in sqlite.execute(sql, (instant_text(since),))
    ]
