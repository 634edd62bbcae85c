"""The line below a table where its filter is written, and where it is said that there is one."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from cotrader_tui.tui.present.figures import WARN
from cotrader_tui.tui.present.text import Piece
from cotrader_tui.tui.widgets.lines import Lines, Paragraphs


class FilterInput(Input):
    """One line; `enter` and `esc` are for who owns it."""


class FilterLine(Vertical):
    """Hidden where there is no filter. While it is written a refused text has its reason below it."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="filter-row"):
            yield Static("/", markup=False, id="filter-sign")
            yield FilterInput(compact=True, select_on_focus=False, id="filter-input")
            yield Lines(id="filter-text")
            yield Paragraphs(id="filter-count")
        yield Paragraphs(id="filter-error")

    def on_mount(self) -> None:
        self.display = False
        self.input.display = False

    @property
    def input(self) -> FilterInput:
        return self.query_one(FilterInput)

    @property
    def is_open(self) -> bool:
        """Whether somebody writes in it."""
        return self.is_mounted and bool(self.input.display)

    def open(self, text: str) -> None:
        """Let `text` be changed."""
        field = self.input
        field.display = True
        self.query_one("#filter-text").display = False
        self.display = True
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.screen.set_focus(field)

    def close(self) -> None:
        """Nobody writes any more."""
        self.input.display = False
        self.query_one("#filter-text").display = True

    def show(self, words: str, count: str, error: str) -> None:
        """Say the filter, how much it leaves, and why what is written is none."""
        self.display = self.is_open or bool(words)
        if not self.display:
            return  # a text that cannot be seen would be laid out all the same
        self.query_one("#filter-text", Lines).show([(Piece(words),)])
        self.query_one("#filter-count", Lines).show([(Piece(count),)])
        below = self.query_one("#filter-error", Paragraphs)
        below.display = bool(error)
        below.show([(Piece(error, WARN),)])
