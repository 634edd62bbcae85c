"""Screen 4."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from textual import on
from textual.widget import Widget

from cotrader_tui.analytics.freshness import in_use
from cotrader_tui.analytics.selection import only_accounts
from cotrader_tui.analytics.streams import worth_a_word
from cotrader_tui.domain.portfolio import AccountBook, PortfolioSnapshot
from cotrader_tui.tui.present import accounts
from cotrader_tui.tui.present.header import stream_of
from cotrader_tui.tui.present.rates import account_totals, rate_lines
from cotrader_tui.tui.present.reconciliation import others_that_differ, reconciliation_lines
from cotrader_tui.tui.present.streams import trouble_lines
from cotrader_tui.tui.present.subjects import AccountSubject, Subject
from cotrader_tui.tui.present.text import Line, Piece, Row
from cotrader_tui.tui.screens.tables import TableScreen
from cotrader_tui.tui.widgets.book_table import BookTable
from cotrader_tui.tui.widgets.lines import Paragraphs


class AccountsScreen(TableScreen):
    """What each account is worth, and below that how the one under the cursor compares with its broker's figures, and
    what is wrong with its stream.
    """

    area = "accounts"
    columns = accounts.COLUMNS
    noun = ("account", "accounts")

    def totals(self, snapshot: PortfolioSnapshot, now: datetime) -> Mapping[str, Piece] | None:
        return account_totals(snapshot, now, self.figures)

    def notes(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Line]:
        return rate_lines(snapshot, now)

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        return accounts.rows(snapshot, now, self.figures)

    def narrowed(self, snapshot: PortfolioSnapshot, keys: Collection[str]) -> PortfolioSnapshot:
        shown = {each.account.id for each in snapshot.accounts if accounts.row_key(each) in keys}
        return only_accounts(snapshot, shown)

    def explained(self) -> Subject | None:
        book = self._book_at_cursor()
        return None if book is None else AccountSubject(book.account.id, self.focused_column)

    def _book_at_cursor(self) -> AccountBook | None:
        snapshot = self.book_app.snapshot
        key = self.table.cursor_key if self._is_ready and self.table.display else None
        books = () if snapshot is None or key is None else snapshot.accounts
        return next((each for each in books if accounts.row_key(each) == key), None)

    def compose_below(self) -> Iterator[Widget]:
        yield Paragraphs(id="against-broker")

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        super().show_book(snapshot, now, at_once=at_once)
        self._show_reconciliation()

    def tick(self) -> None:
        super().tick()
        self._show_reconciliation()

    @on(BookTable.RowHighlighted)
    def _show_reconciliation(self) -> None:
        panel = self.query("#against-broker")
        if not self._is_ready or not panel:
            return
        snapshot, now, book = self.book_app.snapshot, self.book_app.clock(), self._book_at_cursor()
        panel.first().display = book is not None
        if snapshot is not None and book is not None:
            lines = reconciliation_lines(book, snapshot, now, self.figures)
            facts = self.book_app.header_facts
            suspects = [each for each in in_use(snapshot.connections) if worth_a_word(each.stream, now)]
            streams = {each.name: stream_of(facts, each, now) for each in suspects}
            troubles = tuple(trouble_lines(book.connection, streams, now))
            panel.first(Paragraphs).show([*lines, *others_that_differ(book, snapshot), *troubles])
