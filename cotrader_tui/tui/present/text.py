"""The pieces screens are made of: texts with a colour token, rows, columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol
from unicodedata import east_asian_width

GAP = 1
"""Blank cells between two columns."""
_FIGURE_FILL = "#"
_ALONE = re.compile(r"[-+−(]?[\d.,/•]+[kMB%m*)]*")
"""A figure, or one of so many."""


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
    is_drawn: bool = False
    """Its cells are pictures: there is nothing to sort by, and nothing to take away as text."""


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


class ReadyRows:
    """`rows` of which those with some `keys` are made already, so that showing them holds nobody up."""

    def __init__(self, rows: Rows, keys: Iterable[str]) -> None:
        self.keys = rows.keys
        self._rows = rows
        self._made = {key: rows.cells(key) for key in keys}

    def cells(self, key: str) -> Mapping[str, Piece]:
        made = self._made.get(key)
        return self._rows.cells(key) if made is None else made


def cell_width(text: str) -> int:
    """How many cells of a terminal `text` takes, wide characters counted as two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def line_width(line: Line) -> int:
    """The cells a line takes."""
    return sum(cell_width(piece.text) for piece in line)


def clipped(text: str, width: int) -> str:
    """`text` in at most `width` cells; what is cut off is said by an ellipsis.

    No figure is cut, since the rest of it would be another one: it is left out whole, and `#` where it stands alone.
    """
    if cell_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if cell_width(kept + character) > width - 1:
            break
        kept += character
    return _FIGURE_FILL * width if _ALONE.fullmatch(text.strip()) else _whole(kept, text[len(kept) :]) + "…"


def _whole(kept: str, rest: str) -> str:
    """`kept` without the part of a figure that goes on in `rest`; a name that is one word may be cut."""
    head, blank, word = kept.rpartition(" ")
    is_in_figure = word and not rest.startswith(" ") and any(map(str.isdigit, word + rest.split(" ", 1)[0]))
    return head + blank if is_in_figure and head.strip() else kept


def padded(text: str, width: int, *, is_text: bool) -> str:
    """`text` in exactly `width` cells: text to the left, figures to the right."""
    text = clipped(text, width)
    fill = " " * (width - cell_width(text))
    return text + fill if is_text else fill + text


def fitting(columns: Sequence[Column], width: int, wanted: str | None = None) -> tuple[Column, ...]:
    """Those of `columns` that fit into `width` cells, in their own order: the first, the `wanted` one, then by rank.

    The first, which is text, gets no wider than there is room.
    """
    first = replace(columns[0], width=max(1, min(columns[0].width, width)))
    room, kept = width - first.width, {first.key}
    for column in sorted(columns[1:], key=lambda each: (each.key != wanted, each.rank)):
        if column.width + GAP <= room:
            kept.add(column.key)
            room -= column.width + GAP
    return tuple(
        _widened(column, room) if column.is_flexible and room > 0 else column
        for column in (first, *columns[1:])
        if column.key in kept
    )


def beside_first(columns: Sequence[Column], width: int) -> tuple[Column, ...]:
    """All of `columns`, for a table of `width` cells that scrolls sideways beside the first; those that are text get
    narrower where they would not fit beside it.
    """
    if len(fit := fitting(columns, width)) == len(columns):
        return fit
    widest = max((column.width for column in columns[1:] if not column.is_text), default=0)
    first = max(1, min(columns[0].width, width - GAP - widest))
    room = max(1, width - GAP - first)
    rest = (replace(each, width=min(each.width, room)) if each.is_text else each for each in columns[1:])
    return (replace(columns[0], width=first), *rest)


def _widened(column: Column, by: int) -> Column:
    return replace(column, width=column.width + by)
