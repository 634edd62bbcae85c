"""The areas of the book: a table each, or the state that stands in for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.actions import ACTIONS, Group
from cotrader_tui.tui.apart import Apart
from cotrader_tui.tui.present.book import is_small
from cotrader_tui.tui.present.states import BookState, book_state, empty_state
from cotrader_tui.tui.present.text import Column, Line, MadeRows, Piece, Row, Rows
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.widgets.book_table import BookTable
from cotrader_tui.tui.widgets.state_panel import StatePanel
from cotrader_tui.tui.widgets.totals import Totals, totals_line

_SHORT_TITLES = {"greeks": "Greeks"}


def tabs(active: str) -> Content:
    """The titles of all areas, the active one marked."""
    parts = []
    for action in ACTIONS:
        if action.group is Group.SCREENS:
            title = f"{action.keys[0]} {_SHORT_TITLES.get(action.id, action.description)}"
            style = "bold $accent reverse" if action.id == active else "$foreground 70%"
            parts.append(Content.styled(f" {title} ", style))
    return Content("─").join(parts)


@dataclass(frozen=True, slots=True)
class Page:
    """What an area shows of one book."""

    rows: Rows
    count: int
    """How many of what its noun says the rows are."""
    totals: Mapping[str, Piece] | None
    notes: Sequence[Line]


class TableScreen(BookScreen):
    """An area with a table."""

    AUTO_FOCUS = "BookTable"
    area = ""
    columns: Sequence[Column] = ()
    noun = ("row", "rows")
    has_details = False
    _count = ""

    def __init__(self) -> None:
        super().__init__()
        self._apart: Apart[Page] = Apart(lambda error: self.book_app.tell_fault(error))
        self._has_page = False

    @property
    def can_open(self) -> bool:
        return self.has_details and self._is_ready and bool(self.table.display)

    def compose_body(self) -> Iterator[Widget]:
        with Vertical(id="panel") as panel:
            panel.border_title = tabs(self.area)
            yield BookTable(self.columns, self.book_app.clock, can_flush=self.book_app.is_drained)
            yield Totals()
            yield StatePanel()

    @property
    def table(self) -> BookTable:
        return self.query_one(BookTable)

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Rows | Sequence[Row]:
        """The rows of the table. Of a large book this is called in a thread, as are `totals`, `notes` and `count`."""
        raise NotImplementedError

    def totals(self, snapshot: PortfolioSnapshot, now: datetime) -> Mapping[str, Piece] | None:
        """The cells of the line below the table, or `None` for no such line."""
        return None

    def notes(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Line]:
        """Lines below the totals on how they came about."""
        return ()

    def count(self, rows: Sequence[str]) -> int:
        """How many of what `noun` says the rows with these keys are."""
        return len(rows)

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        """The state to show instead of the table, if any."""
        return book_state(self.book_app.situation, now)

    def open_row(self, key: str) -> None:
        """`enter` was pressed on a row."""

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        state = self.state(snapshot, now)
        self._swap(state)
        if state is not None or snapshot is None:
            return
        if is_small(snapshot):
            self._show_page(self._page(snapshot, now), at_once=at_once)
        else:
            at_once = at_once or not self._has_page
            self._apart.run(lambda: self._page(snapshot, now), lambda page: self._show_page(page, at_once=at_once))

    def _page(self, snapshot: PortfolioSnapshot, now: datetime) -> Page:
        found = self.rows(snapshot, now)
        rows = MadeRows(found) if isinstance(found, Sequence) else found
        return Page(rows, self.count(rows.keys), self.totals(snapshot, now), self.notes(snapshot, now))

    def _show_page(self, page: Page, *, at_once: bool) -> None:
        if not self.is_attached:
            return
        self._has_page = True
        table, line = self.table, self.query_one(Totals)
        table.marks_changes = self.book_app.marks_changes
        table.show(page.rows)
        if at_once:
            table.settle(at_once=True)
        self._say_count(f" {page.count} {self.noun[page.count != 1]} ")
        line.display = page.totals is not None and bool(table.display)
        if page.totals is not None and table.visible_columns:
            line.show([totals_line(table.visible_columns, page.totals), *page.notes])

    def _swap(self, state: BookState | None) -> None:
        panel, table = self.query_one(StatePanel), self.table
        table.display, panel.display = state is None, state is not None
        wanted = table if state is None else panel
        if not wanted.has_focus:
            wanted.focus()
        if state is not None:
            self.query_one(Totals).display = False
            self._say_count("")
            panel.show(state)

    def _say_count(self, words: str) -> None:
        if words != self._count:
            self._count = words
            self.query_one("#panel").border_subtitle = words

    def tick(self) -> None:
        super().tick()
        if self._is_ready:
            self.table.settle()

    @on(BookTable.Relaid)
    def _columns_changed(self) -> None:
        self.bring_up_to_date()

    @on(BookTable.RowSelected)
    def _row_selected(self, event: BookTable.RowSelected) -> None:
        if event.row_key.value is not None:
            self.open_row(event.row_key.value)


def empty_or(state: BookState | None, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
    """`state`, or the empty book's where there are accounts but no positions."""
    if state is None and snapshot is not None and not snapshot.legs:
        return empty_state(snapshot, now)
    return state
