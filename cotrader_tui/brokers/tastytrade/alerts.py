"""tastytrade's account streamer: told of fills and transfers as they happen. What it says is a hint to sync, no more.

The SDK's own streamer sends no heartbeat and ends at the first message it cannot read; a hint needs only its kind.
Source: tastytrade's guide "Streaming Account Data".
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Collection, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2
from httpx2.websockets import AsyncWebSocketSession
from tastytrade.streamer import CERT_STREAMER_URL, STREAMER_URL

from cotrader_tui.brokers.base import ConnectionConfig, StreamRefusedError
from cotrader_tui.brokers.hints import Hints
from cotrader_tui.brokers.tastytrade.api import Api
from cotrader_tui.brokers.tastytrade.sockets import AGAIN_HINT, SOCKET_FAULTS, broken, in_words
from cotrader_tui.brokers.tastytrade.tls import trusted
from cotrader_tui.errors import BrokerError, ErrorKind

log = logging.getLogger(__name__)

CHANGES = frozenset({"CurrentPosition", "Order", "ComplexOrder", "AccountBalance", "ExternalTransaction"})
"""The kinds of message after which a sync finds something else."""

_STREAM = "account streamer"


@dataclass(frozen=True, slots=True)
class AlertLimits:
    """The times of the account streamer, in seconds."""

    opening: float = 12.0
    """Until the socket is open; likewise until the accounts are subscribed to."""
    heartbeat: float = 20.0
    """Between two heartbeats, each of which is answered; the server wants one at least every 60 s."""
    silence: float = 50.0
    """Without any frame."""
    wait: float = 1.0
    longest_wait: float = 60.0
    """Before it is opened again: doubled each time, with jitter."""
    refused_wait: float = 300.0
    """The least after it was refused."""


def streamer_address(config: ConnectionConfig) -> str | None:
    """Where the account streamer is. `None` where only the interface is elsewhere: its tokens must not go abroad."""
    if address := config.options.get("streamer_url"):
        return address
    if config.options.get("api_url"):
        return None
    return CERT_STREAMER_URL if config.options.get("is_sandbox") == "1" else STREAMER_URL


class AccountAlerts:
    """The account streamer of one log-in. `run` runs at most once at a time."""

    def __init__(self, api: Api, address: str | None, limits: AlertLimits, hints: Hints) -> None:
        self.trouble = ""
        """A sentence while nothing is heard of fills."""
        self._api = api
        self._address = address
        self._limits = limits
        self._hints = hints
        self._accounts: frozenset[str] = frozenset()
        self._has_accounts = asyncio.Event()
        self._was_connected = False
        self._requests = 0

    def follow(self, accounts: Collection[str]) -> None:
        """Listen for these account numbers from now on."""
        self._accounts = frozenset(accounts)
        if self._accounts:
            self._has_accounts.set()

    def is_sync_due(self) -> bool:
        """Whether something changed that no sync was asked for yet."""
        return self._hints.take(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Listens until cancelled, over one socket after another. A fault only shows in `trouble`."""
        if self._address is None:
            return
        await self._has_accounts.wait()
        self._was_connected = False  # whoever starts it syncs anyway
        loop, wait = asyncio.get_running_loop(), self._limits.wait
        while True:
            began = loop.time()
            try:
                await self._listen(self._address)
            except BrokerError as error:
                self._say_trouble(error)
                is_refused = isinstance(error, StreamRefusedError) or error.kind is ErrorKind.AUTH
            except Exception:
                log.exception("tastytrade's account streamer ended")
                self._say_trouble(broken(_STREAM, "ended with a fault of this program"))
                is_refused = False
            if loop.time() - began > self._limits.longest_wait:
                wait = self._limits.wait
            least = self._limits.refused_wait if is_refused else 0.0
            await asyncio.sleep(max(wait, least) * (0.5 + random.random()))
            wait = min(2 * wait, self._limits.longest_wait)

    def _say_trouble(self, error: BrokerError) -> None:
        words = f"Fills are not noticed at once: {error.message} Positions are synced on schedule all the same."
        if words != self.trouble:
            log.warning("%s", words)
        self.trouble = words

    async def _listen(self, address: str) -> None:
        try:
            async with AsyncExitStack() as stack:
                try:
                    async with asyncio.timeout(self._limits.opening):
                        client = httpx2.AsyncClient(timeout=self._limits.opening, verify=trusted())
                        await stack.enter_async_context(client)
                        socket = await stack.enter_async_context(client.websocket(address))
                except TimeoutError:
                    raise broken(_STREAM, f"did not open within {self._limits.opening:g} s") from None
                await _Listening(self, socket).keep_up()
        except BrokerError:
            raise
        except SOCKET_FAULTS as error:
            raise in_words(_STREAM, error) from None

    async def _request(self, action: str, accounts: Collection[str] = ()) -> dict[str, object]:
        """A frame for the server; the access token in it is good for another minute."""
        self._requests += 1
        frame: dict[str, object] = {
            "action": action,
            "auth-token": f"Bearer {await self._api.access_token()}",
            "request-id": self._requests,
            "source": "cotrader-tui",
        }
        return frame | {"value": sorted(accounts)} if accounts else frame

    def _connected(self) -> None:
        """The accounts are subscribed to. Nothing is replayed: what happened while it was away is found by a sync."""
        self.trouble = ""
        if self._was_connected:
            self._heard_change()
        self._was_connected = True

    def _heard_change(self) -> None:
        self._hints.hear(asyncio.get_running_loop().time())


class _Listening:
    """One socket, from the subscription to its end."""

    def __init__(self, alerts: AccountAlerts, socket: AsyncWebSocketSession) -> None:
        self._alerts = alerts
        self._limits = alerts._limits
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._beat_at = self._asked_at = self._loop.time()
        self._asked: frozenset[str] = frozenset()
        self._is_connected = False

    async def keep_up(self) -> None:
        """Takes frames, answers with heartbeats, and subscribes anew where the accounts changed.

        Raises:
            StreamRefusedError: the server does not let it listen.
            BrokerError: it fell silent.
        """
        tick = min(1.0, self._limits.heartbeat / 4)
        while True:
            await self._speak()
            self._watch()
            try:
                frame = await self._socket.receive_json(timeout=tick)
            except TimeoutError:
                continue
            except ValueError:
                frame = None
            self._heard_at = self._loop.time()
            if isinstance(frame, dict):
                self._take(frame)

    async def _speak(self) -> None:
        now = self._loop.time()
        if self._asked != self._alerts._accounts:
            self._asked, self._is_connected = self._alerts._accounts, False
            self._asked_at = self._beat_at = now
            await self._socket.send_json(await self._alerts._request("connect", self._asked))
        elif now - self._beat_at >= self._limits.heartbeat:
            self._beat_at = now
            await self._socket.send_json(await self._alerts._request("heartbeat"))

    def _watch(self) -> None:
        now = self._loop.time()
        if not self._is_connected and now - self._asked_at > self._limits.opening:
            raise broken(_STREAM, f"did not answer within {self._limits.opening:g} s")
        if now - self._heard_at > self._limits.silence:
            raise broken(_STREAM, f"was silent for {self._limits.silence:g} s")

    def _take(self, frame: dict[str, object]) -> None:
        match frame:
            case {"status": "error", "action": "heartbeat"}:
                raise broken(_STREAM, "refused a heartbeat")
            case {"status": "error"}:
                refused = f"tastytrade's {_STREAM} refused to listen for the accounts."
                raise StreamRefusedError(ErrorKind.AUTH, refused, AGAIN_HINT)
            case {"status": "ok", "action": "connect"}:
                self._is_connected = True
                self._alerts._connected()
        if not CHANGES.isdisjoint(_kinds(frame)):
            self._alerts._heard_change()


def _kinds(frame: dict[str, object]) -> Iterator[str]:
    """What a frame tells of: one thing, or several in a batch."""
    results = frame.get("results")
    for each in (frame, *(results if isinstance(results, list) else ())):
        if isinstance(each, dict) and isinstance(kind := each.get("type"), str):
            yield kind
