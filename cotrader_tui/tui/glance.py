"""A first look at the book on the terminal, while the screen itself is still being loaded.

Nothing of Textual is imported here: that takes longer than reading the book.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

_OPEN, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_LFLAG = 3


class Glance:
    """The alternate screen, held from the first lines until the screen's driver takes it over.

    Leaving the context without that gives the terminal back as it was, as do SIGTERM and SIGHUP.
    """

    is_shown = False
    """Whether the terminal shows it and waits for the driver."""

    def __init__(self, output: int, keyboard: int = 0) -> None:
        """`output` and `keyboard` are file descriptors of the terminal."""
        self._output, self._keyboard = output, keyboard
        self._attributes: list[Any] | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Glance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_shown:
            self.take_over()
            self._write(_LEAVE)

    def show(self, lines: Sequence[str]) -> None:
        """Show `lines` from the top. Keys pressed from now on are kept for the screen, and not echoed."""
        self.is_shown = True
        self._handlers = {number: signal.signal(number, self._end) for number in _ENDING}
        with suppress(termios.error):
            self._attributes = termios.tcgetattr(self._keyboard)
            raw = list(self._attributes)
            raw[_LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
            termios.tcsetattr(self._keyboard, termios.TCSANOW, raw)
        self._write(_OPEN + "".join(f"\x1b[{number}H{line}\x1b[K" for number, line in enumerate(lines, 1)))

    def take_over(self) -> None:
        """Leave what is seen to another, with the settings of the terminal as they were found."""
        self.is_shown = False
        if self._attributes is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._keyboard, termios.TCSANOW, self._attributes)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _end(self, number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    def _write(self, text: str) -> None:
        data = text.encode(errors="replace")
        with suppress(OSError):  # the terminal is gone, which the screen finds out as well
            while data:
                data = data[os.write(self._output, data) :]
