"""Sums that know what they leave out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact

_EXACT = Context(prec=200, traps=[Inexact])
"""Wide enough that money, prices and the smallest parts of coins multiply and add without rounding."""


def product(*factors: Decimal) -> Decimal:
    """The exact product."""
    result = Decimal(1)
    for factor in factors:
        result = _EXACT.multiply(result, factor)
    return result


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result


@dataclass(frozen=True, slots=True)
class PartialSum:
    """A sum of money over `of` items of which `known` are known; `value` is `None` when none is.

    An empty sum is 0 over 0 items.
    """

    value: Decimal | None
    known: int
    of: int

    @property
    def is_complete(self) -> bool:
        return self.known == self.of

    @property
    def missing(self) -> int:
        return self.of - self.known

    @classmethod
    def over(cls, items: Iterable[Decimal | None]) -> PartialSum:
        """Sum what is known of `items`."""
        everything = list(items)
        known = [item for item in everything if item is not None]
        value = total(known) if known or not everything else None
        return cls(value, len(known), len(everything))


def sum_known(items: Iterable[float | None]) -> float | None:
    """Sum what is known of `items`; `None` when nothing is."""
    known = [item for item in items if item is not None]
    return sum(known) if known else None
