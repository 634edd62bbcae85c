"""Twenty terminals on one database while the market is quiet: what each costs, and how many engines there are.

    python benchmarks/idle.py [--terminals N] [--positions N] [--seconds N]

All are opened at the same moment, with the real tastytrade adapter behind the engine and a stand-in for the broker. It
holds 500 positions, half of them options, and no price moves. CPU is a share of one core: `quiet` for so many seconds
right after a sync, `syncing` for a minute, in which one cycle lands. Beside them, in the same seconds: a bare Textual
app, and the same rows in Textual's DataTable, read once. Targets: one engine; a screen 1 % of a core when quiet and
60 MB; the engine 180 MB. Linux only.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.big_book import book_of
from benchmarks.processes import children, cpu_seconds, load, peak, resident, say
from benchmarks.terminal import Pty, environment, grant
from cotrader_tui.domain.clock import exchange_date, system_clock
from cotrader_tui.errors import StoreError
from cotrader_tui.store.reader import Reader
from tests.standin.tastytrade import TastytradeStandin

SYMBOL = b"AAPL"
SETTLED = 20.0
"""Seconds after the last screen has shown the book."""
CYCLE = 60.0
PATIENCE = 180.0

Shares = dict[int, float]
"""Percent of a core by process."""


def until_landed(database: Path, positions: int) -> None:
    end = time.monotonic() + PATIENCE
    while _landed(database) < positions:
        if time.monotonic() > end:
            raise SystemExit(f"{_landed(database)} of {positions} positions landed within {PATIENCE:g} s.")
        time.sleep(0.2)


def _landed(database: Path) -> int:
    try:
        with Reader(database) as reader:
            return len(reader.snapshot(exchange_date(system_clock())).legs)
    except StoreError:
        return 0


def sync(database: Path, screen: Pty) -> None:
    """Ask for a sync and wait for its end; while no market is open the engine itself syncs seldom."""
    with Reader(database) as reader:
        before, end = reader.runs(1), time.monotonic() + CYCLE
        screen.press("r")
        while (newest := reader.runs(1)) == before or newest[0].completed_at is None:
            if time.monotonic() > end:
                raise SystemExit(f"No sync ended within {CYCLE:g} s.")
            time.sleep(0.1)
    time.sleep(2)  # the screens show it


def shares(pids: Iterable[int], seconds: float) -> Shares:
    before, began = {pid: cpu_seconds(pid) for pid in pids}, time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    return {pid: 100 * (cpu_seconds(pid) - used) / elapsed for pid, used in before.items()}


def measure(terminals: int, positions: int, seconds: float) -> None:
    book = book_of(1, positions, has_options=True)
    with tempfile.TemporaryDirectory() as folder, TastytradeStandin(book) as server, ExitStack() as stack:
        home = Path(folder)
        database = home / "data" / "cotrader" / "cotrader.db"

        def opened(command: Sequence[str]) -> Pty:
            environ = environment(home, **grant(server))
            return stack.enter_context(Pty([sys.executable, *command], environ, home, SYMBOL))

        screens = [opened(["-m", "cotrader_tui"]) for _ in range(terminals)]
        until_landed(database, positions)
        peers = str(Path(__file__).with_name("peers.py"))
        bare, table = opened([peers, "bare", SYMBOL.decode()]), opened([peers, "table", str(database)])
        for each in (*screens, bare, table):
            each.seconds_until_seen(PATIENCE)
        time.sleep(SETTLED)
        engines = [child for each in screens for child in children(each.process.pid)]
        groups = {
            "screen": [each.process.pid for each in screens], "engine": engines,
            "a bare Textual app": [bare.process.pid], "DataTable, stock": [table.process.pid],
        }  # fmt: skip
        every = [pid for group in groups.values() for pid in group]
        sync(database, screens[0])
        quiet = shares(every, seconds)
        screens[0].press("r")
        syncing = shares(every, CYCLE)
        report(groups, quiet, syncing)
        say(f"\nengines: {len(engines)} (target 1)")


def report(groups: dict[str, list[int]], quiet: Shares, syncing: Shares) -> None:
    heads = ("quiet %", "worst", "syncing %", "worst", "MB", "most", "peak MB")
    say(f"{'':30}" + "".join(f"{head:>11}" for head in heads))
    targets = {"screen": "(1 %, 60 MB)", "engine": "(180 MB)"}
    for label, pids in groups.items():
        memory, peaks = [resident(pid) / 1024 for pid in pids], [peak(pid) / 1024 for pid in pids]
        cells = [*_pair([quiet[pid] for pid in pids]), *_pair([syncing[pid] for pid in pids]), *_pair(memory)]
        named = f"{label} {targets.get(label, '')} × {len(pids)}"
        say(f"{named:30}" + "".join(f"{each:11.2f}" for each in (*cells, max(peaks))))


def _pair(values: Sequence[float]) -> tuple[float, float]:
    return statistics.median(values), max(values)


def main() -> None:
    parser = argparse.ArgumentParser(description="Twenty terminals on one database.")
    parser.add_argument("--terminals", type=int, default=20)
    parser.add_argument("--positions", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    say(f"{options.positions} positions, {options.terminals} terminals, {load()}\n")
    measure(options.terminals, options.positions, options.seconds)


if __name__ == "__main__":
    main()
