"""Screens that were closed leave nothing behind."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from tests.tui.book import book, settled, shown

_TOGETHER = 16
"""So many closed screens are let go of together."""


async def opened_and_closed(pilot: Pilot[Any], times: int) -> list[weakref.ref[Screen[Any]]]:
    """The screens that were."""
    found = []
    for _ in range(times):
        await pilot.press("enter")
        await settled(pilot)
        found.append(weakref.ref(pilot.app.screen))
        await pilot.press("escape")
        await settled(pilot)
    return found


def lines_kept() -> int:
    """The painted lines that something still holds."""
    gc.collect()
    return sum(type(each) is Strip for each in gc.get_objects())


async def test_the_picture_of_a_closed_detail_is_kept_nowhere() -> None:
    async with shown(book()) as pilot:
        await opened_and_closed(pilot, 2)
        before = lines_kept()
        await opened_and_closed(pilot, 4)
        assert lines_kept() < before + 50  # a single detail has more


async def test_closed_screens_are_let_go_of_though_cycles_are_looked_for_seldom() -> None:
    thresholds = gc.get_threshold()
    gc.set_threshold(10_000_000, 20, 20)
    try:
        async with shown(book()) as pilot:
            screens = await opened_and_closed(pilot, _TOGETHER)
            await settled(pilot)
            assert sum(each() is not None for each in screens) <= 1
    finally:
        gc.set_threshold(*thresholds)
