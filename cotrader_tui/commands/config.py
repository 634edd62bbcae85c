"""`cotrader config`: write the commented configuration file, show what holds and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from cotrader_tui.commands.output import Format, write_rows
from cotrader_tui.commands.rows import Row
from cotrader_tui.config.origins import Effective
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.errors import ConfigError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.private_files import write_private

CONFIG_KEYS = ("setting", "environment", "value", "origin", "place")


def init(file: Path, text: str, *, is_forced: bool, err: TextIO) -> int:
    """Write `text` to `file` (0600); returns 0.

    Raises:
        ConfigError: there is such a file already and it is not `is_forced`, or it cannot be written.
    """
    if file.exists() and not is_forced:
        raise ConfigError(
            f"There is a {file} already.", "Leave it, or write it anew with --force: what it says is lost."
        )
    write_private(file, text)
    err.write(f"{visible(str(file))} is written; every setting stands in it as a comment.\n")
    return ExitCode.SUCCESS


def show(
    found: Sequence[Effective], problems: Sequence[str], *, with_origin: bool, as_json: bool, out: TextIO, err: TextIO
) -> int:
    """Print the settings that hold, secrets masked, and to `err` what is wrong with the keymap; returns 0."""
    if as_json:
        write_rows([_row(each) for each in found], CONFIG_KEYS, Format.JSON, out)
    else:
        width = max(len(each.name) for each in found)
        widest = max(len(_value(each)) for each in found)
        for each in found:
            place = "not set" if each.value is None else each.place or each.origin
            origin = f"  {place}" if with_origin else ""
            value = _value(each).ljust(widest) if with_origin else _value(each)
            out.write(f"{each.name:{width}}  {value}{visible(origin)}".rstrip() + "\n")
    err.writelines(f"{visible(problem)}\n" for problem in problems)
    return ExitCode.SUCCESS


def _row(each: Effective) -> Row:
    """Without a value it is null, as is the place of a default."""
    return {
        "setting": each.name,
        "environment": each.environment,
        "value": each.value,
        "origin": each.origin,
        "place": each.place or None,
    }


def _value(each: Effective) -> str:
    return UNKNOWN if each.value is None else visible(each.value)
