"""The market between two cycles: one connection's stream, followed for as long as the engine runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from cotrader_tui.brokers.base import MarketUpdate, StreamingBroker, StreamRefusedError, StreamSilentError
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.sync import StreamState, StreamStatus
from cotrader_tui.errors import BrokerError, CorruptStoreError, ErrorKind, StoreError
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.backoff import StreamBackoff

log = logging.getLogger(__name__)

_PACE = 1.0
"""Seconds between two updates that are asked for, each of which is one write at most."""
_RECENT = 300.0
"""Seconds after which updates that were replaced by newer ones are no news any more."""
_NOTHING = MarketUpdate()
_TROUBLED = frozenset({StreamState.SILENT, StreamState.BROKEN, StreamState.REFUSED})


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
    _stored: StreamStatus | None = None
    _is_store_troubled: bool = False
    _overflow: int = 0
    """The newest figure of this life of the stream."""
    _forgetting: asyncio.TimerHandle | None = None

    async def follow(self, writer: Writer, clock: Clock, chance: Callable[[], float]) -> None:
        """Keep quotes and Greeks moving between cycles; a broken stream starts again with backoff, a refused one
        slowly.

        Raises:
            CorruptStoreError: the database is damaged.
        """
        try:
            await self._follow(writer, clock, chance)
        finally:
            self._stop_forgetting()

    async def _follow(self, writer: Writer, clock: Clock, chance: Callable[[], float]) -> None:
        loop, backoff = asyncio.get_running_loop(), StreamBackoff()
        while True:
            started = loop.time()
            state, words = StreamState.BROKEN, "The stream ended; it starts again."
            try:
                await self._live(writer, clock)
            except CorruptStoreError:
                raise
            except BrokerError as error:
                log.warning("The market data of %s broke off: %s", self.name, error)
                state, words = _state_after(error), str(error)
            except Exception:
                log.exception("The market data of %s broke off", self.name)
                words = "A fault of this program; the log file has the details."
            self._turn(state, words, clock)
            self._store(writer)
            is_refused = state is StreamState.REFUSED
            await asyncio.sleep(backoff.next(loop.time() - started, is_refused=is_refused) * (0.5 + chance()))

    async def _live(self, writer: Writer, clock: Clock) -> None:
        """One life of the stream: whatever it says is stored, at most once in `_PACE` seconds."""
        self._overflow = 0
        async with aclosing(self.broker.stream()) as updates:
            async for update in updates:
                self._hear(update, clock)
                self._count(update.overflow, writer)
                self._store(writer, update)
                await asyncio.sleep(_PACE)

    def _hear(self, update: MarketUpdate, clock: Clock) -> None:
        if update.is_sync_due:
            self.want_sync()
        if update.state is not None:
            self._turn(update.state, update.message, clock)
        elif self.status is None:
            self._turn(StreamState.LIVE, "", clock)

    def _count(self, overflow: int, writer: Writer) -> None:
        """Say how many updates were replaced by newer ones, until that is no news any more."""
        if overflow > self._overflow and self.status is not None:
            self._overflow = overflow
            self.status = replace(self.status, overflow=overflow)
            self._stop_forgetting()
            self._forgetting = asyncio.get_running_loop().call_later(_RECENT, self._forget_overflow, writer)

    def _forget_overflow(self, writer: Writer) -> None:
        if self.status is not None:
            self.status = replace(self.status, overflow=0)
            self._store(writer)

    def _stop_forgetting(self) -> None:
        if self._forgetting is not None:
            self._forgetting.cancel()

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
        since = known.since if known is not None and _is_same(known, state, message) else clock()
        self.status = StreamStatus(state, since, message, known.overflow if known is not None else 0)

    def _store(self, writer: Writer, update: MarketUpdate = _NOTHING) -> None:
        """Store how it does, and what has moved. What a busy database does not take comes with a sync as soon as it is
        free: later it could be older than what a sync has landed.
        """
        status = self.status
        try:
            if status is not None and status != self._stored:
                writer.store_stream(self.number, status)
                self._stored = status
            if update.quotes or update.greeks:
                writer.update_market(update.quotes, update.greeks)
        except CorruptStoreError:
            raise
        except StoreError as error:
            if not self._is_store_troubled:
                log.warning("The market data of %s could not be stored; a sync will bring it: %s", self.name, error)
            self._is_store_troubled = True
        else:
            if self._is_store_troubled:
                self.want_sync()
            self._is_store_troubled = False


def _is_same(known: StreamStatus, state: StreamState, message: str) -> bool:
    """Whether it is still as it was since then: in trouble, or well, or well but for something that is missing."""
    if known.state in _TROUBLED:
        return state in _TROUBLED
    return known.state is state and bool(known.message) is bool(message)


def _state_after(error: BrokerError) -> StreamState:
    if isinstance(error, StreamRefusedError) or error.kind is ErrorKind.AUTH:
        return StreamState.REFUSED
    return StreamState.SILENT if isinstance(error, StreamSilentError) else StreamState.BROKEN
