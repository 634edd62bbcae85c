"""A stand-in server and connections to it, with clocks and limits that suit tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from cotrader_tui.brokers.base import BrokerSnapshot, ConnectionConfig, Secret
from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.brokers.tastytrade.stream import StreamLimits
from cotrader_tui.domain.clock import Clock
from tests.standin.payloads import Json, greeks_event
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TastytradeStandin

NOW = datetime(2026, 11, 18, 20, 46, tzinfo=UTC)
BUDGET = timedelta(seconds=20)
NO_WAITING = RetryPolicy(wait_initial=0, wait_max=0, wait_jitter=0)
STREAM = StreamLimits(opening=5, quiet=0.2, total=1.5)
SHORT_STREAM = StreamLimits(opening=0.4, quiet=0.2, total=0.3)
"""For streams that never open or never answer."""


class Connect(Protocol):
    def __call__(
        self,
        *,
        url: str | None = None,
        client_secret: str = CLIENT_SECRET,
        is_sandbox: bool = False,
        call_timeout: float = 2.0,
        accounts_timeout: float = 20.0,
        aside_timeout: float = 5.0,
        clock: Clock = ...,
        stream_limits: StreamLimits = ...,
    ) -> TastytradeBroker: ...


@pytest.fixture
def server() -> Iterator[TastytradeStandin]:
    with TastytradeStandin() as standin:
        yield standin


@pytest.fixture
async def connect(server: TastytradeStandin) -> AsyncIterator[Connect]:
    """Makes connections to the server that are closed after the test."""
    made: list[TastytradeBroker] = []

    def make(
        *,
        url: str | None = None,
        client_secret: str = CLIENT_SECRET,
        is_sandbox: bool = False,
        call_timeout: float = 2.0,
        accounts_timeout: float = 20.0,
        aside_timeout: float = 5.0,
        clock: Clock = lambda: NOW,
        stream_limits: StreamLimits = STREAM,
    ) -> TastytradeBroker:
        config = ConnectionConfig(
            "tastytrade",
            "tastytrade",
            options={"api_url": url or server.url, "is_sandbox": "1" if is_sandbox else "0"},
            secrets={"client_secret": Secret(client_secret), "refresh_token": Secret(REFRESH_TOKEN)},
        )
        broker = TastytradeBroker(
            config,
            clock,
            policy=NO_WAITING,
            call_timeout=call_timeout,
            accounts_timeout=accounts_timeout,
            aside_timeout=aside_timeout,
            stream_limits=stream_limits,
        )
        made.append(broker)
        return broker

    yield make
    for broker in made:
        await broker.close()


def answer_greeks(server: TastytradeStandin, rows: Iterable[Json]) -> None:
    """Gives every option of `rows` Greeks, so that no snapshot waits for them."""
    symbols = [row["streamer-symbol"] for row in rows if "Option" in row["instrument-type"]]
    server.change(lambda book: book.greeks.update({symbol: greeks_event(0.5) for symbol in symbols}))


def quote_before(server: TastytradeStandin, *symbols: str) -> None:
    """Gives each an empty market from before. What comes first on a connection is of any age; now the next is news."""
    server.push_all(("Quote", symbol, {"bidPrice": 0, "askPrice": 0}) for symbol in symbols)


async def eventually(happens: Callable[[], bool]) -> None:
    """Returns once `happens`, which another thread brings about."""
    for _ in range(2000):
        if happens():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("It did not happen within 10 s.")


async def only_snapshot(broker: TastytradeBroker) -> BrokerSnapshot:
    """The snapshot of the single account the server has."""
    (result,) = await broker.fetch(await broker.accounts(), BUDGET)
    assert isinstance(result, BrokerSnapshot), result
    return result
