"""Following the market over one long-lived connection: what is held is subscribed, what moved is told in batches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Iterable
from dataclasses import dataclass, replace

from tastytrade.dxfeed import Event
from tastytrade.dxfeed import Greeks as GreeksEvent

from cotrader_tui.brokers.base import MarketUpdate
from cotrader_tui.brokers.tastytrade.alerts import AccountAlerts
from cotrader_tui.brokers.tastytrade.api import Api
from cotrader_tui.brokers.tastytrade.dxlink import (
    BACKLOG,
    NotOpenError,
    Streamer,
    broken,
    opened,
    silent,
    subscribe,
    unsubscribe,
)
from cotrader_tui.brokers.tastytrade.live import KINDS, LiveBook, Wanted
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.sync import StreamState
from cotrader_tui.errors import BrokerError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """The times of a connection in seconds, and its bound of memory."""

    opening: float = 12.0
    """Until the socket is open and the quote token accepted; also for the answer to a subscription."""
    silence: float = 75.0
    """Without any frame: the server sends at least a keep-alive every 60 s, also while the market is closed."""
    drain: float = 0.25
    """Between two looks into the SDK's queues."""
    backlog: int = BACKLOG
    """Events of one kind that may wait there."""


class MarketFeed:
    """The market data stream of one log-in, and what `alerts` hints at. `updates` runs at most once at a time."""

    def __init__(self, api: Api, clock: Clock, limits: LiveLimits, alerts: AccountAlerts) -> None:
        self.overflow = 0
        """Events that were dropped for newer ones because they came faster than they could be looked at, since the
        stream was begun.
        """
        self._api = api
        self._clock = clock
        self._limits = limits
        self._alerts = alerts
        self._state: StreamState | None = None
        self._told: tuple[StreamState | None, str] = (None, "")
        self._book = LiveBook()
        self._holds_something = asyncio.Event()
        self._is_live = asyncio.Event()
        self._streamer: Streamer | None = None
        self._subscribed: Wanted = {}
        self._workers: set[asyncio.Task[None]] = set()

    def hold(self, instruments: Iterable[Instrument], quotes: Collection[Quote]) -> None:
        """Follow exactly these from now on; `quotes` are the sync's own, which lands them `completed`."""
        self._book.hold(instruments, quotes, self._clock())
        if any(self._book.wanted.values()):
            self._holds_something.set()

    @property
    def is_live(self) -> bool:
        """Whether the market is followed right now."""
        return self._streamer is not None and self._state is StreamState.LIVE

    def completed(self, quote: Quote) -> Quote:
        """A sync's quote of what is held with what the stream knows of it; as it is while there is no stream."""
        return self._book.completed(quote)

    def greeks(self, symbols: Collection[str]) -> dict[InstrumentId, Greeks] | None:
        """The latest Greeks of these streamer symbols; `None` if the connection does not serve all or sent none yet."""
        if not frozenset(symbols) <= self._subscribed.get(GreeksEvent, frozenset()):
            return None
        return self._book.greeks(symbols) or None

    async def updates(self) -> AsyncGenerator[MarketUpdate, None]:
        """What moved until it was asked for, whether a sync is due, and how the stream does. Opens its socket once
        something is held.

        The SDK's streamer lives and dies in a task of its own, so that whoever iterates may stop at any point. The
        account streamer lives beside it: its faults end nothing.

        Raises:
            StreamSilentError: nothing came any more.
            StreamRefusedError: the quote token or a subscription was refused.
            BrokerError: the stream could not be opened or broke off, or the machine slept.
        """
        self._state, self._told, self.overflow = None, (None, ""), 0
        self._is_live.clear()
        worker, listener = asyncio.create_task(self._follow()), asyncio.create_task(self._listen())
        tasks = {worker, listener}
        self._workers |= tasks
        try:
            lead = self._lead()
            while True:
                before, lead = lead, self._lead()
                if lead - before > self._limits.silence:
                    raise broken("was left alone while the machine slept, or its clock was set")
                is_over, update = worker.done(), self._news()
                if update.quotes or update.greeks or update.is_sync_due or update.state is not None:
                    yield update
                elif is_over:
                    break
                else:
                    await asyncio.wait({worker}, timeout=self._limits.drain)
            if not worker.cancelled():
                worker.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._workers -= tasks
            self._book.start_anew()

    def _lead(self) -> float:
        """Seconds by which the clock is ahead of the loop's time, which is the watchdogs' and stands still while the
        machine sleeps. Servers give up sockets that are asleep.
        """
        return self._clock().timestamp() - asyncio.get_running_loop().time()

    def _news(self) -> MarketUpdate:
        if self._streamer is not None:
            self._drain(self._streamer)
        message = self._alerts.trouble if self._state is StreamState.LIVE else ""
        is_told, self._told = (self._state, message) == self._told, (self._state, message)
        return replace(
            self._book.moved(),
            is_sync_due=self._alerts.is_sync_due(),
            state=None if is_told else self._state,
            message="" if is_told else message,
            overflow=self.overflow,
        )

    def close(self) -> None:
        """Ends the stream: `updates` then ends too."""
        for worker in self._workers:
            worker.cancel()

    async def _listen(self) -> None:
        """The account streamer, once the market data stands: a stream that is tried again and again brings up one."""
        if self._holds_something.is_set():
            await self._is_live.wait()
        await self._alerts.run()

    async def _follow(self) -> None:
        await self._holds_something.wait()
        self._state = StreamState.CONNECTING
        token = await self._api.quote_token()
        is_open = False
        try:
            async with opened(token, self._limits.opening, self._limits.backlog) as streamer:
                is_open = True
                self._streamer = streamer
                streamer.on_backlog = lambda: self._count_overflow(self._drain(streamer))
                try:
                    await self._keep_up(streamer)
                finally:
                    self._drain(streamer)
        except BrokerError as error:
            if not is_open or isinstance(error, NotOpenError):
                self._api.forget_quote_token()
            raise
        finally:
            self._streamer, self._subscribed = None, {}

    async def _keep_up(self, streamer: Streamer) -> None:
        while True:
            if self._subscribed is not self._book.wanted:
                await self._subscribe(streamer, self._book.wanted)
                self._state = StreamState.LIVE
                self._is_live.set()
            self._drain(streamer)
            if streamer.silent_for > self._limits.silence:
                raise silent(f"was silent for {self._limits.silence:g} s, without even a keep-alive")
            await asyncio.sleep(self._limits.drain)

    async def _subscribe(self, streamer: Streamer, wanted: Wanted) -> None:
        """From what is subscribed to what is wanted, without touching what is in both."""
        for kind in KINDS:
            before = self._subscribed.get(kind, frozenset())
            if gone := before - wanted[kind]:
                await unsubscribe(streamer, kind, gone)
            if fresh := wanted[kind] - before:
                await subscribe(streamer, kind, fresh, self._limits.opening)
        self._subscribed = wanted

    def _drain(self, streamer: Streamer) -> int:
        """Takes every waiting event, but of each symbol only its first one ever and the latest. Returns how many the
        latest replaced.
        """
        now, replaced = self._clock(), 0
        for kind in KINDS:
            latest: dict[str, Event] = {}
            count = 0
            while (event := streamer.get_event_nowait(kind)) is not None:
                if self._book.is_new(event):
                    self._book.take(event, now)
                    continue
                latest[event.event_symbol] = event
                count += 1
            for event in latest.values():
                self._book.take(event, now)
            replaced += count - len(latest)
        return replaced

    def _count_overflow(self, replaced: int) -> None:
        if not self.overflow:
            log.warning("tastytrade's market data comes faster than it can be read: only the latest of each is kept.")
        self.overflow += replaced
