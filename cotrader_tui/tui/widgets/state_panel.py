"""What stands where a table would be: a title and paragraphs."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from cotrader_tui.tui.present.states import BookState


class StatePanel(VerticalScroll):
    """Shows one of the four states; scrolls where the screen is too small for its words."""

    def __init__(self) -> None:
        super().__init__()
        self._state: BookState | None = None

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="state-title")
        yield Static(markup=False, id="state-text")

    def show(self, state: BookState) -> None:
        if state == self._state:
            return
        self._state = state
        self.set_classes(f"-{state.kind}")
        self.query_one("#state-title", Static).update(Content.styled(state.title, "bold"))
        self.query_one("#state-text", Static).update(Content("\n\n".join(state.paragraphs)))
