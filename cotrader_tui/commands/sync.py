"""What `cotrader sync` says about the runs of its cycle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from cotrader_tui.commands.output import Format, write_rows
from cotrader_tui.commands.rows import SYNC_LOG_KEYS, sync_log_row
from cotrader_tui.config import Settings
from cotrader_tui.domain.sync import RunStatus, SyncRun
from cotrader_tui.domain.text import visible
from cotrader_tui.errors import ConfigError
from cotrader_tui.exit_codes import ExitCode


def report(
    settings: Settings, runs: Sequence[SyncRun], *, is_full: bool = False, as_json: bool, out: TextIO, err: TextIO
) -> int:
    """Print the runs of one cycle: rows as JSON or a sentence each, errors to `err`; returns the exit code.

    `is_full` says that everything was fetched anew.

    Raises:
        ConfigError: `--account` is none of the accounts that were synced.
    """
    runs = _selected(settings, runs)
    err.writelines(f"Connection {each.name}: {visible(each.label)}.\n" for each in settings.connections if each.label)
    if as_json:
        write_rows([sync_log_row(run) for run in runs], SYNC_LOG_KEYS, Format.JSON, out)
    for run in runs:
        if not as_json:
            out.write(visible(_sentence(run, is_full=is_full)) + "\n")
        if run.error is not None:
            err.write(visible(f"{_name(run)}: {run.error.message} {run.error.hint}".rstrip()) + "\n")
    return exit_code(runs)


def _selected(settings: Settings, runs: Sequence[SyncRun]) -> Sequence[SyncRun]:
    """The runs of the account asked for, and those of connections as a whole."""
    if settings.account is None:
        return runs
    known = sorted({run.account for run in runs if run.account is not None})
    if known and settings.account not in known:
        raise ConfigError(f"There is no account {settings.account}.", f"Synced were: {', '.join(known)}.")
    return [run for run in runs if run.account in (None, settings.account)]


def exit_code(runs: Sequence[SyncRun]) -> int:
    """0 if every run succeeded, 4 if every one failed or there was none, else 3."""
    statuses = {run.status for run in runs}
    if statuses == {RunStatus.SUCCESS}:
        return 0
    return ExitCode.FAILED if statuses <= {RunStatus.FAILED} else ExitCode.PARTIAL


def _name(run: SyncRun) -> str:
    return run.connection if run.account is None else f"{run.connection} {run.account}"


def _sentence(run: SyncRun, *, is_full: bool) -> str:
    counts = run.counts
    changes = (
        f"{counts.added} added, {counts.updated} updated, {counts.closed} closed, {counts.unchanged} unchanged"
        + (f", {counts.quarantined} unreadable" if counts.quarantined else "")
    )
    seconds = "" if run.duration is None else f" in {run.duration.total_seconds():.1f} s"
    return f"{_name(run)}: {'full sync, ' if is_full else ''}{run.status}{seconds}; positions: {changes}."
