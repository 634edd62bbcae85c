"""The web site of one page: textual-serve's terminal in a page of our own, behind the guard."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import WSCloseCode, web
from textual_serve.server import Server, to_int

from cotrader_tui.serving.guard import HOST, guard, headers, origin
from cotrader_tui.serving.session import Session

_PAGE = Path(__file__).with_name("page")
_HEARTBEAT = 15.0
_GOODBYE = 0.3
"""Seconds a browser has to answer the end of its connection."""
_LARGEST = 1000
"""Cells a browser's terminal may have in either direction."""


class Site(Server):
    """Shows `command` to each tab that opens its page. textual-serve's own `serve` is not used: its page loads a font
    from the internet, and its log shows the values of variables.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], port: int, token: str) -> None:
        super().__init__("", HOST, port, title="cotrader", public_url=origin(port), templates_path=_PAGE)
        self.address = f"{origin(port)}/{token}/"
        self._token = token
        self._program = command
        self._environ = environ
        self._open: set[web.WebSocketResponse] = set()

    async def _make_app(self) -> web.Application:
        """As textual-serve's, below the token and without downloads and listings of folders."""
        page = web.Application()
        aiohttp_jinja2.setup(page, loader=jinja2.FileSystemLoader(_PAGE))
        page.add_routes(
            [
                web.get("/", self.handle_index, name="index"),
                web.get("/ws", self.handle_websocket, name="websocket"),
                web.static("/static", self.statics_path, name="static"),
            ]
        )
        site = web.Application(middlewares=[guard(self.port, self._token)])
        site.on_response_prepare.append(self._add_headers)
        site.on_shutdown.append(self.on_shutdown)
        site.add_subapp(f"/{self._token}", page)
        return site

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers(self.port))

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A tab: it has a screen of its own, as long as it stays connected."""
        websocket = web.WebSocketResponse(heartbeat=_HEARTBEAT, timeout=_GOODBYE)
        await websocket.prepare(request)
        session = Session(self._program, self._environ, websocket)
        self._open.add(websocket)
        try:
            await session.start(_cells(request, "width", 80), _cells(request, "height", 24))
            await self._process_messages(websocket, session)
        finally:
            self._open.discard(websocket)
            await session.stop()
        return websocket

    async def on_shutdown(self, app: web.Application) -> None:
        """Let go of every tab, whose screens then end."""
        goodbyes = (each.close(code=WSCloseCode.GOING_AWAY) for each in tuple(self._open))
        await asyncio.gather(*goodbyes, return_exceptions=True)

    async def run(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Serve on `listening` until `stop`, then end every screen."""
        runner = web.AppRunner(await self._make_app(), access_log=None, shutdown_timeout=2 * _GOODBYE)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            await stop.wait()
        finally:
            await runner.cleanup()


def _cells(request: web.Request, name: str, default: int) -> int:
    return max(1, min(to_int(request.query.get(name, ""), default), _LARGEST))
