"""tastytrade's account streamer: JSON frames, one subscription for accounts, heartbeats that are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from tests.standin.dxlink import DroppedError
from tests.standin.faults import AlertFault
from tests.standin.payloads import Json


@dataclass(slots=True)
class RecordedListener:
    """One socket of the account streamer that a client opened."""

    fault: AlertFault | None
    is_open: bool = True
    accounts: list[list[str]] = field(default_factory=list)
    """The account numbers of each subscription."""
    heartbeats: int = 0
    actions: list[str] = field(default_factory=list)
    """Of every frame the client sent."""

    @property
    def is_listening(self) -> bool:
        """Whether the newest subscription was granted."""
        return self.is_open and bool(self.accounts)


class AlertSession:
    """Serves one socket until it ends."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        record: RecordedListener,
        accepts: Callable[[str], bool],
    ) -> None:
        self.record = record
        self._request = request
        self._socket = socket
        self._accepts = accepts

    async def serve(self) -> None:
        """Answers frames in order.

        Raises:
            DroppedError: the scripted fault breaks the connection now.
        """
        async for message in self._socket:
            frame = message.json()
            self.record.actions.append(frame["action"])
            if self.record.fault is not AlertFault.MUTE:
                await self._answer(frame)

    async def abort(self) -> None:
        """Breaks the connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def tell(self, frame: Json) -> None:
        """Sends a message to a client that has subscribed."""
        if not self.record.accounts or self.record.fault is AlertFault.MUTE:
            return
        if self.record.fault is AlertFault.ODD_FRAMES:
            await self._socket.send_str('["neither", "an object"]')
            await self._socket.send_json({"type": {"no": "word"}, "results": "none"})
            await self._socket.send_str("{not json")
        await self._socket.send_json(frame)

    async def _answer(self, frame: Json) -> None:
        action = frame["action"]
        is_good = self._accepts(frame["auth-token"])
        if action == "connect":
            if self.record.fault is AlertFault.DROP:
                raise DroppedError
            is_good = is_good and self.record.fault is not AlertFault.REFUSE_ACCOUNTS
            if is_good:
                self.record.accounts.append(frame["value"])
        elif action == "heartbeat":
            self.record.heartbeats += 1
        else:
            is_good = False
        about = {"action": action, "web-socket-session-id": "7a31c0de", "request-id": frame["request-id"]}
        if is_good:
            await self._socket.send_json({"status": "ok", **about})
        else:
            await self._socket.send_json({"status": "error", "message": "failed", **about})
