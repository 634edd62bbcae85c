"""The stream fault table at the wire: each fault is a state in the store, and none of them a busy loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter

import pytest

from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.brokers.tastytrade.feed import LiveLimits
from cotrader_tui.domain.clock import system_clock
from cotrader_tui.domain.market import Quote
from cotrader_tui.domain.sync import StreamState, StreamStatus
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.market import FollowedStream
from tests.brokers.tastytrade.conftest import NO_WAITING, STREAM, eventually, only_snapshot
from tests.standin.faults import Fault, StreamFault
from tests.standin.payloads import equity_row, greeks_event, option_row
from tests.standin.tastytrade import TastytradeStandin

NUMBER, CALL = "5WX00006", ".KO261218C65"
SHARES = equity_row("KO", 10, "60", "61")
LIMITS = LiveLimits(opening=0.3, silence=0.3, drain=0.005)
LEAST_WAIT = 0.5
"""Seconds between two attempts where chance is 0."""


@dataclass
class Following:
    stream: FollowedStream
    path: Path
    wanted: list[None]

    @property
    def stored(self) -> StreamStatus | None:
        with Reader(self.path) as reader:
            (connection,) = reader.connections()
        return connection.stream

    def is_in(self, state: StreamState) -> bool:
        return self.stored is not None and self.stored.state is state


@asynccontextmanager
async def following(
    server: TastytradeStandin, path: Path, limits: LiveLimits = LIMITS, waits: float = 0.0
) -> AsyncIterator[Following]:
    """The stream of a broker whose first sync has landed, as the engine follows it. `waits` is all of chance."""
    config = ConnectionConfig(
        "tastytrade",
        "tastytrade",
        options={"api_url": server.url},
        secrets={"client_secret": Secret(server.client_secret), "refresh_token": Secret(server.refresh_token)},
    )
    broker = TastytradeBroker(
        config, system_clock, policy=NO_WAITING, call_timeout=2, stream_limits=STREAM, live_limits=limits
    )
    with Writer(path) as writer:
        number = writer.ensure_connection("tastytrade", "tastytrade", "", timedelta(seconds=60))
        await only_snapshot(broker)
        wanted: list[None] = []
        stream = FollowedStream("tastytrade", number, broker, lambda: wanted.append(None))
        task = asyncio.create_task(stream.follow(writer, system_clock, lambda: waits))
        try:
            yield Following(stream, path, wanted)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await broker.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


@pytest.fixture(autouse=True)
def shares(server: TastytradeStandin) -> None:
    server.keepalive = 0.05
    server.change(lambda book: book.add_account(NUMBER, [SHARES]))


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        (StreamFault.REFUSE_UPGRADE, StreamState.BROKEN, "broke off"),
        (StreamFault.DROP, StreamState.BROKEN, "broke off"),
        (StreamFault.MUTE, StreamState.SILENT, "did not open within"),
        (StreamFault.FREEZE, StreamState.SILENT, "did not answer a subscription"),
        (StreamFault.REFUSE_TOKEN, StreamState.REFUSED, "refused the quote token"),
        (StreamFault.REFUSE_SUBSCRIPTION, StreamState.REFUSED, "refused a subscription"),
        (StreamFault.CLOSE_CHANNEL, StreamState.REFUSED, "refused a subscription"),
    ],
)
async def test_fault_is_a_state_with_words_and_is_tried_again_in_no_hurry(
    server: TastytradeStandin, path: Path, fault: StreamFault, state: StreamState, words: str
) -> None:
    server.fail_stream(fault, times=1000)
    async with following(server, path) as stream:
        await eventually(lambda: stream.is_in(state))
        first = stream.stored
        assert first is not None
        assert words in first.message
        assert len(server.sockets) == 1
        failed_at = perf_counter()
        await eventually(lambda: len(server.sockets) > 1)
        assert perf_counter() - failed_at > LEAST_WAIT / 2
        await eventually(lambda: not server.sockets[1].is_open)
        assert len(server.sockets) == 2
        assert sum(socket.auth_attempts for socket in server.sockets) <= 4
        assert stream.is_in(state), "trying again is no better state"
        assert stream.stored is not None
        assert stream.stored.since == first.since


@pytest.mark.parametrize(("status", "state"), [(403, StreamState.REFUSED), (500, StreamState.BROKEN)])
async def test_missing_quote_token_is_a_state_and_opens_no_socket(
    server: TastytradeStandin, path: Path, status: int, state: StreamState
) -> None:
    server.fail("/api-quote-tokens", Fault.status(status))
    async with following(server, path) as stream:
        await eventually(lambda: stream.is_in(state))
        assert server.sockets == []
        assert len(server.requests_to("/api-quote-tokens")) <= 4


async def test_market_without_quotes_is_live_while_keepalives_come_and_silent_once_they_end(
    server: TastytradeStandin, path: Path
) -> None:
    async with following(server, path) as stream:
        await eventually(lambda: stream.is_in(StreamState.LIVE))
        (socket,) = server.sockets
        begun = socket.keepalives
        await eventually(lambda: socket.keepalives > begun + 8)
        assert (stream.is_in(StreamState.LIVE), server.sockets) == (True, [socket])
        server.break_sockets(StreamFault.FREEZE)
        await eventually(lambda: stream.is_in(StreamState.SILENT))
        assert stream.stored is not None
        assert "without even a keep-alive" in stream.stored.message


async def test_stream_that_comes_back_subscribes_to_what_is_held_and_asks_for_a_sync(
    server: TastytradeStandin, path: Path
) -> None:
    option = option_row("KO", date(2026, 12, 18), "C", 65, 1, "1", "1.1")
    server.hold(NUMBER, [SHARES, option])
    server.change(lambda book: book.greeks.update({CALL: greeks_event(0.4)}))
    async with following(server, path) as stream:
        await eventually(lambda: stream.is_in(StreamState.LIVE))
        held, tokens = set(server.sockets[-1].following), len(server.quote_tokens)
        server.fail_stream(StreamFault.REFUSE_TOKEN)
        server.break_sockets(StreamFault.DROP)
        await eventually(lambda: stream.is_in(StreamState.BROKEN))
        assert stream.wanted == []
        await eventually(lambda: stream.is_in(StreamState.LIVE))
        assert server.sockets[-1].following == held
        assert len(server.sockets[-1].subscribed) == len(held)
        assert len(server.quote_tokens) == tokens + 1
        assert stream.wanted == [None]


async def test_halt_is_told(server: TastytradeStandin) -> None:
    updates: list[Quote] = []
    config = ConnectionConfig(
        "tastytrade",
        "tastytrade",
        options={"api_url": server.url},
        secrets={"client_secret": Secret(server.client_secret), "refresh_token": Secret(server.refresh_token)},
    )
    broker = TastytradeBroker(config, system_clock, policy=NO_WAITING, stream_limits=STREAM, live_limits=LIMITS)
    await only_snapshot(broker)
    server.push("Profile", "KO", tradingStatus="HALTED")
    try:
        async with asyncio.timeout(5):
            async for update in broker.stream():
                updates += update.quotes
                if updates:
                    break
    finally:
        await broker.close()
    assert [(quote.is_halted, quote.mark_source) for quote in updates] == [(True, "broker")]
