"""What a formula is: a name, a text that can be worked out, and the inputs put into it, each with its origin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from cotrader_tui.domain.portfolio import Leg

Value = Decimal | float | int | date | None
"""`None` is unknown."""
Subject = TypeVar("Subject")
"""What a figure is of: a leg, the book of one underlying, an account in its book."""


class Unit(StrEnum):
    """What a figure is counted in. Money is in the currency of the position, or of the account for its totals."""

    MONEY = "money"
    PRICE = "money per unit of the instrument"
    QUANTITY = "shares or contracts"
    MULTIPLIER = "units per contract"
    PERCENT = "percent"
    FRACTION = "a fraction of 1"
    DAYS = "calendar days"
    DELTA = "money per $1 of the underlying"
    GAMMA = "delta per $1 of the underlying"
    THETA = "money per calendar day"
    VEGA = "money per vol point"
    PER_UNIT = "per unit of the instrument"
    LEGS = "legs"
    NONE = "a number or a date"


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that is put into a formula."""

    name: str
    """As the formula's text has it."""
    value: Value
    unit: Unit
    source: str
    """Where it is from, or why it is not known, in words."""
    at: datetime | None = None
    """When it was received, or computed where it was told with its own time; `None` where it holds by definition."""
    is_amount: bool = False
    """Privacy hides it."""
    formula: str = ""
    """The id of the formula whose result it is."""
    leg: Leg | None = None
    """Of a part of a sum the position it is of."""


@dataclass(frozen=True, slots=True)
class Formula(Generic[Subject]):
    """How one figure comes about."""

    id: str
    """The same word as in JSON, where the figure is there."""
    name: str
    text: str
    """In the names of its inputs with + − × ÷ |…| max(…); the name alone where it is told and not worked out. Of a sum
    `Σ` and what is added up; its inputs are the parts."""
    unit: Unit
    sign: str
    """What + and − mean; empty where it has no sign."""
    source: str
    """Whose formula it is."""
    result: Callable[[Subject, datetime], Value]
    """What is shown, as of a moment; `None` is unknown."""
    inputs: Callable[[Subject, datetime], tuple[Input, ...]]
    is_amount: bool = False
    """Privacy hides it."""
    note: str = ""
    """What else must be known of it, as sentences."""
    is_whole: bool = False
    """Of a sum: unknown as soon as one part is; otherwise what is known is added up."""

    @property
    def is_sum(self) -> bool:
        return self.text.startswith("Σ ")

    @property
    def is_told(self) -> bool:
        """Whether it is somebody else's figure, taken as it is."""
        return not self.is_sum and not _OPERATOR.search(self.text)

    def put_in(self, inputs: Iterable[Input], show: Callable[[Input], str]) -> str:
        """The text with what `show` makes of each input in the place of its name; of a sum the parts that are known."""
        inputs = tuple(inputs)
        if self.is_sum:
            return " + ".join(show(each) for each in inputs if each.value is not None)
        by_name = {each.name: each for each in inputs}
        names = "|".join(re.escape(name) for name in sorted(by_name, key=len, reverse=True))
        return re.sub(names, lambda match: show(by_name[match[0]]), self.text) if names else self.text


_OPERATOR = re.compile(r"[+−×÷|]")
