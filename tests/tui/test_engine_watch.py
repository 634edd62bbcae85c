"""A screen that starts no engine still knows whether one syncs its book, and says so."""

from __future__ import annotations

from dataclasses import replace
from queue import SimpleQueue

from cotrader_tui.tui.engine_watch import EngineWatch
from cotrader_tui.tui.ports import EngineState, ScreenOptions
from tests.tui.book import book, make_app, settled, shown, text_of

WITHIN = 5.0


def test_each_change_is_told_once() -> None:
    held = [True, True, False, False, True]
    told: SimpleQueue[EngineState] = SimpleQueue()
    watch = EngineWatch(lambda: held.pop(0) if len(held) > 1 else held[0], look_every=0.001)
    watch.start(told.put)
    watch.start(told.put)
    found = [told.get(timeout=WITHIN) for _ in range(3)]
    watch.stop()
    assert [state.is_running for state in found] == [True, False, True]
    assert not any(state.is_ours for state in found)
    assert found[1].message == "Nothing syncs this book at the moment."


async def test_a_read_only_screen_says_so_and_that_nothing_syncs() -> None:
    watch = EngineWatch(lambda: False, look_every=0.01)
    options = ScreenOptions(is_watching=False, is_read_only=True)
    async with shown(book(), make_app(request_sync=None, keeper=watch, options=options)) as pilot:
        while "Nothing syncs this book at the moment." not in text_of(pilot):
            await settled(pilot)
        assert "READ-ONLY" in text_of(pilot)
        assert "r Sync now" not in text_of(pilot)


async def test_the_word_is_there_on_a_narrow_screen_too() -> None:
    options = ScreenOptions(is_watching=False, is_read_only=True)
    for is_private in (False, True):
        app = make_app(request_sync=None, options=replace(options, is_private=is_private))
        async with shown(book(), app, size=(80, 24)) as pilot:
            assert "READ-ONLY" in text_of(pilot).splitlines()[0]
