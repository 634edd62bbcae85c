"""Screen 3: what each attempt to sync came to."""

from __future__ import annotations

from datetime import datetime

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import AccountBook, PortfolioSnapshot
from cotrader_tui.domain.sync import RunStatus, SyncKind, SyncRun
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.figures import ACCENT, FAILED, STALE, WARN, WELL
from cotrader_tui.tui.present.text import Column, Line, Piece, Row
from cotrader_tui.tui.present.times import duration, instant, moment

COLUMNS = (
    Column("time", "Time (NY)", 12, 0, is_text=True, is_marked=False),
    Column("connection", "Connection", 12, 3, is_text=True),
    Column("account", "Account", 10, 4, is_text=True),
    Column("trigger", "Trigger", 9, 9, is_text=True),
    Column("status", "Status", 9, 1, is_text=True),
    Column("duration", "Took", 6, 8, is_marked=False),
    Column("added", "Added", 5, 5),
    Column("updated", "Updated", 7, 6),
    Column("closed", "Closed", 6, 7),
    Column("error", "Error and next step", 24, 2, is_text=True, is_flexible=True),
)

_STYLES = {RunStatus.RUNNING: ACCENT, RunStatus.SUCCESS: WELL, RunStatus.PARTIAL: WARN, RunStatus.FAILED: FAILED}
_GLYPHS = {RunStatus.RUNNING: "…", RunStatus.SUCCESS: "✓", RunStatus.PARTIAL: "~", RunStatus.FAILED: "×"}


def status(run: SyncRun) -> Piece:
    return Piece(f"{_GLYPHS[run.status]} {run.status}", _STYLES[run.status])


def rows(runs: tuple[SyncRun, ...], now: datetime) -> tuple[Row, ...]:
    """One row a run, newest first; the key is the run's id."""
    return tuple(_row(run, now) for run in runs)


def _row(run: SyncRun, now: datetime) -> Row:
    is_done = run.completed_at is not None
    is_of_positions = run.sync_type == SyncKind.POSITIONS
    counts = run.counts
    cells = {
        "time": Piece(moment(run.started_at, now), value=instant(run.started_at)),
        "connection": Piece(visible(run.connection)),
        "account": Piece(visible(run.account) if run.account else UNKNOWN),
        "trigger": Piece(run.trigger.value, STALE),
        "status": status(run),
        "duration": Piece(duration(run.duration), STALE),
        "added": _count(counts.added, is_done=is_done) if is_of_positions else Piece(""),
        "updated": _count(counts.updated, is_done=is_done) if is_of_positions else Piece(""),
        "closed": _count(counts.closed, is_done=is_done) if is_of_positions else Piece(""),
        "error": Piece(_said(run), WARN if run.status is RunStatus.PARTIAL else ""),
    }
    return Row(str(run.id), cells)


def _count(value: int, *, is_done: bool) -> Piece:
    if not is_done:
        return Piece(UNKNOWN)
    return Piece(str(value), "" if value else STALE)


def _said(run: SyncRun) -> str:
    """The error and the next step; of transactions and orders also what they are and how many."""
    error = "" if run.error is None else visible(f"{run.error.message} {run.error.hint}".strip())
    if run.sync_type == SyncKind.POSITIONS:
        return error
    is_landed = run.status in (RunStatus.SUCCESS, RunStatus.PARTIAL)
    what = f"{visible(run.sync_type)}: {_landed(run)}." if is_landed else f"{visible(run.sync_type)}:"
    return f"{what} {error}".strip()


def _landed(run: SyncRun) -> str:
    counts = run.counts
    match run.sync_type:
        case SyncKind.TRANSACTIONS:
            return f"{counts.transactions_added} added"
        case SyncKind.ORDERS:
            return f"{counts.orders_synced} listed"
        case _:
            return (
                f"{counts.added} added, {counts.updated} updated, {counts.closed} closed, {counts.unchanged} unchanged"
            )


def detail(run: SyncRun, now: datetime) -> tuple[Line, ...]:
    """Everything about one run, a fact a line: label, then value."""
    counts = run.counts
    ended = UNKNOWN if run.completed_at is None else moment(run.completed_at, now)
    facts = [
        ("Connection", Piece(visible(f"{run.connection} ({run.broker})"))),
        ("Account", Piece(visible(run.account) if run.account else "none: the connection itself failed")),
        ("Status", status(run)),
        ("Trigger", Piece(f"{run.trigger}, {visible(run.sync_type)}")),
        ("Started", Piece(f"{moment(run.started_at, now)} New York")),
        ("Ended", Piece(f"{ended} New York, after {duration(run.duration)}" if run.completed_at else "not yet")),
        (visible(run.sync_type).capitalize(), Piece(_landed(run))),
        ("Rows not read", Piece(str(counts.quarantined), WARN if counts.quarantined else "")),
    ]
    if run.error is not None and run.error.kind is None:
        facts.append(("Note", Piece(visible(run.error.message))))
    elif run.error is not None:
        facts += [
            ("Error", Piece(f"{visible(run.error.message)} ({run.error.kind})", FAILED)),
            ("Next step", Piece(visible(run.error.hint) or UNKNOWN)),
        ]
    return tuple((Piece(f"{label:<15}", STALE), value) for label, value in facts)


def account_of(run: SyncRun, snapshot: PortfolioSnapshot) -> AccountBook | None:
    """The account whose positions the run was about."""
    if run.sync_type != SyncKind.POSITIONS or run.account is None:
        return None
    account = AccountId(run.broker, run.account)
    return next((book for book in snapshot.accounts if book.account.id == account), None)


def quarantined(rows_not_read: tuple[tuple[str | None, str, str], ...]) -> tuple[Line, ...]:
    """The rows a run could not read: symbol and reason, then the raw row as the broker sent it."""
    lines: list[Line] = []
    for symbol, reason, raw in rows_not_read:
        lines.append((Piece(visible(symbol or "no symbol"), WARN), Piece(f"  {visible(reason)}")))
        lines.append((Piece(f"  {visible(raw)}", STALE),))
    return tuple(lines)
