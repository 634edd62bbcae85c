"""Bytes of one flush: as Textual writes them, as the diff sends them, and the fewest there could be."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import DataTable

from cotrader_tui.tui.present.text import GAP, Column, Piece, padded
from cotrader_tui.tui.widgets.live_table import LiveTable
from tests.tui.live.books import COLUMNS, LIVE, Clock, book, live_cell
from tests.tui.live.terminals import Cell, ReplayDriver

SIZE = (200, 50)
ROWS = 500
_COLOR_SWITCH = 5
Change = tuple[int, str, Piece]
"""Row, column key, new value."""


class Flush(NamedTuple):
    """What one flush cost, in bytes."""

    written: int
    """What Textual writes."""
    sent: int
    """What the diff sends of it."""
    least: int
    """Changed cells, the cheapest moves between them and 5 bytes for every switch of colour."""
    sequence: str
    """What was sent."""


class WireApp(App[None]):
    """One table, live or Textual's own, that fills the screen."""

    def __init__(self, theme: str, *, is_live: bool, rows: int = ROWS, marks: bool = False) -> None:
        super().__init__(driver_class=ReplayDriver)
        self.theme = theme
        self.is_live = is_live
        self._rows = rows
        self._marks = marks

    def compose(self) -> ComposeResult:
        if self.is_live:
            yield LiveTable(COLUMNS, Clock(), flushes_per_second=60)
        else:
            yield DataTable[Content](cursor_type="row", cell_padding=0)

    def fill(self, chance: random.Random) -> None:
        rows = book(self._rows, chance)
        if self.is_live:
            table = self.query_one(LiveTable)
            table.marks_changes = self._marks
            table.show(rows)
            return
        stock = self.query_one(DataTable)
        for column in COLUMNS:
            stock.add_column(column.label, width=column.width + GAP, key=column.key)
        for each in rows:
            stock.add_row(*(content(each.cells[column.key], column) for column in COLUMNS), key=each.key)

    def change(self, changes: Sequence[Change]) -> None:
        if self.is_live:
            live = self.query_one(LiveTable)
            for row, name, piece in changes:
                live.update_row(str(row), {name: piece})
            return
        stock, columns = self.query_one(DataTable), {column.key: column for column in COLUMNS}
        for row, name, piece in changes:
            stock.update_cell(str(row), name, content(piece, columns[name]))


def content(piece: Piece, column: Column) -> Content:
    """A cell of a stock table."""
    text = padded(piece.text, column.width, is_text=column.is_text) + " " * GAP
    return Content.styled(text, piece.style) if piece.style else Content(text)


def random_changes(count: int, chance: random.Random, rows: int = ROWS) -> list[Change]:
    """New values for `count` cells that can be seen."""
    cells = [(row, column) for row in range(min(rows, SIZE[1] - 1)) for column in LIVE]
    return [(row, column, live_cell(chance, column)) for row, column in chance.sample(cells, count)]


async def measure(
    theme: str, counts: Sequence[int], rounds: int, seed: int, *, is_live: bool, marks: bool = False
) -> dict[int, list[Flush]]:
    """Flushes by the number of cells they change."""
    app = WireApp(theme, is_live=is_live, marks=marks)
    chance = random.Random(seed)
    found: dict[int, list[Flush]] = {count: [] for count in counts}

    async def pilot(_: Pilot[object]) -> None:
        app.fill(chance)
        await at_rest(ReplayDriver.of[app])
        for count in counts:
            for _round in range(rounds):
                found[count].append(await _flush(app, random_changes(count, chance)))
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=pilot)
    return found


async def _flush(app: WireApp, changes: Sequence[Change]) -> Flush:
    driver = ReplayDriver.of[app]
    before = [driver.shown.line(number) for number in range(SIZE[1])]
    cursor, written, sent = driver.shown.cursor, len(driver.written), len(driver.sent)
    app.change(changes)
    await until(lambda: len(driver.written) > written)
    await asyncio.sleep(0.05)
    after = [driver.shown.line(number) for number in range(SIZE[1])]
    return Flush(
        sum(len(frame.encode()) for frame in driver.written[written:]),
        sum(len(frame.encode()) for frame in driver.sent[sent:]),
        least_bytes(before, after, cursor),
        "".join(driver.sent[sent:]),
    )


async def until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so; raises TimeoutError when it is not within `seconds`."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - what is waited for is Textual's, it sets no event
            await asyncio.sleep(0.005)


async def at_rest(driver: ReplayDriver, seconds: float = 0.4) -> None:
    """Wait until nothing was written for so long."""
    written = -1
    while written != len(driver.written):
        written = len(driver.written)
        await asyncio.sleep(seconds)


def least_bytes(before: Sequence[Sequence[Cell]], after: Sequence[Sequence[Cell]], cursor: tuple[int, int]) -> int:
    """The fewest bytes from one picture to another, from top to bottom: the changed cells, and between them the
    cheapest of moving there, moving on and writing again what stands between."""
    size, at, pen = 0, cursor, None
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        for column, (was, cell) in enumerate(zip(old, new, strict=True)):
            if was == cell:
                continue
            moves = [_least_move(at, (number, column))]
            if at[0] == number and at[1] < column and all(each[1:] == pen for each in new[at[1] : column]):
                moves.append(len("".join(each.text for each in new[at[1] : column]).encode()))
            size += min(moves) + len(cell.text.encode())
            size += _COLOR_SWITCH if pen not in (None, cell[1:]) else 0
            at, pen = (number, column + 1), cell[1:]
    return size


def _least_move(origin: tuple[int, int], target: tuple[int, int]) -> int:
    if origin == target:
        return 0
    absolute = len(f"\x1b[{target[0] + 1};{target[1] + 1}H")
    right = target[1] - origin[1]
    if target[0] != origin[0] or right < 0:
        return absolute
    return min(absolute, len("\x1b[C") if right == 1 else len(f"\x1b[{right}C"))
