"""The line below a table that adds its columns up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.widgets import Static

from cotrader_tui.tui.present.text import GAP, Column, Line, Piece, clipped, padded
from cotrader_tui.tui.widgets.content import line_content


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


class Totals(Static):
    """Repainted only when a total differs."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._line: Line = ()

    def show(self, columns: Sequence[Column], cells: Mapping[str, Piece]) -> None:
        line = totals_line(columns, cells) if columns else ()
        if line != self._line:
            self._line = line
            self.update(line_content(line), layout=False)
