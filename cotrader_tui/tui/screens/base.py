"""What every screen of the book has: the header, a notice where one is due, the footer."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.present.figures import Figures
from cotrader_tui.tui.present.header import WIDE, header_lines
from cotrader_tui.tui.present.states import notice
from cotrader_tui.tui.present.tables import CORNERS
from cotrader_tui.tui.present.text import Piece, clipped
from cotrader_tui.tui.widgets.key_line import KeyLine
from cotrader_tui.tui.widgets.lines import Header, Paragraphs

if TYPE_CHECKING:
    from cotrader_tui.tui.app import CotraderApp
    from cotrader_tui.tui.present.subjects import Subject


class BookScreen(Screen[None]):
    """A screen that shows a part of the book. It is brought up to date only while it can be seen."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - Textual's own name and type

    opened_by = ""
    """The action that opens it, and closes it again."""

    offered: Collection[str] = ()
    """Actions that its footer shows beside those that every screen's does."""

    _entitled = ""
    _is_ready = False
    """Whether all parts are there: a screen gets its first messages while it is still being put together."""

    @property
    def is_ready(self) -> bool:
        return self._is_ready

    @property
    def can_open(self) -> bool:
        """Whether `enter` leads somewhere."""
        return False

    @property
    def is_masked(self) -> bool:
        """Whether what it shows was made in privacy, where that is on."""
        return True

    def explained(self) -> Subject | None:
        """What `E` explains the figures of; `None`: nothing here."""
        return None

    def charted(self) -> tuple[str, str] | None:
        """The underlying and currency whose Greeks `C` draws; `None`: the portfolio's net liq and day P&L."""
        return None

    @property
    def book_app(self) -> CotraderApp:
        return cast("CotraderApp", self.app)

    @property
    def figures(self) -> Figures:
        return Figures(self.book_app.is_private)

    def compose(self) -> ComposeResult:
        # Each second asks for them: looking them up in the tree would cost as much as what it has to say.
        self._header, self._notice, self._keys = Header(), Paragraphs(id="notice"), KeyLine(self.offered)
        yield self._header
        yield self._notice
        yield from self.compose_body()
        yield self._keys

    def compose_body(self) -> Iterator[Widget]:
        """The part between header and footer."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self._is_ready = True
        self.bring_up_to_date(at_once=True)

    def on_screen_resume(self) -> None:
        self.bring_up_to_date(at_once=True)

    def on_resize(self, _: events.Resize) -> None:
        self.show_header()
        if self._is_ready and self._entitled:
            self.entitle(self._entitled)

    def entitle(self, words: str) -> None:
        """Say above the panel what it shows, as far as there is room."""
        self._entitled = words
        room = max(1, self.size.width - CORNERS - 2)
        self.query_one("#panel").border_title = Content(f" {clipped(words, room)} ")

    def bring_up_to_date(self, *, at_once: bool = False) -> None:
        """Show the newest book; `at_once` lets rows move right away, for when somebody has just arrived here."""
        if not self._is_ready:
            return
        self.show_header()
        snapshot = self.book_app.snapshot
        self.show_book(snapshot, self.book_app.clock(), at_once=at_once)

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        """Show this screen's part of the book as of `now`."""
        raise NotImplementedError

    def tick(self) -> None:
        """A second has passed."""
        self.show_header()

    def show_header(self) -> None:
        # Its parts come later than the screen and go before it does.
        if not self._is_ready or not self.size.width or not self._header.is_attached:
            return
        app = self.book_app
        self._header.show(header_lines(app.header_facts, app.clock(), self.size.width))
        words = notice(app.situation)
        self._notice.display = bool(words)
        self._notice.show([(Piece(words),)])
        self._keys.say_aside(app.line_words)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self.book_app.tell_fault(event.worker.error)
