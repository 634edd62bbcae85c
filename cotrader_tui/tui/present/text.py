"""The pieces screens are made of: texts with a colour token, rows, columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol
from unicodedata import east_asian_width

GAP = 1
"""Blank cells between two columns."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text, already safe to show, and the style it is shown in ("" for none)."""

    text: str
    style: str = ""
    value: Decimal | float | None = field(default=None, compare=False, repr=False)
    """The figure the text says, unrounded, also where it is masked: rows are sorted and filtered by it."""


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of fixed width. Those with the lowest `rank` stay longest when the screen gets narrow."""

    key: str
    label: str
    width: int
    rank: int
    is_text: bool = False
    """Text is aligned left, figures right."""
    is_flexible: bool = False
    """Takes the width that is left over."""
    is_marked: bool = True
    """A change of its value is marked for a moment."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a key that stays the same as long as it is the same thing, and a cell per column key."""

    key: str
    cells: Mapping[str, Piece]


class Rows(Protocol):
    """The rows of a table in order. What a row says is made only when it is asked for: of thousands few can be seen."""

    @property
    def keys(self) -> Sequence[str]: ...

    def cells(self, key: str) -> Mapping[str, Piece]:
        """The cells of a row by column key; raises KeyError where there is no such row."""
        ...


class MadeRows:
    """Rows that are made already."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._cells = {row.key: row.cells for row in rows}
        self.keys: Sequence[str] = tuple(self._cells)

    def cells(self, key: str) -> Mapping[str, Piece]:
        return self._cells[key]


def cell_width(text: str) -> int:
    """How many cells of a terminal `text` takes, wide characters counted as two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def clipped(text: str, width: int) -> str:
    """`text` in at most `width` cells; what is cut off is said by an ellipsis."""
    if cell_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if cell_width(kept + character) > width - 1:
            break
        kept += character
    return kept + "…"


def padded(text: str, width: int, *, is_text: bool) -> str:
    """`text` in exactly `width` cells: text to the left, figures to the right."""
    text = clipped(text, width)
    fill = " " * (width - cell_width(text))
    return text + fill if is_text else fill + text


def fitting(columns: Sequence[Column], width: int, wanted: str | None = None) -> tuple[Column, ...]:
    """Those of `columns` that fit into `width` cells, in their own order: the first, the `wanted` one, then by rank."""
    room, kept = width, set[str]()
    for column in sorted(columns, key=lambda each: (each is not columns[0], each.key != wanted, each.rank)):
        needed = column.width + (GAP if kept else 0)
        if needed <= room or not kept:
            kept.add(column.key)
            room -= needed
    return tuple(
        _widened(column, room) if column.is_flexible and room > 0 else column
        for column in columns
        if column.key in kept
    )


def _widened(column: Column, by: int) -> Column:
    return replace(column, width=column.width + by)
