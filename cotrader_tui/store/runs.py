"""Writing sync runs: one per account of a cycle, or the connection's where it could not even log in."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.sync import RunStatus, SyncCounts, SyncError
from cotrader_tui.store.codec import instant_text


def begin_accounts(
    sqlite: sqlite3.Connection, cycle: int, listed: Sequence[Account], wanted: Sequence[Account]
) -> dict[AccountId, int]:
    """See `Writer.begin_accounts`."""
    connection = sqlite.execute("SELECT connection_id FROM sync_runs WHERE id = ?", (cycle,)).fetchone()[0]
    sqlite.execute("UPDATE accounts SET is_included = 0 WHERE connection_id = ?", (connection,))
    for account in listed:
        sqlite.execute(
            """INSERT INTO accounts (connection_id, broker, number, nickname, base_currency, is_included)
               VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (broker, number) DO UPDATE SET
                      connection_id = excluded.connection_id, nickname = excluded.nickname,
                      base_currency = excluded.base_currency, is_included = excluded.is_included""",
            (
                connection,
                account.id.broker,
                account.id.number,
                account.nickname,
                account.base_currency,
                int(account in wanted),
            ),
        )
    return {account.id: _begin_run(sqlite, cycle, account, at) for at, account in enumerate(wanted)}


def _begin_run(sqlite: sqlite3.Connection, cycle: int, account: Account, at: int) -> int:
    number = account_number(sqlite, account.id)
    if at == 0:
        sqlite.execute("UPDATE sync_runs SET account_id = ? WHERE id = ?", (number, cycle))
        return cycle
    made = sqlite.execute(
        """INSERT INTO sync_runs (cycle, connection_id, account_id, "trigger", sync_type, status, started_at)
           SELECT cycle, connection_id, ?, "trigger", sync_type, 'running', started_at FROM sync_runs WHERE id = ?""",
        (number, cycle),
    )
    assert made.lastrowid is not None
    return made.lastrowid


def account_number(sqlite: sqlite3.Connection, account: AccountId) -> int:
    """The row number of an account that is known."""
    sql = "SELECT id FROM accounts WHERE broker = ? AND number = ?"
    return int(sqlite.execute(sql, (account.broker, account.number)).fetchone()[0])


def error_columns(error: SyncError | None) -> tuple[str | None, str | None, str | None]:
    return (None, None, None) if error is None else (error.kind, error.message, error.hint)


def finish_run(
    sqlite: sqlite3.Connection, run: int, status: RunStatus, counts: SyncCounts, error: SyncError | None, now: datetime
) -> None:
    """End one run."""
    sqlite.execute(
        """UPDATE sync_runs SET status = ?, completed_at = ?, positions_added = ?, positions_updated = ?,
                  positions_closed = ?, positions_unchanged = ?, quarantined = ?, transactions_added = ?,
                  orders_synced = ?, error_kind = ?, error_message = ?, hint = ? WHERE id = ?""",
        (
            status,
            instant_text(now),
            counts.added,
            counts.updated,
            counts.closed,
            counts.unchanged,
            counts.quarantined,
            counts.transactions_added,
            counts.orders_synced,
            *error_columns(error),
            run,
        ),
    )
