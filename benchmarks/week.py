"""What a week of syncing leaves behind: 300 positions, a cycle a minute, day and night, thinned every hour.

    python benchmarks/week.py [--days N] [--positions N]

The real cycle lands what a broker of random walks answers; only the clock is not the machine's. Half of all marks move
from one minute to the next. Per day: CPU milliseconds of a cycle and of a thinning, rows of history, and the size of
the database with its write-ahead log at its largest. Targets: under 300 MB after seven days; the last day's cycles
take as long as the first's.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from tests.sync.moving_book import MovingBook
from tests.sync.support import MINUTE, DiskBook

CYCLES_A_DAY = 24 * 60


def milliseconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def megabytes(path: Path) -> float:
    """Of the database and its write-ahead log."""
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*")) / 1e6


def snapshots(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM position_snapshots").fetchone()[0])


def day(book: DiskBook, moving: MovingBook) -> tuple[list[float], list[float], float]:
    """CPU milliseconds of every cycle, of every thinning, and the largest size on the way."""
    cycles, thinnings, largest = [], [], 0.0
    for number in range(CYCLES_A_DAY):
        answer = moving.answer(book.later(MINUTE).clock.now, held=0.002, priced=0.5)
        cycles.append(milliseconds(partial(book.sync, answer)))
        if number % 60 == 59:
            thinnings.append(milliseconds(partial(book.writer.thin, book.clock.now)))
            largest = max(largest, megabytes(book.path))
    return cycles, thinnings, largest


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="What a week of syncing leaves behind.")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--positions", type=int, default=300)
    options = parser.parse_args()
    say(f"{options.positions} positions, a cycle a minute, CPU milliseconds\n")
    say(f"{'day':>4}{'cycle, median':>15}{'slowest':>9}{'thinning, median':>18}{'slowest':>9}{'rows':>10}{'MB':>7}")
    medians = []
    with tempfile.TemporaryDirectory() as name:
        book, moving = DiskBook(Path(name) / "book.db"), MovingBook(options.positions)
        for number in range(1, options.days + 1):
            cycles, thinnings, largest = day(book, moving)
            medians.append(statistics.median(cycles))
            say(
                f"{number:4}{medians[-1]:15.1f}{max(cycles):9.1f}{statistics.median(thinnings):18.1f}"
                f"{max(thinnings):9.1f}{snapshots(book.path):10}{largest:7.0f}"
            )
        book.close()
    say(f"\nlast day's median cycle over the first's: {medians[-1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
