"""What this session has told: what `!` opens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from textual import on
from textual.content import Content
from textual.widget import Widget

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.present import told
from cotrader_tui.tui.present.states import BookState, StateKind
from cotrader_tui.tui.present.text import Row
from cotrader_tui.tui.screens.tables import TableScreen
from cotrader_tui.tui.widgets.book_table import BookTable
from cotrader_tui.tui.widgets.lines import Paragraphs

_NO_BOOK = PortfolioSnapshot()
"""Messages are no part of the book: there are some before it has been read, too."""
_NOTHING = BookState(
    StateKind.EMPTY, "Nothing has been told yet.", ("What is said at the edge of the screen is kept here.",)
)


class MessagesScreen(TableScreen):
    """Every sentence, newest first, and below the table the one under the cursor in full."""

    opened_by = "messages"
    area = "messages"
    columns = told.COLUMNS
    noun = ("message", "messages")

    def on_mount(self) -> None:
        self.query_one("#panel").border_title = Content(" Messages of this session ")

    def compose_below(self) -> Iterator[Widget]:
        yield Paragraphs(id="message")

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        super().show_book(_NO_BOOK, now, at_once=at_once)
        self._show_whole()

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        return told.rows(self.book_app.told, now)

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        return None if self.book_app.told else _NOTHING

    @on(BookTable.RowHighlighted)
    def _show_whole(self) -> None:
        panel, key = self.query("#message"), self.table.cursor_key if self._is_ready and self.table.display else None
        if panel:
            panel.first().display = key is not None
            if key is not None:
                panel.first(Paragraphs).show([(self.table.model.cells(key)["text"],)])
