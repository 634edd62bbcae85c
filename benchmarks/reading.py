"""What reading a book costs: the snapshot beside plain tuples, and the command line beside a bare interpreter.

    python benchmarks/reading.py [--positions N] [--rounds N]

`Reader.snapshot` of 10,000 positions is compared with one flat join of the very figures its legs hold, fetched into
plain tuples; `first` is in a process that has read nothing yet. Before every round a sync has moved the time of each
figure. Target: 2 × plain tuples. Beside them what the screen's reader takes, which keeps legs that have not changed:
after that sync, and after a commit that moved none of them. Then `cotrader positions --json` of 200 positions, each
time in a fresh process, beside `python -c pass`. Target: 250 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.store import rows
from cotrader_tui.store.reader import Reader
from tests.sync.moving_book import MovingBook
from tests.sync.support import MINUTE, DiskBook

FLAT = f"""
    SELECT c.name, a.number, {rows.qualified(rows.INSTRUMENT_COLUMNS, "i")},
           {rows.qualified(rows.POSITION_COLUMNS, "p")}, {rows.qualified(rows.ENTRY_COLUMNS, "p")},
           {rows.qualified(rows.QUOTE_COLUMNS, "q")}, {rows.qualified(rows.GREEKS_COLUMNS, "g")},
           {rows.qualified(rows.QUOTE_COLUMNS, "uq")}, u.symbol, u.instrument_type
      FROM positions p
      JOIN accounts a ON a.id = p.account_id
      JOIN connections c ON c.id = a.connection_id
      JOIN instruments i ON i.id = p.instrument_id
      LEFT JOIN quotes q ON q.instrument_id = i.id
      LEFT JOIN greeks g ON g.instrument_id = i.id
      LEFT JOIN instruments u ON u.broker = i.broker AND u.key = i.underlying_key
      LEFT JOIN quotes uq ON uq.instrument_id = u.id
     WHERE p.status = 'open' ORDER BY c.name, a.number, i.underlying, i.expiration, i.key
"""


def milliseconds(work: Callable[[], object]) -> float:
    """The CPU time of `work`; what it makes is let go afterwards."""
    started = time.process_time()
    made = work()
    elapsed = (time.process_time() - started) * 1000
    del made
    return elapsed


def reading(folder: Path, positions: int, rounds: int) -> dict[str, list[float]]:
    """CPU milliseconds by what was read, in turn."""
    book, moving = DiskBook(folder / "large.db"), MovingBook(positions)
    book.sync(moving.answer(book.clock.now))
    found: dict[str, list[float]] = {"snapshot": [], "plain tuples": [], "kept, all moved": [], "kept, none moved": []}
    with (
        Reader(book.path) as reader,
        Reader(book.path, keeps_legs=True) as keeping,
        sqlite3.connect(book.path) as plain,
    ):
        for number in range(rounds + 1):
            today = exchange_date(book.later(MINUTE).clock.now)
            book.sync(moving.answer(book.clock.now))
            found["snapshot"].append(milliseconds(partial(reader.snapshot, today)))
            found["plain tuples"].append(milliseconds(lambda: plain.execute(FLAT).fetchall()))
            found["kept, all moved"].append(milliseconds(partial(keeping.snapshot, today)))
            book.writer.set_property("round", str(number))
            found["kept, none moved"].append(milliseconds(partial(keeping.snapshot, today)))
    book.close()
    return found


def fresh_process(arguments: Sequence[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU milliseconds of one whole process in `folder`, which holds no `.env`."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started, used = time.perf_counter(), _used_by_children()
    done = subprocess.run([sys.executable, *arguments], capture_output=True, cwd=folder, env=environment, check=True)
    elapsed = (time.perf_counter() - started) * 1000
    if "--json" in arguments:
        json.loads(done.stdout)
    return elapsed, _used_by_children() - used


def _used_by_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1000


def commands(folder: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU milliseconds by command, in turn."""
    book = DiskBook(folder / "small.db")
    book.sync_as_engine(MovingBook(200).answer(book.clock.now))
    book.close()
    measured = {
        "cotrader positions --json": ["-m", "cotrader_tui", "--db", str(book.path), "positions", "--json"],
        "python -c pass": ["-c", "pass"],
    }
    for arguments in measured.values():
        fresh_process(arguments, folder)
    found: dict[str, list[tuple[float, float]]] = {label: [] for label in measured}
    for _ in range(rounds):
        for label, arguments in measured.items():
            found[label].append(fresh_process(arguments, folder))
    return found


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="What reading a book costs.")
    parser.add_argument("--positions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        read = reading(Path(name), options.positions, options.rounds)
        ran = commands(Path(name), options.rounds)
    say(f"{options.positions} positions, {options.rounds} rounds in turn, CPU milliseconds")
    say(f"\n{'':28}{'first':>9}{'fastest':>9}{'median':>9}")
    for label, (first, *times) in read.items():
        say(f"{label:28}{first:9.1f}{min(times):9.1f}{statistics.median(times):9.1f}")
    snapshot, plain = read["snapshot"], read["plain tuples"]
    ratios = (snapshot[0] / plain[0], min(snapshot[1:]) / min(plain[1:]), statistics.median(snapshot[1:]))
    median = ratios[2] / statistics.median(plain[1:])
    say(f"{'ratio (target 2)':28}{ratios[0]:9.2f}{ratios[1]:9.2f}{median:9.2f}")
    say(f"\n{'200 positions (target 250)':28}{'CPU':>9}{'fastest':>9}{'median':>9}")
    for label, pairs in ran.items():
        walls, used = [wall for wall, _ in pairs], [cpu for _, cpu in pairs]
        say(f"{label:28}{statistics.median(used):9.1f}{min(walls):9.1f}{statistics.median(walls):9.1f}")


if __name__ == "__main__":
    main()
