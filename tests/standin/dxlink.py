"""DXLink as tastytrade's market data server speaks it: JSON frames, data in COMPACT rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.standin.faults import StreamFault
from tests.standin.payloads import Json


@dataclass(slots=True)
class RecordedSocket:
    """One socket a client opened."""

    fault: StreamFault | None
    is_authorized: bool = False
    is_open: bool = True
    auth_attempts: int = 0
    subscribed: list[str] = field(default_factory=list)
    frame_sizes: list[int] = field(default_factory=list)
    """How many symbols each subscription frame had."""
    aggregation_periods: list[float] = field(default_factory=list)


class DroppedError(Exception):
    """The stand-in breaks the connection."""


class DxLinkSession:
    """Serves one socket until it ends."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        record: RecordedSocket,
        accepts: Callable[[str], bool],
        greeks: Callable[[], Mapping[str, Json]],
    ) -> None:
        self._socket = socket
        self._record = record
        self._accepts = accepts
        self._greeks = greeks
        self._fields: list[str] = []

    async def serve(self) -> None:
        """Answers frames in order.

        Raises:
            DroppedError: the scripted fault breaks the connection now.
        """
        async for message in self._socket:
            if self._record.fault is not StreamFault.MUTE:
                await self._answer(message.json())

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
                self._fields = frame["acceptEventFields"]["Greeks"]
                self._record.aggregation_periods.append(frame["acceptAggregationPeriod"])
                fields = {"eventFields": {"Greeks": self._fields}}
                await self._send("FEED_CONFIG", channel, dataFormat="COMPACT", aggregationPeriod=1.0, **fields)
            case "FEED_SUBSCRIPTION":
                await self._feed(channel, [each["symbol"] for each in frame.get("add", [])])
            case "KEEPALIVE":
                await self._send("KEEPALIVE", 0)

    async def _authorize(self, token: str) -> None:
        self._record.auth_attempts += 1
        if self._record.fault is StreamFault.REFUSE_TOKEN or not self._accepts(token):
            await asyncio.sleep(0.001)
            await self._send("AUTH_STATE", 0, state="UNAUTHORIZED")
            return
        self._record.is_authorized = True
        await self._send("AUTH_STATE", 0, state="AUTHORIZED", userId="u-7")

    async def _feed(self, channel: int, symbols: list[str]) -> None:
        self._record.subscribed.extend(symbols)
        self._record.frame_sizes.append(len(symbols))
        if self._record.fault is StreamFault.DROP:
            raise DroppedError
        if self._record.fault is StreamFault.SILENT:
            return
        known = self._greeks()
        for symbol in symbols:
            if symbol not in known:
                continue
            row = self._compact(symbol, known[symbol])
            if self._record.fault is StreamFault.ODD_ROW:
                row.pop()
            await self._send("FEED_DATA", channel, data=["Greeks", row])
            if self._record.fault is StreamFault.DROP_AFTER_FIRST:
                # Time for the frame to leave before the connection is aborted.
                await asyncio.sleep(0.05)
                raise DroppedError

    def _compact(self, symbol: str, event: Json) -> list[Any]:
        """The event's values in the order the client asked for."""
        whole = {"eventSymbol": symbol, "eventTime": 0, "eventFlags": 0, "index": 1, "sequence": 0} | event
        return [whole[name] for name in self._fields]

    async def _send(self, kind: str, channel: int, **rest: object) -> None:
        await self._socket.send_json({"type": kind, "channel": channel, **rest})
