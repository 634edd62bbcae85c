"""The named connections that `cotrader connect` keeps: how to reach each broker, without its secrets.

`connections.json` in the configuration folder holds one object per connection, by name: `broker`, and the keys that the
broker's section of `config.toml` has (`account_number`, `sandbox`, `host`, `port`, `sync_interval`, `positions`, ...).
It may be edited by hand, also while an engine runs; `connect` and `disconnect` change one connection and leave the
others as they are.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cotrader_tui.errors import ConfigError
from cotrader_tui.private_files import CONNECTIONS, locked, write_private

Definition = Mapping[str, Any]
"""One connection: `broker` and its settings by their keys, values as JSON has them."""

_LEAVING = "disconnecting"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_MEND = "Mend the file, or move it away and run `cotrader connect` again."


def check_name(name: str) -> None:
    """Raises ConfigError where `name` cannot name a connection."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"A connection cannot be named {name!r}.",
            "Use up to 40 letters, digits, dots, dashes and underscores; the first is a letter or a digit.",
        )


def read_connections(folder: Path) -> dict[str, Definition]:
    """The stored connections of a configuration folder by name; none if there is no file.

    Raises:
        ConfigError: the file cannot be read or is not what it should be.
    """
    path = folder / CONNECTIONS
    try:
        stored = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", _MEND) from error
    if not isinstance(stored, dict):
        raise ConfigError(f"{path} is not an object of connections by name.", _MEND)
    for name, definition in stored.items():
        check_name(name)
        if not isinstance(definition, dict) or not isinstance(definition.get("broker"), str):
            raise ConfigError(f"The connection {name} in {path} names no broker.", _MEND)
    return stored


def store_connection(folder: Path, name: str, definition: Definition) -> None:
    """Add or replace one connection.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    with locked(folder):
        _write(folder, {**read_connections(folder), name: definition})


def forget_connection(folder: Path, name: str) -> None:
    """Remove one connection, if it is there.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    with locked(folder):
        stored = read_connections(folder)
        if stored.pop(name, None) is not None:
            _write(folder, stored)


def mark_leaving(folder: Path, name: str) -> str:
    """Mark a connection as being disconnected, so that nobody takes it up any more; returns the mark.

    One that is marked already keeps its mark. No two marks are the same.

    Raises:
        ConfigError: the file cannot be read or written, or has no such connection.
    """
    with locked(folder):
        stored = read_connections(folder)
        if name not in stored:
            raise ConfigError(f"There is no connection {name} in {folder / CONNECTIONS} any more.")
        mark = leaving_mark(stored[name])
        if mark is None:
            mark = os.urandom(8).hex()
            _write(folder, {**stored, name: {**stored[name], _LEAVING: mark}})
    return mark


def leaving_mark(definition: Definition) -> str | None:
    """The mark of a connection that is being disconnected, `None` of any other."""
    mark = definition.get(_LEAVING)
    return None if mark is None else str(mark)


def _write(folder: Path, stored: Mapping[str, Definition]) -> None:
    write_private(folder / CONNECTIONS, json.dumps(stored, indent=2, ensure_ascii=False) + "\n")
