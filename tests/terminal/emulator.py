"""A real terminal for tests: a pty, the program in it, and an emulator that keeps the picture."""

from __future__ import annotations

import base64
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from pathlib import Path
from types import TracebackType
from typing import Any

import pyte

_LOOK_EVERY = 0.02
_ALTERNATE = 1049
_FULL_SCREEN_MODES = frozenset({1000, 1003, 1004, 1006, 1015, 1016, _ALTERNATE, 2004, 2048})
"""The alternate screen, and reports of mouse, focus, paste and size."""
_FIRST_PRIVATE = 5 << 5
"""pyte moves private modes out of the way of the others."""
UNKNOWN_TO_THE_EMULATOR = re.compile(
    rb"\x1b\[[<>=][0-9;]*[a-z]|\x1b\[\?[0-9;]*[a-gi-km-z]|\x1b\[\??[0-9;]*\$[a-z]|\x1bP.*?\x1b\\", re.DOTALL
)
"""Queries and modes pyte would print as text: keyboard protocols, device requests."""
_UNFINISHED = re.compile(
    rb"\x1b(?:\[[0-9;<>=?$]*|\][^\x07\x1b]*\x1b?|P[^\x1b]*(?:\x1b[^\\][^\x1b]*)*\x1b?)?\Z", re.DOTALL
)
"""The beginning of a sequence whose end has not come yet."""
_COPIED = re.compile(rb"\x1b\]52;c?;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")


class _Screen(pyte.Screen):
    """pyte's, which knows no alternate screen."""

    _main: tuple[Any, Any] | None = None

    def set_mode(self, *modes: int, **options: bool) -> None:
        super().set_mode(*modes, **options)
        if _ALTERNATE in modes and self._main is None:
            self._main = deepcopy(self.buffer), copy(self.cursor)
            self.erase_in_display(2)

    def reset_mode(self, *modes: int, **options: bool) -> None:
        super().reset_mode(*modes, **options)
        if _ALTERNATE in modes and self._main is not None:
            (self.buffer, self.cursor), self._main = self._main, None


class Terminal:
    """A program in a pty of `columns` × `lines`. Use it with `with`; the program is killed at the end if need be."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        columns: int = 140,
        lines: int = 40,
        term: str = "xterm-256color",
    ) -> None:
        self._screen = _Screen(columns, lines)
        self._output = b""
        self._held_back = b""
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._master, slave = pty.openpty()
        self._set_size(columns, lines)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environ, "TERM": term},
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(5)
        if self._master >= 0:
            os.close(self._master)

    def press(self, keys: str) -> None:
        """Type `keys` as a person would."""
        os.write(self._master, keys.encode())

    def scribble(self, text: str) -> None:
        """Write `text` over the picture, as another program in the same terminal would."""
        with self._lock:
            self._stream.feed(b"\x1b[20;20H" + text.encode())

    def resize(self, columns: int, lines: int) -> None:
        with self._lock:
            self._screen.resize(lines, columns)
        self._set_size(columns, lines)
        os.killpg(self.process.pid, signal.SIGWINCH)

    def vanish(self) -> None:
        """The terminal goes away, as when a window is closed or a line breaks."""
        self._ended.set()
        self._reader.join(5)
        os.close(self._master)
        self._master = -1

    @property
    def text(self) -> str:
        """The picture, a line a row."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def output(self) -> bytes:
        """Everything that was sent to the terminal."""
        with self._lock:
            return self._output

    @property
    def copied(self) -> list[str]:
        """What was sent for the clipboard (OSC 52), oldest first."""
        return [base64.b64decode(found).decode() for found in _COPIED.findall(self.output)]

    @property
    def is_given_back(self) -> bool:
        """Whether the terminal is as a shell wants it: its own screen, a cursor, lines that wrap, no reports."""
        with self._lock:
            modes = {each >> 5 for each in self._screen.mode if each >= _FIRST_PRIVATE}
        return modes & _FULL_SCREEN_MODES == set() and {7, 25} <= modes

    @property
    def is_echoing(self) -> bool:
        """Whether the terminal takes keys as a shell wants them: echoed, by lines, ctrl+c a signal."""
        local = termios.tcgetattr(self._master)[3]
        return bool(local & termios.ECHO and local & termios.ICANON and local & termios.ISIG)

    def wait_for(self, seen: str | Callable[[str], bool], seconds: float = 30) -> str:
        """Wait until `seen` stands in the picture, or is true of it; returns the picture.

        Raises:
            AssertionError: it did not within `seconds`; the message is the picture.
        """
        is_there = seen if callable(seen) else lambda text: seen in text
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.text
            if is_there(text):
                return text
            if self.process.poll() is not None:
                break
            self._ended.wait(_LOOK_EVERY)
        raise AssertionError(f"{seen!r} did not appear (exit code {self.process.poll()}):\n{self.text}")

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self) -> None:
        while not self._ended.is_set():
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if not ready:
                continue
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        """A sequence may come in pieces: its beginning is held back until the rest is there."""
        with self._lock:
            self._output += data
            data = self._held_back + data
            rest = _UNFINISHED.search(data)
            whole, self._held_back = (data, b"") if rest is None else (data[: rest.start()], data[rest.start() :])
            self._stream.feed(UNKNOWN_TO_THE_EMULATOR.sub(b"", whole))
