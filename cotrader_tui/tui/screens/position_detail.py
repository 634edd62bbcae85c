"""The detail of one position."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from textual import on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.errors import StoreError
from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.messages import DetailTrouble, HistoryRead
from cotrader_tui.tui.present import detail
from cotrader_tui.tui.present.states import Trouble, trouble_line
from cotrader_tui.tui.present.times import moment
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.widgets.chart import Chart, Series
from cotrader_tui.tui.widgets.lines import Lines, Paragraphs


class PositionDetail(BookScreen):
    """Figures with their formulas, Greeks at entry and now, what happened, and how it went."""

    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, position: int) -> None:
        super().__init__()
        self._position = position
        self._leg: Leg | None = None
        self._told: HistoryRead | None = None
        self._read_at: datetime | None = None

    def compose_body(self) -> Iterator[Widget]:
        with VerticalScroll(id="panel"):
            yield Static("This position is no longer open. These are its last figures.", id="gone")
            yield Paragraphs(id="figures")
            yield Static("Greeks", markup=False, classes="heading")
            yield Lines(id="greeks")
            with Horizontal(id="charts"):
                yield Chart("Mark")
                yield Chart("Open P&L")
            with Vertical(id="history"):
                yield Static("Events", markup=False, classes="heading")
                yield Paragraphs(id="events")

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        found = next((leg for leg in snapshot.legs if leg.position.id == self._position), None) if snapshot else None
        self.query_one("#gone").display = found is None and self._leg is not None
        known = self._leg
        leg = self._leg = found or known
        if leg is None:
            return
        if leg != known:
            self.query_one("#panel").border_title = Content(f" {detail.title(leg, now)} ")
        self.query_one("#figures", Paragraphs).show(detail.figure_lines(leg, now, self.figures, self.size.width - 3))
        self.query_one("#greeks", Lines).show(detail.greek_lines(leg, now, self.figures))
        if leg.position.last_synced_at != self._read_at or found is None:
            self._read_at = leg.position.last_synced_at
            self._read_history()
        self._show_history()

    @work(thread=True, group="detail", exit_on_error=False)
    def _read_history(self) -> None:
        try:
            with Reader(self.book_app.database) as reader:
                events, history = reader.events(self._position), reader.history(self._position)
                self.post_message(HistoryRead(self._position, events, history))
        except StoreError as error:
            self.post_message(DetailTrouble(Trouble(error.message, error.hint)))

    @on(HistoryRead)
    def _keep_history(self, message: HistoryRead) -> None:
        self._told = message
        self._show_history()

    @on(DetailTrouble)
    def _show_trouble(self, message: DetailTrouble) -> None:
        self.query_one("#events", Paragraphs).show([trouble_line(message.trouble)])

    def _show_history(self) -> None:
        if self._told is None:
            return
        now, history = self.book_app.clock(), self._told.history
        self.query_one("#events", Paragraphs).show(detail.event_lines(self._told.events, now, self.figures))
        ticks = (
            [moment(each.at, now) for each in (history[0], history[len(history) // 2], history[-1])] if history else []
        )
        marks, profits = self.query(Chart).results(Chart)
        marks.show(
            Series("Mark", tuple((each.at, float(each.mark)) for each in history if each.mark is not None)), ticks
        )
        if self.figures.is_private:
            profits.show_nothing("Hidden in privacy.")
        else:
            points = tuple((each.at, float(each.open_pnl)) for each in history if each.open_pnl is not None)
            profits.show(Series("Open P&L", points), ticks)
