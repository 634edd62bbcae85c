"""A long random session of an app, each of its frames replayed through an emulator."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from textual import events
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.widgets import DataTable, Input, Static

from cotrader_tui.tui.present.text import Piece, Row
from cotrader_tui.tui.widgets.live_table import LiveTable
from tests.tui.live.books import COLUMNS, HOSTILE, LIVE, Clock, book, live_cell, row
from tests.tui.live.terminals import ReplayDriver

THEMES = ("textual-dark", "textual-light", "nord", "gruvbox", "ansi-dark", "ansi-light")
SIZES = ((120, 40), (80, 24), (61, 18), (133, 31), (40, 12))
"""Each of another height: it tells a frame for one from a frame for another."""


class Overlay(ModalScreen[None]):
    """Lies translucent above the table, over the middle of its words."""

    DEFAULT_CSS = """
    Overlay { align: center middle; background: $background 40%; }
    Overlay VerticalScroll { width: 37; height: 9; border: round $accent; background: $surface; }
    """

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Input("世 typed")
            yield Static(Content("\n".join(name for name in HOSTILE if name.isprintable())))


class Stock(Screen[None]):
    """A stock DataTable."""

    def compose(self) -> ComposeResult:
        yield Static("Another screen ─ with a table of Textual's own", markup=False)
        yield DataTable[Content](cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("Name", "世界", "Figure")
        for number, name in enumerate(HOSTILE):
            table.add_row(Content(name if name.isprintable() else "?"), Content("☎"), Content(f"{number:,.2f}"))


class SessionApp(App[None]):
    """A header, a live table, and the screens above."""

    DEFAULT_CSS = "#header { height: 2; background: $panel; }"

    def __init__(self, clock: Clock) -> None:
        super().__init__(driver_class=ReplayDriver)
        self.clock = clock
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        yield Static(id="header", markup=False)
        yield LiveTable(COLUMNS, self.clock, flushes_per_second=60)

    @property
    def table(self) -> LiveTable:
        return self.screen_stack[0].query_one(LiveTable)


class Session:
    """Does one random thing after the other; the same for the same seed."""

    def __init__(self, app: SessionApp, seed: int) -> None:
        self._app = app
        self._chance = random.Random(seed)
        self._rows: dict[str, Row] = {each.key: each for each in book(70, self._chance)}
        self._next = len(self._rows)

    @property
    def driver(self) -> ReplayDriver:
        return replay_driver(self._app)

    async def run(self, steps: int) -> None:
        self._app.table.show(list(self._rows.values()))
        await asyncio.sleep(0.1)
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (30, self._move_prices),
            (6, self._rename),
            (6, self._reorder),
            (12, self._press),
            (4, self._header),
            (2, self._theme),
            (2, self._resize),
            (3, self._screens),
            (2, self._toast),
            (3, self._be_slow),
            (1, self._say_something_else),
        ]
        weights = [weight for weight, _ in acts]
        for _ in range(steps):
            act = self._chance.choices(acts, weights)[0][1]
            await act()
            await asyncio.sleep(self._chance.choice((0, 0.005, 0.02)))
        await asyncio.sleep(1)

    async def _move_prices(self) -> None:
        table = self._app.table
        for key in self._chance.sample(list(self._rows), self._chance.choice((1, 3, 10, 50))):
            column = self._chance.choice(LIVE)
            cells = {column: live_cell(self._chance, column)}
            self._rows[key] = Row(key, {**self._rows[key].cells, **cells})
            if key in table.model:
                table.update_row(key, cells)

    async def _rename(self) -> None:
        key = self._chance.choice(list(self._rows))
        cells = {**self._rows[key].cells, "symbol": Piece(self._chance.choice(HOSTILE), "bold $warning")}
        self._rows[key] = Row(key, cells)
        self._app.table.show(list(self._rows.values()))

    async def _reorder(self) -> None:
        rows = list(self._rows.values())
        self._chance.shuffle(rows)
        del rows[: self._chance.randint(0, 5)]
        rows += [row(str(self._next + count), self._chance) for count in range(70 - len(rows))]
        self._next += 5
        self._rows = {each.key: each for each in rows}
        self._app.clock.advance(10)
        self._app.table.show(rows)
        self._app.table.settle(at_once=True)

    async def _press(self) -> None:
        keys = ("up", "down", "pageup", "pagedown", "home", "end", "ctrl+home", "ctrl+end", "left", "right", "enter")
        for key in self._chance.choices(keys, k=3):
            self.driver.send_message(events.Key(key, None))

    async def _header(self) -> None:
        header = self._app.screen_stack[0].query_one("#header", Static)
        header.update(Content(f"NLV {self._chance.uniform(1e5, 1e6):,.2f} {self._chance.choice(HOSTILE[:6])}"))

    async def _theme(self) -> None:
        self._app.theme = self._chance.choice(THEMES)

    async def _resize(self) -> None:
        if not self.driver.is_slow:
            self.driver.resize(*self._chance.choice(SIZES))
            await asyncio.sleep(0.05)

    async def _screens(self) -> None:
        if len(self._app.screen_stack) > 1:
            await self._app.pop_screen()
        else:
            await self._app.push_screen(self._chance.choice((Overlay, Stock))())

    async def _toast(self) -> None:
        self._app.notify("The connection is back: 世界.", timeout=0.3, markup=False)

    async def _be_slow(self) -> None:
        """For a while the terminal takes what it gets only now and then, in small pieces."""
        self.driver.is_slow = True
        for _ in range(self._chance.randint(1, 6)):
            await self._move_prices()
            await asyncio.sleep(0.02)
            self.driver.take(seconds=self._chance.choice((0.0, 1.0)))
        self.driver.is_slow = False
        while not self.driver.stream.is_drained():
            self.driver.take()
        self.driver.compare()

    async def _say_something_else(self) -> None:
        """The bell, a title, the clipboard, or a sequence nobody has heard of."""
        other = self._chance.choice(("\a", "\x1b]0;title\x07", "\x1b]52;c;aGVsbG8=\a", "\x1b[3;5H\x1b[0q"))
        self.driver.write(other)
        self._app.screen.refresh()


def replay_driver(app: App[None]) -> ReplayDriver:
    return ReplayDriver.of[app]


async def replay(seed: int, steps: int, size: tuple[int, int] = (120, 40)) -> ReplayDriver:
    """Run a session; returns its driver with what was found."""
    app = SessionApp(Clock())
    failures: list[BaseException] = []

    async def pilot(_: Pilot[object]) -> None:
        with _kept(failures):
            await Session(app, seed).run(steps)
        app.exit()

    await app.run_async(size=size, auto_pilot=pilot)
    if failures:
        raise failures[0]
    return replay_driver(app)


@contextmanager
def _kept(failures: list[BaseException]) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - raised again outside of the app
        failures.append(error)
