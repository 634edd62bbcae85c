"""The market between two cycles: one connection's stream, followed for as long as the engine runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from cotrader_tui.brokers.base import MarketUpdate, StreamingBroker
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.sync import StreamState, StreamStatus
from cotrader_tui.errors import BrokerError, CorruptStoreError, StoreError
from cotrader_tui.store.writer import Writer

log = logging.getLogger(__name__)

_BACKOFF = (1.0, 60.0)


@dataclass(slots=True)
class FollowedStream:
    """The stream of one connection."""

    name: str
    number: int
    broker: StreamingBroker
    want_sync: Callable[[], None]
    """Called where the broker hints that the account changed."""
    status: StreamStatus | None = None
    """As it is stored."""

    async def follow(self, writer: Writer, clock: Clock, chance: Callable[[], float]) -> None:
        """Keep quotes and Greeks moving between cycles; a broken stream starts again with backoff.

        Only a stream that lasted starts the backoff anew: one that sends a little and breaks is broken all the same.

        Raises:
            CorruptStoreError: the database is damaged.
        """
        loop, (wait, longest) = asyncio.get_running_loop(), _BACKOFF
        while True:
            started = loop.time()
            words = "The stream ended; it starts again."
            try:
                async for update in self.broker.stream():
                    self._take(update, writer, clock)
            except (BrokerError, StoreError) as error:
                if isinstance(error, CorruptStoreError):
                    raise
                log.warning("The market data of %s broke off: %s", self.name, error)
                words = str(error)
            except Exception:
                log.exception("The market data of %s broke off", self.name)
                words = "A fault of this program; the log file has the details."
            self._say(writer, clock, StreamState.BROKEN, words)
            if loop.time() - started > longest:
                wait = _BACKOFF[0]
            await asyncio.sleep(wait * (0.5 + chance()))
            wait = min(2 * wait, longest)

    def _take(self, update: MarketUpdate, writer: Writer, clock: Clock) -> None:
        if update.quotes or update.greeks:
            writer.update_market(update.quotes, update.greeks)
        if update.is_sync_due:
            self.want_sync()
        known = self.status
        state = update.state or (known.state if known is not None else StreamState.LIVE)
        self._say(writer, clock, state, update.message, update.overflow)

    def _say(self, writer: Writer, clock: Clock, state: StreamState, message: str, overflow: int | None = None) -> None:
        """Store the stream's status where it is another one than before."""
        known = self.status
        if overflow is None:
            overflow = known.overflow if known is not None else 0
        since = known.since if known is not None and known.state is state else clock()
        status = StreamStatus(state, since, message, overflow)
        if status == known:
            return
        try:
            writer.store_stream(self.number, status)
        except CorruptStoreError:
            raise
        except StoreError as error:
            log.warning("The state of the stream of %s could not be stored: %s", self.name, error)
        else:
            self.status = status
