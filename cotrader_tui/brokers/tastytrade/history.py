"""tastytrade's transactions and orders as domain values, row by row. Pure: a bad row is set aside, the rest lands.

Amounts, fees and prices stand unsigned beside an effect (Credit +, Debit −), quantities unsigned beside an action.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, ValidationError

from cotrader_tui.brokers.base import Listing, QuarantinedRow
from cotrader_tui.brokers.tastytrade.instruments import BROKER, CURRENCY, RowError
from cotrader_tui.brokers.tastytrade.parse import UnreadableError, items_of
from cotrader_tui.brokers.tastytrade.rows import Figure, Instant, Number, Row, Text, odd_fields
from cotrader_tui.brokers.tastytrade.symbols import future_option_terms, product_of
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.orders import Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.transactions import Transaction, TransactionKind

T = TypeVar("T")

_MONEY_MOVEMENTS = {
    "Dividend": TransactionKind.DIVIDEND,
    "Credit Interest": TransactionKind.INTEREST,
    "Debit Interest": TransactionKind.INTEREST,
    "Fee": TransactionKind.FEE,
    "Deposit": TransactionKind.TRANSFER,
    "Withdrawal": TransactionKind.TRANSFER,
    "Transfer": TransactionKind.TRANSFER,
}
_DELIVERIES = {
    "Assignment": TransactionKind.ASSIGNMENT,
    "Cash Settled Assignment": TransactionKind.ASSIGNMENT,
    "Exercise": TransactionKind.EXERCISE,
    "Cash Settled Exercise": TransactionKind.EXERCISE,
    "Expiration": TransactionKind.EXPIRATION,
    "Dividend": TransactionKind.DIVIDEND,
    "ACAT": TransactionKind.TRANSFER,
}
_REMOVED = {TransactionKind.ASSIGNMENT: 1, TransactionKind.EXERCISE: -1}
"""The sign of an option that goes without an action: what is assigned was short, what is exercised was long."""

_STATUSES = {
    "Received": OrderStatus.RECEIVED,
    "Routed": OrderStatus.RECEIVED,
    "In Flight": OrderStatus.RECEIVED,
    "Contingent": OrderStatus.RECEIVED,
    "Live": OrderStatus.WORKING,
    "Cancel Requested": OrderStatus.WORKING,
    "Replace Requested": OrderStatus.WORKING,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "Removed": OrderStatus.CANCELLED,
    "Partially Removed": OrderStatus.CANCELLED,
    "Expired": OrderStatus.EXPIRED,
    "Rejected": OrderStatus.REJECTED,
}
"""The phases of an order. Source: developer.tastytrade.com, Order Lifecycle."""
_KINDS = {
    "Limit": OrderKind.LIMIT,
    "Marketable Limit": OrderKind.LIMIT,
    "Market": OrderKind.MARKET,
    "Notional Market": OrderKind.MARKET,
    "Stop": OrderKind.STOP,
    "Stop Limit": OrderKind.STOP_LIMIT,
}


def _moment(value: object) -> object:
    """Milliseconds since 1970 as an instant; a text as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC).isoformat()
        except (OverflowError, OSError, ValueError):
            return None
    return value


Moment = Annotated[Instant, BeforeValidator(_moment)]


class TransactionRow(Row):
    id: int | Text
    account_number: str | None = None
    transaction_type: Text
    transaction_sub_type: str = ""
    description: str = ""
    executed_at: Instant
    symbol: str | None = None
    underlying_symbol: str | None = None
    action: str | None = None
    quantity: Figure = None
    price: Figure = None
    value: Figure = None
    value_effect: str | None = None
    net_value: Figure = None
    net_value_effect: str | None = None
    currency: str | None = None


class OrderLegRow(Row):
    symbol: Text
    action: Text
    quantity: Annotated[Number, Field(ge=0)] | None = None
    remaining_quantity: Annotated[Number, Field(ge=0)] | None = None


class OrderRow(Row):
    id: int | Text
    account_number: str | None = None
    status: str = ""
    order_type: str = ""
    time_in_force: str | None = None
    underlying_symbol: str | None = None
    price: Figure = None
    price_effect: str | None = None
    stop_trigger: Figure = None
    legs: Annotated[list[OrderLegRow], Field(min_length=1)]
    received_at: Moment = None
    updated_at: Moment = None


def page_count(body: Mapping[str, Any]) -> int:
    """How many pages the answer has in all; 1 where it does not say that it is one of several.

    Raises:
        UnreadableError: it says something that cannot be read.
    """
    pagination = body.get("pagination")
    if pagination is None:
        return 1
    try:
        return int(pagination["total-pages"])
    except (KeyError, TypeError, ValueError):
        raise UnreadableError("its number of pages is missing or odd") from None


def parse_transactions(body: Mapping[str, Any], account_number: str) -> Listing[Transaction]:
    """One page of `/accounts/{number}/transactions`.

    Raises:
        UnreadableError: `data.items` is no list.
    """
    return _listing(body, lambda raw: _transaction(raw, account_number))


def parse_orders(body: Mapping[str, Any], account_number: str) -> Listing[Order]:
    """`/accounts/{number}/orders/live`: what was made or changed today, in any status, and older orders still working.

    Raises:
        UnreadableError: `data.items` is no list, or it is a page of several.
    """
    if page_count(body) > 1:
        raise UnreadableError("it is only a part of the orders")
    return _listing(body, lambda raw: _order(raw, account_number))


def _listing(body: Mapping[str, Any], read: Callable[[object], T]) -> Listing[T]:
    rows: list[T] = []
    quarantined: list[QuarantinedRow] = []
    for raw in items_of(body):
        try:
            rows.append(read(raw))
        except ValidationError as error:
            quarantined.append(_set_aside(raw, f"Missing or unreadable: {odd_fields(error)}."))
        except RowError as error:
            quarantined.append(_set_aside(raw, str(error)))
    return Listing(tuple(rows), tuple(quarantined))


def _transaction(raw: object, account_number: str) -> Transaction:
    row = TransactionRow.model_validate(raw)
    _check_account(row.account_number, account_number)
    if row.executed_at is None:
        raise RowError("It does not say when it was booked.")
    kind = _kind(row)
    value, amount = _signed(row.value, row.value_effect), _signed(row.net_value, row.net_value_effect)
    return Transaction(
        account=AccountId(BROKER, account_number),
        key=str(row.id),
        at=row.executed_at,
        kind=kind,
        description=row.description,
        currency=row.currency or CURRENCY,
        symbol=row.symbol or None,
        underlying=_underlying(row.symbol, row.underlying_symbol),
        quantity=_quantity(row, kind),
        # A cash settlement is booked at the level of the index, which is no price of the option.
        price=None if row.transaction_sub_type.startswith("Cash Settled") else row.price,
        fees=None if value is None or amount is None else amount - value,
        amount=amount,
    )


def _kind(row: TransactionRow) -> TransactionKind:
    match row.transaction_type:
        case "Trade":
            return TransactionKind.TRADE
        case "Money Movement":
            return _MONEY_MOVEMENTS.get(row.transaction_sub_type, TransactionKind.OTHER)
        case "Receive Deliver":
            delivered = TransactionKind.TRADE if _side(row.transaction_sub_type) else TransactionKind.OTHER
            return _DELIVERIES.get(row.transaction_sub_type, delivered)
        case "Administrative Transfer":
            return TransactionKind.TRANSFER
        case _:
            return TransactionKind.OTHER


def _quantity(row: TransactionRow, kind: TransactionKind) -> Decimal | None:
    side = _side(row.action) or _REMOVED.get(kind, 0)
    return None if row.quantity is None or side == 0 else abs(row.quantity) * side


def _side(action: str | None) -> int:
    """+1 of Buy, Buy to Open, Buy to Close; −1 of Sell and its kin; else 0."""
    return {"Buy": 1, "Sell": -1}.get((action or "").partition(" ")[0], 0)


def _order(raw: object, account_number: str) -> Order:
    row = OrderRow.model_validate(raw)
    _check_account(row.account_number, account_number)
    is_single = len(row.legs) == 1
    return Order(
        account=AccountId(BROKER, account_number),
        key=str(row.id),
        status=_STATUSES.get(row.status, OrderStatus.UNKNOWN),
        kind=_KINDS.get(row.order_type, OrderKind.OTHER),
        currency=CURRENCY,
        legs=tuple(_leg(leg) for leg in row.legs),
        time_in_force=row.time_in_force.lower().replace(" ", "_") if row.time_in_force else None,
        underlying=_underlying(row.legs[0].symbol, row.underlying_symbol),
        limit_price=row.price if is_single else _signed(row.price, row.price_effect),
        stop_price=row.stop_trigger if is_single else None,
        placed_at=row.received_at,
        updated_at=row.updated_at,
    )


def _leg(row: OrderLegRow) -> OrderLeg:
    side = _side(row.action)
    if side == 0:
        raise RowError(f"The action {row.action[:40]!r} is not known.")
    if row.quantity is None:
        return OrderLeg(row.symbol, None, None)
    left = row.remaining_quantity
    return OrderLeg(row.symbol, row.quantity * side, None if left is None else (row.quantity - left) * side)


def _check_account(named: str | None, account_number: str) -> None:
    if named not in {None, account_number}:
        raise RowError("The row belongs to another account.")


def _underlying(symbol: str | None, underlying: str | None) -> str | None:
    """The name positions are grouped under: the product of a future and of an option on one."""
    terms = future_option_terms(symbol or "")
    contract = product_of(underlying or "") or product_of(terms.root if terms else symbol or "")
    return contract or underlying or symbol or None


def _signed(amount: Decimal | None, effect: str | None) -> Decimal | None:
    """+ for a credit, − for a debit; unknown where it has an amount without either."""
    if not amount:
        return amount
    return {"Credit": abs(amount), "Debit": -abs(amount)}.get(effect or "")


def _set_aside(raw: object, reason: str) -> QuarantinedRow:
    symbol = raw.get("symbol") or raw.get("underlying-symbol") if isinstance(raw, dict) else None
    return QuarantinedRow(symbol if isinstance(symbol, str) and symbol else None, reason, json.dumps(raw, default=str))
