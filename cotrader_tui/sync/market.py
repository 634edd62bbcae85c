"""The market between two cycles: one connection's stream, followed for as long as the engine runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from cotrader_tui.brokers.base import MarketUpdate, StreamingBroker, StreamRefusedError, StreamSilentError
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.sync import StreamState, StreamStatus
from cotrader_tui.errors import BrokerError, CorruptStoreError, ErrorKind, StoreError
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.backoff import StreamBackoff

log = logging.getLogger(__name__)

_PACE = 1.0
"""Seconds between two writes."""
_TROUBLED = frozenset({StreamState.SILENT, StreamState.BROKEN, StreamState.REFUSED})


@dataclass(slots=True)
class _Pending:
    """What is not stored yet, the newest of each instrument."""

    quotes: dict[InstrumentId, Quote] = field(default_factory=dict)
    greeks: dict[InstrumentId, Greeks] = field(default_factory=dict)

    def add(self, update: MarketUpdate) -> None:
        self.quotes.update((each.instrument, each) for each in update.quotes)
        self.greeks.update((each.instrument, each) for each in update.greeks)

    def store(self, writer: Writer) -> None:
        if self.quotes or self.greeks:
            writer.update_market(self.quotes.values(), self.greeks.values())
            self.clear()

    def clear(self) -> None:
        self.quotes.clear()
        self.greeks.clear()


@dataclass(slots=True)
class FollowedStream:
    """The stream of one connection."""

    name: str
    number: int
    broker: StreamingBroker
    want_sync: Callable[[], None]
    """Called where the broker hints that the account changed, and where a stream that had broken is back."""
    status: StreamStatus | None = None
    """How it does."""
    stored: StreamStatus | None = None
    _pending: _Pending = field(default_factory=_Pending)

    async def follow(self, writer: Writer, clock: Clock, chance: Callable[[], float]) -> None:
        """Keep quotes and Greeks moving between cycles; a broken stream starts again with backoff, a refused one
        slowly.

        Raises:
            CorruptStoreError: the database is damaged.
        """
        loop, backoff = asyncio.get_running_loop(), StreamBackoff()
        while True:
            started = loop.time()
            state, words = StreamState.BROKEN, "The stream ended; it starts again."
            try:
                await self._live(writer, clock)
            except (BrokerError, StoreError) as error:
                if isinstance(error, CorruptStoreError):
                    raise
                log.warning("The market data of %s broke off: %s", self.name, error)
                state, words = _state_after(error), str(error)
            except Exception:
                log.exception("The market data of %s broke off", self.name)
                words = "A fault of this program; the log file has the details."
            self._pending.clear()
            self._turn(state, words, clock)
            self._store_status(writer)
            is_refused = state is StreamState.REFUSED
            await asyncio.sleep(backoff.next(loop.time() - started, is_refused=is_refused) * (0.5 + chance()))

    async def _live(self, writer: Writer, clock: Clock) -> None:
        """One life of the stream: whatever it says is stored, at most once in `_PACE` seconds."""
        news = asyncio.Event()
        reading = asyncio.create_task(self._read(news, clock))
        try:
            while not reading.done():
                waiting = asyncio.create_task(news.wait())
                await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                news.clear()
                self._pending.store(writer)
                self._store_status(writer)
                await asyncio.wait({reading}, timeout=_PACE)
            self._pending.store(writer)
            reading.result()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, news: asyncio.Event, clock: Clock) -> None:
        async for update in self.broker.stream():
            self._pending.add(update)
            if update.is_sync_due:
                self.want_sync()
            known = self.status
            if update.state is not None:
                self._turn(update.state, update.message, clock)
            elif known is None:
                self._turn(StreamState.LIVE, "", clock)
            if self.status is not None and update.overflow > self.status.overflow:
                self.status = _with_overflow(self.status, update.overflow)
            news.set()

    def _turn(self, state: StreamState, message: str, clock: Clock) -> None:
        """It does like this now. Trouble lasts until the stream is live again, however often it is tried.

        A stream that is back asks for a sync: what happened while it was away is in no stream.
        """
        known = self.status
        was_troubled = known is not None and known.state in _TROUBLED
        if was_troubled and state is StreamState.CONNECTING:
            return
        if was_troubled and state not in _TROUBLED:
            self.want_sync()
        is_same = known is not None and (known.state is state or (was_troubled and state in _TROUBLED))
        since = known.since if known is not None and is_same else clock()
        self.status = StreamStatus(state, since, message, known.overflow if known is not None else 0)

    def _store_status(self, writer: Writer) -> None:
        """Where it is another one than the stored."""
        status = self.status
        if status is None or status == self.stored:
            return
        try:
            writer.store_stream(self.number, status)
        except CorruptStoreError:
            raise
        except StoreError as error:
            log.warning("The state of the stream of %s could not be stored: %s", self.name, error)
        else:
            self.stored = status


def _state_after(error: BrokerError | StoreError) -> StreamState:
    if isinstance(error, StreamRefusedError) or (isinstance(error, BrokerError) and error.kind is ErrorKind.AUTH):
        return StreamState.REFUSED
    return StreamState.SILENT if isinstance(error, StreamSilentError) else StreamState.BROKEN


def _with_overflow(status: StreamStatus, overflow: int) -> StreamStatus:
    return StreamStatus(status.state, status.since, status.message, overflow)
