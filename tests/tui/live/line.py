"""A program behind a line: a pty whose reader takes so many bytes a second and keeps the picture."""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.tui.live.terminals import Emulator

_STEP = 0.005
"""Seconds between two reads of a throttled line."""
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;?<>=]*|\][^\x07\x1b]*|)$")
_STAMP = re.compile(r"T=(\d+)\.")
_SYNC_QUERY, _SYNC_SUPPORTED = b"\x1b[?2026$p", b"\x1b[?2026;2$y"


class Line:
    """`tests.tui.live.program` with `arguments` behind a line of so many bytes a second (`None`: as fast as it goes).

    Use it with `with`; the program is killed at the end if need be.
    """

    def __init__(
        self,
        *arguments: str,
        bytes_per_second: float | None = None,
        size: tuple[int, int] = (120, 30),
        environ: Mapping[str, str] | None = None,
        stamps: bool = False,
        command: Sequence[str] = (),
    ) -> None:
        """`command` runs instead of that program; it tells no report."""
        self.bytes_read = 0
        self.ages: list[float] = []
        """How old, in seconds, each book was when it came on screen."""
        self.is_held = False
        """While held, nothing is read."""
        self._rate = bytes_per_second
        self._looks_for_stamps = stamps
        self._emulator = Emulator(*size)
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory()
        self._report = Path(self._folder.name) / "report.json"
        self._master, slave = pty.openpty()
        self._set_size(*size)
        command = command or [sys.executable, "-m", "tests.tui.live.program", str(self._report), *arguments]
        self.process = _start(command, slave, environ or {})
        os.close(slave)
        self._ended = threading.Event()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._kept = ""
        self._last_stamp = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(5)
        os.close(self._master)
        self._folder.cleanup()

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """The terminal gets another size, and shows who knows what."""
        with self._lock:
            self._emulator = Emulator(columns, lines)
            self._scribble()
        self._set_size(columns, lines)
        os.killpg(self.process.pid, signal.SIGWINCH)

    def scribble(self) -> None:
        """Something else writes all over the terminal."""
        with self._lock:
            self._scribble()

    def _scribble(self) -> None:
        screen = self._emulator.screen
        self._emulator.feed("".join(f"\x1b[{line};1H{'?' * screen.columns}" for line in range(1, screen.lines + 1)))

    @property
    def text(self) -> str:
        with self._lock:
            return "\n".join(self._emulator.text())

    def wait_for(self, is_there: str | Callable[[str], bool], seconds: float = 30) -> str:
        """Wait until the picture has, or is, something; raises AssertionError with the picture when it does not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.text
            if is_there in text if isinstance(is_there, str) else is_there(text):
                return text
            self._ended.wait(0.02)
        raise AssertionError(f"{is_there!r} did not appear (exit code {self.process.poll()}):\n{self.text}")

    def settled(self, is_there: str, seconds: float = 30) -> str:
        """Wait until the picture has something and no longer changes."""
        text = self.wait_for(is_there, seconds)
        read = -1
        while read != self.bytes_read:
            read = self.bytes_read
            self._ended.wait(0.3)
            text = self.text
        return text

    def wait_for_stop(self, seconds: float = 10) -> None:
        """Wait until the program has stopped itself, as ctrl+z does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG) is not None:
                return
            self._ended.wait(0.02)
        raise AssertionError("The program did not stop.")

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def report(self, seconds: float = 60) -> dict[str, Any]:
        """What the program told when it ended."""
        self.process.wait(seconds)
        found: dict[str, Any] = json.loads(self._report.read_text())
        return found

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self) -> None:
        allowed, last = 0.0, time.monotonic()
        while not self._ended.is_set():
            if self.is_held:
                self._ended.wait(_STEP)
                continue
            if self._rate is not None:
                self._ended.wait(_STEP)
                now = time.monotonic()
                allowed, last = min(allowed + self._rate * (now - last), self._rate * 4 * _STEP), now
                if allowed < 1:
                    continue
            if not select.select([self._master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self._master, int(allowed) if self._rate is not None else 65536)
            except OSError:
                return
            allowed -= len(data)
            self._take(data)

    def _take(self, data: bytes) -> None:
        self.bytes_read += len(data)
        if _SYNC_QUERY in data:
            os.write(self._master, _SYNC_SUPPORTED)
        text = self._kept + self._decode(data)
        unfinished = _UNFINISHED.search(text)
        self._kept = unfinished.group() if unfinished else ""
        with self._lock:
            self._emulator.feed(text[: len(text) - len(self._kept)])
        if self._looks_for_stamps:
            self._look_for_stamp()

    def _look_for_stamp(self) -> None:
        found = _STAMP.search("".join(cell.text for cell in self._emulator.line(1)))
        if found is not None and found.group(1) != self._last_stamp:
            self._last_stamp = found.group(1)
            self.ages.append(time.monotonic() - int(found.group(1)) / 1000)


def _start(command: Sequence[str], slave: int, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    return subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environ},
        cwd=Path(__file__).parents[3],
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
