"""One bounded snapshot of Greeks over DXLink. Waits for no symbol that stays silent."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tastytrade.dxfeed import Greeks as GreeksEvent

from cotrader_tui.brokers.tastytrade.dxlink import NotOpenError, Streamer, opened, subscribe
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.market import Greeks
from cotrader_tui.errors import BrokerError


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


async def greeks_snapshot(
    quote_token: Mapping[str, Any], symbols: Collection[str], limits: StreamLimits
) -> StreamAnswer:
    """The Greeks that arrive for `symbols` within `limits`. Never raises for a fault of the stream.

    The whole life of the socket is one task of its own: the SDK's streamer must be entered and left in the same one.
    """
    answer = StreamAnswer()
    task = asyncio.create_task(_read(quote_token, frozenset(symbols), limits, answer))
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    task.result()
    if not answer.greeks and answer.warning is None:
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


async def _read(
    quote_token: Mapping[str, Any], symbols: frozenset[str], limits: StreamLimits, answer: StreamAnswer
) -> None:
    try:
        async with opened(quote_token, limits.opening) as streamer:
            answer.is_open = True
            try:
                async with asyncio.timeout(limits.total):
                    await subscribe(streamer, GreeksEvent, symbols, limits.total)
                    await _collect(streamer, symbols, limits.quiet, answer)
            except TimeoutError:
                return
    except NotOpenError:
        answer.warning = f"The market data stream did not open within {limits.opening:g} s: no Greeks arrived."
    except BrokerError as error:
        sent = f"{len(answer.greeks)} of {len(symbols)} options sent Greeks"
        answer.warning = f"{error.message.removesuffix('.')}: {sent}."


async def _collect(streamer: Streamer, wanted: frozenset[str], quiet: float, answer: StreamAnswer) -> None:
    """Keeps the newest event per symbol until all have answered or none was new for `quiet` seconds."""
    loop = asyncio.get_running_loop()
    silent = set(wanted)
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


def _finite(value: Decimal) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
