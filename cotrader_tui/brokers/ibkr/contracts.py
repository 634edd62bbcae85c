"""What a contract is: TWS's terms and details as plain values, read from its objects and rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cotrader_tui.brokers.ibkr.numbers import day

if TYPE_CHECKING:
    from ib_async import Contract, ContractDetails

SMART = "SMART"
_SMART_TYPES = frozenset({"STK", "OPT", "WAR", "IOPT", "BOND", "BILL"})
"""Types that TWS can route by itself; the others are asked for at their own exchange."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A contract as a position row names it. Texts are TWS's own."""

    con_id: int
    symbol: str
    """Of an option its underlying's."""
    sec_type: str
    expiry: str
    strike: str
    right: str
    multiplier: str
    currency: str
    local_symbol: str
    trading_class: str


@dataclass(frozen=True, slots=True)
class Details:
    """What only the contract's details say."""

    terms: Terms
    exchange: str
    """Where its market data is asked for."""
    under_con_id: int
    """0 where it has no underlying."""
    under_symbol: str
    under_sec_type: str
    real_expiration: str
    """The day it expires; its last trading day may be earlier."""
    price_magnifier: int = 1
    """Its prices are quoted in hundredths of the currency where this is 100."""


def terms_of_row(fields: Sequence[str]) -> Terms:
    """The contract in the fields of a position message, from its id on (the exchange is left out: it is of no use).

    Raises:
        ValueError: the id is no number, or fields are missing.
    """
    con_id, symbol, sec_type, expiry, strike, right, multiplier, _, currency, local_symbol, trading_class = fields
    return Terms(
        int(con_id), symbol, sec_type, expiry, strike, right, multiplier, currency, local_symbol, trading_class
    )  # fmt: skip


def details_of(found: ContractDetails) -> Details | None:
    """The details in our terms; `None` if they name no contract."""
    contract = found.contract
    if contract is None or not contract.conId:
        return None
    return Details(
        terms=terms_of(contract),
        exchange=SMART if contract.secType in _SMART_TYPES else contract.exchange or contract.primaryExchange,
        under_con_id=found.underConId,
        under_symbol=found.underSymbol,
        under_sec_type=found.underSecType,
        real_expiration=found.realExpirationDate,
        price_magnifier=found.priceMagnifier or 1,
    )


def completed(terms: Terms, details: Details | None) -> Terms:
    """The row's terms, what they lack taken from the details, the real day of expiration where known."""
    if details is None:
        return terms
    known = details.terms
    is_dated = day(details.real_expiration) is not None
    return replace(
        terms,
        multiplier=terms.multiplier or known.multiplier,
        local_symbol=terms.local_symbol or known.local_symbol,
        trading_class=terms.trading_class or known.trading_class,
        expiry=details.real_expiration if is_dated else terms.expiry or known.expiry,
    )


def terms_of(contract: Contract) -> Terms:
    """The contract of an order or of details."""
    return Terms(
        con_id=contract.conId,
        symbol=contract.symbol,
        sec_type=contract.secType,
        expiry=contract.lastTradeDateOrContractMonth,
        strike=str(contract.strike),
        right=contract.right,
        multiplier=contract.multiplier,
        currency=contract.currency,
        local_symbol=contract.localSymbol,
        trading_class=contract.tradingClass,
    )
