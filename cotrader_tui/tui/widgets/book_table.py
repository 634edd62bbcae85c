"""A table whose values change in place and whose rows never move under the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Self

from rich.text import Text
from textual import events
from textual.content import Content
from textual.coordinate import Coordinate
from textual.geometry import Region, Size
from textual.message import Message
from textual.timer import Timer
from textual.widgets import DataTable

from cotrader_tui.domain.clock import Clock
from cotrader_tui.tui.present.text import GAP, Column, Piece, Row, fitting, padded

BETWEEN_MOVES = timedelta(seconds=5)
"""Rows move at most this often."""
AFTER_CURSOR = timedelta(seconds=2)
"""Rows do not move while the cursor did within this time."""
_SETTLED = 0.15
"""Seconds without another resize after which the columns are laid out anew."""
_MARKED = 0.8
"""Seconds a changed value stays marked."""


class BookTable(DataTable[Content], inherit_bindings=False):
    """Shows rows by key. A later `show` changes only the cells that differ; the cursor stays on its row's key."""

    class Relaid(Message):
        """The columns have changed with the width."""

    _is_writing = False

    def __init__(self, columns: Sequence[Column], clock: Clock, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(cursor_type="row", cell_padding=0, zebra_stripes=False, id=id)
        self._all_columns = tuple(columns)
        self._clock = clock
        self.visible_columns: tuple[Column, ...] = ()
        self.marks_changes = True
        self._wanted: dict[str, Row] = {}
        self._shown: dict[tuple[str, str], Piece] = {}
        self._moved_at: datetime | None = None
        self._cursor_at: datetime | None = None
        self._marked: set[tuple[str, str]] = set()
        self._resize_timer: Timer | None = None

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor."""
        return self.ordered_rows[self.cursor_row].key.value if self.is_valid_row_index(self.cursor_row) else None

    def show(self, rows: Sequence[Row]) -> None:
        """Show `rows`. Values change at once; rows come, go and move when they may (see `settle`)."""
        self._wanted = {row.key: row for row in rows}
        if not self.visible_columns:
            self._lay_out()
        self._update_values()
        self.settle()

    def settle(self, *, at_once: bool = False) -> None:
        """Let rows come, go and move, unless that was a moment ago or the cursor is moving."""
        shown = [row.key.value for row in self.ordered_rows]
        if not self.visible_columns or shown == list(self._wanted):
            return
        if at_once or not shown or self._may_move():
            self._rebuild()

    def _may_move(self) -> bool:
        now = self._clock()
        return _is_past(self._moved_at, BETWEEN_MOVES, now) and _is_past(self._cursor_at, AFTER_CURSOR, now)

    def go_to(self, key: str) -> None:
        """Put the cursor on a row, if it is there."""
        if key in self.rows:
            self.move_cursor(row=self.get_row_index(key))

    def _update_values(self) -> None:
        changed: list[tuple[str, Column]] = []
        for key, row in self._wanted.items():
            if key not in self.rows:
                continue
            for column in self.visible_columns:
                piece = row.cells.get(column.key, Piece(""))
                if self._shown.get((key, column.key)) != piece:
                    self._shown[key, column.key] = piece
                    changed.append((key, column))
        marked = {(key, column.key) for key, column in changed if column.is_marked and self.marks_changes}
        self._write(changed, marked)
        if marked:
            self._marked |= marked
            self.set_timer(_MARKED, self._unmark)

    def _unmark(self) -> None:
        columns = {column.key: column for column in self.visible_columns}
        cells = [(key, columns[name]) for key, name in self._marked if key in self.rows and name in columns]
        self._marked.clear()
        self._write(cells, set())

    def _write(self, cells: Sequence[tuple[str, Column]], marked: set[tuple[str, str]]) -> None:
        """Change cells and repaint only those."""
        for key, column in cells:
            with self._repainting_nothing():
                is_marked = (key, column.key) in marked
                self.update_cell(key, column.key, self._cell(self._shown[key, column.key], column, is_marked=is_marked))
            self.refresh_coordinate(self.get_cell_coordinate(key, column.key))

    @contextmanager
    def _repainting_nothing(self) -> Iterator[None]:
        self._is_writing = True
        try:
            yield
        finally:
            self._is_writing = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """As `Widget.refresh`; a written cell repaints itself and not, as DataTable has it, the whole table."""
        if self._is_writing and not (regions or layout or recompose):
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _cell(self, piece: Piece, column: Column, *, is_marked: bool = False) -> Content:
        is_last = column is self.visible_columns[-1]
        text = padded(piece.text, column.width, is_text=column.is_text) + ("" if is_last else " " * GAP)
        style = f"bold {piece.style}".strip() if is_marked else piece.style
        return Content.styled(text, style) if style else Content(text)

    def _rebuild(self, columns: tuple[Column, ...] = ()) -> None:
        """Put the wanted rows in, in order, into new `columns` if given; cursor and scroll follow the row's key."""
        key, index, scroll, cursor_at = self.cursor_key, self.cursor_row, self.scroll_y, self._cursor_at
        self._moved_at = self._clock()
        self.clear(columns=bool(columns))
        self._add_columns(columns)
        self._shown.clear()
        self._marked.clear()
        for row in self._wanted.values():
            pieces = [row.cells.get(column.key, Piece("")) for column in self.visible_columns]
            self._shown.update(
                ((row.key, column.key), piece) for column, piece in zip(self.visible_columns, pieces, strict=True)
            )
            self.add_row(
                *(self._cell(piece, column) for column, piece in zip(self.visible_columns, pieces, strict=True)),
                key=row.key,
            )
        at = self.get_row_index(key) if key is not None and key in self.rows else min(index, self.row_count - 1)
        self._restore(max(0, at), scroll + at - index if self.row_count else 0)
        self._cursor_at = cursor_at

    def _restore(self, row: int, scroll: float) -> None:
        self.virtual_size = Size(self.virtual_size.width, self.row_count + self.header_height)
        with self.prevent(DataTable.RowHighlighted):
            self.set_reactive(DataTable.cursor_coordinate, Coordinate(row, 0))
        self.scroll_to(y=max(0, scroll), animate=False, immediate=True, force=True)

    def watch_cursor_coordinate(self, old_coordinate: Coordinate, new_coordinate: Coordinate) -> None:
        if old_coordinate != new_coordinate:
            self._cursor_at = self._clock()
        super().watch_cursor_coordinate(old_coordinate, new_coordinate)

    @property
    def is_settling(self) -> bool:
        """Whether the columns have yet to follow a resize."""
        return self._resize_timer is not None

    def on_resize(self, _: events.Resize) -> None:
        if self._resize_timer is not None:
            self._resize_timer.stop()
        self._resize_timer = self.set_timer(_SETTLED, self._resized)

    def _resized(self) -> None:
        self._resize_timer = None
        self._lay_out()

    def _lay_out(self) -> None:
        """Choose the columns that fit."""
        width = self.size.width - self.styles.scrollbar_size_vertical
        if width <= 0 or (columns := fitting(self._all_columns, width)) == self.visible_columns:
            return
        self._rebuild(columns)
        self.post_message(self.Relaid())

    def _add_columns(self, columns: tuple[Column, ...]) -> None:
        self.visible_columns = columns or self.visible_columns
        for column in columns:
            label = padded(column.label, column.width, is_text=column.is_text)
            gap = 0 if column is columns[-1] else GAP
            self.add_column(Text(label), width=column.width + gap, key=column.key)


def _is_past(instant: datetime | None, span: timedelta, now: datetime) -> bool:
    """Whether `instant` is at least `span` ago; a clock set back counts as past."""
    return instant is None or not timedelta(0) <= now - instant < span
