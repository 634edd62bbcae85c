"""The areas of the book: a table each, or the state that stands in for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from textual import events, on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.apart import Apart
from cotrader_tui.tui.arrange.arrangement import Grouping
from cotrader_tui.tui.arrange.plan import Plan, arranged
from cotrader_tui.tui.keymap import Keymap
from cotrader_tui.tui.present.book import is_small
from cotrader_tui.tui.present.states import BookState, book_state, empty_state
from cotrader_tui.tui.present.tables import CORNERS, titles, totals_line
from cotrader_tui.tui.present.text import Line, MadeRows, Piece, ReadyRows, Row, Rows
from cotrader_tui.tui.screens.arranging import ArrangedScreen
from cotrader_tui.tui.widgets.book_table import BookTable
from cotrader_tui.tui.widgets.filter_line import FilterLine
from cotrader_tui.tui.widgets.state_panel import StatePanel
from cotrader_tui.tui.widgets.totals import Totals

_A_SCREEN = 50
"""Rows made ready where it is not known how many can be seen."""


def tabs(active: str, keymap: Keymap, width: int | None = None) -> Content:
    """The titles of all areas in at most `width` cells, the active one marked."""
    parts = [
        Content.styled(f" {title} ", "bold $accent reverse" if action == active else "$stale")
        for action, title in titles(keymap, width, active).items()
    ]
    return Content("─").join(parts)


@dataclass(frozen=True, slots=True)
class Page:
    """What an area shows of one book."""

    rows: Rows
    count: int
    """How many of what its noun says the rows are."""
    of: int
    """How many there are without the filter."""
    totals: Mapping[str, Piece] | None
    notes: Sequence[Line]
    plan: Plan
    """What it was made by."""


class TableScreen(ArrangedScreen):
    """An area with a table."""

    AUTO_FOCUS = "BookTable"
    noun = ("row", "rows")
    has_details = False
    _count = ""
    _is_page_masked = False

    def __init__(self) -> None:
        super().__init__()
        self._apart: Apart[tuple[Page, bool]] = Apart(lambda error: self.book_app.tell_fault(error))
        self._has_page = False
        self._shown_plan: Plan | None = None
        """What the rows on the screen were made by."""

    @property
    def can_open(self) -> bool:
        return self.has_details and self._is_ready and bool(self.table.display)

    @property
    def is_masked(self) -> bool:
        return self._is_page_masked or not self._has_page

    def compose_body(self) -> Iterator[Widget]:
        self.recall()
        with Vertical(id="panel") as panel:
            panel.border_title = tabs(self.area, self.book_app.keymap)
            yield BookTable(self.columns, self.book_app.clock, can_flush=self.book_app.is_drained)
            yield Totals()
            yield from self.compose_below()
            yield StatePanel()
        yield FilterLine()

    def on_resize(self, event: events.Resize) -> None:
        """The titles of the areas are as long as there is room."""
        super().on_resize(event)
        if self._is_ready and self.area in self.book_app.MODES:
            room = self.size.width - CORNERS
            self.query_one("#panel").border_title = tabs(self.area, self.book_app.keymap, room)

    def compose_below(self) -> Iterator[Widget]:
        """What stands below the table and its totals."""
        yield from ()

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Rows | Sequence[Row]:
        """All rows of the table, in its own order. Of a large book this is called in a thread, as are the next ones."""
        raise NotImplementedError

    def row_above(self, key: str) -> str | None:
        """The row that a row belongs below, whatever the order; `None` for one that stands by itself."""
        return None

    def is_filtered(self, key: str) -> bool:
        """Whether the filter asks a row itself; the others follow what they stand above or below."""
        return True

    def narrowed(self, snapshot: PortfolioSnapshot, keys: Collection[str]) -> PortfolioSnapshot | None:
        """The part of the book that the rows with these keys show, for totals of just them; `None`: totals of all."""
        return None

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

    def empty_or(self, state: BookState | None, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        """`state`, or the empty book's where there are accounts but no positions."""
        if state is None and snapshot is not None and not snapshot.legs:
            return empty_state(snapshot, now, self.book_app.keymap)
        return state

    def open_row(self, key: str) -> None:
        """`enter` was pressed on a row."""

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        state = self.state(snapshot, now)
        if state is not None or snapshot is None:
            self._swap(state)
            return
        plan = self.plan

        def made() -> tuple[Page, bool]:
            was_private = self.book_app.is_private
            return self.page(snapshot, now, plan), was_private and self.book_app.is_private

        def made_ready() -> tuple[Page, bool]:
            page, is_masked = made()
            return replace(page, rows=ReadyRows(page.rows, _in_sight(page.rows.keys, seen))), is_masked

        if is_small(snapshot):
            self._take_page(made(), at_once=at_once)
        else:
            at_once, seen = at_once or not self._has_page, tuple(self.table.seen_keys)
            self._apart.run(made_ready, lambda found: self._take_page(found, at_once=at_once))

    def page(self, snapshot: PortfolioSnapshot, now: datetime, plan: Plan) -> Page:
        """What is shown by `plan`."""
        found = self.rows(snapshot, now)
        rows = MadeRows(found) if isinstance(found, Sequence) else found
        shown = arranged(rows, plan, self.available, self.row_above, self.is_filtered)
        count, of = self.count(shown.keys), self.count(rows.keys)
        part = self.narrowed(snapshot, set(shown.keys)) if plan.filter else None
        totals, notes = self.totals(part or snapshot, now), self.notes(part or snapshot, now)
        if part is not None and totals is not None:
            totals = totals_of_some(totals, self.columns[0].key, count, of)
        return Page(shown, count, of, totals, notes, plan)

    def _take_page(self, made: tuple[Page, bool], *, at_once: bool) -> None:
        """A page, and whether privacy was on all the while it was made."""
        page, self._is_page_masked = made
        self._show_page(page, at_once=at_once)

    def _show_page(self, page: Page, *, at_once: bool) -> None:
        if not self.is_attached:
            return
        self._swap(None)
        self._has_page = True
        table, line = self.table, self.query_one(Totals)
        self.book_app.pace(table)
        self._shown = (page.count, page.of)
        self.show_arrangement()
        table.show(page.rows)
        is_rearranged = self._shown_plan is not None and self._shown_plan != page.plan
        self._shown_plan = page.plan
        if at_once or is_rearranged:
            table.settle(at_once=True)
        self._say_count(self._counted(page))
        line.display = page.totals is not None and bool(table.display)
        if table.visible_columns:
            self.call_after_refresh(self.book_app.reveal)
        if page.totals is not None and table.visible_columns:
            line.show([totals_line(table.columns_in_sight, page.totals), *page.notes])

    def _swap(self, state: BookState | None) -> None:
        panel, table = self.query_one(StatePanel), self.table
        if state is None and not table.display:
            table.lay_out_within(self.query_one("#panel").content_size.width)
        table.display, panel.display = state is None, state is not None
        wanted = table if state is None else panel
        if not wanted.has_focus and not (state is None and self.filter_line.is_open):
            wanted.focus()
        if state is not None:
            self.query_one(Totals).display = False
            self._say_count("")
            panel.show(state)
            self.call_after_refresh(self.book_app.reveal)

    def _counted(self, page: Page) -> str:
        grouping = page.plan.arrangement.grouping
        of = f"/{page.of}" if page.plan.filter else ""
        by = f"· by {grouping} " if self.can_group and grouping is not Grouping.FLAT else ""
        seen, every = len(self.table.columns_in_sight), len(self.table.visible_columns)
        columns = f"· {seen} of {every} columns " if seen < every else ""
        return f" {page.count}{of} {self.noun[page.of != 1]} {by}{columns}"

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


def _in_sight(keys: Sequence[str], seen: Sequence[str]) -> Collection[str]:
    """Those of `keys` that can be `seen` now, and those that can be once rows have come, gone and moved."""
    known = frozenset(keys)
    still = [key for key in seen if key in known]
    top = keys.index(still[0]) if still else 0
    return {*still, *keys[top : top + max(len(seen), _A_SCREEN)]}


def totals_of_some(totals: Mapping[str, Piece], first: str, count: int, of: int) -> dict[str, Piece]:
    """`totals` that say in their first column that they are of the rows shown."""
    label, some = totals[first], f"{count} of {of}"
    rest = label.text.removeprefix("Totals")
    joined = f"{some}: {rest}" if rest == label.text else f"Totals of {some}{rest}"
    return {**totals, first: Piece(joined, label.style)}
