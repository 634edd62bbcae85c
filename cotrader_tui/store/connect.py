"""Opening a database for reading: as it lives, or as a frozen copy where the place cannot be written."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cotrader_tui.store.files import check_version, in_words, missing

BUSY_SECONDS = 5.0


@dataclass(slots=True)
class ReadConnection:
    """An open read-only connection; `is_frozen` when it cannot see later commits."""

    sqlite: sqlite3.Connection
    is_frozen: bool
    folder: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        self.sqlite.close()
        if self.folder is not None:
            self.folder.cleanup()


def _uri(path: Path, options: str) -> str:
    return f"file:{quote(str(path))}?{options}"


def _open(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(_uri(path, options), uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        if check_version(connection, path) == 0:
            raise missing(path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> ReadConnection:
    """Open `path` read-only. Must be used in the thread that opened it.

    A write-ahead log in a folder that cannot be written is unreadable in place: then the file (with its log, if that
    holds commits) is read as a frozen copy.

    Raises:
        StoreMissingError: there is no such file, or nothing has been stored in it yet.
        NewerSchemaError, CorruptStoreError, StoreLockedError, StoreError: as named.
    """
    if not path.exists() or path.stat().st_size == 0:
        raise missing(path)
    try:
        return ReadConnection(_open(path, "mode=ro"), is_frozen=False)
    except sqlite3.OperationalError as error:
        text = str(error)
        if "unable to open" not in text and "readonly" not in text:
            raise in_words(error, path) from error
    except sqlite3.Error as error:
        raise in_words(error, path) from error
    try:
        return _open_frozen(path)
    except (sqlite3.Error, OSError) as error:
        failure = error if isinstance(error, sqlite3.Error) else sqlite3.OperationalError("unable to open")
        raise in_words(failure, path) from error


def _open_frozen(path: Path) -> ReadConnection:
    log = path.with_name(path.name + "-wal")
    if not log.exists() or log.stat().st_size == 0:
        return ReadConnection(_open(path, "mode=ro&immutable=1"), is_frozen=True)
    folder = tempfile.TemporaryDirectory(prefix="cotrader-frozen-")
    copy = Path(folder.name) / path.name
    shutil.copyfile(path, copy)
    shutil.copyfile(log, copy.with_name(copy.name + "-wal"))
    return ReadConnection(_open(copy, "mode=rw"), is_frozen=True, folder=folder)
