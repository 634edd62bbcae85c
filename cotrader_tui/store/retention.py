"""How long history is kept.

Position and account snapshots: every one for two days, then the last of each quarter of an hour for thirty days, then
the last of each New York date for ever. Sync runs, their quarantined rows and served requests: ninety days; orders
too, from when their broker last listed them. Position events and transactions: for ever.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, time, timedelta

from cotrader_tui.domain.clock import EXCHANGE_ZONE, exchange_date
from cotrader_tui.store.codec import instant_text

EVERY_SNAPSHOT = timedelta(days=2)
EVERY_QUARTER_HOUR = timedelta(days=30)
SYNC_RUNS = timedelta(days=90)

_THINNED_AT = "thinned_at"
_STEP = timedelta(minutes=15)
_TABLES = (("position_snapshots", "position_id"), ("account_snapshots", "account_id"))


def thin(sqlite: sqlite3.Connection, now: datetime) -> int:
    """Delete what the retention does not keep at `now`; returns how many rows went. Safe to repeat."""
    removed, thinned = 0, _thinned_before(sqlite, now)
    for table, owner in _TABLES:
        removed += _thin_to_quarter_hours(sqlite, table, owner, now, thinned)
        removed += _thin_to_days(sqlite, table, owner, now, thinned)
    sqlite.execute("INSERT OR REPLACE INTO properties (key, value) VALUES (?, ?)", (_THINNED_AT, instant_text(now)))
    before = instant_text(now - SYNC_RUNS)
    removed += sqlite.execute(
        "DELETE FROM quarantined_rows WHERE run_id IN (SELECT id FROM sync_runs WHERE started_at < ?)", (before,)
    ).rowcount
    removed += sqlite.execute("DELETE FROM orders WHERE seen_at < ?", (before,)).rowcount
    removed += sqlite.execute("DELETE FROM sync_runs WHERE started_at < ?", (before,)).rowcount
    return removed + sqlite.execute("DELETE FROM sync_requests WHERE finished_at < ?", (before,)).rowcount


def _thinned_before(sqlite: sqlite3.Connection, now: datetime) -> datetime | None:
    """When it was last thinned: what was old enough then is not gone through again, unless the clock was set back."""
    row = sqlite.execute("SELECT value FROM properties WHERE key = ?", (_THINNED_AT,)).fetchone()
    thinned = None if row is None else datetime.fromisoformat(row[0])
    return None if thinned is None or thinned > now else thinned


def _thin_to_quarter_hours(
    sqlite: sqlite3.Connection, table: str, owner: str, now: datetime, thinned: datetime | None
) -> int:
    start, end = _floor(now - EVERY_QUARTER_HOUR), _floor(now - EVERY_SNAPSHOT)
    if thinned is not None:
        start = max(start, _floor(thinned - EVERY_SNAPSHOT))
    step = f"strftime('%s', taken_at) / {int(_STEP.total_seconds())}"
    return _keep_last(sqlite, table, f"{owner}, {step}", start, end)


def _floor(instant: datetime) -> datetime:
    return instant.replace(minute=instant.minute - instant.minute % 15, second=0, microsecond=0)


def _thin_to_days(sqlite: sqlite3.Connection, table: str, owner: str, now: datetime, thinned: datetime | None) -> int:
    """Day by day: a New York date is 23 to 25 hours long."""
    removed = 0
    last_day = exchange_date(now - EVERY_QUARTER_HOUR)
    start = datetime.min.replace(tzinfo=UTC)
    if thinned is not None:
        start = _midnight(exchange_date(thinned - EVERY_QUARTER_HOUR))
    at = _oldest(sqlite, table, start)
    while at is not None and exchange_date(at) < last_day:
        start, end = _midnight(exchange_date(at)), _midnight(exchange_date(at) + timedelta(days=1))
        removed += _keep_last(sqlite, table, owner, start, end)
        at = _oldest(sqlite, table, end)
    return removed


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), EXCHANGE_ZONE)


def _oldest(sqlite: sqlite3.Connection, table: str, after: datetime) -> datetime | None:
    row = sqlite.execute(f"SELECT min(taken_at) FROM {table} WHERE taken_at >= ?", (instant_text(after),)).fetchone()
    return None if row[0] is None else datetime.fromisoformat(row[0])


def _keep_last(sqlite: sqlite3.Connection, table: str, groups: str, start: datetime, end: datetime) -> int:
    """Keep only the last row of each of `groups` (SQL expressions) in [start, end)."""
    span = (instant_text(start), instant_text(end))
    return sqlite.execute(
        f"""DELETE FROM {table} WHERE taken_at >= ? AND taken_at < ? AND id NOT IN (
                SELECT max(id) FROM {table} WHERE taken_at >= ? AND taken_at < ? GROUP BY {groups})""",
        (*span, *span),
    ).rowcount
