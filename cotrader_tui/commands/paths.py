"""Where the configuration file, the database and the log file are, whether or not they exist yet."""

from __future__ import annotations

from typing import TextIO

from cotrader_tui.commands.output import Format, write_rows
from cotrader_tui.commands.rows import Row
from cotrader_tui.config import Settings
from cotrader_tui.domain.text import visible

PATH_KEYS = ("config_file", "database", "log_file")


def report(settings: Settings, *, as_json: bool, out: TextIO) -> int:
    """Print the three places; returns 0."""
    places = {key: str(getattr(settings, key)) for key in PATH_KEYS}
    if as_json:
        row: Row = {**places}
        write_rows([row], PATH_KEYS, Format.JSON, out)
    else:
        out.writelines(f"{key.replace('_', ' '):11}  {visible(place)}\n" for key, place in places.items())
    return 0
