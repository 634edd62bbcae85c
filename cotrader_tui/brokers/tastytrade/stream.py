"""One bounded snapshot of Greeks over DXLink. Waits for no symbol that stays silent."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from tastytrade import DXLinkStreamer, Session
from tastytrade.dxfeed import Greeks as GreeksEvent

from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.market import Greeks

log = logging.getLogger(__name__)

SYMBOLS_PER_FRAME = 500
REFRESH_INTERVAL = 1.0
"""Seconds between two events of one symbol; a snapshot needs only the first."""


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How long a snapshot may take, in seconds."""

    opening: float = 10.0
    """Until the socket is open and the quote token accepted."""
    quiet: float = 3.0
    """After the last symbol that answered for the first time."""
    total: float = 8.0
    """After opening, whatever happens."""


@dataclass(slots=True)
class StreamAnswer:
    """What a snapshot came to. Filled while it runs, so that what arrived before a fault is kept."""

    greeks: dict[str, GreeksEvent] = field(default_factory=dict)
    """The newest event per streamer symbol."""
    warning: str | None = None
    """A sentence if it ended badly."""
    is_open: bool = False
    """The socket opened and the quote token was accepted."""


class _QuoteTokenSession:
    """What the SDK's streamer asks of a session, with a quote token that is already there."""

    def __init__(self, quote_token: Mapping[str, Any], timeout: float) -> None:
        self._quote_token = quote_token
        self.client_kwargs = {"timeout": timeout}

    async def _get(self, _path: str) -> Mapping[str, Any]:
        return self._quote_token


async def greeks_snapshot(
    quote_token: Mapping[str, Any], symbols: Collection[str], limits: StreamLimits
) -> StreamAnswer:
    """The Greeks that arrive for `symbols` within `limits`. Never raises for a fault of the stream.

    The whole life of the socket is one task of its own: the SDK's streamer must be entered and left in the same one.
    """
    answer = StreamAnswer()
    task = asyncio.create_task(_read(quote_token, sorted(symbols), limits, answer))
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    if (error := task.exception()) is not None:
        log.info("The market data stream failed: %s", _reason(error))
        sent = f"{len(answer.greeks)} of {len(symbols)} options sent Greeks"
        answer.warning = f"The market data stream broke ({_reason(error)}): {sent}."
    elif not answer.greeks and answer.warning is None:
        answer.warning = f"The market data stream stayed silent for {limits.total:g} s: no Greeks arrived."
    return answer


def to_greeks(event: GreeksEvent, instrument: InstrumentId, received_at: datetime) -> Greeks | None:
    """The event in our units, which are dxFeed's: per calendar day, per volatility point, per percentage point.

    `None` without the time it was computed at: its age could not be told.
    """
    try:
        as_of = datetime.fromtimestamp(event.time / 1000, UTC) if event.time > 0 else None
    except (OverflowError, OSError, ValueError):
        as_of = None
    if as_of is None:
        return None
    return Greeks(
        instrument=instrument,
        delta=_finite(event.delta),
        gamma=_finite(event.gamma),
        theta=_finite(event.theta),
        vega=_finite(event.vega),
        rho=_finite(event.rho),
        iv=_finite(event.volatility),
        as_of=as_of,
        received_at=received_at,
    )


async def _read(quote_token: Mapping[str, Any], symbols: list[str], limits: StreamLimits, answer: StreamAnswer) -> None:
    session = cast("Session", _QuoteTokenSession(quote_token, limits.opening))
    streamer = DXLinkStreamer(session)
    async with AsyncExitStack() as stack:
        stack.callback(_close_queues, streamer)
        try:
            # A refused token makes the SDK ask again and again without end, a mute server makes it wait without end.
            async with asyncio.timeout(limits.opening):
                await stack.enter_async_context(streamer)
        except TimeoutError:
            answer.warning = f"The market data stream did not open within {limits.opening:g} s: no Greeks arrived."
            return
        answer.is_open = True
        try:
            async with asyncio.timeout(limits.total):
                for start in range(0, len(symbols), SYMBOLS_PER_FRAME):
                    frame = symbols[start : start + SYMBOLS_PER_FRAME]
                    await streamer.subscribe(GreeksEvent, frame, REFRESH_INTERVAL)
                await _collect(streamer, set(symbols), limits.quiet, answer)
        except TimeoutError:
            return


async def _collect(streamer: DXLinkStreamer, silent: set[str], quiet: float, answer: StreamAnswer) -> None:
    """Keeps the newest event per symbol until all have answered or none was new for `quiet` seconds."""
    loop = asyncio.get_running_loop()
    wanted = frozenset(silent)
    until: float | None = None
    while silent:
        try:
            async with asyncio.timeout_at(until):
                event = await streamer.get_event(GreeksEvent)
        except TimeoutError:
            return
        symbol = event.event_symbol
        if symbol in wanted:
            answer.greeks[symbol] = event
        if symbol in silent:
            silent.discard(symbol)
            until = loop.time() + quiet


def _close_queues(streamer: DXLinkStreamer) -> None:
    """The SDK leaves its queues open, and Python complains of each when it collects them."""
    for sending in streamer._send.values():
        sending.close()
    for receiving in streamer._recv.values():
        receiving.close()


def _finite(value: Decimal) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _reason(error: BaseException) -> str:
    """The kinds of fault, without their texts: those may hold frames."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(sorted({_reason(each) for each in error.exceptions}))
    return type(error).__name__
