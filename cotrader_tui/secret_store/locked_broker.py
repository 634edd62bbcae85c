"""A broker that could not be made yet: its cycles fail in words, the other connections go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta

from cotrader_tui.brokers.base import AccountResult, Broker
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind


class LockedBroker:
    """Stands in the broker's place and tries to make it at each cycle, until its secrets can be read.

    What it can do beside a cycle (a stream, a history) is asked of `broker` itself once it is there.
    """

    def __init__(self, unlock: Callable[[], Broker]) -> None:
        """`unlock` reads the secrets and makes the broker, or raises ConfigError. It may be slow: a thread calls it."""
        self._unlock = unlock
        self._broker: Broker | None = None

    @property
    def broker(self) -> Broker | None:
        return self._broker

    async def accounts(self) -> tuple[Account, ...]:
        return await (await self._unlocked()).accounts()

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        return await (await self._unlocked()).fetch(accounts, budget)

    async def close(self) -> None:
        if self._broker is not None:
            await self._broker.close()

    async def _unlocked(self) -> Broker:
        if self._broker is None:
            try:
                self._broker = await asyncio.to_thread(self._unlock)
            except ConfigError as error:
                raise BrokerError(ErrorKind.AUTH, error.message, error.hint) from error
        return self._broker
