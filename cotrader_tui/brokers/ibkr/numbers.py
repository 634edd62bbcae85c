"""Numbers as TWS sends them. What it does not know it sends as a sentinel, which is unknown here and never 0."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

_UNSET = 1e300
"""TWS writes the largest double (1.797e308) for a number it does not know."""
_NO_GREEK = -2.0
"""The sentinel of a Greek. ib_async hands it on for vega and theta."""
_WHOLE = 1e15
"""Up to here every whole double is what was sent."""
_PRECISION = Decimal("1e-10")


def figure(value: object) -> Decimal | None:
    """A number or its text, exactly; `None` for NaN, infinities, the unset double, empty and unreadable texts."""
    text = _plain(value) if isinstance(value, float) else str(value).strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal(_UNSET) else None


def greek(value: float | None) -> float | None:
    """A Greek, or `None` for the sentinel −2, NaN and the unset double."""
    if value is None or not math.isfinite(value) or abs(value) >= _UNSET or value == _NO_GREEK:
        return None
    return value


def price(value: float | None, size: float | None = None) -> Decimal | None:
    """A price, or `None` where there is none: NaN, unset, or −1 (without a size: crude oil did trade below 0)."""
    if value is None or (value == -1 and not (size is not None and math.isfinite(size) and size > 0)):
        return None
    return figure(value)


def _plain(value: float) -> str:
    """Its shortest exact text; a whole number without `.0`."""
    return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else repr(value)


def quotient(amount: Decimal, divisor: Decimal) -> Decimal | None:
    """amount ÷ divisor to ten decimals, which takes the noise of TWS's binary numbers away; `None` by 0."""
    if divisor == 0:
        return None
    try:
        rounded = (amount / divisor).quantize(_PRECISION, ROUND_HALF_EVEN)
    except ArithmeticError:
        return None
    return Decimal(f"{rounded.normalize():f}")


def day(text: str) -> date | None:
    """The date in `YYYYMMDD`, also with a time behind it; `None` for a month alone or anything else."""
    try:
        return datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=UTC).date() if len(text) >= 8 else None
    except ValueError:
        return None
