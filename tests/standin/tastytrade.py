"""A stand-in for tastytrade at the wire: OAuth, REST, DXLink and the account streamer over one loopback port, in a
thread of its own.

    with TastytradeStandin(book) as server:
        server.fail("*/positions", Fault.status(500), times=2)
        server.push("Quote", "KO", bidPrice=62.1, askPrice=62.12)
        server.alert("Order", status="Filled")
        ... talk to server.url ...

It answers GET, and POST to the token address. Any other method is refused with 405 and recorded.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.standin.alerts import AlertSession, RecordedListener
from tests.standin.book import Book
from tests.standin.dxlink import DroppedError, DxLinkSession, MarketEvent, RecordedSocket
from tests.standin.faults import AlertFault, Fault, FaultKind, StreamFault
from tests.standin.payloads import Json, future_entry, future_name

CLIENT_SECRET = "canary-client-secret-5f2a9c"
REFRESH_TOKEN = "canary-refresh-token-81d3e7"

TOKEN_PATH = "/oauth/token"
STREAM_PATH = "/realtime"
ALERTS_PATH = "/streamer"
_SOCKET_PATHS = frozenset({STREAM_PATH, ALERTS_PATH})

_TYPES = {
    "index": "Index",
    "equity": "Equity",
    "equity-option": "Equity Option",
    "future": "Future",
    "future-option": "Future Option",
    "cryptocurrency": "Cryptocurrency",
}


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    accept_version: str | None = None
    """The version of the interface the client asked for."""


ALL_REFUSED_WRITES: list[RecordedRequest] = []
"""Of every stand-in in this process; stays empty in a healthy suite."""


@dataclass(slots=True)
class _Script:
    pattern: str
    fault: Fault
    left: int | None


@dataclass(slots=True)
class TastytradeStandin:
    """The server. Everything public may be used from any thread while it runs."""

    book: Book = field(default_factory=Book)
    client_secret: str = CLIENT_SECRET
    refresh_token: str = REFRESH_TOKEN
    port: int = 0
    """0 takes a free one; afterwards the port it listens at."""
    reports_writes: bool = True
    """Whether a refused write counts against the whole suite."""
    requests: list[RecordedRequest] = field(default_factory=list)
    """Every HTTP request but the sockets'."""
    sockets: list[RecordedSocket] = field(default_factory=list)
    """Of market data."""
    listeners: list[RecordedListener] = field(default_factory=list)
    """Sockets of the account streamer."""
    refused_writes: list[RecordedRequest] = field(default_factory=list)
    access_tokens: list[str] = field(default_factory=list)
    """Every access token it has issued, also those no longer good."""
    quote_tokens: list[str] = field(default_factory=list)
    keepalive: float = 30.0
    """Seconds between two keep-alives of a market data socket, for those opened from now on."""
    rows_per_frame: int = 200
    """How many pushed events at most share a frame; the real server packs as many as fit into 64 kB."""
    _good_tokens: set[str] = field(default_factory=set)
    _scripts: list[_Script] = field(default_factory=list)
    _stream_faults: list[StreamFault] = field(default_factory=list)
    _alert_faults: list[AlertFault] = field(default_factory=list)
    _events: dict[tuple[str, str], Json] = field(default_factory=dict)
    _sessions: list[DxLinkSession] = field(default_factory=list)
    _alert_sessions: list[AlertSession] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _thread: threading.Thread | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _stopping: asyncio.Event | None = None
    _ready: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def streamer_url(self) -> str:
        """Where the account streamer is."""
        return f"ws://127.0.0.1:{self.port}{ALERTS_PATH}"

    @property
    def calls(self) -> int:
        """Requests and sockets so far: what a call budget counts."""
        return len(self.requests) + len(self.sockets)

    def requests_to(self, pattern: str) -> list[RecordedRequest]:
        """Those whose path matches, with shell wildcards."""
        with self._lock:
            return [each for each in self.requests if fnmatchcase(each.path, pattern)]

    def forget_requests(self) -> None:
        """Starts counting anew."""
        with self._lock:
            self.requests.clear()
            self.sockets.clear()

    def change(self, edit: Callable[[Book], object]) -> None:
        """Runs `edit` on the book while no request reads it."""
        with self._lock:
            edit(self.book)

    def hold(self, account: str, rows: Iterable[Json]) -> None:
        """Replaces what one account holds."""
        self.change(lambda book: book.hold(account, rows))

    def fail(self, pattern: str, fault: Fault, times: int | None = None) -> None:
        """Answers requests whose path matches `pattern` (shell wildcards) with `fault`, so many times or always."""
        with self._lock:
            self._scripts.append(_Script(pattern, fault, times))

    def fail_stream(self, fault: StreamFault, times: int = 1) -> None:
        """The next `times` sockets go wrong so."""
        with self._lock:
            self._stream_faults.extend([fault] * times)

    def fail_alerts(self, fault: AlertFault, times: int = 1) -> None:
        """The next `times` sockets of the account streamer go wrong so."""
        with self._lock:
            self._alert_faults.extend([fault] * times)

    def alert(self, kind: str, **data: object) -> None:
        """One message of the account streamer (Order, CurrentPosition, AccountBalance…) for everybody connected."""
        self._tell({"type": kind, "data": data, "timestamp": 1795035600000})

    def alert_batch(self, *kinds: str) -> None:
        """Several in one frame."""
        self._tell({"results": [{"type": kind, "data": {}} for kind in kinds]})

    def _tell(self, frame: Json) -> None:
        with self._lock:
            sessions = list(self._alert_sessions)
        for session in sessions:
            self._on_loop(session.tell(frame))

    def break_listeners(self, fault: AlertFault) -> None:
        """Sockets of the account streamer that are open now go wrong: DROP breaks them, MUTE freezes them."""
        with self._lock:
            sessions = list(self._alert_sessions)
        for session in sessions:
            session.record.fault = fault
            if fault is AlertFault.DROP:
                self._on_loop(session.abort())

    def push(self, kind: str, symbol: str, **values: object) -> None:
        """One market event (Quote, Trade, Summary, Profile, Greeks) for every socket that subscribed, now or later."""
        self.push_all([(kind, symbol, dict(values))])

    def push_all(self, events: Iterable[MarketEvent]) -> None:
        """Many market events, as fast as the sockets take them."""
        ordered = list(events)
        with self._lock:
            self._events.update({(kind, symbol): values for kind, symbol, values in ordered})
            sessions = list(self._sessions)
        for session in sessions:
            self._on_loop(session.send_events(ordered))

    def break_sockets(self, fault: StreamFault) -> None:
        """Sockets that are open now go wrong: DROP breaks them, any other fault is theirs from now on."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.record.fault = fault
            if fault is StreamFault.DROP:
                self._on_loop(session.abort())

    def heal(self) -> None:
        """No more faults."""
        with self._lock:
            self._scripts.clear()
            self._stream_faults.clear()
            self._alert_faults.clear()

    def expire_tokens(self) -> None:
        """Every access token issued so far is answered with 401 from now on."""
        with self._lock:
            self._good_tokens.clear()

    def refuse_grant(self, code: str = "invalid_grant") -> None:
        """The grant is dead: no new access token, and those issued are void."""
        self.expire_tokens()
        self.fail(TOKEN_PATH, Fault.refused_grant(code))

    def start(self) -> Self:
        """Listens; returns once it does."""
        self._ready.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True, name="standin")
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("The stand-in did not start within 10 s.")
        return self

    def stop(self) -> None:
        """Stops listening and breaks every connection. The port can be used again by `start`."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _on_loop(self, work: Coroutine[object, object, None]) -> None:
        if self._loop is None:
            raise RuntimeError("The stand-in does not run.")
        asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        app = web.Application(middlewares=[self._gate])
        app.router.add_post(TOKEN_PATH, self._token)
        app.router.add_get("/customers/me/accounts", self._accounts)
        app.router.add_get("/accounts/{number}/positions", self._positions)
        app.router.add_get("/accounts/{number}/balances", self._balances)
        app.router.add_get("/accounts/{number}/transactions", self._transactions)
        app.router.add_get("/accounts/{number}/orders/live", self._orders)
        app.router.add_get("/market-data/by-type", self._market_data)
        app.router.add_get("/instruments/futures", self._instruments_futures)
        app.router.add_get("/api-quote-tokens", self._quote_token)
        app.router.add_get(STREAM_PATH, self._stream)
        app.router.add_get(ALERTS_PATH, self._alerts)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stopping.wait()
        await runner.cleanup()

    @web.middleware
    async def _gate(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Records, refuses writes, plays faults, checks the access token."""
        if request.path in _SOCKET_PATHS:
            return await handler(request)
        recorded = RecordedRequest(
            request.method, request.path, tuple(request.query.items()), request.headers.get("Accept-Version")
        )
        with self._lock:
            self.requests.append(recorded)
        if request.method != "GET" and (request.method, request.path) != ("POST", TOKEN_PATH):
            return self._refuse(recorded)
        fault = self._next_fault(request.path)
        if fault is not None and fault.kind is FaultKind.CUT:
            return await self._cut(request, fault)
        if fault is not None and fault.kind is FaultKind.ANSWER:
            return web.Response(status=fault.code, text=fault.text, content_type=fault.content_type)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        if request.path != TOKEN_PATH and not self._is_authorized(request):
            refused = Fault.status(401)
            return web.Response(status=401, text=refused.text, content_type=refused.content_type)
        try:
            return await handler(request)
        except web.HTTPNotFound:
            missing = Fault.status(404)
            return web.Response(status=404, text=missing.text, content_type=missing.content_type)

    def _refuse(self, recorded: RecordedRequest) -> web.Response:
        with self._lock:
            self.refused_writes.append(recorded)
            if self.reports_writes:
                ALL_REFUSED_WRITES.append(recorded)
        return web.Response(status=405)

    def _next_fault(self, path: str) -> Fault | None:
        with self._lock:
            for script in self._scripts:
                if script.left == 0 or not fnmatchcase(path, script.pattern):
                    continue
                if script.left is not None:
                    script.left -= 1
                return script.fault
        return None

    def _is_authorized(self, request: web.Request) -> bool:
        return self._is_good_token(request.headers.get("Authorization", ""))

    def _is_good_token(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            return scheme == "Bearer" and token in self._good_tokens

    async def _cut(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "4096"})
        await response.prepare(request)
        await response.write(fault.text.encode())
        if request.transport is not None:
            request.transport.close()
        return response

    async def _token(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked.get("client_secret") != self.client_secret:
            return _fault_answer(Fault.refused_grant("invalid_client"))
        if asked.get("grant_type") != "refresh_token" or asked.get("refresh_token") != self.refresh_token:
            return _fault_answer(Fault.refused_grant())
        with self._lock:
            token = f"canary-access-token-{len(self.access_tokens)}"
            self.access_tokens.append(token)
            self._good_tokens.add(token)
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": 900})

    async def _accounts(self, request: web.Request) -> web.Response:
        with self._lock:
            return _data(request, {"items": list(self.book.accounts.values())})

    async def _positions(self, request: web.Request) -> web.Response:
        with self._lock:
            number = self._known_account(request)
            rows = self.book.positions.get(number, [])
            if request.query.get("include-marks") != "true":
                rows = [{key: row[key] for key in row if key not in {"mark", "mark-price"}} for row in rows]
            return _data(request, {"items": rows})

    async def _balances(self, request: web.Request) -> web.Response:
        with self._lock:
            number = self._known_account(request)
            return _data(request, {"account-number": number, **self.book.balances.get(number, {})})

    async def _transactions(self, request: web.Request) -> web.Response:
        with self._lock:
            rows = self.book.transactions.get(self._known_account(request), [])
            since = request.query.get("start-date", "")
            rows = [row for row in rows if row.get("transaction-date", "9") >= since]
            size, page = int(request.query.get("per-page", "250")), int(request.query.get("page-offset", "0"))
            pagination = {"per-page": size, "page-offset": page, "total-items": len(rows)}
            pagination["total-pages"] = -(-len(rows) // size)
            return _data(request, {"items": rows[page * size : (page + 1) * size]}, pagination)

    async def _orders(self, request: web.Request) -> web.Response:
        with self._lock:
            return _data(request, {"items": self.book.orders.get(self._known_account(request), [])})

    async def _market_data(self, request: web.Request) -> web.Response:
        if len(request.query) > 100:
            return _fault_answer(Fault.status(400))
        with self._lock:
            wanted = [(_TYPES.get(name, name), symbol) for name, symbol in request.query.items()]
            rows = [self.book.market_data[key] for key in wanted if key in self.book.market_data]
            return _data(request, {"items": rows})

    async def _instruments_futures(self, request: web.Request) -> web.Response:
        with self._lock:
            wanted = request.query.getall("symbol[]", [])
            names = {symbol: self.book.future_names.get(symbol, future_name(symbol)) for symbol in wanted}
            return _data(request, {"items": [future_entry(symbol, name) for symbol, name in names.items() if name]})

    async def _quote_token(self, request: web.Request) -> web.Response:
        with self._lock:
            token = f"canary-quote-token-{len(self.quote_tokens)}"
            self.quote_tokens.append(token)
        address = f"ws://127.0.0.1:{self.port}{STREAM_PATH}"
        return _data(request, {"token": token, "dxlink-url": address, "level": "api"})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        with self._lock:
            record = RecordedSocket(self._stream_faults.pop(0) if self._stream_faults else None)
            self.sockets.append(record)
        if record.fault is StreamFault.REFUSE_UPGRADE:
            record.is_open = False
            return _fault_answer(Fault.html(502))
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        session = DxLinkSession(
            request, socket, record, self._accepts_quote_token, self._latest, self.keepalive, self.rows_per_frame
        )
        with self._lock:
            self._sessions.append(session)
        try:
            await session.serve()
        except DroppedError:
            await session.abort()
        finally:
            record.is_open = False
            with self._lock:
                self._sessions.remove(session)
        return socket

    async def _alerts(self, request: web.Request) -> web.StreamResponse:
        with self._lock:
            record = RecordedListener(self._alert_faults.pop(0) if self._alert_faults else None)
            self.listeners.append(record)
        if record.fault is AlertFault.REFUSE_UPGRADE:
            record.is_open = False
            return _fault_answer(Fault.html(502))
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        session = AlertSession(request, socket, record, self._is_good_token)
        with self._lock:
            self._alert_sessions.append(session)
        try:
            await session.serve()
        except DroppedError:
            await session.abort()
        finally:
            record.is_open = False
            with self._lock:
                self._alert_sessions.remove(session)
        return socket

    def _latest(self, kind: str, symbol: str) -> Json | None:
        with self._lock:
            given = self.book.greeks.get(symbol) if kind == "Greeks" else None
            return self._events.get((kind, symbol), given)

    def _accepts_quote_token(self, token: str) -> bool:
        with self._lock:
            return token in self.quote_tokens

    def _known_account(self, request: web.Request) -> str:
        number = request.match_info["number"]
        if number not in self.book.accounts:
            raise web.HTTPNotFound
        return number


def _data(request: web.Request, data: Json, pagination: Json | None = None) -> web.Response:
    body = {"data": data, "context": request.path} | ({"pagination": pagination} if pagination else {})
    return web.Response(text=json.dumps(body), content_type="application/json")


def _fault_answer(fault: Fault) -> web.Response:
    return web.Response(status=fault.code, text=fault.text, content_type=fault.content_type)
