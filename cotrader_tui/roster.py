"""The connections as `connections.json` names them while an engine runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from cotrader_tui.brokers.base import Broker, ConnectionConfig
from cotrader_tui.config import Settings, named_connection
from cotrader_tui.connections_file import Definition, leaving_mark, read_connections
from cotrader_tui.errors import ConfigError
from cotrader_tui.private_files import CONNECTIONS
from cotrader_tui.sync.roster import Wanted

log = logging.getLogger(__name__)


class FileRoster:
    """Looks at the file whenever it is asked, and reads it only if it is another one than before.

    What the environment, a `.env` or the configuration file defines stays as it was at the start, and goes before a
    stored connection of the same name. A definition that cannot be read leaves its connection as it was.
    """

    def __init__(self, settings: Settings, make: Callable[[ConnectionConfig], Broker]) -> None:
        self._settings = settings
        self._make = make
        self._path = settings.config_folder / CONNECTIONS
        self._seen: tuple[int, ...] | None = None
        self._unnamed = {each.name: each for each in settings.connections if each.name in settings.unnamed}
        self._named = {each.name: each for each in settings.connections if each.name not in settings.unnamed}

    def changed(self) -> Wanted | None:
        signature = _signature(self._path)
        if signature == self._seen:
            return None
        self._seen = signature
        try:
            stored = read_connections(self._settings.config_folder)
        except ConfigError as error:
            log.warning("The connections stay as they are: %s", error)
            return None
        return self._wanted({name: each for name, each in stored.items() if name not in self._unnamed})

    def broker(self, config: ConnectionConfig) -> Broker:
        return self._make(config)

    def _wanted(self, stored: Mapping[str, Definition]) -> Wanted:
        marks = {name: leaving_mark(definition) for name, definition in stored.items()}
        read = {name: self._read(name, definition) for name, definition in stored.items() if marks[name] is None}
        self._named = {name: config for name, config in read.items() if config is not None}
        return Wanted(
            (*self._unnamed.values(), *self._named.values()),
            {name: mark for name, mark in marks.items() if mark is not None},
        )

    def _read(self, name: str, definition: Definition) -> ConnectionConfig | None:
        try:
            return named_connection(name, definition, self._path, self._settings.sync_interval)
        except ConfigError as error:
            known = self._named.get(name)
            log.warning("The connection %s %s: %s", name, "stays as it was" if known else "is not served", error)
            return known


def _signature(path: Path) -> tuple[int, ...]:
    """What differs once the file is another one, or can be read again; empty where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
