"""DXLink as tastytrade's market data server speaks it: JSON frames, data in COMPACT rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.standin.faults import StreamFault
from tests.standin.payloads import Json

MarketEvent = tuple[str, str, Json]
"""Kind (Quote, Trade, Summary, Profile, Greeks), streamer symbol, values by dxFeed's field names."""

_USUAL: Json = {
    "eventTime": 0, "eventFlags": 0, "index": 1, "sequence": 0, "time": 0, "timeNanoPart": 0,
    "bidTime": 0, "askTime": 0, "bidExchangeCode": "Q", "askExchangeCode": "Q",
    "exchangeCode": "D", "dayId": 20775, "tickDirection": "ZERO_UP", "extendedTradingHours": False,
    "dayClosePriceType": "REGULAR", "prevDayId": 20774, "prevDayClosePriceType": "FINAL", "openInterest": 0,
    "description": "", "shortSaleRestriction": "UNDEFINED", "tradingStatus": "ACTIVE", "haltStartTime": 0,
    "haltEndTime": 0, "exDividendDayId": 0,
}  # fmt: skip


@dataclass(slots=True)
class RecordedSocket:
    """One socket a client opened."""

    fault: StreamFault | None
    is_authorized: bool = False
    is_open: bool = True
    auth_attempts: int = 0
    subscribed: list[str] = field(default_factory=list)
    """Every symbol asked for, as often as it was."""
    following: set[tuple[str, str]] = field(default_factory=set)
    """Kind and symbol of what is subscribed now."""
    frame_sizes: list[int] = field(default_factory=list)
    """How many symbols each subscription frame had."""
    aggregation_periods: list[float] = field(default_factory=list)
    keepalives: int = 0
    """How many were sent to the client."""

    def symbols(self, kind: str) -> set[str]:
        """What is subscribed now for events of `kind`."""
        return {symbol for each, symbol in self.following if each == kind}


class DroppedError(Exception):
    """The stand-in breaks the connection."""


class DxLinkSession:
    """Serves one socket until it ends. `latest` gives the values of a kind of event and symbol, if there are any."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        record: RecordedSocket,
        accepts: Callable[[str], bool],
        latest: Callable[[str, str], Json | None],
        keepalive: float,
        rows_per_frame: int,
    ) -> None:
        self.record = record
        self._request = request
        self._socket = socket
        self._accepts = accepts
        self._latest = latest
        self._keepalive = keepalive
        self._rows_per_frame = rows_per_frame
        self._channels: dict[str, int] = {}
        self._fields: dict[str, list[str]] = {}

    async def serve(self) -> None:
        """Answers frames in order.

        Raises:
            DroppedError: the scripted fault breaks the connection now.
        """
        keeping_alive = asyncio.create_task(self._keep_alive())
        try:
            async for message in self._socket:
                if self.record.fault is not StreamFault.MUTE:
                    await self._answer(message.json())
        finally:
            keeping_alive.cancel()

    async def abort(self) -> None:
        """Breaks the connection without a word."""
        transport = self._request.transport
        if transport is not None:
            transport.abort()

    async def send_events(self, events: Iterable[MarketEvent]) -> None:
        """Sends those that are subscribed, in order for each kind."""
        rows: dict[str, list[list[Any]]] = {}
        for kind, symbol, values in events:
            if (kind, symbol) in self.record.following:
                rows.setdefault(kind, []).append(self._compact(kind, symbol, values))
        for kind, every in rows.items():
            for start in range(0, len(every), self._rows_per_frame):
                flat = [value for row in every[start : start + self._rows_per_frame] for value in row]
                await self._send("FEED_DATA", self._channels[kind], data=[kind, flat])

    async def _keep_alive(self) -> None:
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(self._keepalive)
                await self._send("KEEPALIVE", 0)
                self.record.keepalives += 1

    async def _answer(self, frame: Json) -> None:
        channel = frame.get("channel", 0)
        match frame["type"]:
            case "SETUP":
                setup = {"keepaliveTimeout": 60, "acceptKeepaliveTimeout": 60, "version": "1.0-1.2.1"}
                await self._send("SETUP", 0, **setup)
                await self._send("AUTH_STATE", 0, state="UNAUTHORIZED")
            case "AUTH":
                await self._authorize(frame["token"])
            case "CHANNEL_REQUEST":
                parameters = {"contract": "AUTO", "subFormat": "LIST"}
                await self._send("CHANNEL_OPENED", channel, service="FEED", parameters=parameters)
            case "FEED_SETUP":
                await self._set_up(channel, frame)
            case "FEED_SUBSCRIPTION":
                await self._subscribe(channel, frame)
            case "KEEPALIVE":
                await self._send("KEEPALIVE", 0)

    async def _authorize(self, token: str) -> None:
        self.record.auth_attempts += 1
        if self.record.fault is StreamFault.REFUSE_TOKEN or not self._accepts(token):
            await asyncio.sleep(0.001)
            await self._send("AUTH_STATE", 0, state="UNAUTHORIZED")
            return
        await self._send("AUTH_STATE", 0, state="AUTHORIZED", userId="u-7")
        self.record.is_authorized = True

    async def _set_up(self, channel: int, frame: Json) -> None:
        ((kind, names),) = frame["acceptEventFields"].items()
        self._channels[kind], self._fields[kind] = channel, names
        self.record.aggregation_periods.append(frame["acceptAggregationPeriod"])
        await self._send("FEED_CONFIG", channel, dataFormat="COMPACT", aggregationPeriod=1.0, eventFields={kind: names})

    async def _subscribe(self, channel: int, frame: Json) -> None:
        added = [(each["type"], each["symbol"]) for each in frame.get("add", [])]
        if added:
            self.record.subscribed.extend(symbol for _, symbol in added)
            self.record.frame_sizes.append(len(added))
        match self.record.fault:
            case StreamFault.DROP:
                raise DroppedError
            case StreamFault.REFUSE_SUBSCRIPTION:
                await self._send("ERROR", channel, error="INVALID_MESSAGE", message="Unknown symbol")
            case StreamFault.CLOSE_CHANNEL:
                await self._send("CHANNEL_CLOSED", channel)
            case _:
                self.record.following -= {(each["type"], each["symbol"]) for each in frame.get("remove", [])}
                self.record.following |= set(added)
                await self._send_latest(channel, added)

    async def _send_latest(self, channel: int, added: list[tuple[str, str]]) -> None:
        if self.record.fault is StreamFault.SILENT:
            return
        for kind, symbol in added:
            if (values := self._latest(kind, symbol)) is None:
                continue
            row = self._compact(kind, symbol, values)
            if self.record.fault is StreamFault.ODD_ROW:
                row.pop()
            await self._send("FEED_DATA", channel, data=[kind, row])
            if self.record.fault is StreamFault.DROP_AFTER_FIRST:
                # Time for the frame to leave before the connection is aborted.
                await asyncio.sleep(0.05)
                raise DroppedError

    def _compact(self, kind: str, symbol: str, values: Json) -> list[Any]:
        """The event's values in the order the client asked for; what nobody gave is unknown."""
        whole = {**_USUAL, **values, "eventSymbol": symbol}
        return [whole.get(name, "NaN") for name in self._fields[kind]]

    async def _send(self, kind: str, channel: int, **rest: object) -> None:
        is_frozen = self.record.fault is StreamFault.FREEZE and self.record.is_authorized
        if not is_frozen and self.record.fault is not StreamFault.MUTE:
            await self._socket.send_json({"type": kind, "channel": channel, **rest})
