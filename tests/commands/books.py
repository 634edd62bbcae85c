"""Database files as a real sync leaves them, from a broker that answers what a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from cotrader_tui.brokers.base import AccountResult, BrokerSnapshot, ConnectionConfig
from cotrader_tui.config import Settings
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.positions import Holding
from cotrader_tui.errors import BrokerError
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from tests.builders import BROKER, NOW, account, balances, decimal, quote, share


class ToldBroker:
    """Answers with `results`, or refuses the log-in with `error`."""

    def __init__(self, results: Sequence[AccountResult], error: BrokerError | None = None) -> None:
        self._results = tuple(results)
        self._error = error

    async def accounts(self) -> tuple[Account, ...]:
        if self._error is not None:
            raise self._error
        return tuple(result.account for result in self._results)

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        return tuple(result for result in self._results if result.account in accounts)

    async def close(self) -> None:
        pass


def sync(
    database: Path,
    *results: AccountResult,
    now: datetime = NOW,
    error: BrokerError | None = None,
    label: str = "",
    name: str = BROKER,
) -> None:
    """Run one cycle of a connection whose broker answers so."""
    config = ConnectionConfig(name, name, label=label)
    with Writer(database) as writer:
        asyncio.run(Engine(writer, [(config, ToldBroker(results, error))], lambda: now).sync_once())


def answer(
    *holdings: Holding, quotes: Sequence[Quote] = (), greeks: Sequence[Greeks] = (), of: Account | None = None
) -> BrokerSnapshot:
    """A complete answer for one account."""
    return BrokerSnapshot(
        account=of or account(),
        is_complete=True,
        holdings=holdings,
        fetched_at=NOW,
        balances=balances(),
        quotes=tuple(quotes),
        greeks=tuple(greeks),
    )


def hundred_shares(symbol: str = "AAPL", of: Account | None = None) -> BrokerSnapshot:
    """An account with 100 shares bought at 54.50 that stand at 52.79."""
    stock = share(symbol)
    holding = Holding(stock, quantity=Decimal(100), average_open_price=decimal("54.50"), previous_close=decimal("53"))
    return answer(holding, quotes=[quote(stock, "52.79")], of=of)


def settings(
    database: Path, *, account: str | None = None, is_private: bool = False, is_demo: bool = False
) -> Settings:
    """Settings that only name the database."""
    return Settings(
        database=database,
        config_file=database.with_name("config.toml"),
        log_file=database.with_name("cotrader.log"),
        connections=(),
        account=account,
        is_private=is_private,
        is_demo=is_demo,
    )
