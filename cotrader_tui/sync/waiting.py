"""Waiting by the clock. The loop's time stands still while the machine sleeps, and the clock may be set."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from cotrader_tui.domain.clock import Clock

SET_BACK = timedelta(seconds=5)
"""A clock that stands so far behind where it stood was set."""
_LONGEST_NAP = 60.0


async def rest(clock: Clock, span: timedelta) -> None:
    """Let so much time go by on the clock; a clock that was set back ends it."""
    end = clock() + span
    while True:
        left = end - clock()
        if not timedelta() < left <= span + SET_BACK:
            return
        await asyncio.sleep(min(left.total_seconds(), _LONGEST_NAP))


async def event_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for `event`, but no longer."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
