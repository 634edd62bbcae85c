"""What live market data costs the engine, beside reading the SDK's queue event by event.

    python benchmarks/streaming.py [--seconds N] [--rate EVENTS_A_SECOND] [--options N]

A server in a process of its own sends Quote and Greeks events of 300 options at 5,000 a second, 1, 10 and 100 of them
per frame, and once six times as many. `engine` is the whole of it: the stream, its latest values, and the store,
written once a second. `listen` is no more than `async for event in streamer.listen(...)` into a dictionary. Both run in
processes of their own, one after the other. CPU is a share of one core after 3 s of warming up; age is the worst from
sending the newest event of an update to telling it; overflow counts events dropped unseen for newer ones.
Target for `engine`: 50 % of a core, memory flat. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

from tastytrade import DXLinkStreamer, Session
from tastytrade.dxfeed import Greeks as GreeksEvent
from tastytrade.dxfeed import Quote as QuoteEvent

from cotrader_tui.brokers.base import AccountResult, ConnectionConfig, MarketUpdate, Secret
from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.brokers.tastytrade.api import Api
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.brokers.tastytrade.dxlink import REFRESH_INTERVAL
from cotrader_tui.domain.clock import system_clock
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from tests.standin.book import Book
from tests.standin.dxlink import MarketEvent
from tests.standin.payloads import Json, greeks_event, option_row
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TastytradeStandin

VARIANTS = ("engine", "listen")
CASES = ((1, 1), (1, 10), (1, 100), (6, 100))
"""Times the rate, and events per frame."""
WARM_UP = 3.0
TICK = 0.02
SCALE = 100_000
"""Prices are the seconds of the clock within this span, so that an event tells when it was sent."""


def rows(count: int) -> list[Json]:
    """Options that have not expired."""
    expiration = datetime.now(UTC).date() + timedelta(days=45)
    return [option_row("KO", expiration, "C", strike, 1, "1", "1.1") for strike in range(1, count + 1)]


# The server


def serve(rate: int, per_frame: int, count: int) -> None:
    """Pushes events until its standard input closes."""
    book = Book()
    held = rows(count)
    book.add_account("5WX00009", held)
    symbols = [row["streamer-symbol"] for row in held]
    book.greeks.update({symbol: greeks_event(0.5) for symbol in symbols})
    with TastytradeStandin(book, rows_per_frame=per_frame) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        os.set_blocking(sys.stdin.fileno(), False)
        events, due = endless(symbols), time.perf_counter()
        while sys.stdin.buffer.read() is None:
            server.push_all([next(events) for _ in range(int(rate * TICK))])
            due += TICK
            time.sleep(max(due - time.perf_counter(), 0))


def endless(symbols: list[str]) -> Iterator[MarketEvent]:
    number = 0
    while True:
        for symbol in symbols:
            number += 1
            stamp = time.time() % SCALE
            yield ("Quote", symbol, {"bidPrice": stamp, "askPrice": stamp})
            yield ("Greeks", symbol, greeks_event(number % 997 / 1000, price=stamp, time=int(time.time() * 1000)))


@contextmanager
def server(rate: int, per_frame: int, count: int) -> Iterator[str]:
    """The address of a server in a process of its own."""
    command = [sys.executable, __file__, "--serve", str(per_frame), "--rate", str(rate), "--options", str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(10)


# The clients


@dataclass(slots=True)
class Meter:
    """CPU, memory and ages from the end of the warming up on."""

    seconds: float
    events: int = 0
    worst_age: float = 0.0
    is_running: bool = False
    is_flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def saw(self, sent: float, events: int = 1) -> None:
        if self.is_running:
            self.events += events
            self.worst_age = max(self.worst_age, (time.time() % SCALE) - sent)

    async def measure(self) -> dict[str, float]:
        await self.is_flowing.wait()
        await asyncio.sleep(WARM_UP)
        self.is_running = True
        memory, cpu, start = resident(), time.process_time(), time.perf_counter()
        peak = memory
        while (elapsed := time.perf_counter() - start) < self.seconds:
            await asyncio.sleep(0.25)
            peak = max(peak, resident())
        share = (time.process_time() - cpu) / elapsed
        return {
            "cpu": share, "told": self.events / elapsed, "age": self.worst_age, "memory": memory,
            "growth": resident() - memory, "peak": peak - memory,
        }  # fmt: skip


def resident() -> float:
    """Megabytes of memory in use."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Metered:
    """A broker whose stream is looked at on its way."""

    def __init__(self, broker: TastytradeBroker, meter: Meter) -> None:
        self._broker = broker
        self._meter = meter

    async def accounts(self) -> tuple[Account, ...]:
        return await self._broker.accounts()

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        return await self._broker.fetch(accounts, budget)

    async def close(self) -> None:
        await self._broker.close()

    async def stream(self) -> AsyncGenerator[MarketUpdate, None]:
        async with aclosing(self._broker.stream()) as updates:
            async for update in updates:
                self._meter.is_flowing.set()
                if update.quotes:
                    newest = max(float(quote.mark or 0) for quote in update.quotes)
                    self._meter.saw(newest, len(update.quotes) + len(update.greeks))
                yield update


def connection(url: str) -> ConnectionConfig:
    secrets = {"client_secret": Secret(CLIENT_SECRET), "refresh_token": Secret(REFRESH_TOKEN)}
    return ConnectionConfig("tastytrade", "tastytrade", options={"api_url": url}, secrets=secrets)


async def engine(url: str, meter: Meter, _: int) -> dict[str, float]:
    config, stop = connection(url), asyncio.Event()
    broker = TastytradeBroker(config, system_clock)
    metered = Metered(broker, meter)
    with tempfile.TemporaryDirectory() as folder, Writer(Path(folder) / "book.db") as writer:
        running = asyncio.create_task(Engine(writer, [(config, metered)], system_clock).run(stop))
        figures = await meter.measure()
        stop.set()
        await running
    return figures | {"overflow": broker.overflow}


class QuoteToken:
    """What the SDK's streamer asks of a session."""

    def __init__(self, token: Json) -> None:
        self._token = token
        self.client_kwargs: Json = {}

    async def _get(self, _path: str) -> Json:
        return self._token


async def listen(url: str, meter: Meter, count: int) -> dict[str, float]:
    api = Api(connection(url), system_clock, RetryPolicy(), 25)
    symbols = [row["streamer-symbol"] for row in rows(count)]
    latest: dict[tuple[str, str], object] = {}

    async def follow(streamer: DXLinkStreamer, kind: type[QuoteEvent] | type[GreeksEvent]) -> None:
        async for event in streamer.listen(kind):
            latest[kind.__name__, event.event_symbol] = event
            meter.is_flowing.set()
            meter.saw(float(event.bid_price if isinstance(event, QuoteEvent) else event.price))

    async with DXLinkStreamer(cast("Session", QuoteToken(await api.quote_token()))) as streamer:
        following = []
        for kind in (QuoteEvent, GreeksEvent):
            await streamer.subscribe(kind, symbols, REFRESH_INTERVAL)
            following.append(asyncio.create_task(follow(streamer, kind)))
        figures = await meter.measure()
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    await api.close()
    return figures | {"overflow": 0}


# The table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--options", type=int, default=300)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.rate, chosen.serve, chosen.options)
    elif chosen.client:
        name, url = chosen.client
        run = {"engine": engine, "listen": listen}[name]
        sys.stdout.write(json.dumps(asyncio.run(run(url, Meter(chosen.seconds), chosen.options))))
    else:
        table(chosen.seconds, chosen.rate, chosen.options)


def table(seconds: float, rate: int, count: int) -> None:
    version, today = sys.version.split()[0], date.today()  # noqa: DTZ011
    sys.stdout.write(f"Python {version}, {seconds:g} s each, {count} options, {today}\n\n")
    heads = ("CPU %", "told/s", "worst age s", "RSS MB", "growth MB", "peak MB", "overflow")
    sys.stdout.write(f"{'a second':9}{'a frame':9}{'':8}" + "".join(f"{head:>13}" for head in heads) + "\n")
    for times, per_frame in CASES:
        for variant in VARIANTS:
            found = measured(variant, seconds, times * rate, per_frame, count)
            shown = (100 * found["cpu"], found["told"], found["age"], found["memory"], found["growth"], found["peak"])
            cells = "".join(f"{value:13.1f}" for value in shown)
            sys.stdout.write(f"{times * rate:<9}{per_frame:<9}{variant:8}{cells}{found['overflow']:13.0f}\n")
            sys.stdout.flush()


def measured(variant: str, seconds: float, rate: int, per_frame: int, count: int) -> dict[str, float]:
    with server(rate, per_frame, count) as url:
        command = [sys.executable, __file__, "--client", variant, url]
        sizes = ["--seconds", str(seconds), "--options", str(count)]
        done = subprocess.run([*command, *sizes], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{variant} ended with {done.returncode}:\n{done.stderr}")
    return cast("dict[str, float]", json.loads(done.stdout))


if __name__ == "__main__":
    main()
