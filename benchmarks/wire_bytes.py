"""Bytes of one flush on the wire: LiveTable and Textual's DataTable, each with and without the diff, in one run.

    python benchmarks/wire_bytes.py [--rounds N] [--replay STEPS [--seed N]]

200×50, 500 rows, new values in 1, 10 and 50 visible cells. `least` is what has changed: the changed cells, the cheapest
moves between them and 5 bytes a switch of colour. The target is 1.3 × least + 30. With `--replay` a random session of
so many steps is replayed through an emulator instead, and every cell that differs from what Textual meant is told.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys

from tests.tui.live.session import replay
from tests.tui.live.wire import Flush, measure

COUNTS = (1, 10, 50)
THEMES = {"truecolor": "textual-dark", "ansi": "ansi-dark"}


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def row(label: str, flushes: list[Flush]) -> str:
    """The medians of some flushes, and how many of them kept to the target."""
    written, sent, least = map(statistics.median, zip(*(each[:3] for each in flushes), strict=True))
    within = sum(each.sent <= 1.3 * each.least + 30 for each in flushes)
    target = 1.3 * least + 30
    return f"{label:36}{written:11.0f}{sent:11.0f}{least:9.0f}{target:9.0f}{within:8}/{len(flushes)}"


def compare(rounds: int) -> None:
    say(f"{'bytes per flush, median':36}{'no diff':>11}{'diff':>11}{'least':>9}{'target':>9}{'within':>10}")
    for colors, theme in THEMES.items():
        for table, is_live, marks in (("DataTable", False, False), ("LiveTable", True, False)):
            found = asyncio.run(measure(theme, COUNTS, rounds, seed=1, is_live=is_live, marks=marks))
            for count, flushes in found.items():
                say(row(f"{table}, {colors}, {count} cells", flushes))
        marked = asyncio.run(measure(theme, (50,), rounds, seed=1, is_live=True, marks=True))
        say(row(f"LiveTable, {colors}, 50 cells, marked", marked[50]))
    say("\nTimes 4: bytes a second at 4 flushes. marked: with the change in bold, without what ends it 0.8 s later.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Bytes of one flush on the wire.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--replay", type=int, metavar="STEPS")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    if options.replay is None:
        compare(options.rounds)
        return
    driver = asyncio.run(replay(options.seed, options.replay))
    written, sent = (sum(len(each.encode()) for each in frames) for frames in (driver.written, driver.sent))
    say(f"{driver.compared} pictures compared, {len(driver.wrong)} cells differ")
    say(f"{len(driver.written)} frames, {written:,} bytes by Textual, {sent:,} by the diff")
    say("\n".join(driver.wrong[:20]))
    sys.exit(bool(driver.wrong))


if __name__ == "__main__":
    main()
