"""From TWS's contracts to instruments, and to the instruments that move their prices. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from cotrader_tui.brokers.ibkr.contracts import Details, Terms, completed
from cotrader_tui.brokers.ibkr.numbers import day, figure, quotient
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType

BROKER = "ibkr"

TYPES = {
    "STK": InstrumentType.EQUITY,
    "OPT": InstrumentType.EQUITY_OPTION,
    "FUT": InstrumentType.FUTURE,
    "FOP": InstrumentType.FUTURE_OPTION,
    "CRYPTO": InstrumentType.CRYPTOCURRENCY,
    "IND": InstrumentType.INDEX,
    "BOND": InstrumentType.BOND,
    "BILL": InstrumentType.BOND,
    "FUND": InstrumentType.FUND,
    "WAR": InstrumentType.WARRANT,
    "IOPT": InstrumentType.WARRANT,
    "CASH": InstrumentType.FOREX,
    "CFD": InstrumentType.OTHER,
    "CMDTY": InstrumentType.OTHER,
}
"""TWS's security types. A type that is not here is not guessed at."""

RIGHTS = {"C": OptionType.CALL, "CALL": OptionType.CALL, "P": OptionType.PUT, "PUT": OptionType.PUT}
"""Also "", "0" and "?" occur, for what is no option."""

_MULTIPLIED = frozenset({InstrumentType.EQUITY_OPTION, InstrumentType.FUTURE, InstrumentType.FUTURE_OPTION})
"""Types whose multiplier must be known; the others' is 1 where none is given."""

_STANDARD_DELIVERABLE = Decimal(100)
# OCC 2010: root padded to 6, yymmdd, C or P, strike in thousandths of a dollar.
_OCC = re.compile(r".{6}(?P<date>\d{6})[CP]\d{8}")
_CONTRACT = re.compile(r"(?P<product>[A-Z0-9]{1,4}?)[FGHJKMNQUVXZ]\d{1,2}")
# Share classes: BRK B at TWS, BRK/B elsewhere.
_SHARE_CLASS = re.compile(r"([A-Z]+) ([A-Z])")


class RowError(Exception):
    """A row that reads well but makes no sense; its text is a sentence for the sync log."""


def instrument_id(con_id: int) -> InstrumentId:
    """One contract is one instrument, whatever the venue."""
    return InstrumentId(BROKER, str(con_id))


def instrument_of(terms: Terms, details: Details | None, underlying: Details | None) -> Instrument:
    """The instrument a contract is. `details` are its own, `underlying` those of its underlying, where known.

    Raises:
        RowError: its type is unknown, or it has no multiplier although it must.
    """
    named, terms = symbol_of(terms), completed(terms, details)
    kind = TYPES.get(terms.sec_type)
    if kind is None:
        raise RowError(f"The security type {terms.sec_type[:40]!r} is not known.")
    multiplier = _multiplier(terms, kind)
    is_option = kind in {InstrumentType.EQUITY_OPTION, InstrumentType.FUTURE_OPTION}
    return Instrument(
        id=instrument_id(terms.con_id),
        symbol=named,
        type=kind,
        underlying=_group(terms, kind, details, underlying),
        multiplier=multiplier,
        currency=terms.currency,
        underlying_id=underlying_id(terms, details) if is_option else None,
        option_type=RIGHTS.get(terms.right) if is_option else None,
        strike=_strike(terms) if is_option else None,
        expiration=_expiration(terms) if is_option or kind is InstrumentType.FUTURE else None,
        is_adjusted=kind is InstrumentType.EQUITY_OPTION and _is_adjusted(terms, multiplier),
    )


def underlying_id(terms: Terms, details: Details | None) -> InstrumentId:
    """What moves an option: its `underConId`. Without details an id that nothing has, never the option itself."""
    if details is not None and details.under_con_id:
        return instrument_id(details.under_con_id)
    return InstrumentId(BROKER, f"underlying of {terms.con_id}")


def underlying_of(option: Instrument, details: Details | None, underlying: Details | None) -> Instrument | None:
    """The instrument whose price moves `option`; `None` if it is its own. `details` are the option's."""
    if option.underlying_id is None:
        return None
    if underlying is not None:
        try:
            return instrument_of(underlying.terms, underlying, None)
        except RowError:
            pass
    is_future = option.type is InstrumentType.FUTURE_OPTION
    named = TYPES.get(details.under_sec_type) if details is not None else None
    return Instrument(
        id=option.underlying_id,
        symbol=option.underlying,
        type=named or (InstrumentType.FUTURE if is_future else InstrumentType.EQUITY),
        underlying=option.underlying,
        multiplier=option.multiplier if is_future else Decimal(1),
        currency=option.currency,
    )


def symbol_of(terms: Terms) -> str:
    """The name a person knows: OCC for listed options, `/ESZ6` for futures, else TWS's own local symbol.

    It follows from the position row alone, so that the same contract has the same name whatever else is known.
    """
    local = terms.local_symbol.strip() or terms.symbol
    match terms.sec_type:
        case "OPT":
            return terms.local_symbol if _OCC.fullmatch(terms.local_symbol) else _occ_symbol(terms) or local
        case "FUT":
            return f"/{local}" if _CONTRACT.fullmatch(local) else local
        case "STK":
            return shared_name(terms.symbol)
        case _:
            return local


def shared_name(symbol: str) -> str:
    """A share's symbol as other brokers write it: BRK/B for TWS's `BRK B`."""
    match = _SHARE_CLASS.fullmatch(symbol)
    return f"{match[1]}/{match[2]}" if match else symbol


def _group(terms: Terms, kind: InstrumentType, details: Details | None, underlying: Details | None) -> str:
    """What it is listed under: the underlying's symbol (SPX for SPXW), the product of futures and their options."""
    match kind:
        case InstrumentType.FUTURE:
            return _product(terms)
        case InstrumentType.FUTURE_OPTION:
            return _product(underlying.terms) if underlying is not None else f"/{terms.symbol}"
        case InstrumentType.EQUITY_OPTION:
            return shared_name((details.under_symbol if details is not None else "") or terms.symbol)
        case InstrumentType.FOREX:
            return terms.local_symbol or terms.symbol
        case _:
            return shared_name(terms.symbol)


def _product(terms: Terms) -> str:
    """/6E of 6EZ6, which TWS lists under the symbol EUR."""
    match = _CONTRACT.fullmatch(terms.local_symbol.strip())
    return f"/{match['product'] if match else terms.symbol}"


def _multiplier(terms: Terms, kind: InstrumentType) -> Decimal:
    number = figure(terms.multiplier)
    if number is not None and number > 0:
        return number
    if kind in _MULTIPLIED:
        raise RowError(f"Its multiplier {terms.multiplier[:20]!r} is no positive number.")
    return Decimal(1)


def _strike(terms: Terms) -> Decimal | None:
    number = figure(terms.strike)
    return None if number is None else quotient(number, Decimal(1))


def _expiration(terms: Terms) -> date | None:
    """The date in an OCC symbol, else TWS's: the last trading day of an index option may be the day before."""
    match = _OCC.fullmatch(terms.local_symbol) if terms.sec_type == "OPT" else None
    if match is None:
        return day(terms.expiry)
    try:
        return datetime.strptime(match["date"], "%y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return day(terms.expiry)


def _occ_symbol(terms: Terms) -> str | None:
    expiration, strike = day(terms.expiry), figure(terms.strike)
    right = RIGHTS.get(terms.right)
    if terms.currency != "USD" or expiration is None or strike is None or right is None:
        return None
    root, thousandths = terms.trading_class or terms.symbol, strike * 1000
    if len(root) > 6 or thousandths != int(thousandths):
        return None
    return f"{root:<6}{expiration:%y%m%d}{'C' if right is OptionType.CALL else 'P'}{int(thousandths):08d}"


def _is_adjusted(terms: Terms, multiplier: Decimal) -> bool:
    """In the United States: not 100 shares, or a root with a digit at its end."""
    return terms.currency == "USD" and (multiplier != _STANDARD_DELIVERABLE or terms.trading_class[-1:].isdigit())
