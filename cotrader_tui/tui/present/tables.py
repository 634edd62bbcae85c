"""What stands around a table: the titles of the areas above it, the line of totals below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cotrader_tui.tui.actions import ACTIONS, Group
from cotrader_tui.tui.keymap import Keymap
from cotrader_tui.tui.present.text import GAP, Column, Line, Piece, cell_width, clipped, padded

CORNERS = 4
"""Cells of a border that its title leaves free."""
_SHORT_TITLES = {"greeks": "Greeks"}


def titles(keymap: Keymap, width: int | None = None, active: str = "positions") -> dict[str, str]:
    """The titles of all areas with their keys, by the action that leads there.

    Where `width` is too small for `" title "` of each and a cell between them, those at the end are only their keys;
    the active one is whole.
    """
    areas = [action for action in ACTIONS if action.group is Group.SCREENS]
    keys = {area.id: "".join(keymap.keys[area.id][:1]) for area in areas}
    found = {area.id: f"{keys[area.id]} {_SHORT_TITLES.get(area.id, area.description)}".strip() for area in areas}
    for area in reversed(areas):
        if width is None or sum(cell_width(title) + 3 for title in found.values()) - 1 <= width:
            break
        if area.id != active:
            found[area.id] = keys[area.id]
    return {area: title for area, title in found.items() if title}


def totals_line(columns: Sequence[Column], cells: Mapping[str, Piece]) -> Line:
    """Totals below their columns; the first one's text may run on as far as the columns beside it are empty."""
    empty = 0
    while empty + 1 < len(columns) and columns[empty + 1].key not in cells:
        empty += 1
    width = sum(column.width for column in columns[: empty + 1]) + GAP * empty
    label = cells[columns[0].key]
    pieces = [Piece(padded(clipped(label.text, width), width, is_text=True), "bold")]
    for column in columns[empty + 1 :]:
        cell = cells.get(column.key, Piece(""))
        style = f"bold {cell.style}".strip()
        pieces.append(Piece(" " * GAP + padded(cell.text, column.width, is_text=column.is_text), style))
    return tuple(pieces)


ASCENDING, DESCENDING = "▲", "▼"


@dataclass(frozen=True, slots=True)
class HeaderMarks:
    """What the header says beside the labels: the column that is sorted by, and the one the column cursor is on."""

    sort: str | None = None
    is_reversed: bool = False
    focused: str | None = None


def header_cells(columns: Sequence[Column], marks: HeaderMarks) -> dict[str, Piece]:
    return {column.key: _header_cell(column, marks) for column in columns}


def _header_cell(column: Column, marks: HeaderMarks) -> Piece:
    label, style = column.label, "reverse" if column.key == marks.focused else ""
    if column.key != marks.sort:
        return Piece(label, style)
    return Piece(clipped(label, column.width - 1) + (DESCENDING if marks.is_reversed else ASCENDING), style)
