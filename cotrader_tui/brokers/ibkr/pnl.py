"""TWS's own P&L per position and per account: subscriptions that live as long as the position is held, the account
synced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from decimal import Decimal

from ib_async import IB, PnL, PnLSingle

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
        self._accounts: dict[str, PnL] = {}
        self._awaited: set[str] = set()
        """Accounts subscribed to since the last time anybody waited."""
        self._news = asyncio.Event()
        self._moved: set[int] = set()

    def follow(self, ib: IB, held: Collection[Key], accounts: Collection[str] = ()) -> int:
        """Subscribes to whatever of `held` and of `accounts` is not followed yet; how many of `held` those are.

        A new connection starts with none. Accounts that are not among `accounts` are let go of.

        Raises:
            ConnectionError: the connection is gone.
        """
        if ib is not self._ib:
            self._ib, self._open, self._accounts, self._awaited = ib, {}, {}, set()
            ib.pnlEvent += self._hear
            ib.pnlSingleEvent += self._hear_position
            ib.disconnectedEvent += self._hear
        self._follow_accounts(ib, accounts)
        new = [key for key in held if key not in self._open]
        for account, con_id in new:
            self._open[account, con_id] = ib.reqPnLSingle(account, "", con_id)
        return len(new)

    def _follow_accounts(self, ib: IB, accounts: Collection[str]) -> None:
        for account in self._accounts.keys() - set(accounts):
            del self._accounts[account]
            ib.cancelPnL(account)
        for account in accounts:
            if account not in self._accounts:
                self._accounts[account] = ib.reqPnL(account)
                self._awaited.add(account)

    def gone(self, held: Collection[Key]) -> list[Key]:
        """Followed, but no longer held: closed since the last time."""
        return [key for key in self._open if key not in held]

    async def settle(self, held: Mapping[Key, Decimal], seconds: float) -> None:
        """Waits until every subscription speaks of the quantity in `held`, of 0 where it is gone from there.

        For the first figures of an account it waits once.
        """
        try:
            async with asyncio.timeout(seconds):
                while self._is_waiting(held):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return
        finally:
            self._awaited.clear()

    def _is_waiting(self, held: Mapping[Key, Decimal]) -> bool:
        is_open = self._ib is not None and self._ib.isConnected()
        if is_open and not all(_has_come(self._accounts[each]) for each in self._awaited if each in self._accounts):
            return True
        return is_open and not all(_is_settled(each, held.get(key, _NOTHING)) for key, each in self._open.items())

    def _hear(self, *_: object) -> None:
        self._news.set()

    def _hear_position(self, message: PnLSingle) -> None:
        self._moved.add(message.conId)
        self._news.set()

    def take_moved(self) -> set[int]:
        """Contract ids of the positions that TWS has told of since the last call."""
        moved, self._moved = self._moved, set()
        return moved

    @property
    def has_figures(self) -> bool:
        """Whether TWS values anything."""
        told = map(parse_pnl, self._open.values())
        return any(each.value is not None or each.unrealized is not None for each in told)

    def figures(self, key: Key) -> Pnl | None:
        """What TWS reckons now; `None` if nothing has arrived."""
        message = self._open.get(key)
        return parse_pnl(message) if message is not None and has_arrived(message) else None

    def account(self, number: str) -> tuple[Decimal | None, Decimal | None]:
        """Open and day P&L of a whole account in its base currency, as TWS reckons them now; `None` is unknown."""
        message = self._accounts.get(number)
        return (None, None) if message is None else (figure(message.unrealizedPnL), figure(message.dailyPnL))

    def release(self, keys: Collection[Key]) -> None:
        """Cancels these subscriptions."""
        for account, con_id in keys:
            if self._open.pop((account, con_id), None) is not None and self._ib is not None and self._ib.isConnected():
                self._ib.cancelPnLSingle(account, "", con_id)


def _has_come(message: PnL) -> bool:
    """Whether anything has been sent of the account, be it sentinels."""
    return message.dailyPnL == message.dailyPnL or message.unrealizedPnL == message.unrealizedPnL


def _is_settled(message: PnLSingle, quantity: Decimal) -> bool:
    return has_arrived(message) and figure(message.position) == quantity
