"""The last reconciliation of each account: our figures against its broker's."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from cotrader_tui.domain.checks import AccountChecks, Check, Figure
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.store.codec import decimal_text, decimal_value, instant_from, instant_text
from cotrader_tui.store.rows import qualified

_COLUMNS = "at, figure, ours, brokers, tolerance, position_symbol, position_difference"


def store_checks(sqlite: sqlite3.Connection, account: int, checks: Iterable[Check], at: datetime) -> None:
    """Replace those of an account; none leaves the last ones."""
    found = [
        (
            account,
            instant_text(at),
            check.figure,
            decimal_text(check.ours),
            decimal_text(check.brokers),
            decimal_text(check.tolerance),
            check.position_symbol,
            decimal_text(check.position_difference),
        )
        for check in checks
    ]
    if not found:
        return
    sqlite.execute("DELETE FROM account_checks WHERE account_id = ?", (account,))
    sqlite.executemany(f"INSERT INTO account_checks (account_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", found)


def read_checks(sqlite: sqlite3.Connection) -> dict[AccountId, AccountChecks]:
    """The last reconciliation of every account that had one, its figures in their own order."""
    sql = f"""SELECT a.broker, a.number, {qualified(_COLUMNS, "k")}
                FROM account_checks k JOIN accounts a ON a.id = k.account_id"""
    found: defaultdict[AccountId, list[Check]] = defaultdict(list)
    times: dict[AccountId, datetime] = {}
    for broker, number, at, figure, ours, brokers, tolerance, symbol, difference in sqlite.execute(sql):
        account = AccountId(broker, number)
        times[account] = instant_from(at)
        found[account].append(
            Check(
                figure=Figure(figure),
                ours=decimal_value(ours),
                brokers=decimal_value(brokers),
                tolerance=Decimal(tolerance),
                position_symbol=symbol,
                position_difference=decimal_value(difference),
            )
        )
    order = list(Figure)
    return {
        account: AccountChecks(at, tuple(sorted(found[account], key=lambda check: order.index(check.figure))))
        for account, at in times.items()
    }
