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
from cotrader_tui.tui.present.states import Trouble
from cotrader_tui.tui.present.times import moment
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.widgets.chart import Chart, Series
from cotrader_tui.tui.widgets.content import lines_content


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
            yield Static(markup=False, id="gone")
            yield Static(markup=False, id="figures")
            yield Static("Greeks", markup=False, classes="heading")
            yield Static(markup=False, id="greeks")
            with Horizontal(id="charts"):
                yield Chart("Mark")
                yield Chart("Open P&L")
            with Vertical(id="history"):
                yield Static("Events", markup=False, classes="heading")
                yield Static(markup=False, id="events")

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        found = next((leg for leg in snapshot.legs if leg.position.id == self._position), None) if snapshot else None
        self._say_gone(is_gone=found is None and self._leg is not None)
        leg = self._leg = found or self._leg
        if leg is None:
            return
        self.query_one("#panel").border_title = Content(f" {detail.title(leg, now)} ")
        self.query_one("#figures", Static).update(lines_content(detail.figure_lines(leg, now, self.figures)))
        self.query_one("#greeks", Static).update(lines_content(detail.greek_lines(leg, now, self.figures)))
        if leg.position.last_synced_at != self._read_at or found is None:
            self._read_at = leg.position.last_synced_at
            self._read_history()
        self._show_history()

    def _say_gone(self, *, is_gone: bool) -> None:
        line = self.query_one("#gone", Static)
        if line.display != is_gone or not is_gone:
            line.display = is_gone
            line.update("This position is no longer open. These are its last figures." if is_gone else "")

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
        self.query_one("#events", Static).update(Content(f"{message.trouble.message} {message.trouble.hint}"))

    def _show_history(self) -> None:
        if self._told is None:
            return
        now, history = self.book_app.clock(), self._told.history
        lines = detail.event_lines(self._told.events, now, self.figures)
        self.query_one("#events", Static).update(lines_content(lines))
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
