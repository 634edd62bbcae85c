"""A stand-in for TWS and connections to it, with clocks and limits that suit tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from cotrader_tui.brokers.base import BrokerSnapshot, ConnectionConfig
from cotrader_tui.brokers.hints import Hints
from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.brokers.ibkr.settings import Limits
from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.domain.clock import Clock
from tests.standin.tws import TwsStandin
from tests.standin.tws_book import TwsBook, TwsContract, TwsGreeks, TwsMarket, TwsPosition

NOW = datetime(2026, 11, 18, 20, 46, tzinfo=UTC)
BUDGET = timedelta(seconds=20)
ONCE = RetryPolicy(attempts=1)
LIMITS = Limits(handshake=5, start=5, accounts=20, positions=5, details=5, extras=5, pnl=5, quiet=5, market=5)
"""Longer than anything takes that is answered."""
SHORT = Limits(
    handshake=0.3, start=0.3, accounts=10, positions=0.3, details=0.3, extras=0.2, pnl=0.2, quiet=0.2, market=0.3
)
"""For what is never answered."""
ONE, TWO = "U5550001", "U5550002"

AAPL = TwsContract(265598, "AAPL", local_symbol="AAPL", trading_class="NMS", listing="NASDAQ")
KO = TwsContract(8894, "KO", local_symbol="KO", trading_class="KO", listing="NYSE")
SAP = TwsContract(14204, "SAP", currency="EUR", local_symbol="SAP", trading_class="XETRA", listing="IBIS")
SPX = TwsContract(416904, "SPX", "IND", exchange="CBOE", local_symbol="SPX", trading_class="SPX")
ES = TwsContract(
    495512563, "ES", "FUT", "20261218", multiplier="50", exchange="CME", local_symbol="ESZ6", trading_class="ES",
    under_symbol="ES", under_sec_type="IND", real_expiration="20261218",
)  # fmt: skip


def option(con_id: int = 700001, strike: int = 250, right: str = "C", under: TwsContract = AAPL) -> TwsContract:
    """An option of 15 January 2027."""
    return TwsContract(
        con_id, under.symbol, "OPT", "20270115", str(strike), right, "100",
        local_symbol=f"{under.symbol:<6}270115{right}{strike * 1000:08d}", trading_class=under.symbol,
        under_con_id=under.con_id, under_symbol=under.symbol, under_sec_type=under.sec_type,
        real_expiration="20270115",
    )  # fmt: skip


CALL = option()
LIVE_CALL = TwsMarket("5.05", "5.15", "5.1", "5", TwsGreeks())
LIVE_AAPL = TwsMarket("231.39", "231.41", "231.4", "229")
SHARES = TwsPosition(AAPL.con_id, "100", "198.5", daily="250", unrealized="3290", value="23140")
SHORT_CALLS = TwsPosition(CALL.con_id, "-2", "1250.40", daily="-30", unrealized="1480.8", value="-1020")


class Connect(Protocol):
    def __call__(
        self,
        *,
        clock: Clock = ...,
        limits: Limits = ...,
        policy: RetryPolicy = ...,
        hints: Hints | None = None,
        **options: str,
    ) -> IbkrBroker: ...


@pytest.fixture
def server() -> Iterator[TwsStandin]:
    """One account without positions, and contracts to hold."""
    book = TwsBook()
    book.add_contracts(AAPL, KO, SAP, SPX, ES, CALL)
    book.market = {AAPL.con_id: LIVE_AAPL, CALL.con_id: LIVE_CALL}
    book.add_account(ONE)
    with TwsStandin(book) as standin:
        yield standin


@pytest.fixture
async def connect(server: TwsStandin) -> AsyncIterator[Connect]:
    """Makes connections to the server that are closed after the test."""
    made: list[IbkrBroker] = []

    def make(
        *,
        clock: Clock = lambda: NOW,
        limits: Limits = LIMITS,
        policy: RetryPolicy = ONCE,
        hints: Hints | None = None,
        **options: str,
    ) -> IbkrBroker:
        config = ConnectionConfig("ibkr", "ibkr", options={"port": str(server.port), **options})
        made.append(IbkrBroker(config, clock, limits=limits, policy=policy, hints=hints))
        return made[-1]

    yield make
    for broker in made:
        await broker.close()


async def eventually(happens: Callable[[], bool]) -> None:
    """Returns once `happens`, which another thread brings about."""
    for _ in range(2000):
        if happens():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("It did not happen within 10 s.")


async def snapshots(broker: IbkrBroker, budget: timedelta = BUDGET) -> dict[str, BrokerSnapshot]:
    """One cycle, as the engine runs it: the snapshot of every account by its number."""
    results = await broker.fetch(await broker.accounts(), budget)
    found = {result.account.id.number: result for result in results if isinstance(result, BrokerSnapshot)}
    assert len(found) == len(results), results
    return found


async def only_snapshot(broker: IbkrBroker) -> BrokerSnapshot:
    """The snapshot of the single account the server has."""
    (snapshot,) = (await snapshots(broker)).values()
    return snapshot
