"""`cotrader transactions` and `cotrader orders`: what is stored of them. This program never sends an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TextIO

from cotrader_tui.commands.output import Format, tell_if_none, write_rows
from cotrader_tui.commands.portfolio import misfit_words, select_asked
from cotrader_tui.commands.reading import has_landed, refuse_other_than_demo, words
from cotrader_tui.commands.rows import Row
from cotrader_tui.config import Settings
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.orders import KnownOrder
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import SyncKind
from cotrader_tui.domain.text import MASK, visible
from cotrader_tui.domain.transactions import KnownTransaction
from cotrader_tui.errors import StoreMissingError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.store.reader import Reader

TRANSACTION_KEYS = (
    *("connection", "broker", "account", "at", "kind", "symbol", "underlying", "quantity", "price", "fees", "amount"),
    *("currency", "description", "key"),
)
ORDER_KEYS = (
    *("connection", "broker", "account", "key", "status", "is_working", "kind", "time_in_force", "underlying"),
    *("limit_price", "stop_price", "currency", "leg", "legs", "symbol", "quantity", "filled", "placed_at"),
    *("updated_at", "seen_at", "gone_at"),
)
_Found = Callable[[Reader, PortfolioSnapshot], Iterable[Row]]
"""The rows of the part of the book that is asked for."""
_HIDDEN = frozenset({"quantity", "price", "fees", "amount", "description", "limit_price", "stop_price", "filled"})
"""What privacy hides: money, quantities, one's own prices, and the broker's words, in which they stand."""


def transactions(settings: Settings, form: Format, limit: int, now: datetime, out: TextIO, err: TextIO) -> int:
    """Print the newest `limit` transactions of the accounts asked for, newest first; returns the exit code.

    Raises:
        ConfigError: the account or portfolio is unknown, or `--demo` names a database that is not a demo.
        StoreError: the database cannot be read.
    """

    def found(reader: Reader, selected: PortfolioSnapshot) -> Iterator[Row]:
        return map(transaction_row, reader.transactions(selected.portfolio.accounts, limit=limit))

    return _print(settings, SyncKind.TRANSACTIONS, TRANSACTION_KEYS, found, form, now, out, err)


def orders(settings: Settings, form: Format, now: datetime, out: TextIO, err: TextIO, *, everything: bool) -> int:
    """Print a row per leg: working orders first, then those that ended today, or with `everything` all that are kept.

    Returns the exit code.

    Raises:
        ConfigError: the account or portfolio is unknown, or `--demo` names a database that is not a demo.
        StoreError: the database cannot be read.
    """

    def found(reader: Reader, selected: PortfolioSnapshot) -> Iterator[Row]:
        known = reader.orders() if everything else selected.orders
        return (row for each in known if selected.portfolio.holds(each.order.account) for row in order_rows(each))

    return _print(settings, SyncKind.ORDERS, ORDER_KEYS, found, form, now, out, err)


def transaction_row(known: KnownTransaction) -> Row:
    """One booking; money in `currency` and signed as cash flow, `key` the broker's id."""
    transaction = known.transaction
    return {
        "connection": known.connection,
        "broker": transaction.account.broker,
        "account": transaction.account.number,
        "at": transaction.at,
        "kind": transaction.kind,
        "symbol": transaction.symbol,
        "underlying": transaction.underlying,
        "quantity": transaction.quantity,
        "price": transaction.price,
        "fees": transaction.fees,
        "amount": transaction.amount,
        "currency": transaction.currency,
        "description": transaction.description,
        "key": transaction.key,
    }


def order_rows(known: KnownOrder) -> Iterator[Row]:
    """One row for each of the order's `legs`, `leg` counted from 1; the rest is the whole order's."""
    order = known.order
    for number, leg in enumerate(order.legs, start=1):
        yield {
            "connection": known.connection,
            "broker": order.account.broker,
            "account": order.account.number,
            "key": order.key,
            "status": order.status,
            "is_working": known.is_working,
            "kind": order.kind,
            "time_in_force": order.time_in_force,
            "underlying": order.underlying,
            "limit_price": order.limit_price,
            "stop_price": order.stop_price,
            "currency": order.currency,
            "leg": number,
            "legs": len(order.legs),
            "symbol": leg.symbol,
            "quantity": leg.quantity,
            "filled": leg.filled,
            "placed_at": order.placed_at,
            "updated_at": order.updated_at,
            "seen_at": known.seen_at,
            "gone_at": known.gone_at,
        }


def _print(
    settings: Settings,
    kind: SyncKind,
    keys: Sequence[str],
    found: _Found,
    form: Format,
    now: datetime,
    out: TextIO,
    err: TextIO,
) -> int:
    try:
        with Reader(settings.database) as reader:
            refuse_other_than_demo(settings, reader)
            snapshot = reader.snapshot(exchange_date(now), runs=0)
            selected = select_asked(settings, snapshot)
            rows = list(found(reader, selected))
    except StoreMissingError as error:
        write_rows([], keys, form, out)
        err.write(f"{error}\n")
        return ExitCode.NO_DATA
    write_rows(_masked(rows) if settings.is_private else rows, keys, form, out)
    if has_landed(snapshot):
        tell_if_none(rows, form, err)
    else:
        err.write("Nothing has been synced yet.\n")
    told = (*words(selected, now), *misfit_words(settings, snapshot, selected), *_switched_off(selected, kind))
    err.writelines(f"{line}\n" for line in told)
    return ExitCode.SUCCESS if has_landed(snapshot) else ExitCode.NO_DATA


def _switched_off(snapshot: PortfolioSnapshot, kind: SyncKind) -> Iterator[str]:
    """The connections of which nothing new can be among the rows."""
    for connection in snapshot.connections:
        if kind not in connection.sync_kinds:
            yield visible(f"Connection {connection.name} does not sync its {kind}: they are switched off.")


def _masked(rows: Iterable[Row]) -> list[Row]:
    return [
        {key: MASK if key in _HIDDEN and value is not None else value for key, value in row.items()} for row in rows
    ]
