"""What statistics need of the sync runs. After 90 days there are some 130,000, so only a few columns are read."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from cotrader_tui.domain.sync import RunEnd, RunLog, RunStatus, SyncError
from cotrader_tui.store.rows import error_from

_ENDS = """
    SELECT connection_id, cycle, status,
           CAST(round((julianday(completed_at) - julianday(started_at)) * 86400000) AS INTEGER),
           error_kind = 'internal'
      FROM sync_runs WHERE sync_type = 'positions'"""
_LAST_ERRORS = """
    SELECT connection_id, error_kind, error_message, hint, completed_at,
           max(started_at || printf('%020d', id))  -- the other columns are of this newest row
      FROM sync_runs
     WHERE sync_type = 'positions' AND status IN ('failed', 'partial') AND error_message IS NOT NULL
       AND cycle NOT IN (SELECT cycle FROM sync_runs WHERE status = 'running')
     GROUP BY connection_id"""
_STATUSES = {status.value: status for status in RunStatus}


def read_run_logs(sqlite: sqlite3.Connection) -> dict[str, RunLog]:
    """See `Reader.run_logs`."""
    names: dict[int, str] = dict(sqlite.execute("SELECT id, name FROM connections"))
    errors = dict(_last_errors(sqlite))
    ends: defaultdict[int, list[RunEnd]] = defaultdict(list)
    for connection, cycle, status, milliseconds, is_internal in sqlite.execute(_ENDS):
        ends[connection].append((cycle, _STATUSES[status], milliseconds, is_internal == 1))
    return {names[number]: RunLog(runs, *errors.get(number, (None, None))) for number, runs in ends.items()}


def _last_errors(sqlite: sqlite3.Connection) -> Iterator[tuple[int, tuple[SyncError | None, datetime]]]:
    for connection, kind, message, hint, completed_at, _ in sqlite.execute(_LAST_ERRORS):
        yield connection, (error_from(kind, message, hint), datetime.fromisoformat(completed_at))
