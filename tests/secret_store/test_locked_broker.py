"""A connection whose secrets cannot be read fails in words, and comes alive once they can."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from cotrader_tui.brokers.base import AccountResult
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind
from cotrader_tui.secret_store.locked_broker import LockedBroker


@dataclass
class QuietBroker:
    """A broker without accounts."""

    calls: list[str] = field(default_factory=list)

    async def accounts(self) -> tuple[Account, ...]:
        self.calls.append("accounts")
        return ()

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        self.calls.append("fetch")
        return ()

    async def close(self) -> None:
        self.calls.append("close")


@dataclass
class Keeper:
    """Where the secrets are: closed at first."""

    is_open: bool = False
    made: list[QuietBroker] = field(default_factory=list)

    def unlock(self) -> QuietBroker:
        if not self.is_open:
            raise ConfigError("The keyring is closed.", "Open it.")
        self.made.append(QuietBroker())
        return self.made[-1]


async def test_each_call_tells_why_it_cannot_log_in() -> None:
    keeper = Keeper()
    broker = LockedBroker(keeper.unlock)
    for call in (broker.accounts(), broker.fetch((), timedelta(seconds=1))):
        with pytest.raises(BrokerError) as refusal:
            await call
        assert (refusal.value.kind, str(refusal.value)) == (ErrorKind.AUTH, "The keyring is closed. Open it.")
        assert not refusal.value.is_grant_refused
    await broker.close()
    assert (keeper.made, broker.broker) == ([], None)


async def test_once_the_secrets_can_be_read_one_broker_does_the_work() -> None:
    keeper = Keeper()
    broker = LockedBroker(keeper.unlock)
    with pytest.raises(BrokerError):
        await broker.accounts()
    keeper.is_open = True
    assert await broker.accounts() == ()
    assert await broker.fetch((), timedelta(seconds=1)) == ()
    await broker.close()
    assert [each.calls for each in keeper.made] == [["accounts", "fetch", "close"]]
    assert broker.broker is keeper.made[0]
