"""A table of values that change all the time, with DataTable's keys, look and messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets.data_table import ColumnKey, RowKey

from cotrader_tui.domain.clock import Clock
from cotrader_tui.tui.present.text import Column
from cotrader_tui.tui.widgets.live_paint import Look
from cotrader_tui.tui.widgets.live_view import FLUSHES_PER_SECOND, HEADER, LiveView

BETWEEN_MOVES = timedelta(seconds=5)
"""Rows move at most this often."""
AFTER_CURSOR = timedelta(seconds=2)
"""Rows do not move while the cursor did within this time."""


class LiveTable(LiveView, can_focus=True):
    """A LiveView with a cursor. Cursor and scroll stay with their row's key; rows never move under the hand."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Select", show=False),
        Binding("up", "cursor_up", "Cursor up", show=False),
        Binding("down", "cursor_down", "Cursor down", show=False),
        Binding("right", "cursor_right", "Scroll right", show=False),
        Binding("left", "cursor_left", "Scroll left", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("ctrl+home", "scroll_top", "Top", show=False),
        Binding("ctrl+end", "scroll_bottom", "Bottom", show=False),
        Binding("home", "scroll_home", "Home", show=False),
        Binding("end", "scroll_end", "End", show=False),
    ]

    class _OfRow(Message):
        def __init__(self, table: LiveTable, cursor_row: int, row_key: RowKey) -> None:
            super().__init__()
            self.table = table
            self.cursor_row = cursor_row
            self.row_key = row_key

        @property
        def control(self) -> LiveTable:
            return self.table

    class RowHighlighted(_OfRow):
        """The cursor is on another row."""

    class RowSelected(_OfRow):
        """Enter, or a click on the row under the cursor."""

    class HeaderSelected(Message):
        """A click on a column's label."""

        def __init__(self, table: LiveTable, column_key: ColumnKey, column_index: int, label: str) -> None:
            super().__init__()
            self.table = table
            self.column_key = column_key
            self.column_index = column_index
            self.label = label

        @property
        def control(self) -> LiveTable:
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        clock: Clock,
        *,
        can_flush: Callable[[], bool] = lambda: True,
        flushes_per_second: float = FLUSHES_PER_SECOND,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(
            columns,
            can_flush=can_flush,
            flushes_per_second=flushes_per_second,
            id=id,
        )
        self._clock = clock
        self._cursor_key: str | None = None
        self._hover_key: str | None = None
        self._cursor_at: datetime | None = None
        self._moved_at: datetime | None = None
        self._page_before = 0

    # The order

    def settle(self, *, at_once: bool = False) -> None:
        """Let rows come, go and move, unless that was a moment ago or the cursor is moving."""
        if not self.visible_columns or not self.model.is_out_of_order:
            return
        now = self._clock()
        may_move = _is_past(self._moved_at, BETWEEN_MOVES, now) and _is_past(self._cursor_at, AFTER_CURSOR, now)
        if at_once or not self.row_count or may_move:
            self._moved_at = now
            self.reorder()

    def reorder(self) -> None:
        """Put the rows as `show` last had them; cursor and scroll follow the row's key."""
        anchor, cursor_row = self._anchor(), self.cursor_row
        anchor_row = self.model.index(anchor) if anchor is not None else 0
        super().reorder()
        if self._cursor_key not in self.model:
            keys = self.model.keys
            self._cursor_key = keys[min(cursor_row, len(keys) - 1)] if keys else None
            self._tell_highlighted()
        if anchor in self.model:
            shift = self.model.index(anchor) - anchor_row
            self.scroll_to(y=max(0, self.scroll_offset.y + shift), animate=False, force=True)

    def _anchor(self) -> str | None:
        """The row whose place on the screen is kept: the cursor's where it can be seen, else the uppermost."""
        seen = self.seen_keys
        if self._cursor_key in seen:
            return self._cursor_key
        return seen[0] if seen else None

    # The cursor

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._cursor_key

    @property
    def cursor_row(self) -> int:
        """The place of the row under the cursor from 0."""
        return self.model.index(self._cursor_key) if self._cursor_key in self.model else 0

    def look_of(self, key: str) -> Look:
        if key == self._cursor_key:
            return Look.CURSOR
        return Look.HOVER if key == self._hover_key else Look.PLAIN

    def go_to(self, key: str) -> None:
        """Put the cursor on a row, if it is there."""
        if key in self.model:
            self.move_cursor(row=self.model.index(key))

    def move_cursor(self, *, row: int, scroll: bool = True) -> None:
        """Put the cursor on the row at a place from 0, or the nearest there is."""
        if not self.row_count:
            return
        row = max(0, min(row, self.row_count - 1))
        key = self.model.keys[row]
        if key != self._cursor_key:
            left, self._cursor_key = self._cursor_key, key
            self._cursor_at = self._clock()
            self.repaint_rows(left, key)
            self._tell_highlighted()
        if scroll:
            self._scroll_to_row(row)

    def _scroll_to_row(self, row: int) -> None:
        top, page = self.scroll_offset.y, self._page
        if not top <= row < top + page:
            self.scroll_to(y=row if row < top else row - page + 1, animate=False, force=True)

    def on_resize(self, _: events.Resize) -> None:
        """The cursor's row stays in sight where it was."""
        before, self._page_before = self._page_before, self._page
        if self.row_count and 0 <= self.cursor_row - self.scroll_offset.y < before:
            self._scroll_to_row(self.cursor_row)

    def _tell_highlighted(self) -> None:
        if self._cursor_key is not None:
            self.post_message(self.RowHighlighted(self, self.cursor_row, RowKey(self._cursor_key)))

    @property
    def _page(self) -> int:
        """The number of rows that can be seen."""
        return max(1, self.scrollable_content_region.height - HEADER)

    def action_cursor_up(self) -> None:
        self.move_cursor(row=self.cursor_row - 1)

    def action_cursor_down(self) -> None:
        self.move_cursor(row=self.cursor_row + 1)

    def action_page_up(self) -> None:
        self._move_page(-self._page)

    def action_page_down(self) -> None:
        self._move_page(self._page)

    def _move_page(self, rows: int) -> None:
        self.scroll_relative(y=rows, animate=False, force=True)
        self.move_cursor(row=self.cursor_row + rows)

    def action_scroll_top(self) -> None:
        self.move_cursor(row=0)

    def action_scroll_bottom(self) -> None:
        self.move_cursor(row=self.row_count - 1)

    def action_cursor_left(self) -> None:
        self.action_scroll_left()

    def action_cursor_right(self) -> None:
        self.action_scroll_right()

    def action_scroll_home(self) -> None:
        self.scroll_to(x=0, animate=False, force=True)

    def action_scroll_end(self) -> None:
        self.scroll_to(x=self.max_scroll_x, animate=False, force=True)

    def action_select_cursor(self) -> None:
        if self._cursor_key is not None:
            self.post_message(self.RowSelected(self, self.cursor_row, RowKey(self._cursor_key)))

    # The mouse

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        if at.y < HEADER:
            self._select_header(at.x)
        elif (key := self.key_at(at.y)) is not None:
            event.stop()
            if key == self._cursor_key:
                self.action_select_cursor()
            else:
                self.go_to(key)

    def _select_header(self, x: int) -> None:
        index = self.column_at(x)
        if index is not None:
            column = self.visible_columns[index]
            self.post_message(self.HeaderSelected(self, ColumnKey(column.key), index, column.label))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        at = event.get_content_offset(self)
        self._hover(None if at is None else self.key_at(at.y))

    def on_leave(self, _: events.Leave) -> None:
        self._hover(None)

    def on_mouse_scroll_down(self, _: events.MouseScrollDown) -> None:
        self._hover(None)

    def on_mouse_scroll_up(self, _: events.MouseScrollUp) -> None:
        self._hover(None)

    def _hover(self, key: str | None) -> None:
        if key != self._hover_key:
            left, self._hover_key = self._hover_key, key
            self.repaint_rows(left, key)


def _is_past(instant: datetime | None, span: timedelta, now: datetime) -> bool:
    """Whether `instant` is at least `span` ago; a clock set back counts as past."""
    return instant is None or not timedelta(0) <= now - instant < span
