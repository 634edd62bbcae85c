"""From the cells of a row to the strip a terminal shows: literal text, never markup, styles that follow the theme."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip
from textual.style import Style

from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present.text import GAP, Column, Piece, clipped
from cotrader_tui.tui.widgets.live_model import NOTHING


class Look(StrEnum):
    """How a line looks as a whole; the value is DataTable's component class."""

    PLAIN = ""
    HOVER = "datatable--hover"
    CURSOR = "datatable--cursor"
    HEADER = "datatable--header"


class Palette:
    """The styles of a table by look and style token, kept until the theme changes."""

    def __init__(self, style_of: Callable[[Look], Style]) -> None:
        self._style_of = style_of
        self._styles: dict[tuple[Look, str, bool], RichStyle] = {}

    def clear(self) -> None:
        self._styles.clear()

    def style(self, look: Look, token: str = "", *, is_marked: bool = False) -> RichStyle:
        """The style of a cell. Under the cursor the bar's own colours win over the cell's, as in DataTable."""
        known = (look, token, is_marked)
        if known not in self._styles:
            style = self._style_of(look)
            if token:
                own = Style.parse(token)
                style += own.without_color if look is Look.CURSOR else own
            self._styles[known] = (replace(style, bold=True) if is_marked else style).rich_style
        return self._styles[known]


def fitted(text: str, width: int) -> tuple[str, int]:
    """`text` in at most `width` cells, cut with an ellipsis but never within a figure, and how many cells are left."""
    text = visible(text)
    taken = len(text) if text.isascii() else cell_len(text)
    if taken > width:
        text = clipped(text, width)
        taken = cell_len(text)
        if taken > width:  # the two count some rare characters differently
            text, taken = set_cell_size(text, width), width
    return text, width - taken


class Layout:
    """Where columns of fixed width stand, `GAP` cells apart."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        starts, at = list[int](), 0
        for column in self.columns:
            starts.append(at)
            at += column.width + GAP
        self.width = max(0, at - GAP)
        self.fixed_width = self.columns[0].width + GAP if self.columns else 0
        """What stays when the table scrolls sideways: the first column."""
        self._extents = {column.key: (at, at + column.width) for column, at in zip(self.columns, starts, strict=True)}

    def extent(self, keys: Collection[str]) -> tuple[int, int] | None:
        """From the leftmost of these columns to the end of the rightmost; `None` where none is shown."""
        extents = [self._extents[key] for key in keys if key in self._extents]
        return (min(start for start, _ in extents), max(end for _, end in extents)) if extents else None

    @property
    def _steps(self) -> list[int]:
        """How far it can be scrolled: to where a column begins beside the first."""
        return [self._extents[column.key][0] - self.fixed_width for column in self.columns[1:]] or [0]

    def scrolled_width(self, width: int) -> int:
        """How wide it is taken for, so that scrolled to its end, too, a column begins beside the first."""
        if self.width <= width:
            return self.width
        return width + next((step for step in self._steps if self.width - step <= width), self._steps[-1])

    def snapped(self, x: int) -> int:
        """How far it is scrolled when `x` cells are asked for."""
        return max((step for step in self._steps if step <= x), default=0)

    def to_see(self, key: str | None, x: int, width: int) -> int:
        """How far to scroll a table of `width` cells, now scrolled by `x`, for a column to be seen whole."""
        if self.width <= width or width <= 0:
            return 0
        if key not in self._extents or key == self.columns[0].key:
            return x
        start, end = self._extents[key]
        if start - self.fixed_width < x:
            return start - self.fixed_width
        return next((step for step in self._steps if step >= x and end - step <= width), start - self.fixed_width)

    def in_sight(self, x: int, width: int) -> tuple[Column, ...]:
        """The first column, and those that are seen whole in `width` cells when scrolled by `x`."""
        start, end = self.fixed_width + x, width + x
        extents = self._extents
        seen = (each for each in self.columns[1:] if start <= extents[each.key][0] and extents[each.key][1] <= end)
        return (*self.columns[:1], *seen)

    def whole(self, start: int, end: int) -> tuple[int, int]:
        """The part from `start` to `end` in which no column is cut: half a figure would be another one."""
        whole = [extent for extent in self._extents.values() if start <= extent[0] and extent[1] <= end]
        if not whole:
            return (start, end if start == 0 else start)  # the first is text
        return whole[0][0], whole[-1][1]

    def column_at(self, x: int) -> int | None:
        """The index of the column at a cell from the left, or `None` beyond the last."""
        for index, column in enumerate(self.columns):
            start, end = self._extents[column.key]
            if start <= x < end + GAP:
                return index
        return None


def painted(
    layout: Layout, cells: Mapping[str, Piece], palette: Palette, look: Look, marked: Collection[str], width: int
) -> Strip:
    """A line at least `width` cells wide. Neighbours in the line's own style are one segment."""
    blank = palette.style(look)
    segments: list[Segment] = []
    held = ""
    for index, column in enumerate(layout.columns):
        piece = cells.get(column.key, NOTHING)
        text, left = fitted(piece.text, column.width)
        before, behind = (0, left) if column.is_text else (left, 0)
        style = palette.style(look, piece.style, is_marked=column.key in marked)
        held += " " * (before + (GAP if index else 0))
        if style is blank or not text:
            held += text
        else:
            if held:
                segments.append(Segment(held, blank))
            segments.append(Segment(text, style))
            held = ""
        held += " " * behind
    held += " " * max(0, width - layout.width)
    if held:
        segments.append(Segment(held, blank))
    return Strip(segments, max(width, layout.width))
