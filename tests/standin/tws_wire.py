"""The text protocol of TWS: frames, and each message of the stand-in as fields. Source: the API's public decoders."""

from __future__ import annotations

import struct
from asyncio import StreamReader
from collections.abc import Iterator

from tests.standin.tws_book import UNSET, TwsContract, TwsGreeks, TwsMarket, TwsPosition

READING = {
    1: "market data", 2: "cancel market data", 6: "account updates", 7: "executions", 9: "contract details",
    16: "all open orders", 49: "current time", 59: "market data type", 61: "positions", 62: "account summary",
    63: "cancel account summary", 64: "cancel positions", 71: "start", 76: "account updates multi",
    77: "cancel account updates multi", 92: "P&L", 93: "cancel P&L", 94: "P&L of a position",
    95: "cancel P&L of a position",
}  # fmt: skip
"""The requests that only read. Everything else could change something at the broker."""

Fields = tuple[object, ...]

_LIVE, _DELAYED = (1, 2, 4, 9, 13, 49), (66, 67, 68, 75, 83, 90)
_ALL_OPTION_FIELDS_SINCE = 164


def frame(*fields: object) -> bytes:
    payload = "".join(f"{value}\0" for value in fields).encode()
    return struct.pack(">I", len(payload)) + payload


async def read_frame(reader: StreamReader) -> tuple[str, ...]:
    """The fields of the next message.

    Raises:
        IncompleteReadError: the client went away.
    """
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    return tuple((await reader.readexactly(length)).decode().split("\0")[:-1])


def error(req_id: int, code: int, text: str, version: int) -> Fields:
    return (4, 2, req_id, code, text, *(("",) if version >= 166 else ()))


def position(account: str, contract: TwsContract, row: TwsPosition) -> Fields:
    return (61, 3, account, *_terms(contract), contract.listing, *_names(contract), row.quantity, row.average_cost)


def portfolio_item(account: str, contract: TwsContract, row: TwsPosition) -> Fields:
    figures = (row.quantity, row.price, row.market_value, row.average_cost, row.unrealized, row.realized, account)
    return (7, 8, *_terms(contract), contract.listing, *_names(contract), *figures)


def execution(account: str, contract: TwsContract, exec_id: str, version: int) -> Fields:
    """A fill nobody asked for, of a manual order."""
    order, time = 0, "20261118 15:45:59 US/Eastern"
    revision: Fields = ("0",) if version >= 178 else ()
    return (
        11, -1, order, *_terms(contract), contract.exchange, *_names(contract), exec_id, time, account, "NASDAQ", "BOT",
        "1", "5.1", "1800123", "0", "0", "1", "5.1", "", "", "", "", "1", *revision,
    )  # fmt: skip


def commission(exec_id: str) -> Fields:
    return (59, 1, exec_id, "0.65", "USD", "0", "", "")


def pnl_single(req_id: int, row: TwsPosition) -> Fields:
    quantity = row.quantity if row.pnl_quantity is None else row.pnl_quantity
    return (95, req_id, quantity, row.daily, row.unrealized, row.realized, row.value)


def account_pnl(req_id: int, figures: tuple[str, str]) -> Fields:
    """Day and open P&L of an account."""
    return (94, req_id, *figures, "0")


def contract_details(req_id: int, contract: TwsContract, version: int) -> Fields:
    is_old = version < _ALL_OPTION_FIELDS_SINCE
    sizes: Fields = ("1",) if version == 163 else () if is_old else ("1", "1", "100")
    return (
        10, *((8,) if is_old else ()), req_id, contract.symbol, contract.sec_type, contract.expiry, contract.strike,
        contract.right, contract.exchange, contract.currency, contract.local_symbol, contract.trading_class,
        contract.trading_class, contract.con_id, "0.01", *(("100",) if is_old else ()), contract.multiplier,
        "LMT,MKT", contract.exchange, contract.price_magnifier, contract.under_con_id, contract.symbol,
        contract.listing, "", "", "", "", "US/Eastern", "", "", "", "", "0", "1", contract.under_symbol,
        contract.under_sec_type, "26",
        contract.real_expiration, "COMMON" if contract.sec_type == "STK" else "", *sizes,
    )  # fmt: skip


def ticks(req_id: int, market: TwsMarket) -> Iterator[Fields]:
    """The type of data, then prices and the model's Greeks, with the ids of that type."""
    bid, ask, last, close, model, halted = _DELAYED if market.kind in {3, 4} else _LIVE
    yield (58, 1, req_id, market.kind)
    yield (81, req_id, "0.01", "9c0001", "3")
    for tick, price, size in ((bid, market.bid, "12"), (ask, market.ask, "9"), (last, market.last, "3")):
        if price:
            yield (1, 6, req_id, tick, price, "0" if price == "-1" else size, "0")
    if market.close:
        yield (1, 6, req_id, close, market.close, "0", "0")
    if market.halted:
        yield (45, 6, req_id, halted, market.halted)
    if market.greeks is not None:
        yield (21, req_id, model, "0", *_computation(market.greeks))


def changed_ticks(req_id: int, before: TwsMarket, after: TwsMarket) -> Iterator[Fields]:
    """What a line is told where `before` becomes `after`."""
    known = set(ticks(req_id, before))
    return (tick for tick in ticks(req_id, after) if tick not in known)


def _computation(greeks: TwsGreeks) -> Fields:
    return (greeks.iv, greeks.delta, greeks.price, greeks.dividend, greeks.gamma, greeks.vega, greeks.theta,
            greeks.underlying)  # fmt: skip


def _terms(contract: TwsContract) -> Fields:
    return (contract.con_id, contract.symbol, contract.sec_type, contract.expiry, contract.strike, contract.right,
            contract.multiplier)  # fmt: skip


def _names(contract: TwsContract) -> Fields:
    return (contract.currency, contract.local_symbol, contract.trading_class)


NOTHING_HELD = TwsPosition(0, "0", "0", daily=UNSET)
