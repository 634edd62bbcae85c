"""Lines of text that are repainted only when they differ, and laid out only when they take another height."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from cotrader_tui.tui.present.text import Line, line_width
from cotrader_tui.tui.widgets.content import lines_content
from cotrader_tui.tui.widgets.live_paint import Look, Palette


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


class Header(Widget):
    """The lines above every screen. Each second changes a few cells of one: it is painted alone, and without the detour
    over content that is wrapped, unless a line is too long for the terminal or somebody selects text.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()
        self._fits = True
        """Whether each line has a line of the terminal."""
        self._palette = Palette(lambda _: self.visual_style)

    def render(self) -> Content:
        return lines_content(self._lines)

    def show(self, lines: Sequence[Line]) -> None:
        before, self._lines = self._lines, tuple(lines)
        if self._lines == before:
            return
        width, height = self.size
        was_whole, self._fits = self._fits, all(line_width(line) <= width for line in self._lines)
        if not (was_whole and self._fits and len(before) == len(self._lines) == height):
            self.refresh(layout=True)
            return
        pairs = enumerate(zip(before, self._lines, strict=True))
        self.refresh(*(Region(0, number, width, 1) for number, (old, new) in pairs if old != new))

    def render_line(self, y: int) -> Strip:
        if not self._fits or y >= len(self._lines) or self.text_selection is not None:
            return super().render_line(y)
        blank = self._palette.style(Look.PLAIN)
        pieces = (Segment(piece.text, self._palette.style(Look.PLAIN, piece.style)) for piece in self._lines[y])
        return Strip(pieces).adjust_cell_length(self.size.width, blank)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette.clear()


class Paragraphs(Lines):
    """Lines whose height changes often."""

    wraps = True
