"""The picture Textual means the terminal to show, read from what Textual writes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from rich.cells import split_graphemes

from cotrader_tui.tui.diff_pen import PLAIN, Pen, applied

UNKNOWN = "\0"
"""The text of a cell nobody knows."""
RIGHT_HALF = ""
"""The text of the cell that a wide character before it covers."""

_PRINTABLE = r"[^\x00-\x1f\x7f-\x9f]"
_TOKEN = re.compile(rf"\x1b\[([0-9;]*)m({_PRINTABLE}*)|\x1b\[([0-9]+);([0-9]+)H|({_PRINTABLE}+)|\n")


@dataclass(slots=True)
class Line:
    """The cells of one line: a text each (a character with what combines with it) and the number of its pen."""

    texts: list[str] = field(default_factory=list)
    pens: list[int] = field(default_factory=list)

    def reach(self, end: int) -> None:
        """Make it at least `end` cells long."""
        missing = end - len(self.texts)
        if missing > 0:
            self.texts += [UNKNOWN] * missing
            self.pens += [0] * missing


class Pens:
    """Pens by number, so that cells compare fast. Number 0 is the plain pen."""

    def __init__(self) -> None:
        self._pens = [PLAIN]
        self._numbers = {PLAIN: 0}
        self._applied: dict[tuple[int, str], int | None] = {}

    def __getitem__(self, number: int) -> Pen:
        return self._pens[number]

    def applied(self, number: int, parameters: str) -> int | None:
        """The number of the pen after an SGR sequence; `None` where it is not understood."""
        known = (number, parameters)
        if known not in self._applied:
            pen = applied(self._pens[number], parameters)
            self._applied[known] = None if pen is None else self._number(pen)
        return self._applied[known]

    def _number(self, pen: Pen) -> int:
        if pen not in self._numbers:
            self._numbers[pen] = len(self._pens)
            self._pens.append(pen)
        return self._numbers[pen]


@lru_cache(maxsize=4096)
def cells_of(text: str) -> tuple[str, ...]:
    """The cells `text` takes; what has no width of its own stands with the character before it."""
    cells: list[str] = []
    for start, end, width in split_graphemes(text)[0]:
        if width:
            cells += [text[start:end], *[RIGHT_HALF] * (width - 1)]
        elif cells:
            cells[-1] += text[start:end]
    return tuple(cells)


class Picture:
    """Lines by number from the top, each as far as it is known; and where the cursor is to rest."""

    def __init__(self, pens: Pens) -> None:
        self.lines: dict[int, Line] = {}
        self.touched: dict[int, tuple[int, int]] = {}
        """Lines written to since this was last emptied, and between which columns."""
        self.cursor: tuple[int, int] = (0, 0)
        """Line and column, from 0."""
        self.width = 0
        """The terminal's, or that of the widest line so far."""
        self._pens = pens
        self._bounds: tuple[int, int] | None = None
        """The terminal's columns and lines, where they are known."""

    def read(self, data: str) -> bool:
        """Take in what Textual writes. False where something in it is not understood; the rest is then not read."""
        at: tuple[int, int] | None = None
        pen, position = 0, 0
        for token in _TOKEN.finditer(data):
            if token.start() != position:
                return False
            position = token.end()
            sgr, text, line, column, plain = token.groups()
            if line is not None:
                at = max(0, int(line) - 1), max(0, int(column) - 1)
                continue
            if sgr is not None:
                number = self._pens.applied(pen, sgr)
                if number is None:
                    return False
                pen = number
            elif plain is None:
                at = None  # A new line may or may not return the carriage; Textual says where it goes on.
                continue
            if written := text or plain:
                if at is None:
                    return False
                at = at[0], self._put(*at, written, pen)
        self.cursor = at or self.cursor
        return position == len(data)

    def _put(self, number: int, start: int, text: str, pen: int) -> int:
        """Write `text`; returns the column behind it. What lies outside the terminal is left out."""
        cells = text if text.isascii() else cells_of(text)
        if self._bounds is not None:
            columns, lines = self._bounds
            if number >= lines or start >= columns:
                return start + len(cells)
            cells = cells[: columns - start]
        end = start + len(cells)
        line = self.lines.get(number)
        if line is None:
            line = self.lines[number] = Line()
        line.reach(end)
        first, last = self.touched.get(number, (start, end))
        if line.texts[start : start + 1] == [RIGHT_HALF] and start and cells:
            line.texts[start - 1] = " "  # Half of a wide character cannot stay.
            first = min(first, start - 1)
        if line.texts[end : end + 1] == [RIGHT_HALF]:
            line.texts[end] = " "
            last = max(last, end + 1)
        line.texts[start:end] = cells
        line.pens[start:end] = [pen] * len(cells)
        self.touched[number] = min(first, start), max(last, end)
        self.width = max(self.width, end)
        return end

    def clip(self, width: int, height: int) -> None:
        """The terminal has `width` columns and `height` lines: what lies outside is forgotten, now and later."""
        self._bounds = width, height
        self.width = width
        self.lines = {number: line for number, line in self.lines.items() if number < height}
        self.touched = {number: extent for number, extent in self.touched.items() if number < height}
        self.cursor = min(self.cursor[0], max(0, height - 1)), min(self.cursor[1], max(0, width - 1))
        for line in self.lines.values():
            del line.texts[width:], line.pens[width:]

    def touch_all(self) -> None:
        """Count every known line as written to."""
        self.touched = {number: (0, len(line.texts)) for number, line in self.lines.items()}

    def forget(self) -> None:
        """Know nothing."""
        self.lines.clear()
        self.touched.clear()
