"""From a quote in the broker's frame to the changed cell on the terminal.

    python benchmarks/tick_to_cell.py [--ticks N]

The DXLink stand-in sends quotes of one share, each at another moment of the second; the real engine takes them, the
real screen in a pty of 200×50 shows the share's mark, and an emulator looked at every 5 ms tells when it is there.
The engine writes once a second and the screen looks four times a second: a tick waits for both. The real broker also
aggregates quotes over up to a second before it sends them, which is not part of this. No sync comes between, which
would bring the mark of the broker's own list. Target: 1,200 ms.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import load, say
from benchmarks.terminal import SIZE, environment, grant
from tests.standin.sample import sample_book
from tests.standin.tastytrade import TastytradeStandin
from tests.terminal.emulator import Terminal

SYMBOL = "KO"
LOOK_EVERY = 0.005
PATIENCE = 10.0


def mark_on(terminal: Terminal) -> str:
    """What stands in the share's row, or nothing as long as there is none."""
    rows = [line for line in terminal.text.splitlines() if f" {SYMBOL} " in line and "shares" in line]
    return rows[0] if rows else ""


def measure(server: TastytradeStandin, terminal: Terminal, ticks: int, chance: random.Random) -> list[float]:
    """Seconds from sending to seeing, for each tick; the first must come too but does not count."""
    found = []
    for number in range(ticks + 1):
        time.sleep(chance.uniform(1.5, 2.5))
        price = 60 + number / 100
        sent = time.perf_counter()
        server.push("Quote", SYMBOL, bidPrice=price - 0.01, askPrice=price + 0.01)
        while f" {price:.2f} " not in mark_on(terminal):
            if time.perf_counter() - sent > PATIENCE:
                raise SystemExit(f"{price:.2f} did not come within {PATIENCE:g} s:\n{terminal.text}")
            time.sleep(LOOK_EVERY)
        found.append(time.perf_counter() - sent)
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description="From a quote in the broker's frame to the changed cell.")
    parser.add_argument("--ticks", type=int, default=40)
    options = parser.parse_args()
    book = sample_book(datetime.now(UTC).date())
    with tempfile.TemporaryDirectory() as folder, TastytradeStandin(book) as server:
        environ = environment(Path(folder), **grant(server), COTRADER_SYNC_INTERVAL="3600")
        with Terminal([sys.executable, "-m", "cotrader_tui"], environ, Path(folder), *SIZE) as terminal:
            terminal.wait_for(lambda _: bool(mark_on(terminal)), 60)
            follows = ("Quote", SYMBOL)
            terminal.wait_for(lambda _: any(follows in each.following for each in server.sockets), 60)
            times = [1000 * each for each in measure(server, terminal, options.ticks, random.Random(4))]
    ordered = sorted(times)
    say(f"{options.ticks} ticks, {load()}\n\n{'':28}{'fastest':>9}{'median':>9}{'90 %':>9}{'worst':>9}")
    shown = (ordered[0], statistics.median(ordered), ordered[int(0.9 * (len(ordered) - 1))], ordered[-1])
    say(f"{'tick to cell, ms':28}" + "".join(f"{each:9.0f}" for each in shown))
    say(f"{'target (there is no peer)':28}{'':18}{'':9}{1200:9}")


if __name__ == "__main__":
    main()
