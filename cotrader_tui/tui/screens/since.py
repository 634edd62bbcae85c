"""Since you left: what happened while nobody looked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

from textual import events, on, work
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from cotrader_tui.analytics.since import Since, since_then
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.errors import StoreError
from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.messages import DetailTrouble, SinceRead
from cotrader_tui.tui.present.charts import counted
from cotrader_tui.tui.present.since import since_lines, title
from cotrader_tui.tui.present.states import Trouble, trouble_line
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.widgets.lines import Paragraphs


def read_since(database: Path, accounts: Collection[AccountId], since: datetime, now: datetime) -> Since:
    """What became of `accounts` from `since` on; to be called in a thread. Raises StoreError."""
    with Reader(database) as reader:
        record = reader.since(accounts, since)
    return since_then(record, now)


class SinceScreen(BookScreen):
    """P&L, what was opened and closed, the biggest changes of Greeks, failed syncs. It is read anew with every sync."""

    opened_by = "since"
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, since: datetime, found: Since | None = None) -> None:
        """`found` is what has been read already."""
        super().__init__()
        self._since = since
        self._found = found
        self._read_for: tuple[object, ...] | None = None

    def compose_body(self) -> Iterator[Widget]:
        with VerticalScroll(id="panel") as panel:
            panel.border_title = " Since you left "
            panel.border_subtitle = Content(f" {self.book_app.keymap.way_to('back')} closes ")
            yield Paragraphs(id="since")

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.bring_up_to_date()

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        if snapshot is None:
            return
        accounts = counted(snapshot)
        synced = (accounts, tuple(book.last_synced_at for book in snapshot.accounts), len(snapshot.legs))
        if synced != self._read_for:
            self._read_for = synced
            self._read(accounts, now)
        self._show(now)

    @work(thread=True, group="since", exclusive=True, exit_on_error=False)
    def _read(self, accounts: tuple[AccountId, ...], now: datetime) -> None:
        try:
            self.post_message(SinceRead(read_since(self.book_app.database, accounts, self._since, now)))
        except StoreError as error:
            self.post_message(DetailTrouble(Trouble(error.message, error.hint)))

    @on(SinceRead)
    def _keep(self, message: SinceRead) -> None:
        self._found = message.found
        self._show(self.book_app.clock())

    @on(DetailTrouble)
    def _tell(self, message: DetailTrouble) -> None:
        self.query_one("#since", Paragraphs).show([trouble_line(message.trouble)])

    def _show(self, now: datetime) -> None:
        if self._found is None or not self.query("#since"):
            return
        self.entitle(title(self._found, now))
        self.query_one("#since", Paragraphs).show(since_lines(self._found, now, self.figures))
