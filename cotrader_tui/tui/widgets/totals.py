"""The line below a table that adds its columns up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cotrader_tui.tui.present.text import GAP, Column, Line, Piece, clipped, padded
from cotrader_tui.tui.widgets.lines import Lines


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


class Totals(Lines):
    """The totals of a table."""
