"""Asking the engine to sync: the only thing a screen or a reading command ever writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from cotrader_tui.store.codec import instant_text
from cotrader_tui.store.connect import BUSY_SECONDS
from cotrader_tui.store.files import check_version, in_words, missing


def request_sync(path: Path, now: datetime, connections: Collection[str] | None = None) -> tuple[int, ...]:
    """Ask for one cycle of each named connection, of all enabled ones by default.

    A request still waiting for the same connection serves this one too, so asking twice queues one cycle.
    Returns the request's number per connection.

    Raises:
        StoreMissingError: there is no database, or nothing in it yet.
        NewerSchemaError, CorruptStoreError: it is not one of this program's.
        StoreError: it cannot be written (locked, read-only, full).
    """
    if not path.exists():
        raise missing(path)
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            if check_version(connection, path) == 0:
                raise missing(path)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                return tuple(_ask(connection, number, now) for number in _wanted(connection, connections))
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise in_words(error, path) from error


def revocation_key(name: str) -> str:
    """The property under which an engine answers the wish to disconnect `name`, once it has let go of it."""
    return f"revoked {name}"


def _wanted(connection: sqlite3.Connection, names: Collection[str] | None) -> list[int]:
    found = connection.execute("SELECT id, name FROM connections WHERE sync_enabled AND status != 'revoked'")
    return [number for number, name in found.fetchall() if names is None or name in names]


def _ask(connection: sqlite3.Connection, number: int, now: datetime) -> int:
    waiting = "SELECT id FROM sync_requests WHERE connection_id = ? AND cycle IS NULL AND finished_at IS NULL"
    row = connection.execute(waiting, (number,)).fetchone()
    if row is not None:
        return int(row[0])
    sql = "INSERT INTO sync_requests (connection_id, requested_at) VALUES (?, ?)"
    made = connection.execute(sql, (number, instant_text(now)))
    assert made.lastrowid is not None
    return made.lastrowid
