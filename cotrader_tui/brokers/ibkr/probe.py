"""Whether something listens again where the connection to TWS is gone."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from cotrader_tui.brokers.ibkr.link import Link
from cotrader_tui.brokers.ibkr.settings import Limits, Settings


class Probe:
    """Opens a socket now and then and closes it at once: TWS takes no notice of one that says nothing."""

    def __init__(self, link: Link, settings: Settings, limits: Limits) -> None:
        self._link = link
        self._settings = settings
        self._limits = limits
        self._next_at: float | None = None
        """`None` while the connection stands."""
        self._was_missed = False
        """Whether TWS was found gone since it was last told to be back."""
        self._told_after: int | None = None

    async def finds_tws_back(self, tries: int) -> bool:
        """Whether TWS listens again: true once for each time it was gone. `tries` is how often it has been called.

        A minute after the connection was lost it looks for the first time, then once a minute. Where it has said yes,
        it looks no more until TWS has been called.
        """
        if self._link.is_open:
            self._next_at, self._was_missed, self._told_after = None, True, None
            return False
        now = asyncio.get_running_loop().time()
        if self._next_at is None:
            self._next_at = now + self._limits.knock
        if now < self._next_at or tries == self._told_after:
            return False
        self._next_at = now + self._limits.knock
        if not await self._is_heard():
            self._was_missed = True
            return False
        if not self._was_missed:
            return False
        self._was_missed, self._told_after = False, tries
        return True

    async def _is_heard(self) -> bool:
        """Whether the port takes a connection. Nothing is said over it."""
        try:
            async with asyncio.timeout(self._limits.knock_answer):
                _, writer = await asyncio.open_connection(self._settings.host, self._settings.port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True
