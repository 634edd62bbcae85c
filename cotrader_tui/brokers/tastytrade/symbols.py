"""How tastytrade names options, futures and indexes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cotrader_tui.domain.instruments import OptionType

INDEXES = frozenset(
    {"SPX", "XSP", "NANOS", "NDX", "XND", "RUT", "MRUT", "VIX", "DJX", "OEX", "XEO", "MXEF", "MXEA", "MXWLD"}
)
"""Underlyings of listed options that are indexes, not shares: they have a level and cannot be held."""

# OCC 2010: root padded to 6, yymmdd, C or P, strike in thousandths of a dollar.
_OCC = re.compile(r"(?P<root>.{6})(?P<date>\d{6})(?P<type>[CP])(?P<strike>\d{8})")
# A dot, the contract padded to 6, the option contract padded to 6, yymmdd, C or P, strike.
_FUTURE_OPTION = re.compile(
    r"\.(?P<contract>/.{5})(?P<option>.{6})(?P<date>\d{6})(?P<type>[CP])(?P<strike>\d+(?:\.\d+)?)"
)
_FUTURE = re.compile(r"(?P<product>/.+?)[FGHJKMNQUVXZ]\d{1,2}")


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """What an option's symbol says of it."""

    root: str
    """The OCC root, or the futures contract of a futures option (/MESM6)."""
    type: OptionType
    strike: Decimal
    expiration: date


def occ_terms(symbol: str) -> OptionTerms | None:
    """The terms in the OCC symbol of an equity or index option; `None` if it is none."""
    match = _OCC.fullmatch(symbol)
    return _terms(match, match["root"], Decimal(match["strike"]) / 1000) if match else None


def future_option_terms(symbol: str) -> OptionTerms | None:
    """The terms in the symbol of a futures option such as `./MESM6EX3H6 260320P6450`; `None` if it is none."""
    match = _FUTURE_OPTION.fullmatch(symbol)
    return _terms(match, match["contract"], Decimal(match["strike"])) if match else None


def product_of(contract: str) -> str | None:
    """/MES of /MESM6; `None` if it is no futures contract."""
    match = _FUTURE.fullmatch(contract)
    return match["product"] if match else None


def streamer_symbol(terms: OptionTerms) -> str:
    """The market data stream's symbol of an equity or index option. Keeps the OCC root (SPXW stays SPXW)."""
    strike = f"{terms.strike.normalize():f}"
    return f".{terms.root}{terms.expiration:%y%m%d}{'C' if terms.type is OptionType.CALL else 'P'}{strike}"


def _terms(match: re.Match[str], root: str, strike: Decimal) -> OptionTerms | None:
    try:
        expiration = datetime.strptime(f"{match['date']}+0000", "%y%m%d%z").date()
    except ValueError:
        return None
    return OptionTerms(root.strip(), OptionType.CALL if match["type"] == "C" else OptionType.PUT, strike, expiration)
