"""Starting light, ending fast and clean, whatever ends it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cotrader_tui.tui.ports import EngineState, ScreenOptions
from tests.commands.books import hundred_shares, sync
from tests.tui.book import make_app, settled, text_of

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.ports import ScreenOptions

app = CotraderApp(
    database=Path(sys.argv[1]),
    clock=lambda: datetime.now(UTC),
    request_sync=None,
    keeper=None,
    options=ScreenOptions(),
)
app.run()
"""


class Keeper:
    """Remembers whether it was started and stopped."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self, on_change: Callable[[EngineState], None]) -> None:
        self.calls.append("start")
        on_change(EngineState(is_ours=False, is_running=True))

    def stop(self) -> None:
        self.calls.append("stop")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    sync(tmp_path / "book.db", hundred_shares())
    return tmp_path / "book.db"


async def test_the_stored_book_is_read_and_the_keeper_started_and_stopped(database: Path) -> None:
    keeper = Keeper()
    app = make_app(database=database, keeper=keeper, options=ScreenOptions())
    async with app.run_test(size=(140, 40)) as pilot:
        for _ in range(100):
            await pilot.pause(0.02)
            if "AAPL  shares" in text_of(pilot):
                break
        await settled(pilot)
        assert "-171.00" in text_of(pilot)
    assert keeper.calls == ["start", "stop"]


async def test_quitting_is_fast_while_the_watcher_waits(database: Path) -> None:
    app = make_app(database=database, options=ScreenOptions(poll_seconds=60))
    async with app.run_test() as pilot:
        await settled(pilot)
        began = time.monotonic()
        await pilot.press("q")
    assert time.monotonic() - began < 1


@contextmanager
def in_a_terminal(database: Path, program: str = PROGRAM) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The program on a pseudo-terminal of its own, showing the book."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(database)],
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
    )
    os.close(slave)
    try:
        read_until(master, b"AAPL")
        yield process, master
    finally:
        process.kill()
        process.wait()


def read_until(master: int, wanted: bytes) -> None:
    seen, deadline = b"", time.monotonic() + 20
    while wanted not in seen and time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            seen += os.read(master, 65536)
    assert wanted in seen


def drain(master: int, process: subprocess.Popen[bytes], seconds: float) -> float:
    """Read what the program still writes, until it ends; returns how long that took."""
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < seconds:
        if select.select([master], [], [], 0.02)[0]:
            try:
                os.read(master, 65536)
            except OSError:
                process.wait(seconds)
    return time.monotonic() - began


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_within_a_second(database: Path, number: signal.Signals) -> None:
    with in_a_terminal(database) as (process, master):
        process.send_signal(number)
        took = drain(master, process, 5)
        assert process.returncode == 0
        assert took < 1.5
        os.close(master)


def test_a_vanished_terminal_ends_it_within_seconds(database: Path) -> None:
    with in_a_terminal(database) as (process, master):
        os.close(master)
        process.wait(3)
        assert process.returncode is not None


def test_the_key_quits_it(database: Path) -> None:
    with in_a_terminal(database) as (process, master):
        os.write(master, b"q")
        took = drain(master, process, 5)
        assert process.returncode == 0
        assert took < 1
        os.close(master)


def test_searches_for_garbage_pass_over_the_screen_once_it_shows_a_book(database: Path) -> None:
    """Each would else go through all of it, and hold up the keys for longer than 25 ms."""
    told = database.with_name("told")
    count = "(gc.get_freeze_count(), len(gc.get_objects()))"
    program = f"{PROGRAM}\nimport gc\nPath({str(told)!r}).write_text('%d %d' % {count})"
    with in_a_terminal(database, program) as (process, master):
        os.write(master, b"q")
        drain(master, process, 5)
        os.close(master)
    passed_over, searched = map(int, told.read_text().split())
    assert passed_over > searched


FIRST_PAINT = """
import asyncio, sys
from pathlib import Path
from tests.tui.book import make_app, text_of
from cotrader_tui.tui.ports import ScreenOptions

async def main():
    app = make_app(database=Path(sys.argv[1]), options=ScreenOptions())
    async with app.run_test(size=(140, 40)) as pilot:
        while "AAPL  shares" not in text_of(pilot):
            await pilot.pause(0.02)
        loaded = set(sys.modules)
    print(*sorted(loaded))

asyncio.run(main())
"""
SLOW = {
    "httpx2",
    "ib_async",
    "numpy",
    "pandas",
    "plotext",
    "pydantic",
    "rich.traceback",
    "simplejson",
    "sqlite_utils",
    "stamina",
    "tastytrade",
}


def test_the_first_paint_loads_nothing_slow(database: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PAINT, str(database)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "textual.app" in loaded
    assert loaded & SLOW == set()


def test_a_crash_prints_no_values(tmp_path: Path) -> None:
    program = """
import asyncio
from tests.tui.book import book, make_app, tell
async def main():
    app = make_app()
    async with app.run_test() as pilot:
        token = "canary-token"
        app.call_later(lambda: 1 / len(token[:0]))
        await pilot.pause(0.2)
try:
    asyncio.run(main())
except ZeroDivisionError:
    print("crashed")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )
    assert "crashed" in done.stdout
    assert "ZeroDivisionError" in done.stderr
    assert "canary-token'" not in done.stderr.replace('token = "canary-token"', "")
