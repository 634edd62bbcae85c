"""How the rows of one screen are arranged, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from cotrader_tui.tui.present.text import Column

WIDEST = 60
NARROWEST = 4


_CHOSEN_RANK = 3
"""What somebody has added stays as long as what matters most."""


def least_width(column: Column) -> int:
    """How narrow it may be: text may be cut, figures not."""
    return NARROWEST if column.is_text else column.width


class Grouping(StrEnum):
    """What positions stand together by."""

    FLAT = "flat"
    UNDERLYING = "underlying"
    ACCOUNT = "account"
    EXPIRATION = "expiration"
    TYPE = "type"

    @property
    def next(self) -> Grouping:
        """The one after it; flat comes after the last."""
        every = list(Grouping)
        return every[(every.index(self) + 1) % len(every)]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What a person has chosen for one screen."""

    filter: str = ""
    sort: str | None = None
    """The column it is sorted by; `None` for the screen's own order."""
    is_reversed: bool = False
    grouping: Grouping = Grouping.FLAT
    columns: tuple[str, ...] | None = None
    """The columns shown, in order; `None` for the screen's own."""
    widths: Mapping[str, int] = field(default_factory=dict)
    """Of the columns that are not as wide as they come."""

    def sorted_by(self, column: str) -> Arrangement:
        """Sorted by another column, upwards; by the same no longer."""
        return replace(self, sort=None if column == self.sort else column, is_reversed=False)

    def turned(self, column: str) -> Arrangement:
        """Sorted by the column the other way round."""
        if column != self.sort:
            return replace(self, sort=column, is_reversed=True)
        return replace(self, is_reversed=not self.is_reversed)

    def chosen(self, own: Sequence[Column], available: Sequence[Column]) -> tuple[Column, ...]:
        """The columns to show: those chosen of the `available` ones, else the screen's `own`, whose first one stays."""
        known = {column.key: column for column in available}
        keys = self.columns if self.columns is not None else tuple(column.key for column in own)
        first = own[0].key
        wanted = [first, *(key for key in dict.fromkeys(keys) if key in known and key != first)]
        own_keys = {column.key for column in own}
        return tuple(
            replace(
                known[key],
                width=max(self.widths.get(key, known[key].width), least_width(known[key])),
                rank=known[key].rank if key in own_keys else _CHOSEN_RANK,
            )
            for key in wanted
        )

    def as_json(self) -> dict[str, Any]:
        """What differs from the screen's own arrangement."""
        found = {
            "filter": self.filter,
            "sort": self.sort,
            "reversed": self.is_reversed,
            "grouping": None if self.grouping is Grouping.FLAT else self.grouping.value,
            "columns": None if self.columns is None else list(self.columns),
            "widths": dict(self.widths),
        }
        return {key: value for key, value in found.items() if value not in ("", None, False, {})}

    @classmethod
    def from_json(cls, found: object) -> Arrangement:
        """The reverse. Raises ValueError, in words, where it is none."""
        if not isinstance(found, dict):
            raise ValueError("an arrangement is an object in braces")
        known = {"filter", "sort", "reversed", "grouping", "columns", "widths", "screen"}
        if unknown := sorted(map(str, found.keys() - known)):
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(sorted(known))}")
        columns, widths = found.get("columns"), found.get("widths", {})
        return cls(
            filter=_typed(found, "filter", str, ""),
            sort=_typed(found, "sort", str, None),
            is_reversed=_typed(found, "reversed", bool, default=False),
            grouping=Grouping(_typed(found, "grouping", str, "flat")),
            columns=None if columns is None else _texts(columns),
            widths=_widths(widths),
        )


def _typed(found: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:  # noqa: ANN401 - JSON
    value = found.get(key, default)
    if value is not default and not isinstance(value, kind):
        raise ValueError(f"{key!r} is not {'true or false' if kind is bool else 'a text'}")
    return value


def _texts(found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError("'columns' is not a list of texts")
    return tuple(found)


def _widths(found: object) -> dict[str, int]:
    if not isinstance(found, dict):
        raise ValueError("'widths' is not an object in braces")
    for key, width in found.items():
        if not isinstance(width, int) or not NARROWEST <= width <= WIDEST:
            raise ValueError(f"the width of {key!r} is not a number from {NARROWEST} to {WIDEST}")
    return dict(found)
