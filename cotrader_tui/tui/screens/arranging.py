"""What a person does to a table: filter, sort, group, fold, choose columns. The table itself is the screen's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual import on
from textual.widgets import Input

from cotrader_tui.tui.arrange.arrangement import Arrangement
from cotrader_tui.tui.arrange.cells import fields_of
from cotrader_tui.tui.arrange.grammar import Field, Filter, FilterError, parse
from cotrader_tui.tui.arrange.plan import Plan
from cotrader_tui.tui.present.tables import HeaderMarks
from cotrader_tui.tui.present.text import Column
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.screens.column_chooser import ColumnChooser
from cotrader_tui.tui.widgets.book_table import BookTable
from cotrader_tui.tui.widgets.filter_line import FilterLine


class ArrangedScreen(BookScreen):
    """A screen whose table can be arranged; `area` is what its arrangement is remembered under."""

    area = ""
    columns: Sequence[Column] = ()
    more_columns: Sequence[Column] = ()
    """Columns to choose from beside its own."""
    can_group = False

    def __init__(self) -> None:
        super().__init__()
        self.arrangement = Arrangement()
        self._filter = Filter()
        self._filter_error = ""
        self._focused_column: str | None = None
        self._folded = frozenset[str]()
        self._shown = (0, 0)
        """How many rows are shown, and of how many."""

    @property
    def table(self) -> BookTable:
        return self.query_one(BookTable)

    @property
    def filter_line(self) -> FilterLine:
        return self.query_one(FilterLine)

    @property
    def can_arrange(self) -> bool:
        """Whether there is a table to be seen."""
        return self._is_ready and bool(self.table.display)

    @property
    def available(self) -> tuple[Column, ...]:
        """Every column there is."""
        return (*self.columns, *self.more_columns)

    @property
    def fields(self) -> Mapping[str, Field]:
        """What the filter may ask for."""
        return fields_of(self.columns)

    @property
    def chosen(self) -> tuple[Column, ...]:
        """The columns to show, as far as they fit."""
        return self.arrangement.chosen(self.columns, self.available)

    @property
    def plan(self) -> Plan:
        return Plan(self.arrangement, self._filter, self.chosen, self._folded)

    def recall(self) -> None:
        """Take the arrangement in which the screen was left."""
        self.arrangement = self.book_app.views.of_screen(self.area)

    def rearrange(self, arrangement: Arrangement) -> None:
        """Arrange the table so from now on; a filter that is not understood is told and left out."""
        if arrangement.grouping is not self.arrangement.grouping:
            self._folded = frozenset()
        if arrangement.filter != self.arrangement.filter:
            try:
                self._filter = parse(arrangement.filter, self.fields)
            except FilterError as error:
                self.book_app.tell_problem(f"The filter {arrangement.filter!r} is not understood. {error}")
                arrangement, self._filter = replace(arrangement, filter=""), Filter()
        self.arrangement = arrangement
        self.book_app.remember(self.area, arrangement)
        self.bring_up_to_date(at_once=True)

    def show_arrangement(self) -> None:
        """Show it in the table's header and in the line of the filter."""
        arrangement = self.arrangement
        marks = HeaderMarks(arrangement.sort, arrangement.is_reversed, self._focused_column)
        self.table.show_columns(self.chosen, marks, keeps_all=self.book_app.keeps_all_columns)
        count, of = self._shown
        words = self._filter.words(is_private=self.book_app.is_private)
        clears = f"{self.book_app.keymap.way_to('back')} clears"
        keys = f" · enter keeps, {clears}" if self.filter_line.is_open else f" · {clears}" if words else ""
        self.table.say_when_empty(f"Nothing meets the filter; {clears} it." if self._filter else "")
        self.filter_line.show(words, f"{count}/{of}{keys}", self._filter_error)

    # The column cursor and the order

    def move_column(self, by: int) -> None:
        """Put the column cursor so many columns to the right; it stays within the columns chosen."""
        keys = [column.key for column in self.chosen]
        at = keys.index(self._focused_column) + by if self._focused_column in keys else max(0, by)
        self._focused_column = keys[max(0, min(at, len(keys) - 1))]
        self.show_arrangement()

    @property
    def focused_column(self) -> str:
        """The column the cursor is on; the first where it has not been moved."""
        keys = [column.key for column in self.chosen]
        return self._focused_column if self._focused_column in keys else keys[0]

    def sort(self) -> None:
        """Sort by the focused column; if that is so already, by the screen's own order."""
        self.rearrange(self.arrangement.sorted_by(self.focused_column))

    def turn(self) -> None:
        """Sort by the focused column the other way round."""
        self.rearrange(self.arrangement.turned(self.focused_column))

    @on(BookTable.HeaderSelected)
    def _header_clicked(self, event: BookTable.HeaderSelected) -> None:
        column = str(event.column_key.value)
        is_sorted = self.arrangement.sort == column
        self.rearrange(self.arrangement.turned(column) if is_sorted else self.arrangement.sorted_by(column))

    # Groups

    def group(self) -> None:
        """Go on to the next grouping."""
        self.rearrange(replace(self.arrangement, grouping=self.arrangement.grouping.next))

    def fold(self) -> None:
        """Hide or show the rows of the group under the cursor."""
        group = self.group_of(self.table.cursor_key)
        if group is not None:
            self.table.go_to(group)
            self._folded ^= {group}
            self.bring_up_to_date(at_once=True)

    def group_of(self, key: str | None) -> str | None:
        """The key of the group's row that a row stands below, or is; `None` without groups."""
        return None

    # Columns

    def choose_columns(self) -> None:
        self.app.push_screen(ColumnChooser(self.columns, self.available, lambda: self.arrangement, self.rearrange))

    # The filter

    def open_filter(self) -> None:
        """Let the filter be written."""
        if not self.filter_line.is_open:
            self.filter_line.open(self.arrangement.filter)

    def clear_filter(self) -> bool:
        """Show everything again; returns whether there was a filter, or somebody writing one."""
        was_open = self.filter_line.is_open
        if not was_open and not self._filter:
            return False
        self._close_filter()
        self._filter_error = ""
        self.rearrange(replace(self.arrangement, filter=""))
        return True

    def _close_filter(self) -> None:
        self.filter_line.close()
        self.table.focus()

    @on(Input.Changed, "#filter-input")
    def _filter_typed(self, event: Input.Changed) -> None:
        if not self.filter_line.is_open:
            return
        try:
            self._filter = parse(event.value, self.fields)
        except FilterError as error:
            self._filter_error = str(error)
            self.show_arrangement()
            return
        self._filter_error = ""
        self.arrangement = replace(self.arrangement, filter=event.value.strip())
        self.bring_up_to_date(at_once=True)

    @on(Input.Submitted, "#filter-input")
    def _filter_kept(self) -> None:
        if not self._filter_error:
            self._close_filter()
            self.show_arrangement()
