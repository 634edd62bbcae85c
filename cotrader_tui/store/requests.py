"""Asking the engine to sync: the only thing a screen or a reading command ever writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from cotrader_tui.store.codec import instant_text
from cotrader_tui.store.connect import BUSY_SECONDS
from cotrader_tui.store.files import check_version, in_words, missing


def request_sync(
    path: Path, now: datetime, connections: Collection[str] | None = None, *, is_full: bool = False
) -> tuple[int, ...]:
    """Ask for one cycle of each named connection, of all enabled ones by default.

    `is_full` has it fetch everything anew, also what is known already.
    A request still waiting for the same connection serves this one too, so asking twice queues one cycle; it is full
    if either was to be.
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
                wanted = _wanted(connection, connections)
                return tuple(_ask(connection, number, now, is_full=is_full) for number in wanted)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise in_words(error, path) from error


def revocation_key(name: str) -> str:
    """The property under which an engine answers the wish to disconnect `name`, once it has let go of it."""
    return f"revoked {name}"


def full_sync_key(connection: int) -> str:
    """The property that holds the number of the newest request of a connection that is to be served in full."""
    return f"full sync of connection {connection}"


def _wanted(connection: sqlite3.Connection, names: Collection[str] | None) -> list[int]:
    found = connection.execute("SELECT id, name FROM connections WHERE sync_enabled AND status != 'revoked'")
    return [number for number, name in found.fetchall() if names is None or name in names]


def _ask(connection: sqlite3.Connection, number: int, now: datetime, *, is_full: bool) -> int:
    request = _waiting(connection, number) or _new(connection, number, now)
    if is_full:
        sql = "INSERT OR REPLACE INTO properties (key, value) VALUES (?, ?)"
        connection.execute(sql, (full_sync_key(number), str(request)))
    return request


def _waiting(connection: sqlite3.Connection, number: int) -> int | None:
    sql = "SELECT id FROM sync_requests WHERE connection_id = ? AND cycle IS NULL AND finished_at IS NULL"
    row = connection.execute(sql, (number,)).fetchone()
    return None if row is None else int(row[0])


def _new(connection: sqlite3.Connection, number: int, now: datetime) -> int:
    sql = "INSERT INTO sync_requests (connection_id, requested_at) VALUES (?, ?)"
    made = connection.execute(sql, (number, instant_text(now)))
    assert made.lastrowid is not None
    return made.lastrowid
