"""Reading stored figures over time: of each stretch of time the last, so that a chart gets no more than it can show."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from cotrader_tui.domain.courses import AccountCourse, AccountPoint, PositionCourse
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.positions import PositionSnapshot
from cotrader_tui.store import rows
from cotrader_tui.store.codec import decimal_value, instant_from, instant_text, instant_value

_STRETCH = "CAST(strftime('%s', taken_at) AS INTEGER) / ?"
_ACCOUNTS = "(a.broker || ':' || a.number) IN (SELECT value FROM json_each(?))"


def oldest_snapshot(sqlite: sqlite3.Connection) -> datetime | None:
    """When the first snapshot that is kept was taken."""
    found = [
        sqlite.execute(f"SELECT min(taken_at) FROM {table}").fetchone()[0]
        for table in ("account_snapshots", "position_snapshots")
    ]
    return min((instant_from(each) for each in found if each is not None), default=None)


def read_account_courses(
    sqlite: sqlite3.Connection, accounts: Collection[AccountId], since: datetime, step: timedelta
) -> tuple[AccountCourse, ...]:
    """The last figures of each `step` since then, for each of `accounts` that has any, by account."""
    # SQLite takes the other columns from the row that has the maximum.
    sql = f"""SELECT a.broker, a.number, max(s.taken_at), s.net_liquidating_value, s.day_pnl
                FROM account_snapshots s JOIN accounts a ON a.id = s.account_id
               WHERE {_ACCOUNTS} AND s.taken_at >= ?
               GROUP BY s.account_id, {_STRETCH} ORDER BY s.taken_at"""
    found: defaultdict[AccountId, list[AccountPoint]] = defaultdict(list)
    values = (_names(accounts), instant_text(since), _seconds(step))
    for broker, number, at, worth, day in sqlite.execute(sql, values):
        point = AccountPoint(instant_from(at), decimal_value(worth), decimal_value(day))
        found[AccountId(broker, number)].append(point)
    return tuple(AccountCourse(account, tuple(found[account])) for account in sorted(found))


def read_position_courses(
    sqlite: sqlite3.Connection,
    accounts: Collection[AccountId],
    underlying: tuple[str, str],
    since: datetime,
    step: timedelta,
) -> tuple[PositionCourse, ...]:
    """The last figures of each `step` since then, for each position in an `underlying` and currency that has any."""
    sql = f"""SELECT p.id, p.closed_at, {rows.qualified(rows.INSTRUMENT_COLUMNS, "i")}
                FROM positions p JOIN accounts a ON a.id = p.account_id JOIN instruments i ON i.id = p.instrument_id
               WHERE {_ACCOUNTS} AND i.underlying = ? AND i.currency = ? AND (p.closed_at IS NULL OR p.closed_at >= ?)
               ORDER BY p.id"""
    values = (_names(accounts), *underlying, instant_text(since))
    found = []
    for position, closed_at, *instrument in sqlite.execute(sql, values).fetchall():
        points = _points(sqlite, position, since, step)
        if points:
            found.append(PositionCourse(rows.instrument_from(tuple(instrument)), instant_value(closed_at), points))
    return tuple(found)


def read_recent_marks(
    sqlite: sqlite3.Connection, until: datetime, step: timedelta, steps: int
) -> dict[int, tuple[float | None, ...]]:
    """By the ids of open positions: the mark of the last snapshot in each of `steps` spans as long as `step`, the last
    of which ends at `until`; `None` where there is none.

    It is looked up for each span by the index, so that it does not matter how much is stored.
    """
    ends = [instant_text(until - step * left) for left in range(steps, -1, -1)]
    spans = json.dumps(list(pairwise(ends)))
    sql = """SELECT p.id, json_group_object(CAST(b.key AS TEXT), (
                        SELECT s.mark FROM position_snapshots s
                         WHERE s.position_id = p.id AND s.taken_at > json_extract(b.value, '$[0]')
                           AND s.taken_at <= json_extract(b.value, '$[1]')
                         ORDER BY s.taken_at DESC LIMIT 1))
               FROM positions p CROSS JOIN json_each(?) b WHERE p.status = 'open' GROUP BY p.id"""
    found = {}
    for position, marks in sqlite.execute(sql, (spans,)):
        by_span = json.loads(marks)
        texts = (by_span[str(span)] for span in range(steps))
        found[position] = tuple(None if text is None else float(text) for text in texts)
    return found


def _points(
    sqlite: sqlite3.Connection, position: int, since: datetime, step: timedelta
) -> tuple[PositionSnapshot, ...]:
    sql = f"""SELECT max(taken_at), quantity, mark, underlying_price, open_pnl, delta, gamma, theta, vega, iv
                FROM position_snapshots WHERE position_id = ? AND taken_at >= ?
               GROUP BY {_STRETCH} ORDER BY taken_at"""
    found = sqlite.execute(sql, (position, instant_text(since), _seconds(step)))
    return tuple(
        PositionSnapshot(
            instant_from(at), Decimal(quantity), decimal_value(mark), decimal_value(above), decimal_value(gain), *greeks
        )
        for at, quantity, mark, above, gain, *greeks in found
    )


def _names(accounts: Collection[AccountId]) -> str:
    return json.dumps([str(account) for account in accounts])


def _seconds(step: timedelta) -> int:
    return max(1, int(step.total_seconds()))
