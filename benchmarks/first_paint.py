"""From a process's start to the first useful paint: a book in the database, its first row's symbol on the terminal.

    python benchmarks/first_paint.py [--runs N] [--positions N]

`cotrader` with nothing configured shows the book that is in its database. It runs in a pty of 200×50 that answers as a
modern terminal does, in turn with a bare Textual app of one Static and with the same rows in Textual's DataTable, read
by plain sqlite3. cotrader's first paint is plain lines, made before Textual is loaded; the footer with its keys comes
with the screen itself. CPU is what the process used from its start to that moment. Target: 1.05 × the bare app.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import cpu_seconds, load, say
from benchmarks.terminal import Pty, environment
from tests.sync.moving_book import MovingBook
from tests.sync.support import DiskBook

FIRST_SYMBOL = "U000"
FOOTER = "Help"
TARGET = 1.05
Figures = tuple[float, float]
"""Milliseconds, and milliseconds of CPU."""


def programs(database: Path) -> dict[str, tuple[list[str], str]]:
    """By their label a command, and what it is to show."""
    peers = str(Path(__file__).with_name("peers.py"))
    cotrader = [sys.executable, "-m", "cotrader_tui", "--db", str(database)]
    return {
        "a bare Textual app": ([sys.executable, peers, "bare", FIRST_SYMBOL], FIRST_SYMBOL),
        "cotrader": (cotrader, FIRST_SYMBOL),
        "cotrader, with its keys": (cotrader, FOOTER),
        "DataTable, stock": ([sys.executable, peers, "table", str(database)], FIRST_SYMBOL),
    }


def first_paint(command: Sequence[str], shown: str, home: Path) -> Figures:
    with Pty(command, environment(home), home, shown.encode()) as terminal:
        seconds = terminal.seconds_until_seen()
        return 1000 * seconds, 1000 * cpu_seconds(terminal.process.pid)


def measure(positions: int, runs: int) -> dict[str, list[Figures]]:
    """In turn, so that a busy moment hits all alike."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        book = DiskBook(home / "book.db", datetime.now(UTC))
        book.sync_as_engine(MovingBook(positions).answer(book.clock.now))
        book.close()
        commands = programs(book.path)
        for command, shown in commands.values():
            first_paint(command, shown, home)
        found: dict[str, list[Figures]] = {label: [] for label in commands}
        for _ in range(runs):
            for label, (command, shown) in commands.items():
                found[label].append(first_paint(command, shown, home))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="From a process's start to the first useful paint.")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--positions", type=int, default=500)
    options = parser.parse_args()
    say(f"{options.positions} positions, {options.runs} runs in turn, milliseconds, {load()}\n")
    found = measure(options.positions, options.runs)
    bare, *_ = found.values()
    say(f"{'':24}{'median':>9}{'fastest':>9}{'CPU':>9}{'× bare':>9}{'fastest':>9}{'CPU':>9}")
    for label, figures in found.items():
        shown = summary(figures)
        ratios = [mine / its for mine, its in zip(shown, summary(bare), strict=True)]
        say(f"{label:24}" + "".join(f"{each:9.0f}" for each in shown) + "".join(f"{each:9.2f}" for each in ratios))
    say(f"target for cotrader: {TARGET} × bare")


def summary(figures: Sequence[Figures]) -> tuple[float, float, float]:
    """The median and the least time, and the median of the CPU time."""
    times, used = [each[0] for each in figures], [each[1] for each in figures]
    return statistics.median(times), min(times), statistics.median(used)


if __name__ == "__main__":
    main()
