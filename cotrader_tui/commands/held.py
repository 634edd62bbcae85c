"""`cotrader held`: whether a symbol is held, how much of it and where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TextIO

from cotrader_tui.analytics.pnl import open_pnl
from cotrader_tui.analytics.selection import included
from cotrader_tui.analytics.sums import PartialSum, total
from cotrader_tui.commands.output import Format, write_rows
from cotrader_tui.commands.portfolio import misfit_words, select_asked
from cotrader_tui.commands.reading import has_landed, refuse_other_than_demo, words
from cotrader_tui.commands.rows import Row
from cotrader_tui.config import Settings
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.instruments import InstrumentType
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.text import MASK, visible
from cotrader_tui.errors import StoreMissingError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.store.reader import Reader

HELD_KEYS = ("symbol", "is_held", "held_quantity", "held_accounts", "held_legs")

# OCC 2010: root padded to 6, yymmdd, C or P, strike in thousandths of a dollar; here without the padding.
_OCC = re.compile(r"(?P<root>[A-Z0-9]{1,6})\d{6}[CP]\d{8}")
_SEPARATORS = re.compile(r"[\s./-]+")
_PREFIX = re.compile(r"[./]*")

_ROOTS = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX"}
"""Roots of index options (Cboe, Nasdaq) that are not their index's symbol, and that index."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one symbol, in accounts that count."""

    legs: int = 0
    """Open positions in it and in its derivatives."""
    quantity: Decimal | None = None
    """Signed shares or contracts of the symbol itself; of a futures product (/ES) those of all its contracts.

    `None` where none is held, and where several are held that do not add up (other currency or multiplier).
    """
    accounts: tuple[str, ...] = ()
    open_pnl: Decimal | None = None
    """Of that quantity; `None` where it is unknown of any of it."""

    @property
    def is_held(self) -> bool:
        return self.legs > 0


class Holdings:
    """Every symbol under which something open is held: instruments, their underlyings, the roots of their options."""

    def __init__(self, legs: Iterable[Leg]) -> None:
        self._legs: dict[str, list[Leg]] = {}
        self._aliases = dict(_ROOTS)
        for leg in legs:
            for name in _names(leg):
                self._legs.setdefault(name, []).append(leg)
            option = _OCC.fullmatch(symbol_key(leg.position.instrument.symbol))
            if option is not None:
                self._aliases[option["root"]] = symbol_key(leg.position.instrument.underlying)

    def of(self, symbol: str) -> Held:
        """What is held of `symbol`, in any spelling `symbol_key` knows."""
        key = symbol_key(symbol)
        if key not in self._legs:
            key = self._aliases.get(key, key)
        legs = self._legs.get(key, [])
        itself = [leg for leg in legs if _is_itself(leg, key)]
        adds_up = len({(leg.position.instrument.currency, leg.position.instrument.multiplier) for leg in itself}) == 1
        return Held(
            legs=len(legs),
            quantity=total(leg.position.quantity for leg in itself) if adds_up else None,
            accounts=tuple(sorted({leg.position.account.number for leg in legs})),
            open_pnl=_whole(PartialSum.over(map(open_pnl, itself))) if adds_up else None,
        )


def symbol_key(symbol: str) -> str:
    """One spelling for the same symbol: capitals, an OCC symbol without padding, BRK.B, BRK-B and BRK B as BRK/B."""
    compact = "".join(symbol.split()).upper()
    if _OCC.fullmatch(compact):
        return compact
    text = symbol.strip().upper()
    prefix = _PREFIX.match(text)
    start = prefix.end() if prefix is not None else 0
    return text[:start] + _SEPARATORS.sub("/", text[start:])


def _names(leg: Leg) -> set[str]:
    instrument = leg.position.instrument
    own = (instrument.symbol, instrument.underlying, leg.underlying_symbol)
    return {symbol_key(name) for name in own if name}


def _is_itself(leg: Leg, key: str) -> bool:
    instrument = leg.position.instrument
    if symbol_key(instrument.symbol) == key:
        return True
    return instrument.type is InstrumentType.FUTURE and symbol_key(instrument.underlying) == key


def _whole(amount: PartialSum) -> Decimal | None:
    return amount.value if amount.is_complete else None


def holdings_of(snapshot: PortfolioSnapshot) -> Holdings:
    """The open legs of the accounts that count."""
    return Holdings(included(snapshot, snapshot.legs))


def read_holdings(settings: Settings, now: datetime, err: TextIO) -> Holdings | None:
    """What is held in the accounts asked for, or `None` where nothing was ever synced; words on its age go to `err`.

    Raises:
        ConfigError: the account is unknown, or `--demo` names a database that is not a demo.
        StoreError: the database cannot be read.
    """
    try:
        with Reader(settings.database) as reader:
            refuse_other_than_demo(settings, reader)
            everything = reader.snapshot(exchange_date(now), runs=0)
    except StoreMissingError as error:
        err.write(f"{error}\n")
        return None
    snapshot = select_asked(settings, everything)
    is_known = has_landed(snapshot)
    if not is_known:
        err.write("Nothing has been synced yet.\n")
    told = (*words(snapshot, now), *misfit_words(settings, everything, snapshot))
    err.writelines(f"{line}\n" for line in told)
    return holdings_of(snapshot) if is_known else None


def report(
    settings: Settings, symbols: Sequence[str], now: datetime, *, as_json: bool, out: TextIO, err: TextIO
) -> int:
    """Print one row per symbol, in the order asked; returns 0, or 5 where nothing was ever synced.

    Raises:
        ConfigError, StoreError: see `read_holdings`.
    """
    form = Format.JSON if as_json else Format.TEXT
    holdings = read_holdings(settings, now, err)
    rows = [] if holdings is None else [_row(symbol, holdings.of(symbol), settings) for symbol in symbols]
    write_rows(rows, HELD_KEYS, form, out)
    return ExitCode.NO_DATA if holdings is None else ExitCode.SUCCESS


def accounts_text(held: Held) -> str:
    """The account numbers, separated by commas; empty where it is not held."""
    return ",".join(map(visible, held.accounts))


def quantity_shown(held: Held, settings: Settings) -> Decimal | str | None:
    """The quantity, or its mask while privacy is on."""
    return MASK if settings.is_private and held.quantity is not None else held.quantity


def _row(symbol: str, held: Held, settings: Settings) -> Row:
    return {
        "symbol": symbol,
        "is_held": held.is_held,
        "held_quantity": quantity_shown(held, settings),
        "held_accounts": accounts_text(held),
        "held_legs": held.legs,
    }
