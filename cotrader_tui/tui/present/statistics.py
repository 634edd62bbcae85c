"""Screen 5: how reliable and how quick the syncs of each connection are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from cotrader_tui.analytics.freshness import DataState, freshness
from cotrader_tui.analytics.statistics import CycleStatistics
from cotrader_tui.domain.sync import Connection
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.figures import FAILED, STALE, WARN
from cotrader_tui.tui.present.text import Column, Piece, Row
from cotrader_tui.tui.present.times import age, calm_age, duration, instant, moment, since

COLUMNS = (
    Column("connection", "Connection", 12, 0, is_text=True),
    Column("state", "State", 14, 7, is_text=True, is_marked=False),
    Column("interval", "Interval", 8, 10),
    Column("cycles", "Cycles", 8, 5),
    Column("success", "Success", 7, 1),
    Column("partial", "Partial", 7, 9),
    Column("failed", "Failed", 7, 2),
    Column("mean", "Mean", 7, 6),
    Column("p95", "95th %", 7, 4),
    Column("when", "Last error", 12, 8, is_text=True),
    Column("error", "What it was", 24, 3, is_text=True, is_flexible=True),
)


def rows(connections: Iterable[Connection], found: Mapping[str, CycleStatistics], now: datetime) -> tuple[Row, ...]:
    """One row a connection, whose key is its name. What is not in `found` has not been read yet."""
    return tuple(_row(each, found.get(each.name), now) for each in connections)


def _row(connection: Connection, found: CycleStatistics | None, now: datetime) -> Row:
    cells = {
        "connection": Piece(visible(connection.name)),
        "state": _state(connection, now),
        "interval": Piece(_span(connection.sync_interval), STALE),
        "error": Piece("reading…", STALE),
    }
    return Row(connection.name, cells if found is None else cells | _figures(found, now))


def _state(connection: Connection, now: datetime) -> Piece:
    """The state of its figures and the age of the last ones that landed."""
    fresh = freshness(connection, now)
    is_well = fresh.state in (DataState.LIVE, DataState.DELAYED, DataState.PAUSED)
    return Piece(f"{fresh.glyph} {fresh.state} {age(fresh.age)}", "" if is_well else WARN)


def _figures(found: CycleStatistics, now: datetime) -> dict[str, Piece]:
    rate, error = found.success_rate, found.last_error
    return {
        "cycles": Piece(f"{found.cycles:,}"),
        "success": Piece(UNKNOWN if rate is None else _percent(rate)),
        "partial": Piece(f"{found.partial:,}", WARN if found.partial else STALE),
        "failed": Piece(f"{found.failed:,}", FAILED if found.failed else STALE),
        "mean": Piece(duration(found.duration_mean)),
        "p95": Piece(duration(found.duration_p95)),
        "when": Piece("" if (at := found.last_error_at) is None else moment(at, now), STALE, instant(at)),
        "error": Piece("" if error is None else visible(f"{error.message} {error.hint}".strip())),
    }


def _percent(rate: float) -> str:
    """To one decimal; only what never failed is 100.0%."""
    return f"{min(rate * 100, 99.9) if rate < 1 else 100:.1f}%"


def _span(interval: timedelta) -> str:
    seconds = interval.total_seconds()
    return f"{seconds / 60:g}m" if seconds >= 120 and seconds % 60 == 0 else f"{seconds:g}s"


def footing(read_at: datetime | None, trouble: str, now: datetime) -> Piece:
    """The line below: over what these figures are and how old, or why they could not be read again."""
    if trouble:
        return Piece(trouble, WARN)
    if read_at is None:
        return Piece("Reading the sync log…")
    return Piece(f"Over the sync runs kept, 90 days of them; read {calm_age(since(read_at, now))} ago.")
