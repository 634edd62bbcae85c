"""A terminal driver that sends only what differs, and only the newest of it.

Textual repaints whole spans of lines, and blocks its event loop once some writes are queued. This one keeps what the
terminal shows, sends the difference from a thread of its own, and never holds up a key.
"""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import SimpleQueue
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from cotrader_tui.tui.diff_stream import DiffStream
from cotrader_tui.tui.glance import Glance

_ENTER_ALTERNATE = "\x1b[?1049h"
_LAST_WRITES = 0.5
"""Seconds the terminal has to take what is left when the driver closes."""

_drivers: WeakKeyDictionary[App[Any], DiffDriver] = WeakKeyDictionary()


def diff_driver_of(app: App[Any]) -> DiffDriver | None:
    """The driver `app` runs on, if it is a DiffDriver."""
    return _drivers.get(app)


def driver_class(
    environ: Mapping[str, str], *, is_diffing: bool = True, glance: Glance | None = None
) -> type[Driver] | None:
    """What to pass as `App(driver_class=...)`; the driver takes the terminal over from `glance`.

    `None`, Textual's own choice, without diffing, and where the environment names a driver, as textual-serve does.
    """
    if not is_diffing or environ.get("TEXTUAL_DRIVER"):
        return None
    return DiffDriver if glance is None else type("GlancedDriver", (DiffDriver,), {"glance": glance})


class TerminalWriter(threading.Thread):
    """Writes to a file descriptor in its own thread; calls `written` with the seconds each write took."""

    def __init__(self, fileno: int, written: Callable[[float], None]) -> None:
        super().__init__(name="terminal-writer", daemon=True)
        self._fileno = fileno
        self._written = written
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._is_lost = False

    def send(self, data: bytes) -> None:
        """Write `data` after what was sent before. Never blocks; may be called from a signal handler."""
        self._queue.put(data)

    def stop(self, seconds: float) -> None:
        """End after what was sent; it is left alone after `seconds`."""
        self._queue.put(None)
        self.join(seconds)

    def run(self) -> None:
        while (data := self._queue.get()) is not None:
            started = time.monotonic()
            self._write(data)
            self._written(time.monotonic() - started)

    def _write(self, data: bytes) -> None:
        while data and not self._is_lost:
            try:
                data = data[os.write(self._fileno, data) :]
            except BlockingIOError:
                select.select([], [self._fileno], [])
            except OSError:
                self._is_lost = True  # The terminal is gone; ending the program is up to the hang-up's handlers.


class DiffDriver(LinuxDriver):
    """Textual's Linux and macOS driver with a diffing, never blocking output."""

    glance: Glance | None = None
    """What the terminal shows already. It goes on showing that until `reveal`."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._stream = DiffStream(self._send, _terminal_size)
        self._events = asyncio.get_running_loop()
        self._writer: TerminalWriter | None = None
        self._is_behind_glance = False
        self._attributes: list[Any] | None = None
        """The terminal's while this program is shown."""
        _drivers[app] = self

    @property
    def bytes_sent(self) -> int:
        """Bytes handed to the terminal so far."""
        return self._stream.bytes_sent

    @property
    def is_busy(self) -> bool:
        """Whether the terminal has not taken yet what it was handed."""
        return self._stream.is_busy

    def is_drained(self) -> bool:
        """Whether the terminal has taken everything: the moment to make a new frame."""
        return self._stream.is_drained()

    def redraw(self) -> None:
        """Send the whole screen again, for when something else has written to the terminal."""
        self._stream.redraw()

    def reveal(self) -> None:
        """Show the screen from now on, where a first look has stood for it."""
        if self._is_behind_glance:
            self._is_behind_glance = False
            self._stream.start()

    def write(self, data: str) -> None:
        if self._is_behind_glance and data == _ENTER_ALTERNATE:
            return  # It is there already, and entering it anew may clear it.
        self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()

    def start_application_mode(self) -> None:
        if self._writer is None:
            self._writer = TerminalWriter(_output_fileno(), self._written)
            self._writer.start()
        if self.glance is not None and self.glance.is_shown:
            self._is_behind_glance = True
            self.glance.take_over()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual does not annotate it
        if self._must_signal_resume:
            return  # In the background: it is stopped again, and tried again once it goes on.
        with suppress(termios.error):
            self._attributes = termios.tcgetattr(self.fileno)
        self._watch_size()
        if not self._is_behind_glance:
            self._stream.start()

    def _sigcont_application(self, *_: object) -> None:
        """Come back, if the screen was left. SIGCONT also follows a SIGSTOP, which nobody can hear; service managers
        send it to whatever they end, and the kernel to who loses its terminal. Starting twice would leave two threads
        at the keyboard, and the terminal raw at the end.
        """
        if self._must_signal_resume:
            super()._sigcont_application()
        elif self._attributes is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._attributes)
            with suppress(RuntimeError):  # The loop has closed: it is on its way out.
                self._events.call_soon_threadsafe(self.redraw)

    def stop_application_mode(self) -> None:
        self._attributes = None
        self._stream.stop()
        super().stop_application_mode()

    def close(self) -> None:
        if self._writer is not None:
            self._stream.send_rest()
            self._writer.stop(_LAST_WRITES)
            self._writer = None
        super().close()

    def _send(self, data: bytes) -> None:
        if self._writer is not None:
            self._writer.send(data)

    def _written(self, seconds: float) -> None:
        with suppress(RuntimeError):  # The loop has closed: nobody waits for it any more.
            self._events.call_soon_threadsafe(self._stream.written, seconds)

    def _watch_size(self) -> None:
        """Notice every change of size, also one that is taken back before Textual looks."""
        textuals = signal.getsignal(signal.SIGWINCH)
        if not callable(textuals):
            return

        def resized(number: int, frame: FrameType | None) -> None:
            self._stream.resized()
            textuals(number, frame)

        signal.signal(signal.SIGWINCH, resized)


def _output_fileno() -> int:
    """Where Textual draws: standard error, which may be a terminal where standard output is a pipe."""
    return sys.__stderr__.fileno() if sys.__stderr__ is not None else 2


def _terminal_size() -> tuple[int, int]:
    """As Textual finds it, environment and default for a terminal that does not know included."""
    size = shutil.get_terminal_size()
    return size.columns, size.lines
