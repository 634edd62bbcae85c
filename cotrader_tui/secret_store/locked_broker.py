"""A broker whose secrets could not be read: its cycles fail in words, the other connections go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

from cotrader_tui.brokers.base import AccountResult, Broker, Secret
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind


class LockedBroker:
    """Stands in the broker's place and tries to read its secrets again at each cycle. It never streams."""

    def __init__(
        self, unlock: Callable[[], Mapping[str, Secret]], make: Callable[[Mapping[str, Secret]], Broker]
    ) -> None:
        """`unlock` reads the secrets or raises ConfigError; it may be slow. `make` makes the broker with them."""
        self._unlock = unlock
        self._make = make
        self._broker: Broker | None = None

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
                self._broker = self._make(await asyncio.to_thread(self._unlock))
            except ConfigError as error:
                raise BrokerError(ErrorKind.AUTH, error.message, error.hint) from error
        return self._broker
