"""TWS's own P&L per position: subscriptions that live as long as the position is held."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from decimal import Decimal

from ib_async import IB, PnLSingle

from cotrader_tui.brokers.ibkr.numbers import figure
from cotrader_tui.brokers.ibkr.parse import Pnl, has_arrived, parse_pnl

_NOTHING = Decimal(0)

Key = tuple[str, int]
"""Account and contract id."""


class PnlBook:
    """The subscriptions of one connection at a time. A second one for a position would be an error in ib_async."""

    def __init__(self) -> None:
        self._ib: IB | None = None
        self._open: dict[Key, PnLSingle] = {}
        self._news = asyncio.Event()

    def follow(self, ib: IB, held: Collection[Key]) -> int:
        """Subscribes to whatever of `held` is not followed yet; how many those are. A new connection starts with none.

        Raises:
            ConnectionError: the connection is gone.
        """
        if ib is not self._ib:
            self._ib, self._open = ib, {}
            ib.pnlSingleEvent += self._hear
            ib.disconnectedEvent += self._hear
        new = [key for key in held if key not in self._open]
        for account, con_id in new:
            self._open[account, con_id] = ib.reqPnLSingle(account, "", con_id)
        return len(new)

    def gone(self, held: Collection[Key]) -> list[Key]:
        """Followed, but no longer held: closed since the last time."""
        return [key for key in self._open if key not in held]

    async def settle(self, held: Mapping[Key, Decimal], seconds: float) -> None:
        """Waits until every subscription speaks of the quantity in `held`, of 0 where it is gone from there."""
        try:
            async with asyncio.timeout(seconds):
                while self._is_waiting(held):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return

    def _is_waiting(self, held: Mapping[Key, Decimal]) -> bool:
        is_open = self._ib is not None and self._ib.isConnected()
        return is_open and not all(_is_settled(each, held.get(key, _NOTHING)) for key, each in self._open.items())

    def _hear(self, *_: object) -> None:
        self._news.set()

    def figures(self, key: Key) -> Pnl | None:
        """What TWS reckons now; `None` if nothing has arrived."""
        message = self._open.get(key)
        return parse_pnl(message) if message is not None and has_arrived(message) else None

    def release(self, keys: Collection[Key]) -> None:
        """Cancels these subscriptions."""
        for account, con_id in keys:
            if self._open.pop((account, con_id), None) is not None and self._ib is not None and self._ib.isConnected():
                self._ib.cancelPnLSingle(account, "", con_id)


def _is_settled(message: PnLSingle, quantity: Decimal) -> bool:
    return has_arrived(message) and figure(message.position) == quantity
