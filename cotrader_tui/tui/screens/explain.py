"""How figures come about: what `E` opens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from textual import events
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.present.explain import Page, explanation
from cotrader_tui.tui.present.subjects import Subject
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.widgets.lines import Lines

_BORDERS = 3
"""Cells beside the text: the frame, its padding, the scroll bar."""


class ExplainScreen(BookScreen):
    """Every figure of a position, an underlying or an account with its formula and its inputs, as they change."""

    opened_by = "explain"
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self._subject = subject
        self._page: Page | None = None

    def compose_body(self) -> Iterator[Widget]:
        yield Static("This is no longer held. These are its last figures.", id="gone")
        with VerticalScroll(id="panel"):
            yield Lines(id="explanation")

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.bring_up_to_date()

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        if snapshot is None or not self.size.width:
            return
        found = explanation(self._subject, snapshot, now, self.figures, self.size.width - _BORDERS)
        self.query_one("#gone").display = found is None
        if found is None:
            return
        if self._page is None or found.title != self._page.title:
            self.entitle(found.title)
        self._page = found
        self.query_one("#explanation", Lines).show(found.lines)
