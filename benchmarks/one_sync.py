"""One tastytrade sync of 42 positions over a line with latency: how many calls it makes, and how long it takes.

    python benchmarks/one_sync.py [--latency MILLISECONDS] [--handshakes N] [--runs N]

The stand-in with its sample account (30 options) in a process of its own, behind a proxy that holds up every byte, so
that each answer takes 80 ms more. The real adapter, store and cycle, the SDK already imported. `--handshakes 2` lets
every new connection wait for two round trips besides, as TCP and TLS do on a real line.
`cold` is the first cycle of a process: log in, list the accounts, open the market data socket, wait for the Greeks of
all options. `warm` is the next one, without a stream that would spare it the socket. A socket counts as a call. Orders
and transactions are passes of their own after a cycle, and counted apart. Targets: 8 calls, 1,000 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import load, say
from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.domain.clock import exchange_date, system_clock
from cotrader_tui.domain.sync import SyncKind, Trigger
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.cycle import run_cycle
from cotrader_tui.sync.history import HistorySync
from tests.standin.sample import ROTH, sample_book
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TastytradeStandin

PEER = "tastytrade-cli, same latency: 37 calls, 1,500 to 2,000 ms after its imports (not measured in this run)"


# The server and the line to it


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Bytes from one side to the other, each so much later; nothing waits for what came before it."""
    loop, tasks = asyncio.get_running_loop(), []
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            tasks.append(loop.call_later(seconds, writer.write, data))
    loop.call_later(seconds, writer.close)


async def proxy(port: int, seconds: float, handshakes: int, told: asyncio.Future[int]) -> None:
    """Listens, and leads to `port` with half of so many seconds of latency each way."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(handshakes * seconds)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, far_writer, seconds / 2), carry(far_reader, writer, seconds / 2))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    told.set_result(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


async def serve(seconds: float, handshakes: int) -> None:
    """Tells its address, then at each line what it was asked since the last; until standard input closes."""
    book = sample_book(datetime.now(UTC).date())
    book.accounts.pop(ROTH)
    with TastytradeStandin(book) as server:
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        line = asyncio.create_task(proxy(server.port, seconds, handshakes, told))
        # What it tells of its own address, the quote token's included, leads through the proxy.
        server.port = await told
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        while await asyncio.to_thread(sys.stdin.readline):
            asked = [_name(each.path) for each in server.requests] + ["market data socket"] * len(server.sockets)
            sys.stdout.write(json.dumps(asked) + "\n")
            sys.stdout.flush()
            server.forget_requests()
        line.cancel()


def _name(path: str) -> str:
    """Without the account's number."""
    return path.split("/")[3] if path.startswith("/accounts/") else path.strip("/")


@dataclass(slots=True)
class Far:
    """The server, from this side."""

    process: subprocess.Popen[str]

    def tell(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def calls(self) -> list[str]:
        """What was asked since this was last called."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        called: list[str] = json.loads(self.tell())
        return called


@contextmanager
def far(milliseconds: float, handshakes: int) -> Iterator[Far]:
    line = ["--latency", str(milliseconds), "--handshakes", str(handshakes)]
    command = [sys.executable, __file__, "--serve", *line]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Far(process)
        finally:
            process.kill()


# The sync


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds, and the calls made in them."""

    milliseconds: float
    calls: Counter[str]


async def measure(url: str, server: Far) -> dict[str, Timed]:
    """A cold cycle with its passes, then a warm cycle."""
    secrets = {"client_secret": Secret(CLIENT_SECRET), "refresh_token": Secret(REFRESH_TOKEN)}
    config = ConnectionConfig(
        "tastytrade", "tastytrade", options={"api_url": url}, secrets=secrets, sync_kinds=frozenset(SyncKind)
    )
    found: dict[str, Timed] = {}
    server.calls()

    def note(label: str, began: float) -> None:
        elapsed = 1000 * (time.perf_counter() - began)
        found[label] = Timed(elapsed, Counter(server.calls()))

    with tempfile.TemporaryDirectory() as folder, Writer(database := Path(folder) / "book.db") as writer:
        number = writer.ensure_connection(config.name, config.broker, "", config.sync_interval)
        began = time.perf_counter()
        broker = TastytradeBroker(config, system_clock)
        outcome = await run_cycle(writer, broker, config, number, Trigger.STARTUP, system_clock)
        note("positions, cold", began)
        must_have_landed(database)
        began = time.perf_counter()
        history = HistorySync(writer, config, number, system_clock)
        await history.after_cycle(broker, outcome.number, Trigger.STARTUP)
        note("orders and transactions", began)
        began = time.perf_counter()
        await run_cycle(writer, broker, config, number, Trigger.SCHEDULED, system_clock)
        note("positions, warm", began)
        await broker.close()
    return found


def must_have_landed(database: Path) -> None:
    """41 of the 42 rows are open positions, the other was closed today; 30 are options."""
    with Reader(database) as reader:
        legs = reader.snapshot(exchange_date(system_clock())).legs
    landed = (len(legs), sum(leg.greeks is not None for leg in legs))
    if landed != (41, 30):
        raise SystemExit(f"{landed[0]} positions landed, {landed[1]} of them with Greeks.")


def main() -> None:
    parser = argparse.ArgumentParser(description="One tastytrade sync of 42 positions.")
    parser.add_argument("--latency", type=float, default=80, metavar="MILLISECONDS")
    parser.add_argument("--handshakes", type=int, default=0, help="round trips before a new connection carries data")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.latency / 1000, options.handshakes))
        return
    with far(options.latency, options.handshakes) as server:
        url = server.tell()
        runs = [asyncio.run(measure(url, server)) for _ in range(options.runs)]
    say(f"{options.latency:g} ms latency, {options.handshakes} handshakes, {options.runs} runs, {load()}\n")
    say(f"{'':26}{'calls':>6}{'median ms':>11}{'fastest':>9}{'slowest':>9}  calls")
    for label in runs[0]:
        times = [run[label].milliseconds for run in runs]
        calls = max((run[label].calls for run in runs), key=Counter.total)
        named = ", ".join(f"{count} × {name}" if count > 1 else name for name, count in sorted(calls.items()))
        shown = f"{statistics.median(times):11.0f}{min(times):9.0f}{max(times):9.0f}"
        say(f"{label:26}{calls.total():6}{shown}  {named}")
    say(f"{'target, positions':26}{8:6}{1000:11}\n\n{PEER}")


if __name__ == "__main__":
    main()
