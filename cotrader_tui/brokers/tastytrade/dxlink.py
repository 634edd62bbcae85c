"""A connection to the market data stream: the SDK's streamer, opened within a time and watched frame by frame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

from httpx2.websockets import AsyncWebSocketSession
from tastytrade import DXLinkStreamer, Session
from tastytrade.dxfeed import Event

from cotrader_tui.brokers.base import StreamRefusedError, StreamSilentError
from cotrader_tui.brokers.tastytrade import sockets
from cotrader_tui.brokers.tastytrade.sockets import AGAIN_HINT, SOCKET_FAULTS, in_words
from cotrader_tui.brokers.tastytrade.tls import trusted
from cotrader_tui.errors import BrokerError, ErrorKind

SYMBOLS_PER_FRAME = 500
"""A larger subscription is refused by the server as a whole."""
REFRESH_INTERVAL = 1.0
"""Seconds between two events of one symbol, as asked of the server."""
CHALLENGES = 2
"""How often the server may ask for the token: once is its greeting, once more is forgiven."""
BACKLOG = 5000
"""Events of one kind that may wait in memory to be drained."""

_STREAM = "market data stream"


class NotOpenError(BrokerError):
    """The stream was not opened, or the quote token was not accepted: a new token is worth a try."""


class _MuteError(NotOpenError, StreamSilentError):
    """The socket stands, and the server says nothing."""


class _TokenRefusedError(NotOpenError, StreamRefusedError):
    """The server does not take the quote token."""


class Streamer(DXLinkStreamer):
    """The SDK's streamer. Every inbound frame is seen before the SDK acts on it, and its queues have a bound.

    The SDK itself answers a refused token again and again without end, and takes a closed channel in silence.
    """

    def __init__(self, quote_token: Mapping[str, Any], timeout: float, backlog: int) -> None:
        super().__init__(cast("Session", _QuoteTokenSession(quote_token, timeout)))
        self.on_backlog: Callable[[], None] | None = None
        """Must drain the queues; called when `backlog` events of one kind wait."""
        self._backlog = backlog
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._challenges = 0
        self._has_socket = False

    @property
    def has_socket(self) -> bool:
        """Whether the server has taken the connection."""
        return self._has_socket

    @property
    def silent_for(self) -> float:
        """Seconds since the last frame of any kind."""
        return self._loop.time() - self._heard_at

    def close_queues(self) -> None:
        """The SDK leaves its queues open, and Python complains of each when it collects them."""
        for sending in self._send.values():
            sending.close()
        for receiving in self._recv.values():
            receiving.close()

    @property  # type: ignore[override]  # the SDK sets its socket here, and gets it back with an ear to it
    def _websocket(self) -> _HeardSocket:
        return self._socket

    @_websocket.setter
    def _websocket(self, socket: AsyncWebSocketSession) -> None:
        self._socket = _HeardSocket(socket, self._hear)
        self._has_socket = True

    def _hear(self, frame: object) -> None:
        self._heard_at = self._loop.time()
        match frame:
            case {"type": "AUTH_STATE", "state": "UNAUTHORIZED"}:
                self._challenges += 1
                if self._challenges > CHALLENGES:
                    refused = "tastytrade's market data stream refused the quote token."
                    raise _TokenRefusedError(ErrorKind.AUTH, refused, "It will be tried again with a new one.")
            case {"type": "ERROR", "error": "TIMEOUT"}:
                raise broken("ended: the server missed something of ours in time")
            case {"type": "ERROR" | "CHANNEL_CLOSED"}:
                refused = "tastytrade's market data stream refused a subscription."
                raise StreamRefusedError(ErrorKind.BROKER, refused, AGAIN_HINT, is_transient=True)

    def _map_message(self, message: list[Any], channel: int) -> None:
        super()._map_message(message, channel)
        waiting = self._send[self._channels_reversed[channel]].statistics().current_buffer_used
        if waiting >= self._backlog and self.on_backlog is not None:
            self.on_backlog()


class _HeardSocket:
    """What the SDK's streamer asks of its socket."""

    def __init__(self, socket: AsyncWebSocketSession, hear: Callable[[object], None]) -> None:
        self._socket = socket
        self._hear = hear

    async def send_json(self, frame: object) -> None:
        await self._socket.send_json(frame)

    async def receive_json(self) -> object:
        frame = await self._socket.receive_json()
        self._hear(frame)
        return frame


class _QuoteTokenSession:
    """What the SDK's streamer asks of a session, with a quote token that is already there."""

    def __init__(self, quote_token: Mapping[str, Any], timeout: float) -> None:
        self._quote_token = quote_token
        self.client_kwargs = {"timeout": timeout, "verify": trusted()}

    async def _get(self, _path: str) -> Mapping[str, Any]:
        return self._quote_token


@asynccontextmanager
async def opened(quote_token: Mapping[str, Any], seconds: float, backlog: int = BACKLOG) -> AsyncIterator[Streamer]:
    """A streamer whose token was accepted. Must be entered and left in one task, which also must do the listening:
    after a fault of the connection the SDK cancels that task, and any other would wait for ever.

    Raises:
        NotOpenError: it did not open within `seconds`, or the token was refused.
        StreamSilentError: the socket opened, and nothing was said.
        StreamRefusedError: the token or a subscription was refused.
        BrokerError: it could not be reached, broke off or sent what cannot be read.
    """
    streamer = Streamer(quote_token, seconds, backlog)
    try:
        async with AsyncExitStack() as stack:
            stack.callback(streamer.close_queues)
            try:
                # A mute server would make the SDK wait without end.
                async with asyncio.timeout(seconds):
                    await stack.enter_async_context(streamer)
            except TimeoutError:
                late = f"tastytrade's market data stream did not open within {seconds:g} s."
                kind = _MuteError if streamer.has_socket else NotOpenError
                raise kind(ErrorKind.NETWORK, late, AGAIN_HINT, is_transient=True) from None
            yield streamer
    except BrokerError:
        raise
    except SOCKET_FAULTS as error:
        raise in_words(_STREAM, error) from None


async def subscribe(streamer: Streamer, kind: type[Event], symbols: frozenset[str], seconds: float) -> None:
    """Asks for events of `symbols`.

    Raises:
        StreamSilentError: the server said nothing to it for `seconds`.
    """
    ordered = sorted(symbols)
    try:
        async with asyncio.timeout(seconds):
            for start in range(0, len(ordered), SYMBOLS_PER_FRAME):
                await streamer.subscribe(kind, ordered[start : start + SYMBOLS_PER_FRAME], REFRESH_INTERVAL)
    except TimeoutError:
        raise silent(f"did not answer a subscription within {seconds:g} s") from None


async def unsubscribe(streamer: Streamer, kind: type[Event], symbols: frozenset[str]) -> None:
    """Asks for no more events of `symbols`."""
    ordered = sorted(symbols)
    for start in range(0, len(ordered), SYMBOLS_PER_FRAME):
        await streamer.unsubscribe(kind, ordered[start : start + SYMBOLS_PER_FRAME])


def broken(what: str) -> BrokerError:
    """The error for a stream that is no good any more; `what` is a clause such as "broke off"."""
    return sockets.broken(_STREAM, what)


def silent(what: str) -> StreamSilentError:
    """The error for a stream that says nothing any more."""
    return StreamSilentError(ErrorKind.NETWORK, f"tastytrade's {_STREAM} {what}.", AGAIN_HINT, is_transient=True)
