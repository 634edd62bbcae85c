"""Writing transactions and orders: upserts by the broker's id, each account's in one transaction with its run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.orders import Order
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.sync import RunStatus, SyncCounts, SyncError, SyncKind, Trigger
from cotrader_tui.domain.transactions import Transaction
from cotrader_tui.store.codec import decimal_text, instant_text, instant_value
from cotrader_tui.store.history import ENDED, ORDER_COLUMNS, TRANSACTION_COLUMNS
from cotrader_tui.store.rows import width
from cotrader_tui.store.runs import account_number, finish_run


@dataclass(frozen=True, slots=True)
class HistoryLanding:
    """How the run of one account's transactions or orders ends, and what of the answer could not be read."""

    run: int
    account: AccountId
    quarantined: tuple[tuple[str | None, str, str], ...]
    """Symbol, reason and raw JSON."""
    status: RunStatus
    error: SyncError | None
    now: datetime


class HistoryWriter:
    """The writer's part for transactions and orders. Every method raises StoreError where the database refuses."""

    def __init__(self, sqlite: sqlite3.Connection, transaction: Callable[[], AbstractContextManager[None]]) -> None:
        self._sqlite = sqlite
        self._transaction = transaction

    def accounts(self, connection: int) -> tuple[Account, ...]:
        """The accounts of a connection that count, as its last cycle listed them."""
        with self._transaction():
            found = self._sqlite.execute(
                """SELECT broker, number, nickname, base_currency FROM accounts
                    WHERE connection_id = ? AND is_included ORDER BY number""",
                (connection,),
            ).fetchall()
        return tuple(Account(AccountId(broker, number), name, currency) for broker, number, name, currency in found)

    def has_changed_positions(self, cycle: int) -> bool:
        """Whether a cycle opened, changed or closed any position."""
        sql = "SELECT sum(positions_added + positions_updated + positions_closed) FROM sync_runs WHERE cycle = ?"
        with self._transaction():
            return bool(self._sqlite.execute(sql, (cycle,)).fetchone()[0])

    def span(self, account: AccountId) -> tuple[datetime, datetime] | None:
        """When the oldest and the newest transaction of an account were booked; `None` without any."""
        sql = "SELECT min(at), max(at) FROM transactions WHERE account_id = ?"
        with self._transaction():
            row = self._sqlite.execute(sql, (account_number(self._sqlite, account),)).fetchone()
        oldest, newest = map(instant_value, row)
        return None if oldest is None or newest is None else (oldest, newest)

    def begin(
        self, connection: int, kind: SyncKind, trigger: Trigger, accounts: Sequence[Account], now: datetime
    ) -> dict[AccountId, int]:
        """Write a `running` row per account; returns their numbers. The first is also the number of the pass."""
        with self._transaction():
            runs: dict[AccountId, int] = {}
            for account in accounts:
                values = (connection, account_number(self._sqlite, account.id), trigger, kind, instant_text(now))
                made = self._sqlite.execute(
                    """INSERT INTO sync_runs (cycle, status, connection_id, account_id, "trigger", sync_type,
                              started_at) VALUES (?, 'running', ?, ?, ?, ?, ?)""",
                    (next(iter(runs.values()), 0), *values),
                )
                assert made.lastrowid is not None
                runs[account.id] = made.lastrowid
            self._sqlite.execute("UPDATE sync_runs SET cycle = id WHERE cycle = 0")
            return runs

    def land_transactions(self, landed: HistoryLanding, transactions: Iterable[Transaction]) -> None:
        """Write one account's transactions: new ones are added, known ones replaced. None ever goes."""
        with self._transaction():
            account = account_number(self._sqlite, landed.account)
            before = self._count(account)
            self._sqlite.executemany(_UPSERT, [(account, *_transaction_row(each)) for each in transactions])
            self._end(landed, SyncCounts(0, 0, 0, 0, len(landed.quarantined), self._count(account) - before))

    def land_orders(self, landed: HistoryLanding, orders: Sequence[Order], *, is_complete: bool) -> None:
        """Write one account's orders. Those a complete list lacks keep their last status; if none had ended, `gone_at`.

        An order whose row could not be read is not known to be lacking: then nothing is.
        """
        with self._transaction():
            account, now = account_number(self._sqlite, landed.account), instant_text(landed.now)
            self._sqlite.executemany(
                f"""INSERT OR REPLACE INTO orders (account_id, {ORDER_COLUMNS})
                    VALUES (?, {", ".join("?" * (width(ORDER_COLUMNS) - 1))}, NULL)""",
                [(account, *_order_row(each), now) for each in orders],
            )
            if is_complete and not landed.quarantined:
                self._sqlite.execute(
                    f"""UPDATE orders SET gone_at = ?
                         WHERE account_id = ? AND seen_at <> ? AND gone_at IS NULL AND NOT {ENDED}""",
                    (now, account, now),
                )
            self._end(landed, SyncCounts(0, 0, 0, 0, len(landed.quarantined), orders_synced=len(orders)))

    def _end(self, landed: HistoryLanding, counts: SyncCounts) -> None:
        self._sqlite.executemany(
            "INSERT INTO quarantined_rows (run_id, symbol, reason, raw) VALUES (?, ?, ?, ?)",
            [(landed.run, *row) for row in landed.quarantined],
        )
        finish_run(self._sqlite, landed.run, landed.status, counts, landed.error, landed.now)

    def _count(self, account: int) -> int:
        sql = "SELECT count(*) FROM transactions WHERE account_id = ?"
        return int(self._sqlite.execute(sql, (account,)).fetchone()[0])


# What was known once of the same fill stays known: a broker may tell its commission only at times.
_UPSERT = f"""
    INSERT INTO transactions (account_id, {TRANSACTION_COLUMNS})
    VALUES (?, {", ".join("?" * width(TRANSACTION_COLUMNS))})
    ON CONFLICT (account_id, key) DO UPDATE SET at = excluded.at, kind = excluded.kind,
       description = excluded.description, symbol = excluded.symbol, underlying = excluded.underlying,
       quantity = excluded.quantity, price = excluded.price, currency = excluded.currency,
       fees = CASE WHEN excluded.fees IS NULL AND excluded.quantity IS quantity AND excluded.price IS price
                   THEN fees ELSE excluded.fees END,
       amount = CASE WHEN excluded.amount IS NULL AND excluded.quantity IS quantity AND excluded.price IS price
                     THEN amount ELSE excluded.amount END
"""


def _transaction_row(transaction: Transaction) -> tuple[str | None, ...]:
    return (
        transaction.key,
        instant_text(transaction.at),
        transaction.kind,
        transaction.description,
        transaction.symbol,
        transaction.underlying,
        decimal_text(transaction.quantity),
        decimal_text(transaction.price),
        decimal_text(transaction.fees),
        decimal_text(transaction.amount),
        transaction.currency,
    )


def _order_row(order: Order) -> tuple[str | None, ...]:
    return (
        order.key,
        order.status,
        order.kind,
        order.time_in_force,
        order.underlying,
        decimal_text(order.limit_price),
        decimal_text(order.stop_price),
        order.currency,
        json.dumps([[leg.symbol, decimal_text(leg.quantity), decimal_text(leg.filled)] for leg in order.legs]),
        instant_text(order.placed_at),
        instant_text(order.updated_at),
    )
