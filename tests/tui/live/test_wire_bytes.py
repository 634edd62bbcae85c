"""A flush costs hardly more bytes than what has changed."""

from __future__ import annotations

import asyncio
import random
from statistics import median

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from cotrader_tui.tui.widgets.live_table import LiveTable
from tests.tui.live.terminals import Cell, ReplayDriver
from tests.tui.live.wire import SIZE, WireApp, at_rest, least_bytes, measure, random_changes

_PLAIN = ("default", "default", False)


async def test_a_flush_stays_near_the_least_bytes_there_could_be() -> None:
    found = await measure("ansi-dark", (1, 10, 50), rounds=4, seed=5, is_live=True)
    every = [each for flushes in found.values() for each in flushes]
    assert [each for each in every if each.sent > 1.3 * each.least + 30] == []
    assert all(each.least >= 10 for each in every)


async def test_in_true_colour_a_flush_does_so_in_the_median(monkeypatch: pytest.MonkeyPatch) -> None:
    # A switch of colour is 19 or 37 bytes there, and the least counts 5.
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    found = await measure("textual-dark", (1, 10, 50), rounds=5, seed=5, is_live=True)
    for flushes in found.values():
        assert any("38;2" in each.sequence for each in flushes)
        assert median(each.sent - 1.3 * each.least for each in flushes) <= 30


async def test_a_quiet_table_sends_nothing() -> None:
    app = WireApp("textual-dark", is_live=True)
    seen: list[tuple[int, int, int]] = []

    async def pilot(_: Pilot[object]) -> None:
        app.fill(random.Random(1))
        driver, table = ReplayDriver.of[app], app.query_one(LiveTable)
        await at_rest(driver)
        for _count in range(2):
            seen.append((driver.stream.bytes_sent, len(driver.written), table.counts.lines))
            await asyncio.sleep(0.5)
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=pilot)
    assert seen[0] == seen[1]
    assert seen[0][0] > 1000


async def test_a_table_that_cannot_be_seen_sends_nothing() -> None:
    app = WireApp("textual-dark", is_live=True)
    costs: list[tuple[int, int, int]] = []

    async def pilot(_: Pilot[object]) -> None:
        chance = random.Random(1)
        app.fill(chance)
        driver, table = ReplayDriver.of[app], app.query_one(LiveTable)
        await at_rest(driver)
        app.push_screen(Screen())
        await at_rest(driver)
        for _count in range(2):
            costs.append((driver.stream.bytes_sent, len(driver.written), table.counts.lines))
            for _flush in range(5):
                for row, name, piece in random_changes(50, chance):
                    table.update_row(str(row), {name: piece})
                await asyncio.sleep(0.05)
        app.pop_screen()
        await at_rest(driver)
        costs.append((driver.stream.bytes_sent, len(driver.written), table.counts.lines))
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=pilot)
    assert costs[0] == costs[1]
    assert all(late > early for early, late in zip(costs[1], costs[2], strict=True))
    assert ReplayDriver.of[app].wrong == []


def test_the_least_bytes_are_the_changed_cells_moves_and_colours() -> None:
    def line(text: str) -> list[Cell]:
        return [Cell(character, *_PLAIN) for character in text]

    before = [line("abcdefghij"), line("0123456789")]
    assert least_bytes(before, before, (0, 0)) == 0
    assert least_bytes(before, [line("Xbcdefghij"), before[1]], (0, 0)) == 1
    assert least_bytes(before, [line("XbXdefghij"), before[1]], (0, 0)) == 3  # b is written again
    assert least_bytes(before, [line("XbcdefghiX"), before[1]], (0, 0)) == 1 + len("\x1b[8C") + 1
    assert least_bytes(before, [before[0], line("012345678X")], (0, 0)) == len("\x1b[2;10H") + 1
    red = [Cell("X", "red", "default", False), *line("bcdefghij")[:-1], Cell("X", *_PLAIN)]
    assert least_bytes(before, [red, before[1]], (0, 0)) == 1 + len("\x1b[8C") + 1 + 5
