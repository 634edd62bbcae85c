"""Builders of tastytrade's transactions and orders as they stand on the wire: unsigned, with effects and actions."""

from __future__ import annotations

from decimal import Decimal

from tests.standin.payloads import Json, Number, changed


def _effect(amount: Decimal) -> str:
    return "Credit" if amount > 0 else "Debit" if amount < 0 else "None"


def transaction_row(
    key: int, kind: str, sub_type: str, *, value: Number = "0.0", net_value: Number | None = None, **changes: object
) -> Json:
    """A row of `/accounts/{number}/transactions`; `value` and `net_value` are signed here and become unsigned."""
    value = Decimal(str(value))
    net = value if net_value is None else Decimal(str(net_value))
    row: Json = {
        "id": key,
        "transaction-type": kind,
        "transaction-sub-type": sub_type,
        "description": f"{kind} {sub_type}",
        "executed-at": "2026-11-18T15:04:11.290+00:00",
        "transaction-date": "2026-11-18",
        "value": str(abs(value)),
        "value-effect": _effect(value),
        "net-value": str(abs(net)),
        "net-value-effect": _effect(net),
        "is-estimated-fee": True,
    }
    return changed(row, **changes)


def trade_row(
    key: int, symbol: str, action: str, quantity: Number, price: Number, *, net_value: Number, **changes: object
) -> Json:
    """A trade of something with a multiplier of 100, its fees the difference between value and `net_value`."""
    side = 1 if action.startswith("Sell") else -1
    value = Decimal(str(quantity)) * Decimal(str(price)) * 100 * side
    defaults: Json = {
        "symbol": symbol,
        "instrument_type": "Equity Option",
        "underlying_symbol": symbol[:6].strip(),
        "action": action,
        "quantity": str(quantity),
        "price": str(price),
        "description": f"{action} {quantity} {symbol} @ {price}",
        "order_id": 410224871,
    }
    return transaction_row(key, "Trade", action, value=value, net_value=net_value, **{**defaults, **changes})


def order_leg(symbol: str, action: str, quantity: Number, remaining: Number | None = None, **changes: object) -> Json:
    """A leg of an order; `remaining` is all of it unless told."""
    row: Json = {
        "instrument-type": "Equity Option",
        "symbol": symbol,
        "action": action,
        "quantity": quantity,
        "remaining-quantity": quantity if remaining is None else remaining,
        "fills": [],
    }
    return changed(row, **changes)


def order_row(key: int, *legs: Json, price: Number = "1.25", effect: str = "Credit", **changes: object) -> Json:
    """A working limit order as `/accounts/{number}/orders/live` lists it."""
    row: Json = {
        "id": key,
        "time-in-force": "GTC",
        "order-type": "Limit",
        "size": 1,
        "underlying-symbol": legs[0]["symbol"][:6].strip() if legs else "",
        "underlying-instrument-type": "Equity",
        "price": str(price),
        "price-effect": effect,
        "status": "Live",
        "cancellable": True,
        "editable": True,
        "edited": False,
        "received-at": "2026-11-17T14:31:08.512+00:00",
        "updated-at": 1795012269118,
        "legs": list(legs),
    }
    return changed(row, **changes)
