"""Database files: where they may lie, who may read them, and what is wrong with them in words."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from cotrader_tui.errors import (
    CorruptStoreError,
    NewerSchemaError,
    StoreError,
    StoreLockedError,
    StoreMissingError,
)
from cotrader_tui.store.version import SCHEMA_VERSION

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_OUR_TABLES = frozenset({"connections", "accounts", "positions", "sync_runs", "properties"})
"""Tables that every version of the schema has."""


def make_folder(path: Path) -> None:
    """Create the folder of the database `path` (0700) where it does not exist.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder {path.parent} cannot be made: {error.strerror}.",
            "Check its permissions, or name another place with --db or COTRADER_DB.",
        ) from error


def make_private(path: Path) -> None:
    """Create the database's folder (0700) and an empty file (0600) where they do not exist.

    SQLite gives its -wal and -shm files the permissions of the database.

    Raises:
        StoreError: the folder or the file cannot be made.
    """
    make_folder(path)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be made: {error.strerror}.",
            "Check its permissions, or name another place with --db or COTRADER_DB.",
        ) from error


def missing(path: Path) -> StoreMissingError:
    """There is no database at `path`, or nothing has been stored in it."""
    return StoreMissingError(f"There is no database at {path} yet.", "Run `cotrader sync`, or open `cotrader`.")


def in_words(error: sqlite3.Error, path: Path) -> StoreError:
    """Turn SQLite's error about the database `path` into a sentence with a next step."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return StoreLockedError(
            f"The database {path} is locked by another program.",
            "Nothing is lost; end the program that holds it (a backup, a database browser), or wait.",
        )
    if "full" in text:
        return StoreError(
            f"The disk is full: {path} cannot be written.",
            "Free some space; the last figures stay readable and the next sync goes on from there.",
        )
    if "readonly" in text or "read-only" in text:
        return StoreError(
            f"The database {path} is read-only.",
            "Figures can be read but not synced; make the file and its folder writable, or use --db.",
        )
    if "malformed" in text or "not a database" in text or "encrypted" in text:
        return CorruptStoreError(
            f"The file {path} is damaged or is not a database.",
            "Bring a backup back with `cotrader db restore FILE`, or move the file away and sync anew.",
        )
    if "unable to open" in text:
        return StoreError(
            f"The database {path} cannot be opened.",
            "Check that the file and its folder are yours (`cotrader doctor` tells), or use --db.",
        )
    return StoreError(f"The database {path} failed: {text}.", "`cotrader doctor` checks it.")


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of an open database; 0 if it holds nothing yet.

    Raises:
        NewerSchemaError: a newer program made it.
        CorruptStoreError: it is some other program's.
        sqlite3.Error: it cannot be read.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if (version or tables) and not tables >= _OUR_TABLES:
        raise CorruptStoreError(
            f"The file {path} is not a cotrader database: some other program made it.",
            "Name another place with --db or COTRADER_DB.",
        )
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"The database {path} has schema {version}; this program knows up to {SCHEMA_VERSION}.",
            "Update cotrader, or bring back the copy kept before the migration with `cotrader db restore FILE`.",
        )
    return version
