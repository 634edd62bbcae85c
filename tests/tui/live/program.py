"""A program for a pty: a table of a moving book that tells on its way out what it has cost.

    python -m tests.tui.live.program REPORT [--table live|stock] [--plain] [--theme NAME] [--rows N] [--cells N]
                                     [--hertz N] [--seconds N] [--marks]

The first cell says when its book was made, in milliseconds of the monotonic clock. Keys: q ends it, ctrl+l redraws,
s stops the program (as ctrl+z would), x shows another screen until the next x.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import resource
import time
from pathlib import Path

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import DataTable, Static

from cotrader_tui.store.garbage import keep_for_long, search_seldom
from cotrader_tui.tui.diff_driver import diff_driver_of, driver_class
from cotrader_tui.tui.present.text import GAP, Piece, Row
from cotrader_tui.tui.widgets.live_table import LiveTable
from tests.tui.live.books import COLUMNS, LIVE, Clock, book, live_cell
from tests.tui.live.wire import Change, content

_NAP = 0.002


class Other(Screen[None]):
    """A screen that lies above the table's."""

    def compose(self) -> ComposeResult:
        yield Static("another screen", markup=False)


class Program(App[None]):
    """A header and a table."""

    CSS = "DataTable { height: 1fr; scrollbar-size: 1 1; }"
    BINDINGS = [  # noqa: RUF012 - Textual's own name and type
        Binding("q", "leave", "Quit"),
        Binding("ctrl+l", "redraw", "Redraw"),
        Binding("s", "suspend_process", "Stop"),
        Binding("x", "other", "Other"),
    ]

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(driver_class=driver_class(os.environ, is_diffing=not options.plain))
        self.options = options
        self.theme = options.theme
        self.animation_level = "none"
        self.is_live = options.table == "live"
        self._chance = random.Random(options.seed)
        self._longest_stall = 0.0
        self._longest_work = 0.0
        """The same in seconds of the thread's own CPU time: what another program took of the machine left out."""
        self._cpu_from = (0.0, 0.0)
        self._ticks = 0

    def compose(self) -> ComposeResult:
        if self.is_live:
            yield LiveTable(COLUMNS, Clock(), flushes_per_second=self.options.flush_hertz)
        else:
            yield DataTable[Content](cursor_type="row", cell_padding=0)

    def on_mount(self) -> None:
        rows = book(self.options.rows, self._chance)
        if self.is_live:
            self._fill_live(rows)
        else:
            self._fill_stock(rows)
        self.set_timer(self.options.delay, self._begin)

    def _fill_live(self, rows: list[Row]) -> None:
        table = self.query_one(LiveTable)
        table.marks_changes = self.options.marks
        driver = diff_driver_of(self)
        if driver is not None:
            table.can_flush = driver.is_drained
        table.focus()
        table.show(rows)

    def _fill_stock(self, rows: list[Row]) -> None:
        table = self.query_one(DataTable)
        for column in COLUMNS:
            table.add_column(column.label, width=column.width + GAP, key=column.key)
        for row in rows:
            table.add_row(*(content(row.cells[column.key], column) for column in COLUMNS), key=row.key)
        table.focus()

    def _begin(self) -> None:
        gc.collect()
        if self.is_live:  # as the screen does
            keep_for_long()
            search_seldom()
        self._cpu_from = (time.process_time(), time.monotonic())
        self._longest_stall = self._longest_work = 0.0
        self.run_worker(self._look_for_stalls(), group="stalls")
        if self.options.cells:
            self.set_interval(1 / self.options.hertz, self._tick)
        if self.options.seconds:
            self.set_timer(self.options.seconds, self.action_leave)

    async def _look_for_stalls(self) -> None:
        """How much longer than asked for a nap takes is how long a key would have waited."""
        while not self.options.no_watch:
            started, used = time.monotonic(), time.thread_time()
            await asyncio.sleep(_NAP)
            self._longest_stall = max(self._longest_stall, time.monotonic() - started - _NAP)
            self._longest_work = max(self._longest_work, time.thread_time() - used)

    def _tick(self) -> None:
        self._ticks += 1
        base = self.screen_stack[0]
        changes = self._changes()
        if not self.options.no_stamp:
            changes.append((0, "symbol", Piece(f"T={time.monotonic() * 1000:.0f}.")))
        if self.is_live:
            table = base.query_one(LiveTable)
            for row, column, piece in changes:
                table.update_row(str(row), {column: piece})
        else:
            stock, columns = base.query_one(DataTable), {column.key: column for column in COLUMNS}
            for row, column, piece in changes:
                stock.update_cell(str(row), column, content(piece, columns[column]))

    def _changes(self) -> list[Change]:
        seen = min(self.options.rows, self.size.height - 1)
        cells = [(row, column) for row in range(seen) for column in LIVE]
        chosen = self._chance.sample(cells, min(self.options.cells, len(cells)))
        return [(row, column, live_cell(self._chance, column)) for row, column in chosen]

    def action_redraw(self) -> None:
        driver = diff_driver_of(self)
        if driver is not None:
            driver.redraw()
        self.refresh()

    async def action_other(self) -> None:
        if len(self.screen_stack) > 1:
            await self.pop_screen()
        else:
            await self.push_screen(Other())

    def action_leave(self) -> None:
        self.options.report.write_text(json.dumps(self.report()))
        self.exit()

    def report(self) -> dict[str, object]:
        """What it has cost since it settled."""
        seconds = max(1e-9, time.monotonic() - self._cpu_from[1])
        driver = diff_driver_of(self)
        return {
            "cpu_share": (time.process_time() - self._cpu_from[0]) / seconds,
            "longest_stall": self._longest_stall,
            "longest_work": self._longest_work,
            "seconds": seconds,
            "ticks": self._ticks,
            "bytes_sent": driver.bytes_sent if driver is not None else None,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            "skipped": self.screen_stack[0].query_one(LiveTable).counts.skipped if self.is_live else 0,
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("report", type=Path)
    parser.add_argument("--table", choices=("live", "stock"), default="live")
    parser.add_argument("--plain", action="store_true", help="Textual's own driver")
    parser.add_argument("--theme", default="textual-dark")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--cells", type=int, default=50)
    parser.add_argument("--hertz", type=float, default=4)
    parser.add_argument("--flush-hertz", type=float, default=4)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--delay", type=float, default=1, help="seconds until starting up no longer counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--marks", action="store_true")
    parser.add_argument("--no-watch", action="store_true", help="do not look for stalls, which costs CPU")
    parser.add_argument("--no-stamp", action="store_true")
    options = parser.parse_args()
    Program(options).run()


if __name__ == "__main__":
    main()
