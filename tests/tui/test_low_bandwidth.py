"""Low-bandwidth mode: when it comes by itself, when it goes, and what it leaves out."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.line_watch import LineWatch
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.themes import Colours
from tests.tui.book import book, make_app, settled, shown, table_of, tell, text_of
from tests.tui.live.line import Line
from tests.tui.live.terminals import ReplayDriver
from tests.tui.live.wire import WireApp, at_rest, random_changes


def looked(watch: LineWatch, *behind: bool) -> LineWatch:
    for number, each in enumerate(behind):
        watch.look(is_behind=each, sent=0, now=float(number))
    return watch


# The rule


def test_a_line_behind_at_half_of_twelve_looks_is_slow() -> None:
    assert not looked(LineWatch(), *[True] * 5).is_slow
    assert looked(LineWatch(), *[True] * 6).is_slow
    assert looked(LineWatch(), *[True, False] * 6).is_slow
    assert not looked(LineWatch(), *[True, False, False] * 40).is_slow


def test_a_screen_that_takes_some_seconds_to_draw_is_no_slow_line() -> None:
    assert not looked(LineWatch(), *[True] * 4, *[False] * 12, *[True] * 4).is_slow


def test_a_slow_line_has_to_do_well_for_three_minutes_on_end() -> None:
    watch = looked(LineWatch(), *[True] * 6)
    assert looked(watch, *[False] * 179, True).is_slow
    assert looked(watch, *[False] * 179).is_slow
    assert not looked(watch, False).is_slow


def test_a_line_that_fails_again_has_to_do_well_for_longer() -> None:
    watch = looked(LineWatch(), *[True] * 6, *[False] * 180)
    assert not watch.is_slow
    assert looked(watch, *[True] * 6, *[False] * 180).is_slow
    assert not looked(watch, *[False] * 180).is_slow


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    watch = LineWatch()
    watch.look(is_behind=False, sent=40_000, now=1.0)
    assert watch.kilobytes_per_second is None
    for second in range(1, 31):
        watch.look(is_behind=False, sent=40_000 + 1_500 * second + (6_000 if second > 24 else 0), now=1.0 + second)
    assert watch.kilobytes_per_second == pytest.approx(1.5 + 0.6)


# The screen


def app_of(pilot: Pilot[Any]) -> CotraderApp:
    assert isinstance(pilot.app, CotraderApp)
    return pilot.app


def colours_of(pilot: Pilot[Any]) -> Colours:
    return app_of(pilot).colours


def footer(pilot: Pilot[Any]) -> str:
    return text_of(pilot).splitlines()[-1]


def thrifty() -> ScreenOptions:
    return ScreenOptions(is_watching=False, is_low_bandwidth=True)


def moved(snapshot: PortfolioSnapshot, cash: str) -> PortfolioSnapshot:
    """The same book with another net liquidating value."""
    first, *rest = snapshot.accounts
    assert first.balances is not None
    balances = replace(first.balances, net_liquidating_value=Decimal(cash))
    return replace(snapshot, accounts=(replace(first, balances=balances), *rest))


async def until(pilot: Pilot[Any], words: str, seconds: float = 8) -> None:
    async with asyncio.timeout(seconds):
        while words not in text_of(pilot):
            await pilot.pause(0.05)


async def test_the_key_switches_marks_pace_and_colours_and_back() -> None:
    async with shown(book()) as pilot:
        table = table_of(pilot)
        assert (table.marks_changes, table.flushes_per_second) == (True, 4)
        await pilot.press("B")
        await settled(pilot)
        assert (table.marks_changes, table.flushes_per_second) == (False, 1)
        assert colours_of(pilot) is Colours.SIXTEEN
        assert "Low-bandwidth mode is on." in text_of(pilot)
        assert footer(pilot).rstrip().endswith("LOWBW – kB/s")  # nothing was sent: there is no terminal
        assert "╭" not in text_of(pilot)
        await pilot.press("B")
        await settled(pilot)
        assert (table.marks_changes, table.flushes_per_second) == (True, 4)
        assert colours_of(pilot) is Colours.ALL
        assert "LOWBW" not in footer(pilot)
        assert "╭" in text_of(pilot)


async def test_marks_that_were_switched_off_stay_off() -> None:
    async with shown(book()) as pilot:
        await pilot.press("m", "B", "B")
        await settled(pilot)
        assert not table_of(pilot).marks_changes


async def test_the_screen_can_start_in_it() -> None:
    async with shown(book(), make_app(options=thrifty())) as pilot:
        assert "LOWBW" in footer(pilot)
        await pilot.press("2")
        await settled(pilot)
        assert "LOWBW" in footer(pilot)
        assert colours_of(pilot) is Colours.SIXTEEN
        assert table_of(pilot).flushes_per_second == 1


async def test_the_time_of_day_has_no_seconds_where_it_is_shown_seldom() -> None:
    async with shown(book(), make_app(options=thrifty())) as pilot:
        assert " 11:30 ET open" in text_of(pilot)
        await pilot.press("B")
        await settled(pilot)
        assert " 11:30:00 ET open" in text_of(pilot)


async def test_a_new_book_waits_for_its_turn() -> None:
    async with shown(book(), make_app(options=thrifty())) as pilot:
        app, screen = app_of(pilot), pilot.app.screen
        assert isinstance(screen, BookScreen)
        app.pass_second(2, screen)
        await tell(pilot, moved(book(), "555001.00"))
        assert "586,878.09" not in text_of(pilot)
        app.pass_second(3, screen)
        assert "586,878.09" not in text_of(pilot)
        await until(pilot, "586,878.09")


async def test_what_a_person_does_is_shown_at_once() -> None:
    async with shown(book(), make_app(options=thrifty())) as pilot:
        await pilot.press("p")
        await settled(pilot)
        assert "PRIVACY" in text_of(pilot)


async def test_the_rate_can_be_shown_and_hidden() -> None:
    async with shown(book()) as pilot:
        assert "kB/s" not in footer(pilot)
        await pilot.press("b")
        await settled(pilot)
        assert footer(pilot).rstrip().endswith("– kB/s")
        await pilot.press("b", "B")
        await settled(pilot)
        assert footer(pilot).rstrip().endswith("LOWBW")


# The terminal


def test_it_comes_by_itself_where_nobody_takes_what_is_sent(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cotrader_tui", "--demo"]
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with Line(command=command, environ=home, size=(140, 40)) as line:
        line.wait_for("NLV")
        line.settled("AAPL")
        line.is_held = True
        line.press("\x0c")
        time.sleep(9)  # half of twelve looks, one a second
        line.is_held = False
        line.wait_for(lambda text: "LOWBW" in text.splitlines()[-1] and "kB/s" in text.splitlines()[-1])
        line.press("q")
        assert line.process.wait(10) == 0


async def bytes_sent(*, marks: bool) -> int:
    """What a table that moves sends in twelve flushes and until its marks are gone."""
    app, total = WireApp("textual-dark", is_live=True, marks=marks), 0

    async def pilot(_: Pilot[object]) -> None:
        nonlocal total
        chance = random.Random(3)
        app.fill(chance)
        driver = ReplayDriver.of[app]
        await at_rest(driver)
        before = driver.stream.bytes_sent
        for _flush in range(12):
            app.change(random_changes(20, chance))
            await asyncio.sleep(0.05)
        await at_rest(driver, seconds=1.2)
        total = driver.stream.bytes_sent - before
        app.exit()

    await app.run_async(size=(200, 50), auto_pilot=pilot)
    return total


async def test_marks_cost_bytes_that_the_mode_saves() -> None:
    assert await bytes_sent(marks=False) < 0.75 * await bytes_sent(marks=True)
