"""`cotrader export`: a table in full, on standard output or in a file of one's own."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from cotrader_tui.commands import history
from cotrader_tui.commands.output import Format
from cotrader_tui.commands.reading import Question, read
from cotrader_tui.config import Settings
from cotrader_tui.errors import ConfigError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.private_files import write_private


@dataclass(frozen=True, slots=True)
class Export:
    """What is wanted: which table, in which format, and where (`None`: on standard output)."""

    what: str
    form: Format
    file: Path | None = None
    everything: bool = False
    """Closed positions too."""


def export(settings: Settings, wanted: Export, now: datetime, out: TextIO, err: TextIO) -> int:
    """Write the table with the keys of the command of its name, whole or not at all.

    Returns the command's exit code; where nothing was ever synced (5) no file is written.

    Raises:
        ConfigError: the account or portfolio is unknown, the file cannot be written.
        StoreError: the database cannot be read.
    """
    if wanted.file is None:
        return _written(settings, wanted, now, err)(out)
    if not wanted.file.parent.is_dir():
        raise ConfigError(f"There is no folder {wanted.file.parent}.", "Make it, or name another file.")
    if wanted.file.exists() and not wanted.file.is_file():
        raise ConfigError(f"{wanted.file} is no plain file.", "Leave --output out, and send the output there.")
    text = io.StringIO()
    code = _written(settings, wanted, now, err)(text)
    if code == ExitCode.SUCCESS:
        write_private(wanted.file, text.getvalue())
        err.write(f"{wanted.file} is written; only you can read it.\n")
    return code


def _written(settings: Settings, wanted: Export, now: datetime, err: TextIO) -> Callable[[TextIO], int]:
    """What writes the table to a stream."""
    if wanted.what == "transactions":
        return lambda out: history.transactions(settings, wanted.form, -1, now, out, err)
    if wanted.what == "orders":
        return lambda out: history.orders(settings, wanted.form, now, out, err, everything=True)
    question = Question(wanted.what, wanted.form, everything=wanted.everything)
    return lambda out: read(settings, question, now, out, err)
