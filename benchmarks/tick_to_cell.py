"""From a quote in the broker's frame to the changed cell on the terminal.

    python benchmarks/tick_to_cell.py [--ticks N]

The DXLink stand-in sends quotes of one share, each at another moment of the second; the real engine takes them, the
real screen in a pty of 200×50 shows the share's mark, and an emulator looked at every 5 ms tells when it is there.
`alone`: nothing else moves. `among others`: three other shares move ten times a second, so that the engine, which
writes at most once a second, has mostly just written. The real broker also aggregates quotes over up to a second before
it sends them, which is not part of this. No sync comes between, which would bring the mark of the broker's own list.
Target: 1,200 ms.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import load, say
from benchmarks.terminal import SIZE, environment, grant
from tests.standin.sample import sample_book
from tests.standin.tastytrade import TastytradeStandin
from tests.terminal.emulator import Terminal

SYMBOL = "KO"
OTHERS = ("AAPL", "MSFT", "NVDA")
LOOK_EVERY = 0.005
PATIENCE = 10.0


def mark_on(terminal: Terminal) -> str:
    """What stands in the share's row, or nothing as long as there is none."""
    rows = [line for line in terminal.text.splitlines() if f" {SYMBOL} " in line and "shares" in line]
    return rows[0] if rows else ""


def measure(server: TastytradeStandin, terminal: Terminal, ticks: int, chance: random.Random) -> list[float]:
    """Seconds from sending to seeing, for each tick; the first must come too but does not count."""
    found = []
    for _ in range(ticks + 1):
        time.sleep(chance.uniform(1.5, 2.5))
        price = chance.randrange(4000, 8000) / 100
        sent = time.perf_counter()
        tell(server, SYMBOL, price)
        while f" {price:.2f} " not in mark_on(terminal):
            if time.perf_counter() - sent > PATIENCE:
                raise SystemExit(f"{price:.2f} did not come within {PATIENCE:g} s:\n{terminal.text}")
            time.sleep(LOOK_EVERY)
        found.append(time.perf_counter() - sent)
    return found[1:]


def tell(server: TastytradeStandin, symbol: str, price: float) -> None:
    server.push("Quote", symbol, bidPrice=price - 0.01, askPrice=price + 0.01)


@contextmanager
def others_moving(server: TastytradeStandin) -> Iterator[None]:
    stop = threading.Event()

    def move() -> None:
        chance = random.Random(5)
        while not stop.wait(0.1):
            for symbol in OTHERS:
                tell(server, symbol, chance.randrange(20_000, 40_000) / 100)

    thread = threading.Thread(target=move, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description="From a quote in the broker's frame to the changed cell.")
    parser.add_argument("--ticks", type=int, default=40)
    options = parser.parse_args()
    book = sample_book(datetime.now(UTC).date())
    with tempfile.TemporaryDirectory() as folder, TastytradeStandin(book) as server:
        for symbol in (SYMBOL, *OTHERS):
            tell(server, symbol, 10)  # what a connection sends first moves no mark
        environ = environment(Path(folder), **grant(server), COTRADER_SYNC_INTERVAL="3600")
        with Terminal([sys.executable, "-m", "cotrader_tui"], environ, Path(folder), *SIZE) as terminal:
            terminal.wait_for(lambda _: bool(mark_on(terminal)), 60)
            follows = ("Quote", SYMBOL)
            terminal.wait_for(lambda _: any(follows in each.following for each in server.sockets), 60)
            say(f"{options.ticks} ticks each, milliseconds, {load()}\n")
            say(f"{'':28}{'fastest':>9}{'median':>9}{'90 %':>9}{'worst':>9}")
            say(row("alone", measure(server, terminal, options.ticks, random.Random(4))))
            with others_moving(server):
                say(row("among others", measure(server, terminal, options.ticks, random.Random(6))))
    say(f"{'target (there is no peer)':28}{1200:36}")


def row(label: str, times: Sequence[float]) -> str:
    ordered = sorted(1000 * each for each in times)
    shown = (ordered[0], statistics.median(ordered), ordered[int(0.9 * (len(ordered) - 1))], ordered[-1])
    return f"{label:28}" + "".join(f"{each:9.0f}" for each in shown)


if __name__ == "__main__":
    main()
