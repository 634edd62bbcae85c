"""Lines of text that are repainted only when they differ, and laid out only when they take another height."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.widgets import Static

from cotrader_tui.tui.present.text import Line
from cotrader_tui.tui.widgets.content import lines_content


class Lines(Static):
    """Shows what `present` made."""

    wraps = False
    """Whether its width, too, is that of its text, so that every new text is laid out."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(markup=False, id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()

    def show(self, lines: Sequence[Line]) -> None:
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self.update(lines_content(lines), layout=self.wraps)
            if not self.wraps:
                self._take_height()

    def _take_height(self) -> None:
        """Lay out anew where the lines need another height than they have: lines wrap in a narrow terminal."""
        width, height = self.size
        if not width or self.visual.get_height(self.styles.get_rules(), width) != height:
            self.refresh(layout=True)

    def on_resize(self, _: events.Resize) -> None:
        self._take_height()


class Header(Lines):
    """The lines above every screen."""


class Paragraphs(Lines):
    """Lines whose height changes often."""

    wraps = True
