"""What the screen shows after a sleep of the machine, a long stop, or a clock that was set."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from cotrader_tui.tui.clock_watch import ClockWatch
from tests.builders import NOW
from tests.tui.book import Watch, book, make_app, settled, shown, text_of

DAYS = 24 * 3600.0


@pytest.mark.parametrize("seconds", [6, 9 * 3600, -6, -3600])
def test_a_jump_is_told_once(seconds: float) -> None:
    watch, now = ClockWatch(NOW), NOW
    for _ in range(3):
        now += timedelta(seconds=1)
        assert not watch.has_jumped(now)
    now += timedelta(seconds=seconds)
    assert watch.has_jumped(now)
    assert not watch.has_jumped(now + timedelta(seconds=1))


async def test_after_a_weekend_asleep_ages_and_expirations_are_right_within_seconds() -> None:
    """Else a table looks at them once in 30 seconds."""
    clock = Watch()
    async with shown(book(), make_app(clock=clock)) as pilot:
        assert re.search(r"SPXW .* 3 ", text_of(pilot))
        assert "synced 14s ago" in text_of(pilot)
        clock.forward(4 * DAYS)
        for _ in range(50):
            await pilot.pause(0.1)
            if "expired" in text_of(pilot):
                break
        await settled(pilot)
        text = text_of(pilot)
        assert re.search(r"SPXW .* expired ", text)
        assert "synced 4d ago" in text
        assert "CACHED" in text
        assert re.search(r"AAPL +shares .* 4d │", text)


async def test_a_clock_set_back_leaves_no_age_from_before() -> None:
    clock = Watch()
    clock.forward(3600)
    async with shown(book(), make_app(clock=clock)) as pilot:
        assert "synced 1h" in text_of(pilot)
        clock.forward(-3000)
        for _ in range(50):
            await pilot.pause(0.1)
            if re.search(r"AAPL +shares .* 10m │", text_of(pilot)):
                break
        assert "synced 10m ago" in text_of(pilot)
        assert re.search(r"AAPL +shares .* 10m │", text_of(pilot))
