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
    stored: StreamStatus | None = None

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
            self._turn(state, words, clock)
            self._store_status(writer)
            is_refused = state is StreamState.REFUSED
            await asyncio.sleep(backoff.next(loop.time() - started, is_refused=is_refused) * (0.5 + chance()))

    async def _live(self, writer: Writer, clock: Clock) -> None:
        """One life of the stream: whatever it says is stored, at most once in `_PACE` seconds."""
        async with aclosing(self.broker.stream()) as updates:
            async for update in updates:
                self._hear(update, clock)
                if update.quotes or update.greeks:
                    writer.update_market(update.quotes, update.greeks)
                self._store_status(writer)
                await asyncio.sleep(_PACE)

    def _hear(self, update: MarketUpdate, clock: Clock) -> None:
        if update.is_sync_due:
            self.want_sync()
        if update.state is not None:
            self._turn(update.state, update.message, clock)
        elif self.status is None:
            self._turn(StreamState.LIVE, "", clock)
        if self.status is not None and update.overflow > self.status.overflow:
            self.status = replace(self.status, overflow=update.overflow)

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
