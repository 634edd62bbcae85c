"""Terminals for tests: emulators fed with what Textual means and with what the diff sends."""

from __future__ import annotations

import re
from typing import Any, ClassVar, NamedTuple
from unicodedata import combining
from weakref import WeakKeyDictionary
from zlib import crc32

import pyte
from rich.cells import split_graphemes
from textual import events, messages
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from wcwidth import wcswidth

from cotrader_tui.tui.diff_stream import DiffStream

_UNKNOWN_TO_PYTE = re.compile(
    r"\x1b\[\?[0-9;]*\$p|\x1b\[[<>=][0-9;]*u|\x1b\[\?2026[hl]|\x1b\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)"
)
"""Queries and modes pyte would print as text."""
_OTHER_THAN_ASCII = re.compile("[^\x00-\x7f]+")


class Cell(NamedTuple):
    text: str
    foreground: str
    background: str
    is_bold: bool
    is_reverse: bool = False
    is_italic: bool = False
    is_underlined: bool = False


class Emulator:
    """A terminal of `width` × `height` that keeps its picture."""

    def __init__(self, width: int, height: int) -> None:
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self.screen)
        self.feed("\x1b[?7l")  # as Textual has it: no wrapping

    def feed(self, data: str) -> None:
        self._stream.feed(_OTHER_THAN_ASCII.sub(_as_textual_has_it, _UNKNOWN_TO_PYTE.sub("", data)))

    def is_drawn(self, number: int, column: int) -> bool:
        """Whether a cell was ever written to."""
        return column in self.screen.buffer[number]

    def line(self, number: int) -> list[Cell]:
        """A line of the picture. Half of a wide character counts as a blank, as real terminals have it."""
        cells = [self.screen.buffer[number][column] for column in range(self.screen.columns)]
        texts = [cell.data for cell in cells]
        if not all(map(str.isascii, texts)) or "" in texts:
            texts = _without_halves(texts)
        return [
            Cell(text, cell.fg, cell.bg, cell.bold, cell.reverse, cell.italics, cell.underscore)
            for text, cell in zip(texts, cells, strict=True)
        ]

    def text(self) -> list[str]:
        """The picture, a text a line."""
        lines = [self.line(number) for number in range(self.screen.lines)]
        return ["".join(cell.text for cell in line).rstrip() for line in lines]

    @property
    def cursor(self) -> tuple[int, int]:
        return self.screen.cursor.y, self.screen.cursor.x


def _as_textual_has_it(found: re.Match[str]) -> str:
    """Text in which pyte takes for every character the cells Textual does: where they disagree, a stand-in."""
    text = found.group()
    return "".join(_stand_in(text[start:end], width) for start, end, width in split_graphemes(text)[0])


def _stand_in(part: str, width: int) -> str:
    can_draw = len(part) == 1 or all(map(combining, part[1:]))
    if can_draw and wcswidth(part) == width:
        return part
    first, count = (0x4E00, 8000) if width == 2 else (0x0410, 60)
    return chr(first + crc32(part.encode()) % count) if width else ""


def _without_halves(texts: list[str]) -> list[str]:
    whole = list(texts)
    for column, text in enumerate(texts):
        is_after_wide = column > 0 and wcswidth(texts[column - 1]) == 2
        is_before_half = texts[column + 1 : column + 2] == [""]
        if (text == "" and not is_after_wide) or (wcswidth(text) == 2 and not is_before_half):
            whole[column] = " "
    return whole


def differences(meant: Emulator, shown: Emulator) -> list[str]:
    """Every cell of lines drawn to since the last time in which two pictures differ, in words."""
    numbers = sorted(meant.screen.dirty | shown.screen.dirty)
    meant.screen.dirty.clear()
    shown.screen.dirty.clear()
    found = []
    for number in numbers:
        left, right = meant.line(number), shown.line(number)
        if left != right:
            pairs = enumerate(zip(left, right, strict=True))
            found += [
                f"line {number} column {column}: meant {wanted}, shown {seen}"
                for column, (wanted, seen) in pairs
                if wanted != seen and meant.is_drawn(number, column)
            ]
    return found


class ReplayDriver(Driver):
    """Feeds one emulator with all that Textual writes and another with what the diff makes of it, and compares them.

    With `is_slow`, the terminal takes a piece only when `take` is called.
    """

    of: ClassVar[WeakKeyDictionary[App[Any], ReplayDriver]] = WeakKeyDictionary()
    """The driver of each app."""
    is_slow = False

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        ReplayDriver.of[app] = self
        self.size = size or (80, 24)
        self.meant, self.shown = Emulator(*self.size), Emulator(*self.size)
        self.stream = DiffStream(self._send, lambda: self.size)
        self.written: list[str] = []
        """The frames Textual has written."""
        self.sent: list[str] = []
        """What the diff has sent."""
        self.compared = 0
        """Pictures found equal, or not."""
        self.wrong: list[str] = []
        """Cells found to differ."""
        self._pending: list[str] = []
        self._is_resizing = False
        """Whether Textual has not yet drawn for the terminal's newest size; what it writes till then fits another."""

    def _send(self, data: bytes) -> None:
        self._pending.append(data.decode())
        if not self.is_slow:
            self.take()

    def take(self, seconds: float = 0.0) -> None:
        """The terminal takes what was sent, in so many seconds."""
        taken, self._pending = self._pending, []
        for data in taken:
            self.sent.append(data)
            self.shown.feed(data)
        if taken:
            self.stream.written(seconds)

    def write(self, data: str) -> None:
        if not data.startswith("\x1b[?"):
            self.written.append(data)
        if self._is_resizing and data.startswith("\x1b[1;1H") and data.count("\n") == self.size[1] - 1:
            self._is_resizing = False
            self.meant = Emulator(*self.size)
        self.meant.feed(data)
        self.stream.write(data)

    def flush(self) -> None:
        self.stream.flush()
        self.compare()

    def compare(self) -> None:
        """Compare the pictures, if the terminal has taken everything."""
        if self.stream.is_drained() and not self._is_resizing:
            self.compared += 1
            self.wrong += differences(self.meant, self.shown)

    def start_application_mode(self) -> None:
        self.stream.start()
        self.send_message(messages.TerminalSupportsSynchronizedOutput())
        self._tell_size()

    def resize(self, width: int, height: int) -> None:
        """The terminal gets another size, and shows who knows what."""
        self.size = width, height
        self._is_resizing = True
        self.meant, self.shown = Emulator(width, height), Emulator(width, height)
        self.shown.feed("".join(f"\x1b[{line};1H\x1b[41m{'?' * width}" for line in range(1, height + 1)))
        self.stream.resized()
        self._tell_size()

    def _tell_size(self) -> None:
        self.send_message(events.Resize(Size(*self.size), Size(*self.size)))

    def disable_input(self) -> None:
        pass

    def stop_application_mode(self) -> None:
        self.stream.stop()
