"""The header's widget."""

from __future__ import annotations

from textual.widgets import Static

from cotrader_tui.tui.present.text import Line
from cotrader_tui.tui.widgets.content import lines_content


class HeaderBar(Static):
    """One or two lines; repainted only when they differ."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._lines: tuple[Line, ...] = ()

    def show(self, lines: tuple[Line, ...]) -> None:
        if lines != self._lines:
            has_same_height = len(lines) == len(self._lines)
            self._lines = lines
            self.update(lines_content(lines), layout=not has_same_height)
