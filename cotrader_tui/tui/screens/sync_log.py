"""Screen 3, and the detail of one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from textual import on, work
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import SyncRun
from cotrader_tui.errors import StoreError
from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.messages import DetailTrouble, QuarantineRead
from cotrader_tui.tui.present import sync_log
from cotrader_tui.tui.present.reconciliation import reconciliation_lines
from cotrader_tui.tui.present.states import BookState, Trouble, trouble_line
from cotrader_tui.tui.present.text import Row
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.screens.tables import TableScreen
from cotrader_tui.tui.widgets.lines import Paragraphs


class SyncLogScreen(TableScreen):
    """What each attempt to sync came to, newest first."""

    area = "sync_log"
    columns = sync_log.COLUMNS
    noun = ("run", "runs")
    has_details = True

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        return sync_log.rows(snapshot.runs, now)

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        return None if snapshot is not None and snapshot.runs else super().state(snapshot, now)

    def open_row(self, key: str) -> None:
        self.app.push_screen(SyncRunDetail(int(key)))


class SyncRunDetail(BookScreen):
    """One run: its counts, its error with the next step, the rows it could not read; and how the account's figures
    last compared with the broker's.
    """

    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, run: int) -> None:
        super().__init__()
        self._run = run
        self._last: SyncRun | None = None

    def compose_body(self) -> Iterator[Widget]:
        with VerticalScroll(id="panel") as panel:
            panel.border_title = Content(f" Sync run {self._run} ")
            yield Paragraphs(id="facts")
            yield Paragraphs(id="reconciliation")
            yield Paragraphs(id="quarantined")

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        run = next((each for each in snapshot.runs if each.id == self._run), self._last) if snapshot else self._last
        if run is None:
            return
        if run != self._last and run.counts.quarantined:
            self._read_quarantined()
        self._last = run
        self.query_one("#facts", Paragraphs).show(sync_log.detail(run, now))
        book = sync_log.account_of(run, snapshot) if snapshot is not None else None
        if snapshot is not None and book is not None:
            lines = reconciliation_lines(book, snapshot, now, self.figures)
            self.query_one("#reconciliation", Paragraphs).show(lines)

    @work(thread=True, group="detail", exit_on_error=False)
    def _read_quarantined(self) -> None:
        try:
            with Reader(self.book_app.database) as reader:
                self.post_message(QuarantineRead(self._run, reader.quarantined(self._run)))
        except StoreError as error:
            self.post_message(DetailTrouble(Trouble(error.message, error.hint)))

    @on(QuarantineRead)
    def _show_quarantined(self, message: QuarantineRead) -> None:
        self.query_one("#quarantined", Paragraphs).show(sync_log.quarantined(message.rows))

    @on(DetailTrouble)
    def _show_trouble(self, message: DetailTrouble) -> None:
        self.query_one("#quarantined", Paragraphs).show([trouble_line(message.trouble)])
