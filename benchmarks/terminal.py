"""A program in a terminal of 200×50 and in a home of its own, for the benchmarks."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.standin.tastytrade import TastytradeStandin

SIZE = (200, 50)
_SYNC_QUERY, _SYNC_SUPPORTED = b"\x1b[?2026$p", b"\x1b[?2026;2$y"


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a program in `home` sees: nothing of the caller's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    xdg = {f"XDG_{name.upper()}_HOME": str(home / name) for name in ("config", "data", "state", "cache")}
    drawn = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": os.pathsep.join(sys.path)}
    return {**kept, **xdg, **drawn, "HOME": str(home), **more}


def grant(server: TastytradeStandin) -> dict[str, str]:
    """What a program must see to sync with a stand-in."""
    return {
        "TASTYTRADE_CLIENT_SECRET": server.client_secret,
        "TASTYTRADE_REFRESH_TOKEN": server.refresh_token,
        "TASTYTRADE_API_URL": server.url,
        "TASTYTRADE_STREAMER_URL": server.streamer_url,
    }


class Pty:
    """A program in a terminal that takes whatever it writes, and notes when `looks_for` first came.

    Use it with `with`; the program is killed at the end if need be.
    """

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], cwd: Path, looks_for: bytes | None = None
    ) -> None:
        self.bytes_read = 0
        self._looks_for, self._tail = looks_for, b""
        self._found = threading.Event()
        self._master, slave = pty.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        self._began = time.perf_counter()
        self._seen_at = self._began
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=dict(environ), cwd=cwd, start_new_session=True
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Pty:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(5)
        os.close(self._master)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def seconds_until_seen(self, within: float = 60) -> float:
        """From the program's start until `looks_for` came.

        Raises:
            TimeoutError: it did not come `within` so many seconds.
        """
        if not self._found.wait(within):
            raise TimeoutError(f"{self._looks_for!r} did not come within {within:g} s: {self._tail!r}")
        return self._seen_at - self._began

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            self._take(data, time.perf_counter())

    def _take(self, data: bytes, now: float) -> None:
        self.bytes_read += len(data)
        if _SYNC_QUERY in data:
            os.write(self._master, _SYNC_SUPPORTED)
        if self._looks_for is None or self._found.is_set():
            return
        text = self._tail + data
        if self._looks_for in text:
            self._seen_at = now
            self._found.set()
        self._tail = text[-len(self._looks_for) :]
