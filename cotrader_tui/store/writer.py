"""The one way into the database: the engine's connection, its migrations and its transactions."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from cotrader_tui.domain.changes import Reconciliation, StoredAccount
from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.market import Greeks, Market, Quote, TradingSession
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.positions import Position
from cotrader_tui.domain.rates import ReferenceRate
from cotrader_tui.domain.sync import (
    ConnectionStatus,
    RunStatus,
    StreamStatus,
    SyncCounts,
    SyncError,
    SyncKind,
    Trigger,
)
from cotrader_tui.errors import ErrorKind
from cotrader_tui.store import landing, market, reference_rates, retention, runs
from cotrader_tui.store.codec import instant_text
from cotrader_tui.store.connect import BUSY_SECONDS
from cotrader_tui.store.files import PRIVATE_FILE, check_version, in_words, make_private
from cotrader_tui.store.history_writing import HistoryWriter
from cotrader_tui.store.landing import Landing
from cotrader_tui.store.memory import NO_POSITIONS, Memory
from cotrader_tui.store.requests import full_sync_key, revocation_key
from cotrader_tui.store.schema import MIGRATIONS

SYNC_TYPE = "positions"


class Writer:
    """The engine's connection. One per database: its holder must have the lease. Use it in the thread that made it."""

    def __init__(self, path: Path, *, migrations: Migrations = MIGRATIONS, busy_seconds: float = BUSY_SECONDS) -> None:
        """Open `path`, making or migrating it as needed; a copy of the file is kept before a migration.

        Raises:
            StoreError: it cannot be made, opened or migrated; nothing is lost then.
        """
        self._path = path
        self._memory = Memory()
        make_private(path)
        with self._in_words():
            self._sqlite = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
            try:
                self._prepare(migrations)
            except BaseException:
                self._sqlite.close()
                raise

    def _prepare(self, migrations: Migrations) -> None:
        version = check_version(self._sqlite, self._path)
        self._sqlite.execute("PRAGMA journal_mode = WAL")
        self._sqlite.execute("PRAGMA synchronous = NORMAL")
        self._sqlite.execute("PRAGMA foreign_keys = ON")
        self._sqlite.execute("PRAGMA cache_size = -8000")
        landing.prepare(self._sqlite)
        database = Database(self._sqlite, execute_plugins=False)
        if not migrations.pending(database):
            return
        if version:
            self._keep_copy(version)
        with self.transaction():
            migrations.apply(database)

    def _keep_copy(self, version: int) -> None:
        """Keep the file as it was before a migration, beside it; `cotrader db restore` brings it back."""
        copy = self._path.with_name(f"{self._path.name}.schema-{version}.backup")
        copy.unlink(missing_ok=True)
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
        self._sqlite.execute("VACUUM INTO ?", (str(copy),))

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        self._sqlite.close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise in_words(error, self._path) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is written inside lands, or none. Not re-entrant.

        Raises:
            StoreError: locked, read-only, full or damaged; nothing of it landed.
        """
        with self._in_words():
            self._sqlite.execute("BEGIN IMMEDIATE")
            try:
                self._memory.heed(self._sqlite)
                yield
                self._sqlite.execute("COMMIT")
            except BaseException:
                self._memory.forget()
                if self._sqlite.in_transaction:
                    self._sqlite.execute("ROLLBACK")
                raise

    # The database itself

    def property_value(self, key: str) -> str | None:
        """A property of the database, or `None`."""
        with self._in_words():
            row = self._sqlite.execute("SELECT value FROM properties WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_property(self, key: str, value: str) -> None:
        with self.transaction():
            self._sqlite.execute("INSERT OR REPLACE INTO properties (key, value) VALUES (?, ?)", (key, value))

    def is_new(self) -> bool:
        """Whether nothing has been configured or synced in it."""
        with self._in_words():
            return self._sqlite.execute("SELECT 1 FROM connections LIMIT 1").fetchone() is None

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        with self._in_words():
            return int(self._sqlite.execute("PRAGMA data_version").fetchone()[0])

    def take_over(self, now: datetime) -> None:
        """Say who holds the lease, and close the runs a former holder left behind."""
        with self.transaction():
            self._sqlite.execute(
                "INSERT OR REPLACE INTO sync_lease (id, pid, host, since) VALUES (1, ?, ?, ?)",
                (os.getpid(), socket.gethostname(), instant_text(now)),
            )
            self._close_left_behind("The program ended in the middle of this sync.", now)
            self._sqlite.execute(
                "UPDATE sync_requests SET cycle = NULL WHERE cycle IS NOT NULL AND finished_at IS NULL"
            )

    def _close_left_behind(self, message: str, now: datetime, connection: int | None = None) -> None:
        """Close runs that nobody will end any more, of one connection or of all."""
        self._sqlite.execute(
            """UPDATE sync_runs SET status = ?, completed_at = ?, error_kind = ?, error_message = ?, hint = ?
                WHERE status = 'running' AND connection_id = coalesce(?, connection_id)""",
            (
                RunStatus.FAILED,
                instant_text(now),
                ErrorKind.INTERNAL,
                message,
                "Nothing of it landed; the next sync goes on from the last figures.",
                connection,
            ),
        )

    # Connections and cycles

    def ensure_connection(
        self,
        name: str,
        broker: str,
        label: str,
        interval: timedelta,
        kinds: Collection[SyncKind] = (SyncKind.POSITIONS,),
    ) -> int:
        """Make or refresh the row of a configured connection, a revoked one being active again; returns its number.

        It is enabled where its positions are among `kinds`, which are what of it is synced.
        """
        with self.transaction():
            self._sqlite.execute(
                """INSERT INTO connections (name, broker, label, sync_interval, sync_kinds, sync_enabled)
                   VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT (name) DO UPDATE SET broker = excluded.broker, label = excluded.label,
                          sync_interval = excluded.sync_interval, sync_kinds = excluded.sync_kinds,
                          sync_enabled = excluded.sync_enabled""",
                (
                    name,
                    broker,
                    label,
                    interval.total_seconds(),
                    ",".join(kind for kind in SyncKind if kind in kinds),
                    int(SyncKind.POSITIONS in kinds),
                ),
            )
            self._sqlite.execute(
                """UPDATE connections SET status = ?, consecutive_failures = 0, grant_refusals = 0
                    WHERE name = ? AND status = ?""",
                (ConnectionStatus.ACTIVE, name, ConnectionStatus.REVOKED),
            )
            return int(self._sqlite.execute("SELECT id FROM connections WHERE name = ?", (name,)).fetchone()[0])

    def revoke(self, name: str, mark: str | None = None) -> None:
        """Its owner has disconnected `name`: its history stays, its accounts leave the totals, nothing is due.

        `mark` is of the wish this answers: who waits for it finds it as the property `revocation_key(name)`.
        """
        with self.transaction():
            if mark is not None:
                sql = "INSERT OR REPLACE INTO properties (key, value) VALUES (?, ?)"
                self._sqlite.execute(sql, (revocation_key(name), mark))
            self._sqlite.execute(
                """UPDATE accounts SET is_included = 0
                    WHERE connection_id = (SELECT id FROM connections WHERE name = ?)""",
                (name,),
            )
            self._sqlite.execute(
                "UPDATE connections SET status = ?, next_sync_at = NULL WHERE name = ?",
                (ConnectionStatus.REVOKED, name),
            )

    def failures(self, connection: int) -> tuple[int, int]:
        """How many cycles in a row failed, and how many of those because the grant was refused."""
        sql = "SELECT consecutive_failures, grant_refusals FROM connections WHERE id = ?"
        with self._in_words():
            failures, refusals = self._sqlite.execute(sql, (connection,)).fetchone()
        return int(failures), int(refusals)

    def next_sync_at(self, connection: int) -> datetime | None:
        """When the connection is due by schedule; `None` if it never was synced."""
        sql = "SELECT next_sync_at FROM connections WHERE id = ?"
        with self._in_words():
            text = self._sqlite.execute(sql, (connection,)).fetchone()[0]
        return None if text is None else datetime.fromisoformat(text)

    def held_markets(self, connection: int) -> frozenset[Market | None]:
        """Where the open positions of a connection trade; `None` among them for those of unknown hours."""
        with self._in_words():
            return market.held_markets(self._sqlite, connection)

    def sessions(self) -> tuple[TradingSession, ...]:
        """The known trading sessions, by market and date."""
        with self._in_words():
            return tuple(market.read_sessions(self._sqlite))

    def waiting_requests(self) -> frozenset[int]:
        """The connections somebody asked to sync."""
        sql = "SELECT DISTINCT connection_id FROM sync_requests WHERE cycle IS NULL AND finished_at IS NULL"
        with self._in_words():
            return frozenset(row[0] for row in self._sqlite.execute(sql))

    def begin_cycle(self, connection: int, trigger: Trigger, now: datetime) -> int:
        """Write the cycle's first `running` row and take the waiting requests; returns the cycle's number.

        Cycles of one connection never overlap: runs and requests of an earlier one that are still open belong to one
        whose end could not be written, and are closed and taken over.
        """
        with self.transaction():
            self._close_left_behind("The end of this sync could not be written.", now, connection)
            made = self._sqlite.execute(
                """INSERT INTO sync_runs (cycle, connection_id, "trigger", sync_type, status, started_at)
                   VALUES (0, ?, ?, ?, ?, ?)""",
                (connection, trigger, SYNC_TYPE, RunStatus.RUNNING, instant_text(now)),
            )
            cycle = made.lastrowid
            assert cycle is not None
            self._sqlite.execute("UPDATE sync_runs SET cycle = id WHERE id = ?", (cycle,))
            self._sqlite.execute(
                "UPDATE sync_requests SET cycle = ? WHERE connection_id = ? AND finished_at IS NULL",
                (cycle, connection),
            )
            return cycle

    def is_full(self, cycle: int) -> bool:
        """Whether one of the requests that `cycle` serves wants everything fetched anew."""
        sql = "SELECT connection_id, id FROM sync_requests WHERE cycle = ?"
        with self._in_words():
            taken = self._sqlite.execute(sql, (cycle,)).fetchall()
        return any(self.property_value(full_sync_key(connection)) == str(request) for connection, request in taken)

    def begin_accounts(self, cycle: int, listed: Sequence[Account], wanted: Sequence[Account]) -> dict[AccountId, int]:
        """Know the accounts a broker lists, and give each wanted one its `running` row; returns the rows' numbers.

        Accounts of the connection that are not wanted (no longer listed, or filtered out) leave the totals; none is
        closed. The cycle's first row becomes the first account's.
        """
        with self.transaction():
            return runs.begin_accounts(self._sqlite, cycle, listed, wanted)

    def finish_run(
        self, run: int, status: RunStatus, counts: SyncCounts, error: SyncError | None, now: datetime
    ) -> None:
        """End one run outside of a landing: it failed, or its connection did."""
        with self.transaction():
            runs.finish_run(self._sqlite, run, status, counts, error, now)

    def end_cycle(
        self,
        connection: int,
        cycle: int,
        *,
        status: RunStatus,
        error: SyncError | None,
        is_delayed: bool,
        connection_status: ConnectionStatus,
        failures: int,
        grant_refusals: int,
        next_sync_at: datetime,
        now: datetime,
    ) -> None:
        """End a cycle: the connection's state and when it is next due, and the requests it served."""
        has_landed = status is not RunStatus.FAILED
        with self.transaction():
            self._sqlite.execute(
                """UPDATE connections SET status = ?, last_sync_at = coalesce(?, last_sync_at), last_sync_status = ?,
                          last_error_kind = ?, last_error_message = ?, last_error_hint = ?, consecutive_failures = ?,
                          is_delayed = coalesce(?, is_delayed), grant_refusals = ?, next_sync_at = ? WHERE id = ?""",
                (
                    connection_status,
                    instant_text(now) if has_landed else None,
                    status,
                    *runs.error_columns(error),
                    failures,
                    int(is_delayed) if has_landed else None,
                    grant_refusals,
                    instant_text(next_sync_at),
                    connection,
                ),
            )
            self._sqlite.execute("UPDATE sync_requests SET finished_at = ? WHERE cycle = ?", (instant_text(now), cycle))
            self._sqlite.execute(
                "DELETE FROM properties WHERE key = ? AND value IN (SELECT id FROM sync_requests WHERE cycle = ?)",
                (full_sync_key(connection), cycle),
            )

    # An account

    def known_positions(self, account: AccountId) -> Mapping[InstrumentId, Position]:
        """Open positions known without reading them, as they are stored but for when they were synced or orphaned.

        Call it inside the transaction that lands the account. They are those that its last landing left as they were;
        none once another connection has committed.
        """
        return self._memory.positions(account)

    def stored_account(
        self, account: AccountId, now: datetime, repeated: Mapping[InstrumentId, Position] = NO_POSITIONS
    ) -> StoredAccount:
        """What is remembered of an account. Called inside the transaction that lands it, it cannot go stale.

        Those of its `known_positions` that are `repeated` by the answer at hand are not read.
        """
        return landing.stored_account(self._sqlite, account, now, repeated)

    def land(self, landed: Landing, changes: Reconciliation) -> None:
        """Write one account's sync. Call it inside `transaction`."""
        landing.land(self._sqlite, landed, changes, self._memory)

    # Between cycles

    @property
    def history(self) -> HistoryWriter:
        """Writes transactions and orders."""
        return HistoryWriter(self._sqlite, self.transaction)

    def update_market(self, quotes: Iterable[Quote], greeks: Iterable[Greeks]) -> None:
        """Replace the latest market data of instruments already known; others are ignored."""
        with self.transaction():
            market.store_market(self._sqlite, self._memory, quotes, greeks)

    def store_stream(self, connection: int, status: StreamStatus) -> None:
        """Say how a connection's stream is doing."""
        with self.transaction():
            self._sqlite.execute(
                """UPDATE connections SET stream_state = ?, stream_message = ?, stream_since = ?, stream_overflow = ?
                    WHERE id = ?""",
                (status.state, status.message, instant_text(status.since), status.overflow, connection),
            )

    def store_sessions(self, sessions: Iterable[TradingSession]) -> None:
        """Replace the known trading sessions."""
        with self.transaction():
            market.store_sessions(self._sqlite, sessions)

    def store_reference_rates(self, rates: Iterable[ReferenceRate]) -> None:
        """Replace the known reference rates, unless these are older."""
        with self.transaction():
            reference_rates.store_reference_rates(self._sqlite, rates)

    def thin(self, now: datetime) -> int:
        """Thin the history to its stated retention; returns how many rows went."""
        with self.transaction():
            return retention.thin(self._sqlite, now)
