"""The engine over a live stream: what moves reaches the store, what breaks starts again, and never in a hurry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import date, timedelta
from pathlib import Path

from cotrader_tui.brokers.base import Broker, ConnectionConfig, MarketUpdate, Secret
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.brokers.tastytrade.feed import LiveLimits
from cotrader_tui.domain.clock import exchange_date, system_clock
from cotrader_tui.domain.market import MarkSource, Quote, Source
from cotrader_tui.domain.sync import RunStatus
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from tests.brokers.tastytrade.conftest import NO_WAITING, STREAM, eventually, quote_before
from tests.builders import TODAY
from tests.standin.faults import StreamFault
from tests.standin.payloads import equity_row
from tests.standin.tastytrade import TastytradeStandin
from tests.sync.fakes import LoopClock, StreamingScript, run_skipping
from tests.sync.support import answer, config, network_error


def quote_of(path: Path, today: date) -> Quote | None:
    with Reader(path) as reader:
        return next((leg.quote for leg in reader.snapshot(today).legs), None)


def landed(path: Path) -> int:
    """How many syncs have."""
    with Reader(path) as reader:
        return sum(run.status is RunStatus.SUCCESS for run in reader.runs(100))


def broker_at(server: TastytradeStandin) -> tuple[ConnectionConfig, Broker]:
    where = ConnectionConfig(
        "tastytrade",
        "tastytrade",
        options={"api_url": server.url, "streamer_url": server.streamer_url},
        secrets={"client_secret": Secret(server.client_secret), "refresh_token": Secret(server.refresh_token)},
    )
    limits = LiveLimits(opening=3, silence=30, drain=0.01)
    return where, TastytradeBroker(where, system_clock, policy=NO_WAITING, stream_limits=STREAM, live_limits=limits)


async def test_streamed_mark_reaches_the_store_also_after_the_socket_broke(
    server: TastytradeStandin, tmp_path: Path
) -> None:
    path, stop = tmp_path / "book.db", asyncio.Event()
    server.change(lambda book: book.add_account("5WX00003", [equity_row("KO", 10, "60", "61")]))
    quote_before(server, "KO")

    def is_marked(mark: str) -> bool:
        quote = quote_of(path, exchange_date(system_clock()))
        return quote is not None and str(quote.mark) == mark

    with Writer(path) as writer:
        running = asyncio.create_task(Engine(writer, [broker_at(server)], system_clock).run(stop))
        await eventually(lambda: bool(server.sockets) and len(server.sockets[0].following) == 4)
        server.push("Quote", "KO", bidPrice=62.1, askPrice=62.14)
        await eventually(lambda: is_marked("62.12"))
        stored = quote_of(path, exchange_date(system_clock()))
        assert stored is not None
        assert (stored.mark_source, stored.source) == (MarkSource.MID, Source.STREAM)
        server.break_sockets(StreamFault.DROP)
        await eventually(lambda: len(server.sockets) == 2 and len(server.sockets[1].following) == 4)
        await eventually(lambda: landed(path) == 2)  # a stream that is back asks for a sync, whose marks are newer
        server.push("Quote", "KO", bidPrice=62.2, askPrice=62.24)
        await eventually(lambda: is_marked("62.22"))
        stop.set()
        await running


async def test_fill_is_in_the_store_without_waiting_for_the_schedule(server: TastytradeStandin, tmp_path: Path) -> None:
    path, stop = tmp_path / "book.db", asyncio.Event()
    server.change(lambda book: book.add_account("5WX00003", [equity_row("KO", 10, "60", "61")]))

    def held() -> list[str]:
        with Reader(path) as reader:
            return sorted(leg.position.instrument.symbol for leg in reader.snapshot(TODAY).legs)

    with Writer(path) as writer:
        running = asyncio.create_task(Engine(writer, [broker_at(server)], system_clock).run(stop))
        await eventually(lambda: bool(server.listeners) and server.listeners[0].is_listening)
        server.hold("5WX00003", [equity_row("KO", 10, "60", "61"), equity_row("PEP", 5, "150", "151")])
        for _ in range(20):
            server.alert("Order", status="Filled")
        await eventually(lambda: held() == ["KO", "PEP"])
        await eventually(lambda: ("Quote", "PEP") in server.sockets[0].following)
        assert len(server.requests_to("*/positions")) == 2, "a burst of fills is one sync"
        stop.set()
        await running


class ShortBreathed(StreamingScript):
    """Each of its streams tells something and breaks."""

    async def stream(self) -> AsyncGenerator[MarketUpdate, None]:
        self.starts += 1
        yield MarketUpdate()
        raise network_error()


def test_stream_that_breaks_after_its_first_update_is_started_ever_less_often(tmp_path: Path) -> None:
    broker = ShortBreathed([answer()])

    async def five_minutes() -> None:
        stop = asyncio.Event()
        with Writer(tmp_path / "book.db") as writer:
            running = asyncio.create_task(Engine(writer, [(config("c"), broker)], LoopClock()).run(stop))
            await asyncio.sleep(timedelta(minutes=5).total_seconds())
            stop.set()
            await running

    run_skipping(five_minutes())
    assert 5 < broker.starts < 20
