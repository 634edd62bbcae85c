"""From TWS's open orders to orders. Pure. They are read; nothing here can send, change or cancel one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from cotrader_tui.brokers.base import Listing, QuarantinedRow
from cotrader_tui.brokers.ibkr.catalogue import Catalogue
from cotrader_tui.brokers.ibkr.contracts import Terms, terms_of, terms_of_row
from cotrader_tui.brokers.ibkr.executions import unit_price
from cotrader_tui.brokers.ibkr.instruments import BROKER, RowError, instrument_of, symbol_of
from cotrader_tui.brokers.ibkr.numbers import figure
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.orders import Order, OrderKind, OrderLeg, OrderStatus

if TYPE_CHECKING:
    from ib_async import Trade

_STATUSES = {
    "ApiPending": OrderStatus.RECEIVED,
    "PendingSubmit": OrderStatus.RECEIVED,
    "PreSubmitted": OrderStatus.RECEIVED,
    "Submitted": OrderStatus.WORKING,
    "PendingCancel": OrderStatus.WORKING,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "ApiCancelled": OrderStatus.CANCELLED,
}
"""Inactive may mean rejected, or held: it is not guessed at."""
_KINDS = {
    "MKT": OrderKind.MARKET,
    "LMT": OrderKind.LIMIT,
    "STP": OrderKind.STOP,
    "STP LMT": OrderKind.STOP_LIMIT,
    "TRAIL": OrderKind.TRAILING_STOP,
    "TRAIL LIMIT": OrderKind.TRAILING_STOP_LIMIT,
}
_WITH_LIMIT = frozenset({"LMT", "STP LMT", "TRAIL LIMIT", "LOC", "LIT", "MIDPRICE"})
_WITH_STOP = frozenset({"STP", "STP LMT", "STP PRT", "MIT", "LIT"})
"""Types whose auxiliary price triggers them; of the others it is an offset or nothing."""
_TRAILING = frozenset({"TRAIL", "TRAIL LIMIT"})
_SIDES = {"BUY": 1, "SELL": -1, "SSHORT": -1}
_COMBINATION = "BAG"
_FIRST_TERM, _PAST_TERMS, _ACCOUNT = 2, 13, 20
"""Where they stand in the message of an open order."""


def contracts_in(trades: Iterable[Trade]) -> set[int]:
    """The ids of every contract that must be known to name the legs."""
    found = set[int]()
    for trade in trades:
        legs = trade.contract.comboLegs if trade.contract.secType == _COMBINATION else []
        found |= {leg.conId for leg in legs} if legs else {trade.contract.conId}
    return found - {0}


def orders_of(
    trades: Iterable[Trade], unreadable: Iterable[tuple[str, ...]], account: str, catalogue: Catalogue
) -> Listing[Order]:
    """The open orders of `account`. `unreadable` are the fields of messages that could not be decoded."""
    rows: dict[str, Order] = {}
    quarantined = [_set_aside(fields) for fields in unreadable if fields[_ACCOUNT : _ACCOUNT + 1] in {(), (account,)}]
    shared = 0
    for trade in trades:
        if not trade.order.account:
            shared += 1
        elif trade.order.account == account:
            try:
                order = _order(trade, account, catalogue)
            except RowError as error:
                symbol = symbol_of(terms_of(trade.contract)) or None
                quarantined.append(QuarantinedRow(symbol, str(error), json.dumps(str(trade.order))))
            else:
                rows[order.key] = order
    notes = (f"Orders for several accounts at once that are left out: {shared}.",) if shared else ()
    return Listing(tuple(rows.values()), tuple(quarantined), notes=notes)


def _set_aside(fields: tuple[str, ...]) -> QuarantinedRow:
    try:
        symbol = symbol_of(terms_of_row(fields[_FIRST_TERM:_PAST_TERMS]))
    except ValueError:
        symbol = None
    return QuarantinedRow(symbol, "TWS's order could not be read.", json.dumps(fields))


def _order(trade: Trade, account: str, catalogue: Catalogue) -> Order:
    contract, order, status = trade.contract, trade.order, trade.orderStatus
    side = _SIDES.get(order.action)
    if side is None:
        raise RowError(f"The action {order.action[:40]!r} is not known.")
    legs, instrument = _legs(trade, side, catalogue)
    is_single = contract.secType != _COMBINATION
    terms = terms_of(contract)
    stop = order.trailStopPrice if order.orderType in _TRAILING else order.auxPrice
    return Order(
        account=AccountId(BROKER, account),
        key=str(order.permId or f"{order.clientId}/{order.orderId}"),
        status=_STATUSES.get(status.status, OrderStatus.UNKNOWN),
        kind=_KINDS.get(order.orderType, OrderKind.OTHER),
        currency=contract.currency,
        legs=legs,
        time_in_force=order.tif.lower() or None,
        underlying=instrument.underlying if instrument else contract.symbol or None,
        limit_price=_limit(trade, terms, side, catalogue),
        stop_price=unit_price(figure(stop), terms, catalogue[terms.con_id])
        if is_single and order.orderType in _WITH_STOP | _TRAILING
        else None,
    )


def _limit(trade: Trade, terms: Terms, side: int, catalogue: Catalogue) -> Decimal | None:
    """TWS's price of a combination is what one unit of it costs: paid where it is bought, received where it is sold."""
    quoted = figure(trade.order.lmtPrice)
    if quoted is None or trade.order.orderType not in _WITH_LIMIT:
        return None
    if terms.sec_type != _COMBINATION:
        return unit_price(quoted, terms, catalogue[terms.con_id])
    known = [catalogue[leg.conId] for leg in trade.contract.comboLegs]
    is_plain = all(details is not None and details.price_magnifier == 1 for details in known)
    return -quoted * side if is_plain else None


def _legs(trade: Trade, side: int, catalogue: Catalogue) -> tuple[tuple[OrderLeg, ...], Instrument | None]:
    """The legs, and the first instrument that is known."""
    size, filled = figure(trade.order.totalQuantity), figure(trade.orderStatus.filled)
    size = size or None  # 0 of an order for an amount of money
    if trade.contract.secType != _COMBINATION:
        terms = terms_of(trade.contract)
        instrument = instrument_of(terms, catalogue[terms.con_id], catalogue.underlying(terms.con_id))
        return (OrderLeg(instrument.symbol, _times(size, side), _times(filled, side)),), instrument
    legs: list[OrderLeg] = []
    first: Instrument | None = None
    for leg in trade.contract.comboLegs:
        sign = _SIDES.get(leg.action)
        if sign is None:
            raise RowError(f"The action {leg.action[:40]!r} of a leg is not known.")
        details = catalogue[leg.conId]
        named = instrument_of(details.terms, details, catalogue.underlying(leg.conId)) if details else None
        ratio = side * sign * leg.ratio
        symbol = named.symbol if named else f"contract {leg.conId}"
        legs.append(OrderLeg(symbol, _times(size, ratio), _times(filled, ratio)))
        first = first or named
    if not legs:
        raise RowError("It is a combination without legs.")
    return tuple(legs), first


def _times(number: Decimal | None, factor: int) -> Decimal | None:
    return None if number is None else number * factor
