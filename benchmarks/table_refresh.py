"""What a refresh of the table costs: LiveTable beside Textual's DataTable, in one run.

    python benchmarks/table_refresh.py [--rounds N] [--seconds N]

First CPU milliseconds of the screen's thread per flush, 200×50, true colour, the three in turn; `all` is the five live
columns of every row. Then the share of a core of the whole program in a pty at 4 flushes a second, and when quiet.
Targets: 6 ms for 50 visible cells whatever the rows; 4 % and 0.3 % of a core.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from textual import events, messages
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from textual.pilot import Pilot

from cotrader_tui.tui.diff_stream import DiffStream
from tests.tui.live.books import LIVE, live_cell
from tests.tui.live.line import Line
from tests.tui.live.wire import SIZE, Change, WireApp, random_changes

VARIANTS = ("DataTable", "LiveTable", "LiveTable + diff")
PROGRAMS = {"DataTable": ("--table", "stock", "--plain"), "LiveTable": ("--plain",), "LiveTable + diff": ()}


class NullDriver(Driver):
    """A terminal that takes everything at once; what is written is diffed if asked for, and thrown away."""

    of: ClassVar[WeakKeyDictionary[App[Any], NullDriver]] = WeakKeyDictionary()
    is_diffing: ClassVar[bool] = True

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        NullDriver.of[app] = self
        self.drawn = asyncio.Event()
        self._stream = DiffStream(lambda _: None, lambda: SIZE)

    def write(self, data: str) -> None:
        if self.is_diffing:
            self._stream.write(data)
            self._stream.written(0)

    def flush(self) -> None:
        if self.is_diffing:
            self._stream.flush()
            self._stream.written(0)
        self.drawn.set()

    def start_application_mode(self) -> None:
        self._stream.start()
        self.send_message(messages.TerminalSupportsSynchronizedOutput())
        self.send_message(events.Resize(Size(*SIZE), Size(*SIZE)))

    def disable_input(self) -> None:
        pass

    def stop_application_mode(self) -> None:
        pass


class DiffingDriver(NullDriver):
    is_diffing = True


class PlainDriver(NullDriver):
    is_diffing = False


def changes(count: int | None, rows: int, chance: random.Random) -> list[Change]:
    """New values for so many visible cells, or for all live ones."""
    if count is not None:
        return random_changes(count, chance, rows)
    return [(row, column, live_cell(chance, column)) for row in range(rows) for column in LIVE]


async def flushes(variant: str, rows: int, counts: Sequence[int | None], rounds: int) -> dict[int | None, list[float]]:
    """CPU milliseconds by the number of changed cells (`None`: all)."""
    app = WireApp("textual-dark", is_live=variant != "DataTable", rows=rows)
    app.driver_class = DiffingDriver if "diff" in variant else PlainDriver
    chance = random.Random(1)
    found: dict[int | None, list[float]] = {count: [] for count in counts}

    async def pilot(_: Pilot[object]) -> None:
        app.fill(chance)
        await asyncio.sleep(1 + rows / 2500)
        for count in counts:
            for _round in range(rounds):
                found[count].append(await _flush(app, changes(count, rows, chance)))
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=pilot)
    return found


async def _flush(app: WireApp, wanted: list[Change]) -> float:
    await asyncio.sleep(0.06)
    drawn = NullDriver.of[app].drawn
    drawn.clear()
    started = time.thread_time()
    app.change(wanted)
    await asyncio.wait_for(drawn.wait(), 30)
    return (time.thread_time() - started) * 1000


def share(arguments: Sequence[str], cells: int, seconds: float) -> float:
    """Percent of a core of the program in a pty."""
    options = ("--no-watch", "--no-stamp", "--cells", str(cells), "--seconds", str(seconds))
    with Line(*arguments, *options, size=SIZE) as line:
        return 100 * float(line.report(seconds + 30)["cpu_share"])


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="What a refresh of the table costs.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    counts: tuple[int | None, ...] = (1, 50, None)
    heads = "".join(f"{variant:>18}" for variant in VARIANTS)
    say(f"CPU ms per flush, median of {options.rounds}\n{'rows':>7}{'cells':>7}{heads}{'× DataTable':>14}")
    for rows in (50, 500, 10_000):
        found = {variant: asyncio.run(flushes(variant, rows, counts, options.rounds)) for variant in VARIANTS}
        for count in counts:
            costs = [statistics.median(found[variant][count]) for variant in VARIANTS]
            cells = "".join(f"{cost:18.2f}" for cost in costs)
            say(f"{rows:7}{count or 'all':>7}{cells}{costs[2] / costs[0]:14.2f}")
    say(f"\nShare of a core in a pty, 500 rows, {options.seconds:g} s\n{'':24}{heads}")
    for label, moving in (("4 Hz × 50 cells", 50), ("nothing changing", 0)):
        shares = [share(PROGRAMS[variant], moving, options.seconds) for variant in VARIANTS]
        say(f"{label:24}" + "".join(f"{each:16.2f} %" for each in shares))


if __name__ == "__main__":
    main()
