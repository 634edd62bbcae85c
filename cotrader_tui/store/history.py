"""Transactions and orders as they stand in the database, and how they are read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.orders import TERMINAL, KnownOrder, Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.transactions import KnownTransaction, Transaction, TransactionKind
from cotrader_tui.store.codec import decimal_value, instant_text, instant_value
from cotrader_tui.store.rows import Row, qualified

TRANSACTION_COLUMNS = "key, at, kind, description, symbol, underlying, quantity, price, fees, amount, currency"
ORDER_COLUMNS = (
    "key, status, kind, time_in_force, underlying, limit_price, stop_price, currency, legs, placed_at, updated_at, "
    "seen_at, gone_at"
)
ENDED = f"status IN ({', '.join(repr(status.value) for status in sorted(TERMINAL))})"
"""SQL: whether an order has come to its end."""


def read_transactions(
    sqlite: sqlite3.Connection, accounts: Collection[AccountId] | None, symbol: str | None, limit: int
) -> tuple[KnownTransaction, ...]:
    """See `Reader.transactions`."""
    where, values = ["1"], list[str]()
    if accounts is not None:
        where.append(f"(a.broker, a.number) IN (VALUES {', '.join(['(?, ?)'] * len(accounts))})" if accounts else "0")
        values += [part for account in accounts for part in (account.broker, account.number)]
    if symbol is not None:
        where.append("t.symbol = ?")
        values.append(symbol)
    found = sqlite.execute(
        f"""SELECT c.name, a.broker, a.number, {qualified(TRANSACTION_COLUMNS, "t")}
              FROM transactions t JOIN accounts a ON a.id = t.account_id JOIN connections c ON c.id = a.connection_id
             WHERE {" AND ".join(where)} ORDER BY t.at DESC, t.id DESC LIMIT ?""",
        (*values, limit),
    )
    return tuple(KnownTransaction(_transaction(row[1:]), row[0]) for row in found.fetchall())


def read_orders(sqlite: sqlite3.Connection, since: datetime | None) -> tuple[KnownOrder, ...]:
    """See `Reader.orders`."""
    found = sqlite.execute(
        f"""SELECT c.name, a.broker, a.number, {qualified(ORDER_COLUMNS, "o")}
              FROM orders o JOIN accounts a ON a.id = o.account_id JOIN connections c ON c.id = a.connection_id
             WHERE ? IS NULL OR o.seen_at >= ? OR o.gone_at IS NULL AND NOT o.{ENDED}
             ORDER BY o.gone_at IS NOT NULL OR o.{ENDED}, coalesce(o.updated_at, o.seen_at) DESC,
                      c.name, a.number, o.key""",
        (instant_text(since), instant_text(since)),
    )
    return tuple(_order(row) for row in found.fetchall())


def _transaction(row: Row) -> Transaction:
    broker, number, key, at, kind, description, symbol, underlying, quantity, price, fees, amount, currency = row
    return Transaction(
        account=AccountId(broker, number),
        key=key,
        at=datetime.fromisoformat(at),
        kind=TransactionKind(kind),
        description=description,
        currency=currency,
        symbol=symbol,
        underlying=underlying,
        quantity=decimal_value(quantity),
        price=decimal_value(price),
        fees=decimal_value(fees),
        amount=decimal_value(amount),
    )


def _order(row: Row) -> KnownOrder:
    connection, broker, number, key, status, kind, time_in_force, underlying, limit_price, stop_price, *rest = row
    currency, legs, placed_at, updated_at, seen_at, gone_at = rest
    order = Order(
        account=AccountId(broker, number),
        key=key,
        status=OrderStatus(status),
        kind=OrderKind(kind),
        currency=currency,
        legs=tuple(_leg(*leg) for leg in json.loads(legs)),
        time_in_force=time_in_force,
        underlying=underlying,
        limit_price=decimal_value(limit_price),
        stop_price=decimal_value(stop_price),
        placed_at=instant_value(placed_at),
        updated_at=instant_value(updated_at),
    )
    return KnownOrder(order, connection, datetime.fromisoformat(seen_at), instant_value(gone_at))


def _leg(symbol: str, quantity: str | None, filled: str | None) -> OrderLeg:
    return OrderLeg(symbol, decimal_value(quantity), decimal_value(filled))
