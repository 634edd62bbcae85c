"""Executions, commissions and open orders as TWS sends them. Source: the API's public decoders."""

from __future__ import annotations

from tests.standin.tws_book import UNSET, TwsContract, TwsExecution, TwsOrder
from tests.standin.tws_wire import Fields

_REVISION_SINCE = 178


def execution(req_id: object, account: str, contract: TwsContract, row: TwsExecution, version: int) -> Fields:
    return (
        11, req_id, 0, *_contract(contract), row.key, row.at, account, "CBOE", row.side, row.shares, row.price,
        1840021, 0, 0, row.shares, row.price, "", "", "", "", 2, *(("0",) if version >= _REVISION_SINCE else ()),
    )  # fmt: skip


def commission(row: TwsExecution) -> Fields:
    return (59, 1, row.key, row.commission, row.currency, UNSET, UNSET, "")


def open_order(account: str, contract: TwsContract, row: TwsOrder, version: int) -> Fields:
    """With everything that an ordinary order leaves empty."""
    profile = ("",) if version < 177 else ()
    legs: list[object] = [len(row.legs)]
    for con_id, ratio, action in row.legs:
        legs += [con_id, ratio, action, "SMART", 0, 0, "", -1]
    since = [("", 159), ("", 160), ("0", 162)]
    ending = [value for value, first in since if version >= first]
    return (
        5, 0, *_contract(contract), row.action, row.quantity, row.kind, row.limit, row.aux, row.tif,
        "", account, "", 0, "", 0, row.perm_id, 0, 0, 0, "", "", "", "", "", *profile,
        *("", "", "", "", "", 0, "", -1, 0, "", "", "", "", "", "", 0, 0, 0, "", 3, 1, 1, "", 0, 0, "", 0, "None", ""),
        *(0, "", "", "", "", 0, 0, ""),
        *(0, 0, row.trail_stop, "", "", "", ""), *legs, 0, 0,
        *("", "", ""), "", *(0, "", "", 0, 0), "",
        *(0, 0, row.status, "", "", "", "", "", "", "", "", "", "", "", "", "", "", 0, 0), 0,
        *("None", "", row.trail_stop, "", "", "", "", 0, "", "", "", "", 0, 0, "", 0), *ending,
        *(("", "", "", "", "") if version >= 170 else ()),
    )  # fmt: skip


def order_status(row: TwsOrder) -> Fields:
    left = float(row.quantity) - float(row.filled)
    return (3, 0, row.status, row.filled, left, "0", row.perm_id, 0, "0", 0, "", "0")


def combination(row: TwsOrder) -> TwsContract:
    """The contract of an order for several legs."""
    return TwsContract(28812380, row.symbol, "BAG", local_symbol=row.symbol, trading_class="COMB")


def _contract(contract: TwsContract) -> Fields:
    return (
        contract.con_id, contract.symbol, contract.sec_type, contract.expiry, contract.strike, contract.right,
        contract.multiplier, contract.exchange, contract.currency, contract.local_symbol, contract.trading_class,
    )  # fmt: skip
