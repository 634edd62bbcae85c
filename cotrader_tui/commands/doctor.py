"""`cotrader doctor`: what is configured and readable, one check at a time, with the next step for what is not."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from cotrader_tui.analytics.streams import is_of
from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.commands.output import Format, write_rows
from cotrader_tui.commands.rows import Row
from cotrader_tui.config import Settings
from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.sync import Connection, RunStatus, StreamState, StreamStatus, SyncKind
from cotrader_tui.domain.text import visible
from cotrader_tui.errors import ConfigError, StoreError, StoreMissingError
from cotrader_tui.private_files import private_files
from cotrader_tui.store.backup import check_database
from cotrader_tui.store.lease import is_held
from cotrader_tui.store.reader import Reader

CHECK_KEYS = ("name", "ok", "message", "hint")

OTHER = 1
CONFIGURATION = 2
UNREACHABLE = 4
_MOST_TELLING_FIRST = (CONFIGURATION, UNREACHABLE, OTHER)

_OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""

_OTHERS = 0o077
"""The permissions of everybody but the owner."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: whether it is well, what was found, the next step, and the exit code if it is not well."""

    name: str
    is_ok: bool
    message: str
    hint: str = ""
    exit_code: int = OTHER


def report(checks: Sequence[Check], *, as_json: bool, out: TextIO) -> int:
    """Print the checks; returns 0 if all are well, else 2 for configuration, 4 for a broker, 1 for the rest."""
    if as_json:
        rows: list[Row] = [
            {"name": check.name, "ok": check.is_ok, "message": check.message, "hint": check.hint or None}
            for check in checks
        ]
        write_rows(rows, CHECK_KEYS, Format.JSON, out)
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            out.write(f"{'ok' if check.is_ok else 'NOT OK':6}  {check.name:{width}}  {visible(check.message)}\n")
            if check.hint:
                out.write(f"{'':6}  {'':{width}}  {visible(check.hint)}\n")
    failed = {check.exit_code for check in checks if not check.is_ok}
    return next((code for code in _MOST_TELLING_FIRST if code in failed), 0)


def without_settings(error: ConfigError) -> list[Check]:
    """What can be said when the settings themselves are wrong."""
    return [_versions(), Check("configuration", False, error.message, error.hint, CONFIGURATION)]


def examine(settings: Settings) -> list[Check]:
    """Look at everything on this machine; nothing is written and no broker is asked."""
    return [
        _versions(),
        _config_file(settings),
        *_dotenvs(settings),
        *_private_files(settings),
        *_configured(settings),
        *_database(settings.database),
        _engine(settings.database),
        _log_file(settings.log_file),
        *_last_syncs(settings.database),
    ]


def warned(settings: Iterable[str], keys: Iterable[str]) -> Iterator[Check]:
    """What is amiss with the settings and with the keymap, a sentence each."""
    for name, sentences in (("settings", settings), ("keys", keys)):
        for sentence in sentences:
            yield Check(name, False, sentence, "", CONFIGURATION)


def _versions() -> Check:
    return Check(
        "versions",
        sqlite3.sqlite_version_info >= _OLDEST_SQLITE,
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}.",
        "" if sqlite3.sqlite_version_info >= _OLDEST_SQLITE else "SQLite 3.37 or newer is needed: use a newer Python.",
    )


def _config_file(settings: Settings) -> Check:
    if not settings.config_file.exists():
        return Check("configuration", True, f"There is no {settings.config_file}; it is optional.")
    return _readable("configuration", settings.config_file, settings)


def _dotenvs(settings: Settings) -> Iterator[Check]:
    places = dict.fromkeys(settings.dotenvs)
    found = [place for place in places if place.exists()]
    if not found:
        yield Check(".env", True, f"There is none ({', '.join(map(str, places))}); it is optional.")
    for place in found:
        yield _readable(".env", place, settings)


def _readable(name: str, path: Path, settings: Settings) -> Check:
    """A file that was read as settings: whoever else can read it reads the secrets in it."""
    text = path.read_text("utf-8", errors="replace")
    holds_secret = any(secret.reveal() in text for secret in settings.secrets)
    if holds_secret and path.stat().st_mode & _OTHERS:
        return Check(
            name, False, f"{path} holds a secret and others can read it.", f"Run `chmod 600 {path}`.", CONFIGURATION
        )
    return Check(name, True, f"{path} is readable.")


def _private_files(settings: Settings) -> Iterator[Check]:
    """What `cotrader connect` keeps, as far as it is there."""
    for path in private_files(settings.config_folder):
        if path.exists():
            is_private = not path.stat().st_mode & _OTHERS
            words = "only you can read it" if is_private else "others can read it"
            hint = "" if is_private else f"Run `chmod 600 {path}`."
            yield Check("connections kept", is_private, f"{path}: {words}.", hint, CONFIGURATION)


def _configured(settings: Settings) -> Iterator[Check]:
    try:
        settings.require_connections()
    except ConfigError as error:
        yield Check("brokers", False, error.message, error.hint, CONFIGURATION)
    for connection in settings.connections:
        yield Check(f"connection {connection.name}", True, _description(connection))
    for name in sorted(settings.leaving):
        words = "It is half disconnected: nobody syncs it, and its secrets may not be wiped."
        yield Check(f"connection {name}", False, words, f"Run `cotrader disconnect {name}` again.", CONFIGURATION)


def _description(connection: ConnectionConfig) -> str:
    parts = [
        f"{connection.broker}, every {connection.sync_interval.total_seconds():g} s",
        f"syncs {', '.join(kind for kind in SyncKind if kind in connection.sync_kinds) or 'nothing'}",
        f"accounts {', '.join(sorted(connection.account_filter))}" if connection.account_filter else "all accounts",
        *(["credentials are set"] if connection.secrets else []),
        *(["credentials are kept"] if connection.secret_names else []),
        *([connection.label] if connection.label else []),
    ]
    return "; ".join(parts) + "."


def _database(path: Path) -> Iterator[Check]:
    try:
        version = check_database(path)
    except StoreMissingError as error:
        yield Check("database", True, error.message, error.hint)
        return
    except StoreError as error:
        yield Check("database", False, error.message, error.hint)
        return
    size = path.stat().st_size / 1_000_000
    yield Check("database", True, f"{path} is whole: schema {version}, {size:.1f} MB.")
    yield _permissions(path)


def _permissions(path: Path) -> Check:
    name = "permissions"
    if path.stat().st_mode & _OTHERS:
        return Check(name, False, f"Others can read {path}.", f"Run `chmod 600 {path}`.")
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return Check(
            name,
            False,
            f"{path} or its folder cannot be written: figures are read, but nothing syncs.",
            "Make both writable, or name another place with --db or COTRADER_DB.",
        )
    return Check(name, True, f"{path} can be written, and only you can read it.")


def _engine(database: Path) -> Check:
    if not is_held(database):
        return Check("engine", True, "None runs at present.")
    try:
        with Reader(database) as reader:
            holder = reader.lease()
    except StoreError:
        holder = None
    who = "It runs" if holder is None else f"Pid {holder.pid} on {holder.host} syncs since {holder.since.isoformat()}"
    return Check("engine", True, f"{who}.")


def _log_file(path: Path) -> Check:
    """Whether the log can be written: the file if it is there, else the nearest folder that is."""
    place = next(each for each in (path, *path.parents) if each.exists())
    if os.access(place, os.W_OK):
        return Check("log file", True, f"{path} can be written.")
    return Check("log file", False, f"{path} cannot be written.", f"Check the permissions of {place}.")


def _last_syncs(database: Path) -> Iterator[Check]:
    try:
        with Reader(database) as reader:
            connections, holder = reader.connections(), reader.lease()
    except StoreError:
        return
    yield from map(_last_sync, connections)
    if is_held(database) and holder is not None:
        yield from (_stream(each.name, each.stream) for each in connections if is_of(holder, each.stream))


def _stream(name: str, status: StreamStatus | None) -> Check:
    """How the market data between syncs does, as the engine that runs says. Trouble that mends itself is no fault."""
    if status is None:
        return Check(f"stream {name}", True, "None was begun.")
    words = f"{status.state} since {status.since.isoformat()}. {status.message}".rstrip()
    if status.overflow:
        words = f"{words} {status.overflow} updates were replaced by newer ones before they could be stored."
    return Check(f"stream {name}", status.state is not StreamState.REFUSED, words, exit_code=UNREACHABLE)


def _last_sync(connection: Connection) -> Check:
    name, error = f"last sync {connection.name}", connection.last_sync_error
    status = connection.last_sync_status
    at = None if connection.last_sync_at is None else connection.last_sync_at.astimezone(EXCHANGE_ZONE)
    landed = "none has landed" if at is None else f"landed {at:%Y-%m-%d %H:%M:%S} New York"
    words = f"{status or 'No sync yet'}; {landed}."
    if status is None or status is RunStatus.SUCCESS or error is None:
        return Check(name, True, words)
    return Check(name, False, f"{words} {error.message}", error.hint, UNREACHABLE)


def reached(results: Iterable[tuple[str, bool, str, str]]) -> list[Check]:
    """Checks from what each broker answered: connection, whether it did, what was found, the next step."""
    return [Check(f"reach {name}", is_ok, message, hint, UNREACHABLE) for name, is_ok, message, hint in results]
