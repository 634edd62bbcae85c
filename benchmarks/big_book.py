"""A large book: how long the first cycle takes, and how long the screen stalls meanwhile.

    python benchmarks/big_book.py [--connections N] [--positions N] [--shares]

A tastytrade stand-in on loopback serves so many log-ins with one account each, of so many positions each, half of them
options. The real screen runs in a pty of 200×50 with the real engine behind it, both new, until every connection has
landed. Stall: the longest an asyncio nap of 5 ms in the screen overslept, its first second apart; beside it the same
nap in a process that does nothing else, before and at the same time, which is what this machine does by itself. The
server, which would be elsewhere, gives way to both on this machine's cores. The screen's stalls are told once more
less what its thread waited for a core while others had them: what is the program's own doing. Memory is the peak.
Linux only.
Targets: 1,000 connections of 10 positions within 120 s; 1 connection of 10,000 positions; stall 25 ms for both, the
screen's and the engine's memory are told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from benchmarks.processes import peak, say
from benchmarks.terminal import Pty, environment
from tests.standin.book import Book
from tests.standin.payloads import Json, balances_payload, equity_row, greeks_event, option_row
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TastytradeStandin

NAP = 0.005
START_UP = 1.0
"""Seconds in which the screen puts itself together, before the engine has anything to tell."""
PATIENCE = 600.0
UNDERLYINGS = ("AAPL", "MSFT", "NVDA", "KO", "SPY", "QQQ", "IWM", "TSLA", "AMZN", "GOOGL")


# The server


class ManyLogins(TastytradeStandin):
    """Knows a log-in for each account of its book: its refresh token ends with the account's place."""

    __slots__ = ()

    async def _token(self, request: web.Request) -> web.Response:
        asked = await request.json()
        place = str(asked.get("refresh_token", "")).removeprefix(f"{REFRESH_TOKEN}-")
        token = f"access-{place}"
        with self._lock:
            self._good_tokens.add(token)
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": 900})

    async def _accounts(self, request: web.Request) -> web.Response:
        place = request.headers["Authorization"].rpartition("-")[2]
        return web.json_response({"data": {"items": [self.book.accounts[account_of(int(place))]]}, "context": ""})


def account_of(place: int) -> str:
    return f"5WB{place:05}"


def book_of(connections: int, positions: int, *, has_options: bool) -> Book:
    book = Book()
    expiration = datetime.now(UTC).date() + timedelta(days=45)
    for place in range(connections):
        rows: list[Json] = []
        for at in range(positions):
            underlying = UNDERLYINGS[at % len(UNDERLYINGS)]
            if has_options and at % 2:
                strike = 50 + at // 2
                rows.append(option_row(underlying, expiration, "CP"[at % 3 == 0], strike, -1 - at % 3, "2.5", "2.25"))
            else:
                rows.append(equity_row(f"{underlying}{at // 10 or ''}", 100 + at, "50.25", "51.5"))
        book.add_account(account_of(place), rows, balances_payload("250000.00", "12000.00"))
        book.greeks.update({row["streamer-symbol"]: greeks_event(0.4) for row in rows if "streamer-symbol" in row})
    return book


def serve(connections: int, positions: int, *, has_options: bool) -> None:
    """Until its standard input closes."""
    os.setsid()
    os.nice(19)
    with suppress(OSError):  # where Linux shares the cores out by sessions
        Path("/proc/self/autogroup").write_text("19", "ascii")
    with ManyLogins(book_of(connections, positions, has_options=has_options)) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()
        sys.stdout.write(f"{server.calls}\n")


# The screen


def seconds_without_core() -> float:
    """How long this thread has been ready to run and waited for one of the machine's cores."""
    return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9


def screen(report: Path, connections: int) -> None:
    """The monitor as `cotrader` runs it, with a nap beside it."""
    from textual.pilot import Pilot

    from cotrader_tui import bootstrap
    from cotrader_tui.config import Options, process_settings

    began = time.perf_counter()
    settings = process_settings(Options())
    app = bootstrap.make_screen(settings, bootstrap.screen_options(settings))

    async def watch(_: Pilot[object]) -> None:
        stalls: list[float] = []
        own: list[float] = []
        early: list[float] = []
        painted = time.perf_counter()
        landed: float | None = None
        end = began + PATIENCE
        while landed is None or time.perf_counter() < landed + 3:
            waited, before = seconds_without_core(), time.perf_counter()
            await asyncio.sleep(NAP)
            now = time.perf_counter()
            stall = now - before - NAP
            if now > painted + START_UP:
                stalls.append(stall)
                own.append(stall - min(stall, seconds_without_core() - waited))
            else:
                early.append(stall)
            snapshot = app.snapshot
            done = 0 if snapshot is None else sum(book.last_synced_at is not None for book in snapshot.accounts)
            if (done >= connections and landed is None) or now > end:
                landed = now
        figures = {
            "painted": painted - began,
            "landed": landed - began,
            "stalls": stalls,
            "own": own,
            "early": early,
            "memory": peak(os.getpid()),
        }
        lease = app.snapshot.lease if app.snapshot else None
        figures["engine"] = peak(lease.pid) if lease is not None else None
        figures["positions"] = len(app.snapshot.legs) if app.snapshot else 0
        found.update(figures)
        app.exit()

    found: dict[str, object] = {}
    app.run(auto_pilot=watch)
    report.write_text(json.dumps(found))


# The bench


@contextmanager
def serving(arguments: list[str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, __file__, "--serve", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.wait()


@contextmanager
def napping() -> Iterator[subprocess.Popen[str]]:
    """A process that does nothing but nap; it tells its naps at its end."""
    command = [sys.executable, __file__, "--nap"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def configure(home: Path, url: str, connections: int) -> None:
    """Named connections with their secrets in the encrypted file."""
    from cotrader_tui.brokers.base import Secret
    from cotrader_tui.private_files import CONNECTIONS, write_private
    from cotrader_tui.secret_store.store import SecretStore

    folder = home / "config" / "cotrader"
    folder.mkdir(parents=True, mode=0o700)
    names = [f"login-{place:04}" for place in range(connections)]
    definition = {"broker": "tastytrade", "api_url": url}
    write_private(folder / CONNECTIONS, json.dumps(dict.fromkeys(names, definition)))
    store = SecretStore(folder)
    for place, name in enumerate(names):
        secrets = {"client_secret": Secret(CLIENT_SECRET), "refresh_token": Secret(f"{REFRESH_TOKEN}-{place}")}
        store.put(name, secrets)


def idle(is_over: Callable[[], bool]) -> list[float]:
    """The same nap with nothing beside it."""

    async def nap() -> list[float]:
        found = []
        while not is_over():
            before = time.perf_counter()
            await asyncio.sleep(NAP)
            found.append(time.perf_counter() - before - NAP)
        return found

    return asyncio.run(nap())


def nap_beside() -> None:
    """Until its standard input closes."""
    end = threading.Thread(target=sys.stdin.read, daemon=True)
    end.start()
    sys.stdout.write(json.dumps(idle(lambda: not end.is_alive())))


def in_ms(stalls: list[float]) -> str:
    ordered = sorted(stalls)
    at = [ordered[len(ordered) // 2], ordered[int(0.99 * (len(ordered) - 1))], ordered[-1]]
    return "".join(f"{1000 * each:10.1f}" for each in at)


def bench(arguments: list[str], connections: int, positions: int) -> None:
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    with tempfile.TemporaryDirectory() as folder, serving(arguments) as (url, server):
        home = Path(folder)
        configure(home, url, connections)
        environ = environment(home, PYTHON_KEYRING_BACKEND=os.environ["PYTHON_KEYRING_BACKEND"])
        report = home / "report.json"
        end = time.perf_counter() + 5
        quiet = idle(lambda: time.perf_counter() > end)
        with (
            napping() as beside,
            Pty([sys.executable, __file__, "--screen", str(report), *arguments], environ, home) as terminal,
        ):
            terminal.process.wait()
            busy = json.loads(beside.communicate()[0])
        found: dict[str, Any] = json.loads(report.read_text())
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.close()
        calls = int(server.stdout.readline())
        say(f"{connections} connections of {positions} positions: {found['positions']} positions on the screen")
        say(f"every connection landed after {found['landed']:8.1f} s   (target for 1,000 × 10: 120 s)")
        say(f"calls per connection          {calls / connections:8.1f}")
        say(f"peak memory: screen {found['memory'] / 1024:.0f} MB, engine {(found['engine'] or 0) / 1024:.0f} MB")
        say(f"{'stall in ms':24}{'median':>10}{'99 %':>10}{'longest':>10}")
        say(f"{'the screen starting':24}{in_ms(found['early'])}")
        say(f"{'the screen (target 25)':24}{in_ms(found['stalls'])}")
        say(f"{'- less waits for a core':24}{in_ms(found['own'])}")
        say(f"{'doing nothing, beside it':24}{in_ms(busy)}")
        say(f"{'doing nothing, before':24}{in_ms(quiet)}")


def main() -> None:
    parser = argparse.ArgumentParser(description="A large book.")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--positions", type=int, default=10)
    parser.add_argument("--shares", action="store_true", help="no options: no market data sockets")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--nap", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--screen", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.connections, options.positions, has_options=not options.shares)
    elif options.nap:
        nap_beside()
    elif options.screen is not None:
        screen(options.screen, options.connections)
    else:
        arguments = ["--connections", str(options.connections), "--positions", str(options.positions)]
        bench([*arguments, *(["--shares"] if options.shares else [])], options.connections, options.positions)


if __name__ == "__main__":
    main()
