"""The detail of one position."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from textual import on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.sync import RunStatus, SyncKind
from cotrader_tui.errors import StoreError
from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.messages import DetailTrouble, HistoryRead
from cotrader_tui.tui.present import detail
from cotrader_tui.tui.present.states import Trouble, trouble_line
from cotrader_tui.tui.present.subjects import PositionSubject
from cotrader_tui.tui.present.times import moment
from cotrader_tui.tui.present.transactions import transaction_lines
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.widgets.chart import Chart, Series
from cotrader_tui.tui.widgets.lines import Lines, Paragraphs

_TRANSACTIONS = 200
"""At most so many of the newest are shown."""


class PositionDetail(BookScreen):
    """Figures with their formulas, Greeks at entry and now, what happened, and how it went."""

    AUTO_FOCUS = "VerticalScroll"
    offered = ("explain", "charts")

    def __init__(self, position: int) -> None:
        super().__init__()
        self._position = position
        self._leg: Leg | None = None
        self._told: HistoryRead | None = None
        self._read_at: tuple[datetime, int] | None = None

    def explained(self) -> PositionSubject:
        return PositionSubject(self._position)

    def compose_body(self) -> Iterator[Widget]:
        with VerticalScroll(id="panel"):
            yield Static("This position is no longer open. These are its last figures.", id="gone")
            yield Paragraphs(id="figures")
            yield Static("Greeks", markup=False, classes="heading")
            yield Lines(id="greeks")
            with Horizontal(id="charts"):
                yield Chart("Mark", is_ascii=self.book_app.options.is_ascii)
                yield Chart("Open P&L", is_ascii=self.book_app.options.is_ascii)
            with Vertical(id="history"):
                yield Static("Events", markup=False, classes="heading")
                yield Paragraphs(id="events")
                yield Static("Transactions", markup=False, classes="heading")
                yield Paragraphs(id="transactions")

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        found = next((leg for leg in snapshot.legs if leg.position.id == self._position), None) if snapshot else None
        self.query_one("#gone").display = found is None and self._leg is not None
        known = self._leg
        leg = self._leg = found or known
        if leg is None:
            return
        if leg != known:
            self.entitle(detail.title(leg, now))
        lines = detail.figure_lines(leg, now, self.figures, self.size.width - 3, snapshot.sessions if snapshot else ())
        self.query_one("#figures", Paragraphs).show(lines)
        self.query_one("#greeks", Lines).show(detail.greek_lines(leg, now, self.figures))
        newest = (leg.position.last_synced_at, _newest_booking(snapshot))
        if newest != self._read_at or found is None:
            self._read_at = newest
            self._read_history(leg.position.account, leg.position.instrument.symbol)
        self._show_history()

    @work(thread=True, group="detail", exit_on_error=False)
    def _read_history(self, account: AccountId, symbol: str) -> None:
        try:
            with Reader(self.book_app.database) as reader:
                events, history = reader.events(self._position), reader.history(self._position)
                booked = reader.transactions([account], symbol, _TRANSACTIONS)
                self.post_message(HistoryRead(self._position, events, history, booked))
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
        booked = transaction_lines(self._told.transactions, now, self.figures)
        self.query_one("#transactions", Paragraphs).show(booked)
        marks, profits = self.query(Chart).results(Chart)
        known = tuple((each.at, float(each.mark)) for each in history if each.mark is not None)
        marks.show(Series("Mark", known), self._label)
        if self.figures.is_private:
            profits.show_nothing("Hidden in privacy.")
        else:
            points = tuple((each.at, float(each.open_pnl)) for each in history if each.open_pnl is not None)
            profits.show(Series("Open P&L", points), self._label)

    def _label(self, at: datetime) -> str:
        return moment(at, self.book_app.clock())


def _newest_booking(snapshot: PortfolioSnapshot | None) -> int:
    """The newest sync of transactions that has ended, by its number; 0 without any."""
    ended = (
        run.id
        for run in (snapshot.runs if snapshot else ())
        if run.sync_type == SyncKind.TRANSACTIONS and run.status is not RunStatus.RUNNING
    )
    return max(ended, default=0)
