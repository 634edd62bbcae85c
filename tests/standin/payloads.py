"""Builders of tastytrade's rows as they stand on the wire: dashed keys, unsigned quantities, prices as text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

Json = dict[str, Any]
Number = Decimal | int | str


class Missing:
    """The value that takes a key out of a row."""


MISSING: Final = Missing()


def changed(row: Json, /, **changes: object) -> Json:
    """A copy of `row` with other values; keys with underscores for dashes, `MISSING` takes one out."""
    dashed = {key.replace("_", "-"): value for key, value in changes.items()}
    return {key: value for key, value in (row | dashed).items() if value is not MISSING}


def account_entry(number: str, nickname: str | None = "Individual", **changes: object) -> Json:
    """One entry of `/customers/me/accounts`."""
    account: Json = {
        "account-number": number,
        "opened-at": "2021-04-12T15:02:11.480+00:00",
        "nickname": nickname,
        "account-type-name": "Individual",
        "day-trader-status": False,
        "is-closed": False,
        "is-foreign": False,
        "is-futures-approved": True,
        "margin-or-cash": "Margin",
        "suitable-options-level": "No Restrictions",
        "created-at": "2021-04-12T15:02:11.483+00:00",
    }
    return {"account": changed(account, **changes), "authority-level": "owner"}


def position_row(
    instrument_type: str,
    symbol: str,
    quantity: Number,
    average_open_price: Number,
    mark_price: Number | None,
    **changes: object,
) -> Json:
    """A position row with marks. `quantity` is signed here and becomes unsigned with a direction.

    `changes` are further keys with underscores for dashes; `MISSING` takes one out. The total `mark` follows
    from the multiplier.
    """
    multiplier = changes.get("multiplier", 1)
    signed = Decimal(str(quantity))
    size = abs(signed)
    direction = "Zero" if signed == 0 else "Long" if signed > 0 else "Short"
    row: Json = {
        "instrument-type": instrument_type,
        "symbol": symbol,
        "underlying-symbol": symbol,
        "quantity": int(size) if size == size.to_integral_value() else float(size),
        "quantity-direction": direction,
        "average-open-price": str(average_open_price),
        "average-daily-market-close-price": str(average_open_price),
        "average-yearly-market-close-price": str(average_open_price),
        "close-price": str(average_open_price),
        "cost-effect": {"Long": "Credit", "Short": "Debit", "Zero": "None"}[direction],
        "is-frozen": False,
        "is-suppressed": False,
        "multiplier": multiplier,
        "restricted-quantity": 0,
        "realized-day-gain": "0.0",
        "realized-day-gain-date": "2026-11-18",
        "realized-day-gain-effect": "None",
        "realized-today": "0.0",
        "realized-today-date": "2026-11-18",
        "realized-today-effect": "None",
        "created-at": "2026-10-05T14:31:07.215+00:00",
        "updated-at": "2026-11-18T20:45:53.118+00:00",
    }
    if mark_price is not None and multiplier is not MISSING:
        row["mark-price"] = str(mark_price)
        row["mark"] = str(Decimal(str(mark_price)) * size * Decimal(str(multiplier)))
    return changed(row, **changes)


def equity_row(
    symbol: str, quantity: Number, average_open_price: Number, mark_price: Number | None, **changes: object
) -> Json:
    """Shares."""
    return position_row("Equity", symbol, quantity, average_open_price, mark_price, **changes)


def crypto_row(
    symbol: str, quantity: Number, average_open_price: Number, mark_price: Number | None, **changes: object
) -> Json:
    """A cryptocurrency holding, symbol such as BTC/USD."""
    return position_row("Cryptocurrency", symbol, quantity, average_open_price, mark_price, **changes)


def future_row(
    contract: str,
    quantity: Number,
    average_open_price: Number,
    mark_price: Number | None,
    *,
    multiplier: Number,
    **changes: object,
) -> Json:
    """A future; the row names the product (/MYM) as its underlying, as tastytrade's does."""
    defaults: Json = {"underlying_symbol": contract[:-2], "streamer_symbol": future_name(contract)}
    return position_row(
        "Future",
        contract,
        quantity,
        average_open_price,
        mark_price,
        **{**defaults, "multiplier": multiplier, **changes},
    )


def future_name(contract: str) -> str:
    """The streamer symbol of a contract of the twenties at CME: `/MESZ26:XCME` of /MESZ6."""
    return f"{contract[:-1]}2{contract[-1]}:XCME"


def future_entry(contract: str, streamer_symbol: str, **changes: object) -> Json:
    """One entry of `/instruments/futures`."""
    entry: Json = {
        "symbol": contract,
        "product-code": contract[1:-2],
        "contract-size": "5.0",
        "tick-size": "0.25",
        "notional-multiplier": "5.0",
        "display-factor": "0.01",
        "last-trade-date": "2026-12-18",
        "expiration-date": "2026-12-18",
        "active": True,
        "is-closing-only": False,
        "exchange": "CME",
        "streamer-exchange-code": "XCME",
        "streamer-symbol": streamer_symbol,
        "is-tradeable": True,
    }
    return changed(entry, **changes)


def option_row(
    underlying: str,
    expiration: date,
    letter: str,
    strike: Number,
    quantity: Number,
    average_open_price: Number,
    mark_price: Number | None,
    *,
    root: str | None = None,
    **changes: object,
) -> Json:
    """An equity or index option; `letter` is C or P, `root` the OCC root if it differs from the underlying."""
    root = root or underlying.replace("/", "")
    defaults: Json = {
        "underlying_symbol": underlying,
        "multiplier": 100,
        "streamer_symbol": f".{root}{expiration:%y%m%d}{letter}{Decimal(str(strike)).normalize():f}",
        "expires_at": _expires_at(expiration),
    }
    symbol = occ_symbol(root, expiration, letter, strike)
    return position_row("Equity Option", symbol, quantity, average_open_price, mark_price, **{**defaults, **changes})


def future_option_row(
    contract: str,
    option_contract: str,
    expiration: date,
    letter: str,
    strike: Number,
    quantity: Number,
    average_open_price: Number,
    mark_price: Number | None,
    *,
    multiplier: Number,
    **changes: object,
) -> Json:
    """An option on a future, `./MESZ6EX3Z6 261218P6450` for ("/MESZ6", "EX3Z6", …); the row names the contract."""
    symbol = f".{contract:<6}{option_contract:<6}{expiration:%y%m%d}{letter}{strike}"
    defaults: Json = {
        "underlying_symbol": contract,
        "streamer_symbol": f"./{option_contract[:-1]}2{option_contract[-1]}{letter}{strike}:XCME",
        "expires_at": _expires_at(expiration),
    }
    return position_row(
        "Future Option",
        symbol,
        quantity,
        average_open_price,
        mark_price,
        **{**defaults, "multiplier": multiplier, **changes},
    )


def balances_payload(net_liquidating_value: Number, cash_balance: Number, **changes: object) -> Json:
    """The `data` of `/accounts/{number}/balances`."""
    balances: Json = {
        "currency": "USD",
        "cash-balance": str(cash_balance),
        "net-liquidating-value": str(net_liquidating_value),
        "derivative-buying-power": "40125.5",
        "equity-buying-power": "80251.0",
        "maintenance-requirement": "21880.25",
        "margin-equity": str(net_liquidating_value),
        "long-equity-value": "61250.0",
        "short-equity-value": "0.0",
        "long-derivative-value": "8420.0",
        "short-derivative-value": "5310.0",
        "long-futures-value": "0.0",
        "short-futures-value": "0.0",
        "long-futures-derivative-value": "0.0",
        "short-futures-derivative-value": "0.0",
        "long-margineable-value": "0.0",
        "short-margineable-value": "0.0",
        "long-cryptocurrency-value": "0.0",
        "short-cryptocurrency-value": "0.0",
        "long-bond-value": "0.0",
        "pending-cash": "0.0",
        "pending-cash-effect": "None",
        "snapshot-date": "2026-11-18",
        "updated-at": "2026-11-18T20:45:57.031+00:00",
    }
    return changed(balances, **changes)


EMPTY_BOOK_VALUES: Final[Json] = {
    "long_equity_value": "0.0",
    "long_derivative_value": "0.0",
    "short_derivative_value": "0.0",
}
"""Changes for `balances_payload` of an account that holds nothing."""


def market_data_row(instrument_type: str, symbol: str, **changes: object) -> Json:
    """One row of `/market-data/by-type`; give bid, ask, mark, last, close, prev_close as wanted."""
    row: Json = {
        "symbol": symbol,
        "instrument-type": instrument_type,
        "updated-at": "2026-11-18T20:45:58.402Z",
        "close-price-type": "Unknown",
        "prev-close-price-type": "Final",
        "summary-date": "2026-11-18",
        "prev-close-date": "2026-11-17",
        "is-trading-halted": False,
        "halt-start-time": -1,
        "halt-end-time": -1,
    }
    return changed(row, **changes)


def greeks_event(delta: float | str, **changes: float | str) -> Json:
    """The values of one Greeks event, per unit; `time` is in milliseconds."""
    event: Json = {
        "price": 4.2,
        "volatility": 0.2814,
        "delta": delta,
        "gamma": 0.0125,
        "theta": -0.0642,
        "rho": 0.0531,
        "vega": 0.1187,
        "time": 1795035600000,
    }
    return event | changes


def occ_symbol(root: str, expiration: date, letter: str, strike: Number) -> str:
    """`AAPL  261218C00200000` of AAPL, 2026-12-18, C, 200."""
    return f"{root:<6}{expiration:%y%m%d}{letter}{int(Decimal(str(strike)) * 1000):08d}"


def symbols_of(rows: Iterable[Json]) -> list[str]:
    return [row["symbol"] for row in rows]


def _expires_at(expiration: date) -> str:
    return datetime.combine(expiration, time(21), UTC).isoformat(timespec="milliseconds")
