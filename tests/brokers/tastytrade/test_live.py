"""The market data stream over a real socket and the real SDK: updates, resubscription, faults, overload, its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from time import perf_counter

import pytest

from cotrader_tui.brokers.base import AccountFailure, ConnectionConfig, MarketUpdate, Secret, StreamingBroker
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.brokers.tastytrade.feed import LiveLimits
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.market import Greeks, MarkSource, Quote, Source
from cotrader_tui.domain.sync import StreamState
from cotrader_tui.errors import BrokerError, ErrorKind
from tests.brokers.tastytrade.conftest import BUDGET, NO_WAITING, NOW, STREAM, eventually, only_snapshot, quote_before
from tests.standin.dxlink import MarketEvent
from tests.standin.faults import Fault, StreamFault
from tests.standin.payloads import equity_row, greeks_event, option_row
from tests.standin.tastytrade import TastytradeStandin

NUMBER = "5WX00002"
DECEMBER = date(2026, 12, 18)
CALL, PUT = ".KO261218C65", ".KO261218P60"
QUICK = LiveLimits(opening=3, silence=30, drain=0.005)
CALL_ROW = option_row("KO", DECEMBER, "C", 65, 1, "1", "1.1")
PUT_ROW = option_row("KO", DECEMBER, "P", 60, -1, "1", "0.9")
FULL = {("Quote", CALL), ("Trade", CALL), ("Summary", CALL), ("Greeks", CALL)}
UNDERLYING = {("Profile", "KO"), ("Quote", "KO"), ("Trade", "KO"), ("Summary", "KO")}


def ticking_clock() -> Clock:
    start = perf_counter()
    return lambda: NOW + timedelta(seconds=perf_counter() - start)


@pytest.fixture(autouse=True)
def two_options(server: TastytradeStandin) -> None:
    server.change(lambda book: book.add_account(NUMBER, [CALL_ROW, PUT_ROW]))
    server.change(lambda book: book.greeks.update({CALL: greeks_event(0.4), PUT: greeks_event(-0.3)}))


@asynccontextmanager
async def connected(server: TastytradeStandin, limits: LiveLimits = QUICK) -> AsyncIterator[TastytradeBroker]:
    """A connection whose first sync has landed; nothing of it is left afterwards."""
    tasks = asyncio.all_tasks()
    config = ConnectionConfig(
        "tastytrade",
        "tastytrade",
        options={"api_url": server.url},
        secrets={"client_secret": Secret(server.client_secret), "refresh_token": Secret(server.refresh_token)},
    )
    broker = TastytradeBroker(
        config, ticking_clock(), policy=NO_WAITING, call_timeout=2, stream_limits=STREAM, live_limits=limits
    )
    try:
        await only_snapshot(broker)
        server.forget_requests()
        yield broker
    finally:
        await broker.close()
    await eventually(lambda: not any(socket.is_open for socket in server.sockets))
    await eventually(lambda: asyncio.all_tasks() == tasks)


class Followed:
    """A stream that is followed in a task of its own."""

    def __init__(self, broker: TastytradeBroker) -> None:
        self.updates: list[MarketUpdate] = []
        self.task = asyncio.create_task(self._follow(broker))

    async def _follow(self, broker: TastytradeBroker) -> None:
        async for update in broker.stream():
            self.updates.append(update)

    @property
    def quotes(self) -> list[Quote]:
        return [quote for update in self.updates for quote in update.quotes]

    @property
    def greeks(self) -> list[Greeks]:
        return [greeks for update in self.updates for greeks in update.greeks]

    @property
    def states(self) -> list[StreamState]:
        return [update.state for update in self.updates if update.state is not None]

    @property
    def marks(self) -> list[Decimal]:
        return [quote.mark for quote in self.quotes if quote.mark is not None]

    async def error(self) -> BrokerError:
        """What ended it."""
        with pytest.raises(BrokerError) as caught:
            await asyncio.wait_for(self.task, 10)
        return caught.value


@asynccontextmanager
async def following(
    broker: TastytradeBroker, server: TastytradeStandin, *, sends_nothing: bool = False
) -> AsyncIterator[Followed]:
    """The stream, once it follows all that is held; cancelled afterwards."""
    if sends_nothing:
        server.change(lambda book: book.greeks.clear())
    followed = Followed(broker)
    try:
        await eventually(lambda: bool(server.sockets) and server.sockets[-1].following >= UNDERLYING | FULL)
        yield followed
    finally:
        followed.task.cancel()
        await asyncio.gather(followed.task, return_exceptions=True)


async def test_quotes_and_greeks_flow_for_what_is_held_and_what_moves_it(server: TastytradeStandin) -> None:
    server.push("Summary", "KO", prevDayClosePrice=61.8)
    async with connected(server) as broker, following(broker, server) as followed:
        assert isinstance(broker, StreamingBroker)
        server.push("Quote", "KO", bidPrice=62.1, askPrice=62.14)
        await eventually(lambda: len(followed.greeks) == 2)
        # The close may come in an update before the market's.
        await eventually(lambda: bool(followed.quotes) and followed.quotes[-1].mark == Decimal("62.12"))
        await eventually(lambda: followed.quotes[-1].previous_close is not None)
        quote = followed.quotes[-1]
        assert (quote.mark, quote.mark_source, quote.source) == (Decimal("62.12"), MarkSource.MID, Source.STREAM)
        assert quote.previous_close == Decimal("61.8")
        assert sorted(greeks.delta or 0 for greeks in followed.greeks) == [-0.3, 0.4]
        assert {greeks.source for greeks in followed.greeks} == {Source.STREAM}
        assert server.sockets[0].aggregation_periods == [1.0] * 5


async def test_update_holds_only_what_changed(server: TastytradeStandin) -> None:
    quote_before(server, CALL, PUT)
    async with connected(server) as broker, following(broker, server) as followed:
        call, put = (
            ("Quote", CALL, {"bidPrice": 1, "askPrice": 1.1}),
            ("Quote", PUT, {"bidPrice": 0.4, "askPrice": 0.6}),
        )
        await eventually(lambda: len(followed.quotes) == 2 and len(followed.greeks) == 2)
        server.push_all([call, put])
        await eventually(lambda: len(followed.quotes) == 4)
        server.push_all([call, ("Quote", PUT, {"bidPrice": 0.5, "askPrice": 0.7})])
        await eventually(lambda: len(followed.quotes) > 4)
        assert sorted(followed.marks[2:4]) == [Decimal("0.5"), Decimal("1.05")]
        assert followed.marks[4:] == [Decimal("0.6")]
        assert len(followed.greeks) == 2


async def test_nan_leaves_the_last_good_mark_and_symbols_that_sent_nothing_else_unknown(
    server: TastytradeStandin,
) -> None:
    quote_before(server, CALL)
    async with connected(server) as broker, following(broker, server) as followed:
        await eventually(lambda: len(followed.greeks) == 2 and len(followed.quotes) == 1)
        server.push("Quote", PUT, bidPrice="NaN", askPrice=1.2)
        server.push("Greeks", PUT, **greeks_event("NaN"))
        server.push("Quote", CALL, bidPrice=1.3, askPrice=1.5)
        server.push("Quote", CALL, bidPrice="NaN", askPrice="NaN")
        server.push("Quote", "KO", bidPrice=62, askPrice=63)
        await eventually(lambda: Decimal("62.5") in followed.marks)
        assert sorted(followed.marks[1:]) == [Decimal("1.4"), Decimal("62.5")]
        assert sorted(greeks.delta or 0 for greeks in followed.greeks) == [-0.3, 0.4]


async def test_stream_without_anything_held_opens_no_socket_until_there_is(server: TastytradeStandin) -> None:
    server.hold(NUMBER, [])
    async with connected(server) as broker:
        followed = Followed(broker)
        await asyncio.sleep(0)
        assert server.calls == 0
        server.hold(NUMBER, [equity_row("KO", 10, "60", "61")])
        await only_snapshot(broker)
        await eventually(lambda: bool(server.sockets) and server.sockets[0].following == UNDERLYING)
        followed.task.cancel()
        await asyncio.gather(followed.task, return_exceptions=True)


async def test_a_new_fetch_changes_the_subscription_on_the_same_socket(server: TastytradeStandin) -> None:
    async with connected(server) as broker, following(broker, server) as followed:
        await eventually(lambda: len(followed.greeks) == 2)
        (socket,) = server.sockets
        server.hold(NUMBER, [CALL_ROW, equity_row("PEP", 10, "150", "151")])
        socket.subscribed.clear()
        await only_snapshot(broker)
        pep = {("Profile", "PEP"), ("Quote", "PEP"), ("Trade", "PEP"), ("Summary", "PEP")}
        await eventually(lambda: socket.following == FULL | UNDERLYING | pep)
        assert server.sockets == [socket]
        assert socket.subscribed == ["PEP"] * 4


async def test_account_that_fails_stays_subscribed(server: TastytradeStandin) -> None:
    async with connected(server) as broker, following(broker, server):
        before = set(server.sockets[0].following)
        server.change(lambda book: book.add_account("5WX00004", [equity_row("PEP", 10, "150", "151")]))
        server.fail(f"*/{NUMBER}/positions", Fault.status(500))
        failed, _ = await broker.fetch(await broker.accounts(), BUDGET)
        assert isinstance(failed, AccountFailure)
        await eventually(lambda: ("Summary", "PEP") in server.sockets[0].following)
        assert server.sockets[0].following > before


async def test_cycle_takes_its_greeks_from_the_live_stream_and_opens_no_socket(server: TastytradeStandin) -> None:
    async with connected(server) as broker, following(broker, server) as followed:
        await eventually(lambda: len(followed.greeks) == 2)
        server.push("Greeks", CALL, **greeks_event(0.45))
        await eventually(lambda: len(followed.greeks) == 3)
        server.forget_requests()
        snapshot = await only_snapshot(broker)
        assert ([greeks.delta for greeks in snapshot.greeks], snapshot.warnings) == ([0.45, -0.3], ())
        assert server.sockets == []
        assert server.requests_to("/api-quote-tokens") == []


async def test_after_forgetting_a_cycle_asks_for_its_greeks_itself_once(server: TastytradeStandin) -> None:
    async with connected(server) as broker, following(broker, server) as followed:
        await eventually(lambda: len(followed.greeks) == 2)
        server.change(lambda book: book.greeks.update({CALL: greeks_event(0.7)}))
        server.forget_requests()
        broker.forget()
        assert [greeks.delta for greeks in (await only_snapshot(broker)).greeks] == [0.7, -0.3]
        assert (len(server.sockets), len(server.requests_to("/api-quote-tokens"))) == (1, 1)
        assert [greeks.delta for greeks in (await only_snapshot(broker)).greeks] == [0.4, -0.3]
        assert len(server.sockets) == 1


async def test_cycle_opens_its_snapshot_for_an_option_the_stream_does_not_follow_yet(server: TastytradeStandin) -> None:
    new, symbol = option_row("KO", DECEMBER, "C", 70, 1, "1", "1.1"), ".KO261218C70"
    async with connected(server) as broker, following(broker, server):
        server.hold(NUMBER, [CALL_ROW, new])
        server.change(lambda book: book.greeks.update({symbol: greeks_event(0.1)}))
        assert [greeks.delta for greeks in (await only_snapshot(broker)).greeks] == [0.4, 0.1]
        assert len(server.sockets) == 2


async def test_stream_that_broke_serves_no_cycle(server: TastytradeStandin) -> None:
    async with connected(server) as broker:
        async with following(broker, server) as followed:
            await eventually(lambda: len(followed.greeks) == 2)
            server.break_sockets(StreamFault.DROP)
            await followed.error()
        server.forget_requests()
        assert [greeks.delta for greeks in (await only_snapshot(broker)).greeks] == [0.4, -0.3]
        assert len(server.sockets) == 1


async def test_dropped_socket_is_an_error_and_the_next_stream_follows_everything_again(
    server: TastytradeStandin,
) -> None:
    async with connected(server) as broker:
        async with following(broker, server) as followed:
            server.break_sockets(StreamFault.DROP)
            error = await followed.error()
            assert (error.kind, error.is_transient) == (ErrorKind.NETWORK, True)
            assert error.message.startswith("tastytrade's market data stream broke off (WebSocket")
        async with following(broker, server) as followed:
            server.push("Quote", "KO", bidPrice=62, askPrice=63)
            await eventually(lambda: Decimal("62.5") in followed.marks)
        assert len(server.quote_tokens) == 1


async def test_what_arrived_before_a_drop_is_told(server: TastytradeStandin) -> None:
    async with connected(server, LiveLimits(opening=3, silence=30, drain=60)) as broker:
        server.fail_stream(StreamFault.DROP_AFTER_FIRST)
        followed = Followed(broker)
        await followed.error()
        assert [greeks.delta for greeks in followed.greeks] == [0.4]


async def test_closed_market_with_keepalives_is_no_fault_and_their_end_is(server: TastytradeStandin) -> None:
    server.keepalive = 0.05
    limits = LiveLimits(opening=3, silence=0.6, drain=0.005)
    async with connected(server, limits) as broker, following(broker, server, sends_nothing=True) as followed:
        (socket,) = server.sockets
        await eventually(lambda: socket.keepalives > 20)
        assert (followed.task.done(), followed.quotes, followed.states[-1]) == (False, [], StreamState.LIVE)
        server.break_sockets(StreamFault.FREEZE)
        error = await followed.error()
        assert error.message == "tastytrade's market data stream was silent for 0.6 s, without even a keep-alive."
        assert (error.kind, error.is_transient) == (ErrorKind.NETWORK, True)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (StreamFault.REFUSE_UPGRADE, ErrorKind.NETWORK, "broke off (WebSocketUpgradeError)."),
        (StreamFault.MUTE, ErrorKind.NETWORK, "did not open within 1.5 s."),
        (StreamFault.FREEZE, ErrorKind.NETWORK, "did not answer a subscription within 1.5 s."),
        (StreamFault.REFUSE_TOKEN, ErrorKind.AUTH, "refused the quote token."),
        (StreamFault.REFUSE_SUBSCRIPTION, ErrorKind.BROKER, "refused a subscription."),
        (StreamFault.CLOSE_CHANNEL, ErrorKind.BROKER, "refused a subscription."),
        (StreamFault.ODD_ROW, ErrorKind.PAYLOAD, "broke off: it sent something unreadable (TastytradeError)."),
    ],
)
async def test_fault_ends_the_stream_in_words_and_the_next_one_works(
    server: TastytradeStandin, fault: StreamFault, kind: ErrorKind, words: str
) -> None:
    async with connected(server, LiveLimits(opening=1.5, silence=30, drain=0.005)) as broker:
        server.fail_stream(fault)
        error = await Followed(broker).error()
        assert (error.kind, error.message) == (kind, f"tastytrade's market data stream {words}")
        async with following(broker, server) as followed:
            await eventually(lambda: len(followed.greeks) == 2)
        assert len(server.sockets) == 2


async def test_refused_token_is_given_up_at_once_and_a_new_one_is_asked_for(server: TastytradeStandin) -> None:
    patient = LiveLimits(opening=30, silence=30, drain=0.005)
    async with connected(server, patient) as broker:
        server.fail_stream(StreamFault.REFUSE_TOKEN)
        started = perf_counter()
        error = await Followed(broker).error()
        assert perf_counter() - started < 5
        assert server.sockets[0].auth_attempts == 2
        assert not any(token in str(error) for token in server.quote_tokens)
        async with following(broker, server):
            assert len(server.quote_tokens) == 2


async def test_missing_quote_token_is_the_stream_s_error(server: TastytradeStandin) -> None:
    server.hold(NUMBER, [equity_row("KO", 10, "60", "61")])
    server.fail("/api-quote-tokens", Fault.status(403))
    async with connected(server) as broker:
        assert "quote token" in (await Followed(broker).error()).message
        assert server.sockets == []


async def test_flood_is_bounded_counted_and_ends_with_the_latest(
    server: TastytradeStandin, caplog: pytest.LogCaptureFixture
) -> None:
    limits = LiveLimits(opening=3, silence=30, drain=0.2, backlog=500)
    flood: list[MarketEvent] = [("Quote", "KO", {"bidPrice": n, "askPrice": n}) for n in range(1, 10_001)]
    async with connected(server, limits) as broker, following(broker, server) as followed:
        with caplog.at_level(logging.WARNING):
            server.push_all(flood)
            await eventually(lambda: Decimal(10_000) in followed.marks)
        assert broker.overflow > 1000
        assert len(followed.quotes) < 200
        assert len([record for record in caplog.records if "faster than it can be read" in record.message]) == 1


async def test_cancelled_stream_leaves_no_task_and_no_socket(server: TastytradeStandin) -> None:
    tasks = asyncio.all_tasks()
    async with connected(server) as broker:
        async with following(broker, server):
            assert server.sockets[0].is_open
        await eventually(lambda: not server.sockets[0].is_open)
        assert asyncio.all_tasks() == tasks


async def test_closing_the_broker_ends_its_stream(server: TastytradeStandin) -> None:
    async with connected(server) as broker, following(broker, server) as followed:
        await broker.close()
        await asyncio.wait_for(followed.task, 5)


async def test_consumer_that_stops_in_the_middle_leaves_nothing(server: TastytradeStandin) -> None:
    async with connected(server) as broker:
        async with asyncio.timeout(5):
            async for update in broker.stream():
                if update.greeks:
                    break
