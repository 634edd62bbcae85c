"""The account streamer at the wire: what it hints at, how bursts are held back, and that its faults harm nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from cotrader_tui.brokers.base import ConnectionConfig, MarketUpdate, Secret, StreamRefusedError
from cotrader_tui.brokers.hints import Hints
from cotrader_tui.brokers.tastytrade.alerts import AlertLimits, streamer_address
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.brokers.tastytrade.feed import LiveLimits
from cotrader_tui.domain.clock import system_clock
from cotrader_tui.domain.sync import StreamState
from tests.brokers.tastytrade.conftest import BUDGET, NO_WAITING, STREAM, eventually, only_snapshot, quote_before
from tests.standin.faults import AlertFault, StreamFault
from tests.standin.payloads import equity_row
from tests.standin.tastytrade import TastytradeStandin

NUMBER = "5WX00008"
LIVE = LiveLimits(opening=3, silence=30, drain=0.005)
QUICK = AlertLimits(opening=0.3, heartbeat=0.1, silence=0.4, wait=0.02, longest_wait=0.05, refused_wait=0.1)


class Listening:
    """A stream that is followed in a task of its own."""

    def __init__(self, broker: TastytradeBroker) -> None:
        self.broker = broker
        self.updates: list[MarketUpdate] = []
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for update in self.broker.stream():
            self.updates.append(update)

    @property
    def hints(self) -> int:
        return sum(update.is_sync_due for update in self.updates)

    @property
    def message(self) -> str:
        """What was said last of a state."""
        return next((each.message for each in reversed(self.updates) if each.state is not None), "")

    @property
    def marks(self) -> list[Decimal | None]:
        return [quote.mark for update in self.updates for quote in update.quotes]


@asynccontextmanager
async def listening(
    server: TastytradeStandin, *, limits: AlertLimits = QUICK, hints: Hints | None = None
) -> AsyncIterator[Listening]:
    """The stream of a broker whose first sync has landed; nothing of it is left afterwards."""
    config = ConnectionConfig(
        "tastytrade",
        "tastytrade",
        options={"api_url": server.url, "streamer_url": server.streamer_url},
        secrets={"client_secret": Secret(server.client_secret), "refresh_token": Secret(server.refresh_token)},
    )
    tasks = asyncio.all_tasks()
    broker = TastytradeBroker(
        config,
        system_clock,
        policy=NO_WAITING,
        stream_limits=STREAM,
        live_limits=LIVE,
        alert_limits=limits,
        hints=hints or Hints(settle=0, gap=0),
    )
    await only_snapshot(broker)
    found = Listening(broker)
    try:
        yield found
    finally:
        found.task.cancel()
        await asyncio.gather(found.task, return_exceptions=True)
        await broker.close()
    await eventually(lambda: not any(each.is_open for each in server.listeners))
    await eventually(lambda: asyncio.all_tasks() == tasks)


def is_heard(server: TastytradeStandin) -> bool:
    return bool(server.listeners) and server.listeners[-1].is_listening


@pytest.fixture(autouse=True)
def shares(server: TastytradeStandin) -> None:
    server.change(lambda book: book.add_account(NUMBER, [equity_row("KO", 10, "60", "61")]))


@pytest.mark.parametrize("kind", ["CurrentPosition", "Order", "ComplexOrder", "AccountBalance", "ExternalTransaction"])
async def test_change_of_an_account_is_a_hint_to_sync(server: TastytradeStandin, kind: str) -> None:
    async with listening(server) as stream:
        await eventually(lambda: is_heard(server))
        assert server.listeners[0].accounts == [[NUMBER]]
        server.alert(kind, thin="payload")
        await eventually(lambda: stream.hints == 1)


async def test_what_changes_no_account_is_no_hint(server: TastytradeStandin) -> None:
    async with listening(server) as stream:
        await eventually(lambda: is_heard(server))
        server.alert("QuoteAlert")
        server.alert("PublicWatchlists")
        server.alert("Order")
        await eventually(lambda: stream.hints > 0)
        beats = server.listeners[0].heartbeats
        await eventually(lambda: server.listeners[0].heartbeats > beats + 1)
        assert stream.hints == 1


async def test_batch_and_frames_nobody_can_read_end_nothing(server: TastytradeStandin) -> None:
    server.fail_alerts(AlertFault.ODD_FRAMES)
    async with listening(server) as stream:
        await eventually(lambda: is_heard(server))
        server.alert_batch("CurrentPosition", "AccountBalance")
        await eventually(lambda: stream.hints == 1)
        assert len(server.listeners) == 1


async def test_burst_of_fills_is_one_sync_and_the_next_comes_no_sooner_than_the_gap(server: TastytradeStandin) -> None:
    async with listening(server, hints=Hints(settle=0.1, gap=0.4)) as stream:
        await eventually(lambda: is_heard(server))
        loop = asyncio.get_running_loop()
        for _ in range(50):
            server.alert("Order", status="Filled")
        await eventually(lambda: stream.hints == 1)
        led_at = loop.time()
        server.alert("Order", status="Filled")
        await eventually(lambda: stream.hints == 2)
        assert loop.time() - led_at > 0.35


async def test_heartbeats_keep_it_open_past_the_time_of_silence(server: TastytradeStandin) -> None:
    async with listening(server) as stream:
        await eventually(lambda: is_heard(server) and server.listeners[0].heartbeats > 6)
        assert (len(server.listeners), stream.hints) == (1, 0)


async def test_accounts_that_come_later_are_subscribed_to_on_the_same_socket(server: TastytradeStandin) -> None:
    async with listening(server) as stream:
        await eventually(lambda: is_heard(server))
        server.change(lambda book: book.add_account("5WX00009"))
        await stream.broker.fetch(await stream.broker.accounts(), BUDGET)
        await eventually(lambda: server.listeners[0].accounts[-1] == [NUMBER, "5WX00009"])
        assert len(server.listeners) == 1


async def test_listener_that_broke_comes_back_and_asks_for_a_sync(server: TastytradeStandin) -> None:
    async with listening(server) as stream:
        await eventually(lambda: is_heard(server))
        server.break_listeners(AlertFault.DROP)
        await eventually(lambda: len(server.listeners) > 1 and is_heard(server))
        await eventually(lambda: stream.hints == 1)
        assert stream.message == ""


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (AlertFault.REFUSE_UPGRADE, "broke off (WebSocketUpgradeError)"),
        (AlertFault.MUTE, "did not answer within 0.3 s"),
        (AlertFault.REFUSE_ACCOUNTS, "refused to listen for the accounts"),
        (AlertFault.DROP, "broke off (WebSocket"),
    ],
)
async def test_fault_is_said_beside_live_market_data_and_mended_without_a_hurry(
    server: TastytradeStandin, fault: AlertFault, words: str
) -> None:
    server.fail_alerts(fault, times=2)
    quote_before(server, "KO")
    async with listening(server) as stream:
        await eventually(lambda: words in stream.message)
        assert stream.message.startswith("Fills are not noticed at once: tastytrade's account streamer ")
        server.push("Quote", "KO", bidPrice=62.1, askPrice=62.14)
        await eventually(lambda: Decimal("62.12") in stream.marks)
        assert {each.state for each in stream.updates} <= {None, StreamState.CONNECTING, StreamState.LIVE}
        await eventually(lambda: is_heard(server) and stream.message == "")
        assert len(server.listeners) == 3


async def test_listener_that_freezes_is_opened_anew_and_what_it_missed_is_synced(server: TastytradeStandin) -> None:
    async with listening(server) as stream:
        await eventually(lambda: is_heard(server))
        server.break_listeners(AlertFault.MUTE)
        await eventually(lambda: "was silent for 0.4 s" in stream.message)
        await eventually(lambda: len(server.listeners) == 2 and stream.hints == 1)


async def test_refused_listener_waits_long(server: TastytradeStandin) -> None:
    server.fail_alerts(AlertFault.REFUSE_ACCOUNTS, times=1000)
    slow = AlertLimits(opening=0.3, heartbeat=0.1, silence=0.4, wait=0.001, longest_wait=0.002, refused_wait=60)
    async with listening(server, limits=slow) as stream:
        await eventually(lambda: "refused" in stream.message)
        server.push_all(("Quote", "KO", {"bidPrice": n, "askPrice": n}) for n in range(1, 200))
        await eventually(lambda: Decimal(199) in stream.marks)
        assert len(server.listeners) == 1


async def test_token_stands_in_no_message_and_no_log(
    server: TastytradeStandin, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail_alerts(AlertFault.REFUSE_ACCOUNTS)
    with caplog.at_level("DEBUG"):
        async with listening(server) as stream:
            await eventually(lambda: "refused" in stream.message)
    assert not any(token in f"{stream.message} {caplog.text}" for token in server.access_tokens)


def test_tokens_of_another_host_go_to_no_streamer_of_tastytrade() -> None:
    def address(**options: str) -> str | None:
        return streamer_address(ConnectionConfig("c", "tastytrade", options=options))

    assert address(api_url="https://proxy.example.com") is None
    assert address(api_url="https://proxy.example.com", streamer_url="wss://s.example.com") == "wss://s.example.com"
    assert address(is_sandbox="0") == "wss://streamer.tastyworks.com"
    assert address(is_sandbox="1") == "wss://streamer.cert.tastyworks.com"


def test_hints_wait_for_the_end_of_a_burst_and_for_the_gap() -> None:
    hints = Hints(settle=0.5, gap=5)
    assert not hints.take(10)
    hints.hear(10)
    hints.hear(10.4)
    assert [hints.take(now) for now in (10.4, 10.5, 10.6)] == [False, True, False]
    hints.hear(11)
    assert [hints.take(now) for now in (11.6, 15.4, 15.5, 30)] == [False, False, True, False]


async def test_fill_of_an_account_that_holds_nothing_is_a_hint(server: TastytradeStandin) -> None:
    server.hold(NUMBER, [])
    async with listening(server) as stream:
        await eventually(lambda: is_heard(server))
        server.alert("CurrentPosition")
        await eventually(lambda: stream.hints == 1)
        assert server.sockets == []


async def test_no_listener_is_opened_for_market_data_that_does_not_come_up(server: TastytradeStandin) -> None:
    server.fail_stream(StreamFault.REFUSE_TOKEN)
    async with listening(server) as stream:
        await asyncio.wait({stream.task}, timeout=5)
        assert isinstance(stream.task.exception(), StreamRefusedError)
        assert server.listeners == []
