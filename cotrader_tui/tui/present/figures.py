"""Numbers as text: rounded half-even, signed where they are gains or losses, masked in privacy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.domain.text import MASK, UNKNOWN
from cotrader_tui.tui.present.text import Piece

GAIN, LOSS, WARN, STALE, ACCENT = "$gain-style", "$loss-style", "$warn-style", "$stale", "$accent"
"""Tokens that `shown_theme.py` makes of a theme. Each only repeats what a sign, a word or a glyph says."""
WELL, FAILED = "$text-success", "$text-error"
"""Of what does well or has failed, which is neither gain nor loss: in East Asia a gain is red."""

MODEL_MARK = "m"
"""Behind a Greek that is a model's and not the broker's."""
_NEXT_SCALE = 1000
_SCALES = (("", Decimal(1)), ("k", Decimal(1000)), ("M", Decimal(10) ** 6), ("B", Decimal(10) ** 9))


def rounded(value: Decimal, places: int) -> Decimal:
    """`value` to `places` decimals, half-even; never a negative zero."""
    result = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return abs(result) if result == 0 else result


def number(value: Decimal, places: int, *, is_signed: bool = False, width: int | None = None) -> str:
    """`value` with thousands separators; where `width` is too small with fewer decimals, then in k, M or B.

    Never cut: what fits in no way becomes `#`.
    """
    for suffix, scale in _SCALES:
        for decimals in dict.fromkeys((places if not suffix else 2, 1 if suffix else 0, 0)):
            shown = rounded(value / scale, decimals)
            if suffix in ("k", "M") and abs(shown) >= _NEXT_SCALE:
                continue
            sign = "+" if is_signed and shown > 0 else ""
            text = f"{sign}{shown:,f}{suffix}"
            if width is None or len(text) <= width:
                return text
    return "#" * (width or 1)


def exact(value: Decimal | None, least: int = 0) -> str:
    """Every digit of `value`, in plain notation, with at least so many decimals."""
    if value is None:
        return UNKNOWN
    whole, _, decimals = f"{value:,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else whole


def tone(value: Decimal | float | None) -> str:
    """The colour that repeats the sign."""
    if value is None or value == 0:
        return ""
    return GAIN if value > 0 else LOSS


@dataclass(frozen=True, slots=True)
class Figures:
    """How figures are shown: with their amounts or, in privacy, without.

    Amounts are money, quantities, average open prices and position Greeks. Percentages, market prices, days and
    implied volatility are none.
    """

    is_private: bool = False

    def money(self, value: Decimal | None, width: int | None = None, places: int = 2) -> Piece:
        """An amount of money that is neither gain nor loss."""
        if value is None:
            return Piece(UNKNOWN)
        return Piece(MASK if self.is_private else number(value, places, width=width), value=value)

    def gain(self, value: Decimal | None, width: int | None = None) -> Piece:
        """A gain (+) or a loss (−), its sign always printed."""
        if value is None:
            return Piece(UNKNOWN)
        if self.is_private:
            return Piece(MASK, value=value)
        return Piece(number(value, 2, is_signed=True, width=width), tone(rounded(value, 2)), value)

    def dollars(self, value: float | None, width: int | None = None) -> Piece:
        """A sensitivity that is money, to the unit."""
        if value is None or not math.isfinite(value):
            return Piece(UNKNOWN)
        return self.money(Decimal(repr(value)), width, places=0)

    def quantity(self, value: Decimal | None, width: int | None = None) -> Piece:
        """At most four decimals; the detail has them all."""
        if value is None:
            return Piece(UNKNOWN)
        if self.is_private:
            return Piece(MASK, value=value)
        shown = exact(rounded(value, 4))
        fits = width is None or len(shown) <= width
        return Piece(shown if fits else number(value, 2, width=width), value=value)

    def price(self, value: Decimal | None, width: int | None = None) -> Piece:
        """A price of the market: two decimals, four below 0.10 where it has them."""
        if value is None:
            return Piece(UNKNOWN)
        is_tiny = 0 < abs(value) < Decimal("0.1") and rounded(value, 2) != value
        return Piece(number(value, 4 if is_tiny else 2, width=width), value=value)

    def cost(self, value: Decimal | None, width: int | None = None) -> Piece:
        """An average open price: as a price, but an amount."""
        return Piece(MASK, value=value) if self.is_private and value is not None else self.price(value, width)

    def percent(self, value: Decimal | None, width: int | None = None, suffix: str = "") -> Piece:
        """A percentage of gain or loss to one decimal."""
        if value is None:
            return Piece(UNKNOWN)
        return Piece(number(value, 1, is_signed=True, width=width) + suffix, tone(rounded(value, 1)), value)

    def greek(self, value: float | None, width: int | None = None, *, is_by_model: bool = False) -> Piece:
        """A position's sensitivity: one decimal, more below 1, none from 1,000; 0 where it is none.

        An `m` behind it says that it is a model's, or a sum with such a part.
        """
        if value is None or not math.isfinite(value):
            return Piece(UNKNOWN)
        if self.is_private:
            return Piece(MASK, value=value)
        if is_by_model:
            return Piece(self.greek(value, None if width is None else width - 1).text + MODEL_MARK, value=value)
        size = abs(value)
        places = 0 if size >= 1000 else 1 if size >= 1 else 2 if size >= 0.1 else 3
        shown = rounded(Decimal(repr(value)), places)
        return Piece("0" if shown == 0 else number(shown, places, is_signed=True, width=width), value=value)

    def volatility(self, value: float | None, width: int | None = None, *, is_by_model: bool = False) -> Piece:
        """A fraction as volatility points: 0.31 is 31.0; an `m` behind it says that it is a model's."""
        if value is None or not math.isfinite(value):
            return Piece(UNKNOWN)
        room = width - 1 if width is not None and is_by_model else width
        points = Decimal(repr(value)) * 100
        return Piece(number(points, 1, width=room) + (MODEL_MARK if is_by_model else ""), value=points)

    def partial(self, total: PartialSum, *, is_gain: bool = True) -> Piece:
        """A sum; where it misses items it says of how many: `+8,310.40 (38/40)`."""
        shown = self.gain(total.value) if is_gain else self.money(total.value)
        if total.is_complete or total.value is None:
            return shown
        return Piece(f"{shown.text} ({total.known}/{total.of})", shown.style)

    def starred(self, total: PartialSum, width: int, *, is_gain: bool = True) -> Piece:
        """A sum in a column; a star behind it says that it misses items."""
        shown = self.gain(total.value, width - 1) if is_gain else self.money(total.value, width - 1)
        is_whole = total.is_complete or total.value is None
        return shown if is_whole else Piece(f"{shown.text}*", shown.style, shown.value)
