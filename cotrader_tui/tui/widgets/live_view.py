"""Rows whose values change all the time: only what can be seen is formatted, only what has changed is repainted."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.timer import Timer

from cotrader_tui.tui.present.tables import HeaderMarks, header_cells
from cotrader_tui.tui.present.text import Column, MadeRows, Piece, Row, Rows, beside_first, fitting
from cotrader_tui.tui.widgets.live_counts import Counts
from cotrader_tui.tui.widgets.live_marks import Marks
from cotrader_tui.tui.widgets.live_model import NOTHING, Cells, LiveModel
from cotrader_tui.tui.widgets.live_paint import Layout, Look, Palette, painted

FLUSHES_PER_SECOND = 4.0
HEADER = 1
"""Lines of the header."""
_MARKED = 0.8
"""Seconds a changed value stays marked, to the next flush."""
_KEPT_STRIPS = 512
_BREATH = 0.8
"""How much of the time between two flushes the table rests. A book that moves at just this rate then finds it
rested and is shown at once, where it would else be missed by the same moment for ever."""
_AGAIN = 0.05
"""Seconds after which a flush is tried again that the terminal was not ready for."""


class LiveView(ScrollView):
    """A header and rows by key. The first column stays where the rest scrolls sideways."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"datatable--cursor", "datatable--hover", "datatable--header"}
    DEFAULT_CSS = """
    LiveView {
        height: 1fr;
        background: $surface;
        color: $foreground;
        scrollbar-size: 1 1;
        scrollbar-gutter: stable;
        & > .datatable--header { text-style: bold; background: $panel; color: $foreground; }
        &:ansi > .datatable--header { background: ansi_bright_blue; color: ansi_default; }
        & > .datatable--hover { background: $block-hover-background; }
        & > .datatable--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .datatable--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        &:nocolor > .datatable--cursor { text-style: reverse; }
    }
    """

    class Relaid(Message):
        """The columns have changed with the width."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        can_flush: Callable[[], bool] = lambda: True,
        flushes_per_second: float = FLUSHES_PER_SECOND,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """`can_flush` says whether the terminal is ready for a frame; `flushes_per_second` is about how many there are
        of a book that never rests."""
        super().__init__(id=id)
        self.model = LiveModel()
        self.counts = Counts()
        self.can_flush = can_flush
        self.marks_changes = True
        self._all_columns = tuple(columns)
        self._keeps_all, self._room = False, 0
        """Whether it scrolls sideways instead of leaving columns out, and the cells there are beside its scrollbar."""
        self._rest = _BREATH / flushes_per_second
        self._rested_at = 0.0
        """From when on, of the monotonic clock, a change is shown at once."""
        self._marks = Marks(max(1, round(_MARKED / self._rest)))
        self._layout = Layout(())
        self._header = HeaderMarks()
        self._when_empty = ""
        self._palette = Palette(self._style_of)
        self._strips: LRUCache[str, tuple[Look, Cells, Strip]] = LRUCache(_KEPT_STRIPS)
        self._ticker: Timer | None = None
        """Runs until the next flush, where there may be one to come."""
        self._is_flushing = False
        """Whether a flush is about to happen."""
        self._is_stale = False

    @property
    def visible_columns(self) -> tuple[Column, ...]:
        """The columns that fit, or all that are kept, as wide as they are."""
        return self._layout.columns

    @property
    def columns_in_sight(self) -> tuple[Column, ...]:
        """Those of them that can be seen as it is scrolled sideways."""
        return self._layout.in_sight(self._left, self._room)

    def show_columns(self, columns: Sequence[Column], marks: HeaderMarks, *, keeps_all: bool = False) -> None:
        """Show these columns from now on, as far as they fit: the one under the column cursor always does. A table
        that `keeps_all` scrolls sideways to that one instead, beside the first."""
        wanted = (tuple(columns), marks, keeps_all)
        if wanted == (self._all_columns, self._header, self._keeps_all):
            return
        self._all_columns, self._header, self._keeps_all = wanted
        self._lay_out()
        self.refresh(Region(0, 0, self.size.width, HEADER))

    @property
    def row_count(self) -> int:
        return len(self.model.keys)

    @property
    def seen_keys(self) -> Sequence[str]:
        """The keys of the rows that can be seen, from the top."""
        top = self.scroll_offset.y
        return self.model.keys[top : top + max(0, self.size.height - HEADER)]

    def look_of(self, key: str) -> Look:
        """How the line of a row looks as a whole."""
        return Look.PLAIN

    def show(self, rows: Rows | Sequence[Row]) -> None:
        """Show `rows`. Values change with the next flush; rows come, go and move when they may (see `settle`)."""
        self.model.apply(MadeRows(rows) if isinstance(rows, Sequence) else rows)
        if not self.visible_columns:
            self._lay_out()
        self.settle()
        self._wake()

    def say_when_empty(self, words: str) -> None:
        """What stands in the place of rows while there are none."""
        if words != self._when_empty:
            self._when_empty = words
            self.refresh(Region(0, HEADER, self.size.width, 1))

    def update_row(self, key: str, cells: Mapping[str, Piece]) -> None:
        """Change some cells of a row with the next flush; raises KeyError where there is no such row."""
        self.model.update(key, cells)
        self._wake()

    def get_cell(self, row_key: str, column_key: str) -> Piece:
        """What a cell says; raises KeyError where there is no such row."""
        return self.model.cells(row_key).get(column_key, NOTHING)

    def settle(self, *, at_once: bool = False) -> None:
        """Let rows come, go and move."""
        if self.visible_columns and self.model.is_out_of_order:
            self.reorder()

    def reorder(self) -> None:
        """Put the rows as `show` last had them."""
        self.model.reorder()
        self._marks.keep(self.model)
        self._strips.clear()
        self._measure()
        self.refresh()

    def repaint_rows(self, *keys: str | None) -> None:
        """Repaint the lines of these rows as far as they can be seen."""
        top, height = self.scroll_offset.y, self.size.height
        lines = [self.model.index(key) - top + HEADER for key in keys if key in self.model]
        regions = [Region(0, line, self.size.width, 1) for line in lines if HEADER <= line < height]
        if regions:
            self.refresh(*regions)

    def key_at(self, y: int) -> str | None:
        """The key of the row at a line of the table, or `None`."""
        row = y - HEADER + self.scroll_offset.y
        return self.model.keys[row] if y >= HEADER and row < self.row_count else None

    def column_at(self, x: int) -> int | None:
        """The index in `visible_columns` of the column at a cell of a line, or `None`."""
        return self._layout.column_at(x if x < self._layout.fixed_width else x + self._left)

    # The flush

    @property
    def flushes_per_second(self) -> float:
        """About how many there are of a book that never rests."""
        return _BREATH / self._rest

    @flushes_per_second.setter
    def flushes_per_second(self, rate: float) -> None:
        self._rest = _BREATH / rate

    def on_mount(self) -> None:
        self._wake()

    def _wake(self) -> None:
        """Show a change at once, or as soon as the table has rested."""
        if not self.is_attached or self._is_flushing or not self.model.is_dirty:
            return
        left = self._rested_at - time.monotonic()
        if left <= 0:
            self._is_flushing = True
            self.call_next(self._tick, has_waited=False)
        elif self._ticker is None:
            self._tick_in(left)

    def _tick_in(self, seconds: float) -> None:
        self._doze()
        self._ticker = self.set_timer(seconds, self._tick)

    def _tick(self, *, has_waited: bool = True) -> None:
        """Flush, and go on as long as there is something to flush. Marks expire only with ticks a rest apart."""
        self._is_flushing = False
        if not self.model.is_dirty and not self._marks:
            self._doze()
        elif not self._is_seen:
            self._take_unseen()
        elif not self.can_flush():
            self.counts.skipped += 1
            self._tick_in(min(_AGAIN, self._rest))
        else:
            self._flush(self._marks.expire() if has_waited else {})

    def _doze(self) -> None:
        """Until something changes."""
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    def _flush(self, expired: Mapping[str, set[str]]) -> None:
        is_dirty = self.model.is_dirty
        is_shown = self._repaint_changes(self.model.take_dirty(self.seen_keys), expired)
        if is_shown and is_dirty:
            self._rested_at = time.monotonic() + self._rest
        if is_shown or self._marks:
            self._tick_in(self._rest)
        else:
            self._doze()

    @property
    def _is_seen(self) -> bool:
        """Whether Textual would draw it: on the uppermost screen, or beneath translucent ones."""
        stack = self.app.screen_stack
        if not self.is_on_screen or self.screen not in stack:
            return False
        above = stack[stack.index(self.screen) + 1 :]
        return all(screen.styles.background.a < 1 for screen in above)

    def _take_unseen(self) -> None:
        """Take changes in without painting."""
        self.model.take_dirty(())
        self._marks.clear()
        self._strips.clear()
        self._is_stale = True
        self._doze()

    def _repaint_changes(self, changed: Mapping[str, set[str]], expired: Mapping[str, set[str]]) -> bool:
        """Repaint of each line in sight what has changed of it, or is no longer marked; whether there was any."""
        self._drop_strips(changed.keys() | expired.keys())
        to_mark = {column.key for column in self.visible_columns if column.is_marked and self.marks_changes}
        nothing: set[str] = set()
        regions: list[Region] = []
        for line, key in enumerate(self.seen_keys, HEADER):
            fresh = changed.get(key, nothing)
            self._marks.add(key, fresh & to_mark)
            if extent := self._layout.extent(fresh | expired.get(key, nothing)):
                regions.append(self._region(line, *extent))
        if regions:
            self.counts.flushes += 1
            self.refresh(*regions)
        return bool(regions)

    def _region(self, line: int, start: int, end: int) -> Region:
        if self._left:
            return Region(0, line, self.size.width, 1)
        return Region(start, line, max(1, min(end, self.size.width) - start), 1)

    def _drop_strips(self, keys: Collection[str]) -> None:
        for key in self._strips.keys() & keys:
            self._strips.discard(key)

    # The picture

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._is_stale:
            self._is_stale = False
            self.refresh()  # Textual keeps lines; those it kept from before the table was hidden are old.
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        self.counts.lines += 1
        width, key = self.size.width, self.key_at(y)
        if key is not None:
            strip = self._row_strip(key, width)
        elif y < HEADER:
            cells = header_cells(self.visible_columns, self._header)
            strip = painted(self._layout, cells, self._palette, Look.HEADER, (), width)
        else:
            plain = self._palette.style(Look.PLAIN)
            words = self._when_empty if y == HEADER and not self.row_count else ""
            return Strip([Segment(f" {words}", plain)] if words else []).adjust_cell_length(width, plain)
        blank = self._palette.style(Look.HEADER if key is None else self.look_of(key))
        left, fixed = self._left, self._layout.fixed_width
        if left:
            rest = self._without_halves(strip, fixed + left, left + self._room, blank)
            strip = Strip.join([strip.crop(0, fixed), rest])
        elif self._layout.width > width:
            strip = self._without_halves(strip, 0, self._room, blank)
        return strip.adjust_cell_length(width, blank)

    def _without_halves(self, strip: Strip, start: int, end: int, blank: RichStyle) -> Strip:
        """From `start` to `end` of a line, blank where a column is not to be seen whole."""
        first, last = self._layout.whole(start, end)
        whole = Strip.join([Strip.blank(first - start, blank), strip.crop(first, last)])
        return whole.adjust_cell_length(end - start, blank)

    def _row_strip(self, key: str, width: int) -> Strip:
        look, cells = self.look_of(key), self.model.cells_to_paint(key)
        kept = self._strips.get(key)
        if kept is not None and kept[0] is look and kept[1] == cells:
            return kept[2]
        self.counts.painted += 1
        strip = painted(self._layout, cells, self._palette, look, self._marks.of(key), width)
        self._strips[key] = look, cells, strip
        return strip

    def _style_of(self, look: Look) -> Style:
        if not look.value:
            return self.visual_style
        # `get_visual_style` leaves reverse out.
        text_style = self.get_component_styles(look.value).text_style
        return replace(self.get_visual_style(look.value), reverse=text_style.reverse)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette.clear()
        self._strips.clear()

    # The size

    def on_resize(self, _: events.Resize) -> None:
        self._strips.clear()
        self._lay_out()

    def lay_out_within(self, width: int) -> None:
        """Choose the columns for so many cells, before it is displayed there: its first picture then has its rows."""
        if not self.size.width:
            self._choose_columns(width)

    @property
    def _left(self) -> int:
        """How far it is scrolled sideways: to where a column begins."""
        x = self.scroll_offset.x
        return self._layout.snapped(x) if x else 0

    def _lay_out(self) -> None:
        """Choose the columns that fit, or scroll sideways to the focused one."""
        is_changed = self._choose_columns(self.size.width)
        x = self._layout.to_see(self._header.focused, self._left, self._room)
        if is_changed or x != self.scroll_offset.x:
            self.scroll_to(x=x, animate=False, force=True, immediate=True)
            self.post_message(self.Relaid())

    def _choose_columns(self, width: int) -> bool:
        """Whether they are others than before."""
        width -= self.styles.scrollbar_size_vertical
        if width <= 0:
            return False
        self._room, every = width, self._all_columns
        columns = beside_first(every, width) if self._keeps_all else fitting(every, width, self._header.focused)
        if columns == self.visible_columns:
            self._measure()
            return False
        self._layout = Layout(columns)
        self._strips.clear()
        self._measure()
        self.settle()
        self.refresh()
        return True

    def _measure(self) -> None:
        size, height = Size(self._layout.scrolled_width(self._room), self.row_count + HEADER), self.size.height
        is_scrolled = min(size.height, self.virtual_size.height) > height and self.scroll_y <= size.height - height
        if size.width == self.virtual_size.width and is_scrolled:
            # The scrollbar is there and stays: no other widget has to be laid out for it.
            self.set_reactive(LiveView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size
