"""`cotrader keys --list`: the actions of the screen with their keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TextIO

from cotrader_tui.commands.output import Format, write_rows
from cotrader_tui.commands.rows import Row
from cotrader_tui.exit_codes import ExitCode

KEY_KEYS = ("action", "keys", "description")


def report(
    actions: Iterable[tuple[str, Sequence[str], str]],
    problems: Iterable[str],
    *,
    as_json: bool,
    out: TextIO,
    err: TextIO,
) -> int:
    """Print each action's id, its keys with blanks between (null: none) and its description; returns 0."""
    rows: list[Row] = [
        {"action": action, "keys": " ".join(keys) or None, "description": description}
        for action, keys, description in actions
    ]
    write_rows(rows, KEY_KEYS, Format.JSON if as_json else Format.TEXT, out)
    err.writelines(f"{problem}\n" for problem in problems)
    return ExitCode.SUCCESS
