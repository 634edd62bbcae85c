"""`cotrader stats`: how often the cycles of each connection landed, and how long they took."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TextIO

from cotrader_tui.analytics.statistics import CycleStatistics, cycle_statistics
from cotrader_tui.commands.output import Format, write_rows
from cotrader_tui.commands.portfolio import select_asked
from cotrader_tui.commands.reading import refuse_other_than_demo, words
from cotrader_tui.commands.rows import Row
from cotrader_tui.config import Settings
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.sync import Connection, RunLog
from cotrader_tui.errors import StoreMissingError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.store.reader import Reader

STATS_KEYS = (
    *("connection", "broker", "cycles", "succeeded", "partial", "failed", "success_rate"),
    *("last_error_at", "last_error", "duration_mean_ms", "duration_p95_ms"),
)


def report(settings: Settings, form: Format, now: datetime, out: TextIO, err: TextIO) -> int:
    """Print one row per connection over the runs that are kept, whichever `--account` is asked for.

    A cycle succeeded if all its runs did, failed if all failed, else it is partial; one that still runs is left out.
    `success_rate` is the fraction (0 to 1) of cycles that landed whole or in part. Durations are whole milliseconds
    from a cycle's start to the end of its last run; the 95th percentile is by nearest rank. Null without cycles.
    A cycle in which this program itself failed counts, but has no duration (see `CycleStatistics`). Passes over
    transactions and orders are no cycles.
    Returns 0, or 5 where no sync was ever begun.

    Raises:
        ConfigError: the account is unknown, or `--demo` names a database that is not a demo.
        StoreError: the database cannot be read.
    """
    try:
        with Reader(settings.database) as reader:
            refuse_other_than_demo(settings, reader)
            snapshot, logs = reader.snapshot(exchange_date(now), runs=0), reader.run_logs()
    except StoreMissingError as error:
        return _nothing(str(error), form, out, err)
    select_asked(settings, snapshot)
    if not logs:
        return _nothing("Nothing has been synced yet.", form, out, err)
    rows = [stats_row(each, cycle_statistics(logs.get(each.name, RunLog()))) for each in snapshot.connections]
    write_rows(rows, STATS_KEYS, form, out)
    err.writelines(f"{line}\n" for line in words(snapshot, now))
    return ExitCode.SUCCESS


def stats_row(connection: Connection, statistics: CycleStatistics) -> Row:
    """The statistics of one connection with the keys of the contract."""
    error = statistics.last_error
    return {
        "connection": connection.name,
        "broker": connection.broker,
        "cycles": statistics.cycles,
        "succeeded": statistics.succeeded,
        "partial": statistics.partial,
        "failed": statistics.failed,
        "success_rate": statistics.success_rate,
        "last_error_at": statistics.last_error_at,
        "last_error": None if error is None else error.message,
        "duration_mean_ms": _milliseconds(statistics.duration_mean),
        "duration_p95_ms": _milliseconds(statistics.duration_p95),
    }


def _milliseconds(duration: timedelta | None) -> int | None:
    return None if duration is None else duration // timedelta(milliseconds=1)


def _nothing(words: str, form: Format, out: TextIO, err: TextIO) -> int:
    write_rows([], STATS_KEYS, form, out)
    err.write(f"{words}\n")
    return ExitCode.NO_DATA
