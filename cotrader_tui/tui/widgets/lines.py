"""Lines of text that are repainted only when they differ."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import Static

from cotrader_tui.tui.present.text import Line
from cotrader_tui.tui.widgets.content import lines_content


class Lines(Static):
    """Shows what `present` made."""

    wraps = False
    """Whether a line may take more than one, so that a new text can have another height."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(markup=False, id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()

    def show(self, lines: Sequence[Line]) -> None:
        if tuple(lines) != self._lines:
            has_same_height = len(lines) == len(self._lines)
            self._lines = tuple(lines)
            self.update(lines_content(lines), layout=not has_same_height or self.wraps)


class Header(Lines):
    """The lines above every screen."""


class Paragraphs(Lines):
    """Lines that wrap."""

    wraps = True
