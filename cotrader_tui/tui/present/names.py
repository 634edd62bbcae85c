"""What a position is called: its root and its contract."""

from __future__ import annotations

import re
from datetime import date

from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.figures import exact

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_ROOT = re.compile(r"^\.?(/?[A-Z0-9.]{1,8})(?=\s|$)")
_KINDS = {
    InstrumentType.EQUITY: "shares",
    InstrumentType.FUND: "fund",
    InstrumentType.CRYPTOCURRENCY: "coins",
    InstrumentType.FUTURE: "future",
    InstrumentType.INDEX: "index",
    InstrumentType.BOND: "bond",
    InstrumentType.WARRANT: "warrant",
    InstrumentType.FOREX: "forex",
    InstrumentType.OTHER: "other",
}
ADJUSTED_FLAG = "≈"
ORPHANED_FLAG = "!"


def day_name(day: date, today: date) -> str:
    """JAN15, with its year where it is more than a year away or past: JAN15'28."""
    is_near = 0 <= (day - today).days <= 365
    return f"{_MONTHS[day.month - 1]}{day.day:02d}" + ("" if is_near else f"'{day.year % 100:02d}")


def root(instrument: Instrument) -> str:
    """The symbol's own root where it belongs to the underlying (SPXW, /ESZ6, AAPL1), else the underlying."""
    found = _ROOT.match(instrument.symbol)
    if found is not None and found[1].startswith(instrument.underlying):
        return found[1]
    return visible(instrument.underlying)


def contract(instrument: Instrument, today: date) -> str:
    """What of the root it is: `JAN15 250 C`, `shares`."""
    if not instrument.is_option:
        return _KINDS.get(instrument.type, "")
    expiration = UNKNOWN if instrument.expiration is None else day_name(instrument.expiration, today)
    letter = UNKNOWN if instrument.option_type is None else instrument.option_type.value[0].upper()
    return f"{expiration} {exact(instrument.strike).replace(',', '')} {letter}"


def flags(leg: Leg) -> str:
    """Marks before the contract: `!` where the broker's row could not be read, `≈` where Greeks are approximate."""
    orphaned = ORPHANED_FLAG if leg.position.orphaned_since is not None else ""
    return orphaned + (ADJUSTED_FLAG if leg.position.instrument.is_adjusted else "")


def name(instrument: Instrument, today: date) -> str:
    """In a sentence: `AAPL JAN15 250 C`."""
    return f"{root(instrument)} {contract(instrument, today)}"


def column_name(leg: Leg, today: date, width: int, ending: str = "") -> str:
    """In a column: contracts stand below each other as far as the width allows."""
    head, tail = root(leg.position.instrument), flags(leg) + contract(leg.position.instrument, today) + ending
    aligned = f"{head:<5} {tail}"
    return aligned if len(aligned) <= width else f"{head} {tail}"


def name_width(leg: Leg, today: date) -> int:
    """How many cells the name takes in a column that is just wide enough."""
    instrument = leg.position.instrument
    return len(root(instrument)) + 1 + len(flags(leg)) + len(contract(instrument, today))
