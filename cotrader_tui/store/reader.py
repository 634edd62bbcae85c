"""The one way out of the database: read-only, one consistent moment at a time, standard library only."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.courses import AccountCourse, PositionCourse
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.orders import KnownOrder
from cotrader_tui.domain.portfolio import AccountBook, LeaseHolder, Leg, PortfolioSnapshot
from cotrader_tui.domain.positions import PositionEvent, PositionSnapshot
from cotrader_tui.domain.since import SinceRecord
from cotrader_tui.domain.sync import Connection, RunLog, SyncRun
from cotrader_tui.domain.transactions import KnownTransaction
from cotrader_tui.store import rows
from cotrader_tui.store.checks import read_checks
from cotrader_tui.store.connect import open_for_reading
from cotrader_tui.store.courses import oldest_snapshot, read_account_courses, read_position_courses, read_recent_marks
from cotrader_tui.store.files import in_words
from cotrader_tui.store.garbage import collection_paused
from cotrader_tui.store.history import read_orders, read_transactions
from cotrader_tui.store.legs import KeptLegs, closed_legs, newest_closed_legs, open_legs
from cotrader_tui.store.market import read_sessions
from cotrader_tui.store.reference_rates import read_reference_rates
from cotrader_tui.store.run_logs import read_run_logs
from cotrader_tui.store.since import EVENT_COLUMNS, SNAPSHOT_COLUMNS, event_from, read_since, snapshot_from

RECENT_RUNS = 200


class Reader:
    """A read-only view of one database. Use it in the thread that made it; close it, or use `with`.

    Raises on opening: StoreMissingError, NewerSchemaError, CorruptStoreError, StoreLockedError, StoreError.
    Every method raises the same where the file goes bad later.
    """

    def __init__(self, path: Path, *, keeps_legs: bool = False) -> None:
        """For who takes one snapshot after another: with `keeps_legs` those legs that have not changed are the same."""
        self._path = path
        self._kept = KeptLegs() if keeps_legs else None
        self._connection = open_for_reading(path)

    @property
    def is_frozen(self) -> bool:
        """Whether this is a copy that later commits do not reach."""
        return self._connection.is_frozen

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def data_version(self) -> int:
        """A number that changes when another connection has committed. Costs microseconds."""
        with self._in_words():
            return int(self._sqlite.execute("PRAGMA data_version").fetchone()[0])

    def snapshot(self, today: date, runs: int = RECENT_RUNS) -> PortfolioSnapshot:
        """The whole book at one moment, with the newest `runs` sync runs.

        `today` is the exchange's date: positions closed on it come along.
        """
        with self._one_moment(), collection_paused():
            return PortfolioSnapshot(
                connections=tuple(self._connections()),
                accounts=tuple(self._accounts()),
                legs=tuple(open_legs(self._sqlite)) if self._kept is None else self._kept.read(self._sqlite),
                closed_today=tuple(newest_closed_legs(self._sqlite, _midnight(today))),
                runs=tuple(self._runs("1", (), runs)),
                orders=read_orders(self._sqlite, _midnight(today)),
                sessions=tuple(read_sessions(self._sqlite)),
                reference_rates=tuple(read_reference_rates(self._sqlite)),
                lease=self._lease(),
                is_demo=self._property("demo_epoch") is not None,
                is_frozen=self.is_frozen,
            )

    def closed_legs(self) -> tuple[Leg, ...]:
        """Every closed position, with the last mark it had."""
        with self._in_words():
            return tuple(closed_legs(self._sqlite))

    def connections(self) -> tuple[Connection, ...]:
        with self._in_words():
            return tuple(self._connections())

    def runs(self, limit: int) -> tuple[SyncRun, ...]:
        """The newest `limit` sync runs, newest first."""
        with self._in_words():
            return tuple(self._runs("1", (), limit))

    def run_logs(self) -> dict[str, RunLog]:
        """What statistics need of all cycles that are kept, by the name of each connection that had one."""
        with self._one_moment(), collection_paused():
            return read_run_logs(self._sqlite)

    def cycle(self, number: int) -> tuple[SyncRun, ...]:
        """The runs of one cycle, in the order they were begun."""
        with self._in_words():
            return tuple(reversed(list(self._runs("r.cycle = ?", (number,), -1))))

    def finished_request(self, number: int) -> int | None:
        """The cycle that served sync request `number`, or `None` while it waits or runs."""
        sql = "SELECT cycle FROM sync_requests WHERE id = ? AND finished_at IS NOT NULL"
        with self._in_words():
            row = self._sqlite.execute(sql, (number,)).fetchone()
        return None if row is None else int(row[0])

    def has_synced(self) -> bool:
        """Whether any account has ever landed."""
        sql = "SELECT 1 FROM accounts WHERE last_synced_at IS NOT NULL LIMIT 1"
        with self._in_words():
            return self._sqlite.execute(sql).fetchone() is not None

    def lease(self) -> LeaseHolder | None:
        """Who said last that it syncs this database; it may be gone (`store.lease.is_held` tells)."""
        with self._in_words():
            return self._lease()

    def property_value(self, key: str) -> str | None:
        """A property of the database itself (`demo_epoch`, `demo_seed`), or `None`."""
        with self._in_words():
            return self._property(key)

    def events(self, position: int) -> tuple[PositionEvent, ...]:
        """What happened to one position, oldest first."""
        sql = f"SELECT {EVENT_COLUMNS} FROM position_events WHERE position_id = ? ORDER BY id"
        with self._in_words():
            found = self._sqlite.execute(sql, (position,)).fetchall()
        return tuple(event_from(row) for row in found)

    def history(self, position: int, limit: int = 2000) -> tuple[PositionSnapshot, ...]:
        """The newest `limit` stored figures of one position, oldest first."""
        sql = f"""SELECT {SNAPSHOT_COLUMNS} FROM position_snapshots
                   WHERE position_id = ? ORDER BY taken_at DESC LIMIT ?"""
        with self._in_words():
            found = self._sqlite.execute(sql, (position, limit)).fetchall()
        return tuple(snapshot_from(row) for row in reversed(found))

    def oldest_snapshot(self) -> datetime | None:
        """When the first snapshot that is kept was taken; `None` without any."""
        with self._in_words():
            return oldest_snapshot(self._sqlite)

    def account_courses(
        self, accounts: Collection[AccountId], since: datetime, step: timedelta
    ) -> tuple[AccountCourse, ...]:
        """The stored figures of `accounts` since then, of each `step` the last."""
        with self._in_words():
            return read_account_courses(self._sqlite, accounts, since, step)

    def position_courses(
        self, accounts: Collection[AccountId], underlying: tuple[str, str], since: datetime, step: timedelta
    ) -> tuple[PositionCourse, ...]:
        """The stored figures of the positions in an underlying and currency since then, of each `step` the last."""
        with self._in_words():
            return read_position_courses(self._sqlite, accounts, underlying, since, step)

    def recent_marks(self, until: datetime, step: timedelta, steps: int) -> dict[int, tuple[float | None, ...]]:
        """By the ids of open positions: the last mark stored in each of `steps` spans as long as `step`, oldest first,
        the last of which ends at `until`; `None` where none was."""
        with self._in_words():
            return read_recent_marks(self._sqlite, until, step, steps)

    def since(self, accounts: Collection[AccountId], since: datetime) -> SinceRecord:
        """What is stored of `accounts` from `since` on: their positions then and now, what happened, how syncs went."""
        with self._one_moment(), collection_paused():
            legs = [*open_legs(self._sqlite), *closed_legs(self._sqlite, after=since)]
            return read_since(self._sqlite, legs, accounts, since)

    def transactions(
        self, accounts: Collection[AccountId] | None = None, symbol: str | None = None, limit: int = -1
    ) -> tuple[KnownTransaction, ...]:
        """The newest `limit` transactions (all by default), newest first; `None` is any account, any symbol."""
        with self._in_words():
            return read_transactions(self._sqlite, accounts, symbol, limit)

    def orders(self, since: datetime | None = None) -> tuple[KnownOrder, ...]:
        """Every order that is kept, working ones first, then by their last change; of ended ones only those listed
        at or after `since`."""
        with self._in_words():
            return read_orders(self._sqlite, since)

    def quarantined(self, run: int) -> tuple[tuple[str | None, str, str], ...]:
        """Symbol, reason and raw JSON of the rows a run could not read."""
        sql = "SELECT symbol, reason, raw FROM quarantined_rows WHERE run_id = ? ORDER BY id"
        with self._in_words():
            return tuple((symbol, reason, raw) for symbol, reason, raw in self._sqlite.execute(sql, (run,)))

    @property
    def _sqlite(self) -> sqlite3.Connection:
        return self._connection.sqlite

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise in_words(error, self._path) from error

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        with self._in_words():
            self._sqlite.execute("BEGIN")
            try:
                yield
            finally:
                self._sqlite.execute("ROLLBACK")

    def _connections(self) -> Iterator[Connection]:
        sql = f"""SELECT {rows.CONNECTION_COLUMNS}, EXISTS (
                    SELECT 1 FROM sync_runs r WHERE r.connection_id = connections.id AND r.status = 'running'
                                       AND r.sync_type = 'positions')
                    FROM connections ORDER BY name"""
        return (rows.connection_from(row) for row in self._sqlite.execute(sql).fetchall())

    def _accounts(self) -> Iterator[AccountBook]:
        sql = f"""SELECT c.name, a.broker, a.number, a.nickname, a.base_currency, a.is_included, a.last_synced_at,
                         {rows.qualified(rows.BALANCE_COLUMNS, "b")}
                    FROM accounts a JOIN connections c ON c.id = a.connection_id
                    LEFT JOIN balances b ON b.account_id = a.id ORDER BY c.name, a.number"""
        checks = read_checks(self._sqlite)
        books = (rows.account_from(row) for row in self._sqlite.execute(sql).fetchall())
        return (replace(book, checks=checks.get(book.account.id)) for book in books)

    def _runs(self, where: str, values: tuple[object, ...], limit: int) -> Iterator[SyncRun]:
        sql = f"""SELECT c.name, c.broker, a.number, {rows.qualified(rows.RUN_COLUMNS, "r")}
                    FROM sync_runs r JOIN connections c ON c.id = r.connection_id
                    LEFT JOIN accounts a ON a.id = r.account_id
                   WHERE {where} ORDER BY r.id DESC LIMIT ?"""
        return (rows.run_from(row) for row in self._sqlite.execute(sql, (*values, limit)).fetchall())

    def _lease(self) -> LeaseHolder | None:
        row = self._sqlite.execute("SELECT pid, host, since FROM sync_lease").fetchone()
        return None if row is None else LeaseHolder(row[0], row[1], datetime.fromisoformat(row[2]))

    def _property(self, key: str) -> str | None:
        row = self._sqlite.execute("SELECT value FROM properties WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])


def _midnight(today: date) -> datetime:
    return datetime.combine(today, time(), EXCHANGE_ZONE).astimezone(UTC)
