"""A running `cotrader serve` and a browser's part in it, played over HTTP and a websocket on loopback."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pyte
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from tests.end_to_end.conftest import PATIENCE, Machine

WIDTH, HEIGHT = 140, 40


@dataclass(frozen=True)
class Served:
    """The program, and the address it printed."""

    process: subprocess.Popen[str]
    address: str

    @property
    def origin(self) -> str:
        return self.address.rsplit("/", 2)[0]

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])


def serve(machine: Machine, *options: str) -> Served:
    """Start it on a free port. Whoever starts it ends it."""
    command = [sys.executable, "-m", "cotrader_tui", *options, "serve", "--port", "0"]
    with (machine.root / "serve.err").open("ab") as errors:
        process = subprocess.Popen(
            command, cwd=machine.here, env=machine.environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address, (machine.root / "serve.err").read_text()
    return Served(process, address)


@dataclass
class Tab:
    """A browser's tab: a terminal that shows what the websocket sends."""

    socket: ClientWebSocketResponse
    screen: pyte.Screen = field(default_factory=lambda: pyte.Screen(WIDTH, HEIGHT))
    is_closed: bool = False

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    async def listen(self) -> None:
        stream = pyte.ByteStream(self.screen)
        async for message in self.socket:
            if message.type is WSMsgType.BINARY:
                stream.feed(message.data)
        self.is_closed = True

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.socket.send_json(["stdin", key])

    async def until(self, is_so: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
        end = time.monotonic() + within
        while not is_so():
            assert time.monotonic() < end, f"{what}; the tab shows:\n{self.text}"
            await asyncio.sleep(0.02)

    async def shows(self, words: str) -> None:
        await self.until(lambda: words in self.text, f"'{words}' is not shown")


@asynccontextmanager
async def opened(served: Served) -> AsyncIterator[Tab]:
    """A tab on the address, as the page's own script opens it."""
    address = f"{served.address}ws?width={WIDTH}&height={HEIGHT}"
    async with ClientSession() as browser, browser.ws_connect(address, origin=served.origin) as socket:
        tab = Tab(socket)
        listening = asyncio.create_task(tab.listen())
        try:
            yield tab
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
