"""The engine: every connection on its schedule, requests heard, history thinned, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from cotrader_tui.brokers.base import Broker, ConnectionConfig, StreamingBroker
from cotrader_tui.domain.clock import Clock, exchange_date
from cotrader_tui.domain.market import TradingSession
from cotrader_tui.domain.sync import RunStatus, SyncError, Trigger
from cotrader_tui.errors import CorruptStoreError, ErrorKind, StoreError
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.cycle import CycleOutcome, run_cycle
from cotrader_tui.sync.market import FollowedStream
from cotrader_tui.sync.schedule import Health, next_sync_at

log = logging.getLogger(__name__)

SessionSource = Callable[[date, date], Sequence[TradingSession]]
"""Trading sessions between two dates, inclusive. May be slow: it is called in a thread."""

_HEAR_REQUESTS_EVERY = 0.2
_LONGEST_NAP = 1.0
_THIN_EVERY = timedelta(hours=1)
_SESSIONS_EVERY = timedelta(hours=12)
_SESSIONS_BACK, _SESSIONS_AHEAD = timedelta(days=10), timedelta(days=14)
_AT_ONCE = 16
_LET_GO_WITHIN = 1.0


@dataclass(slots=True)
class Link:
    """A configured connection with its broker, as the engine runs it."""

    config: ConnectionConfig
    broker: Broker
    number: int
    is_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    has_landed: asyncio.Event = field(default_factory=asyncio.Event)


class Engine:
    """Syncs one database. Its owner holds the lease and the writer; it owns neither."""

    def __init__(
        self,
        writer: Writer,
        brokers: Sequence[tuple[ConnectionConfig, Broker]],
        clock: Clock,
        sessions: SessionSource | None = None,
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._sessions = sessions
        self._chance = random.random
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._links = [self._link(config, broker) for config, broker in brokers]

    def _link(self, config: ConnectionConfig, broker: Broker) -> Link:
        number = self._writer.ensure_connection(config.name, config.broker, config.label, config.sync_interval)
        return Link(config, broker, number)

    async def run(self, stop: asyncio.Event) -> None:
        """Sync on schedule until `stop`; a cycle under way is then given up, its transaction whole or undone.

        Raises:
            CorruptStoreError: the database is damaged; going on would make it worse.
        """
        self._writer.take_over(self._clock())
        chores: list[Coroutine[object, object, None]] = [self._hear_requests(), self._keep_thinned()]
        if self._sessions is not None:
            chores.append(self._keep_sessions(self._sessions))
        for link in self._links:
            chores.append(self._serve(link))
            if isinstance(link.broker, StreamingBroker):
                chores.append(self._follow_market(link, link.broker))
        async with self._brokers_closed():
            await _until(stop, chores)

    async def sync_once(self, names: Sequence[str] | None = None) -> tuple[CycleOutcome, ...]:
        """One cycle of each named connection (of all by default), concurrently; then the brokers are let go."""
        self._writer.take_over(self._clock())
        wanted = [link for link in self._links if names is None or link.config.name in names]
        async with self._brokers_closed():
            return tuple(await asyncio.gather(*(self._cycle(link, Trigger.MANUAL) for link in wanted)))

    @asynccontextmanager
    async def _brokers_closed(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.gather(*(_let_go(link) for link in self._links))

    async def _serve(self, link: Link) -> None:
        """One connection's life: a cycle, then wait until it is due or wanted."""
        trigger = Trigger.STARTUP
        while True:
            due_at = await self._guarded(link, trigger)
            trigger = await self._wait(link, due_at)

    async def _guarded(self, link: Link, trigger: Trigger) -> datetime:
        """A cycle whose trouble with the store is logged and tried again, for as long as the file is whole."""
        try:
            await self._cycle(link, trigger)
            return self._writer.next_sync_at(link.number) or self._clock() + link.config.sync_interval
        except CorruptStoreError:
            raise
        except StoreError as error:
            log.error("The sync of %s could not be stored: %s", link.config.name, error)
            return self._clock() + link.config.sync_interval

    async def _wait(self, link: Link, due_at: datetime) -> Trigger:
        """Nap in short steps until `due_at`: the clock may jump, the machine may sleep."""
        whole = due_at - self._clock()
        while not link.is_wanted.is_set():
            left = due_at - self._clock()
            if left > whole:  # the clock was set back
                due_at, left = self._clock() + whole, whole
            if left <= timedelta():
                return Trigger.SCHEDULED
            await _event_within(link.is_wanted, min(left.total_seconds(), _LONGEST_NAP))
        return Trigger.MANUAL

    async def _cycle(self, link: Link, trigger: Trigger) -> CycleOutcome:
        async with self._slots:
            link.is_wanted.clear()  # the cycle takes every request there is; a later one is heard of again
            started_at = self._clock()
            outcome = await run_cycle(self._writer, link.broker, link.config, link.number, trigger, self._clock)
            self._end(link, started_at, outcome)
        _tell(link, outcome)
        if outcome.status is not RunStatus.FAILED:
            link.has_landed.set()
        return outcome

    def _end(self, link: Link, started_at: datetime, outcome: CycleOutcome) -> None:
        health = Health(*self._writer.failures(link.number))
        if outcome.status is RunStatus.FAILED:
            health = health.after_failure(is_grant_refused=outcome.is_grant_refused)
        else:
            health = health.after_success()
        now = self._clock()
        self._writer.end_cycle(
            link.number,
            outcome.number,
            status=outcome.status,
            error=outcome.error,
            is_delayed=outcome.is_delayed,
            connection_status=health.status,
            failures=health.failures,
            grant_refusals=health.grant_refusals,
            next_sync_at=next_sync_at(started_at, now, link.config.sync_interval, health, self._chance()),
            now=now,
        )

    # Chores beside the connections

    async def _hear_requests(self) -> None:
        seen: int | None = None
        while True:
            try:
                version = self._writer.data_version()
                if version != seen:
                    self._want(self._writer.waiting_requests())
                    seen = version
            except CorruptStoreError:
                raise
            except StoreError as error:
                log.warning("The sync requests could not be read: %s", error)
            await asyncio.sleep(_HEAR_REQUESTS_EVERY)

    def _want(self, numbers: frozenset[int]) -> None:
        for link in self._links:
            if link.number in numbers:
                link.is_wanted.set()

    async def _keep_thinned(self) -> None:
        while True:
            await asyncio.sleep(60)
            await self._chore("thin the history", self._thin)
            await asyncio.sleep(_THIN_EVERY.total_seconds())

    async def _thin(self) -> None:
        removed = self._writer.thin(self._clock())
        log.info("Thinned the history by %d rows", removed)

    async def _keep_sessions(self, source: SessionSource) -> None:
        async def refresh() -> None:
            today = exchange_date(self._clock())
            found = await asyncio.to_thread(source, today - _SESSIONS_BACK, today + _SESSIONS_AHEAD)
            self._writer.store_sessions(found)

        while True:
            await self._chore("refresh the trading sessions", refresh)
            await asyncio.sleep(_SESSIONS_EVERY.total_seconds())

    async def _chore(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do something useful that no figure depends on: its failure is logged, not fatal."""
        try:
            await work()
        except CorruptStoreError:
            raise
        except Exception:
            log.exception("Could not %s", what)

    async def _follow_market(self, link: Link, broker: StreamingBroker) -> None:
        await link.has_landed.wait()
        stream = FollowedStream(link.config.name, link.number, broker, link.is_wanted.set)
        await stream.follow(self._writer, self._clock, self._chance)


def _tell(link: Link, outcome: CycleOutcome) -> None:
    error: SyncError = outcome.error or SyncError(ErrorKind.INTERNAL, "", "")
    level = logging.WARNING if outcome.status is RunStatus.FAILED else logging.INFO
    log.log(level, "Cycle %d of %s: %s %s", outcome.number, link.config.name, outcome.status, error.message)


async def _let_go(link: Link) -> None:
    """Close a broker; one that does not let go keeps nobody."""
    try:
        async with asyncio.timeout(_LET_GO_WITHIN):
            await link.broker.close()
    except Exception:
        log.exception("%s could not be closed", link.config.name)


async def _event_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


async def _until(stop: asyncio.Event, work: Sequence[Coroutine[object, object, None]]) -> None:
    """Run `work` until `stop` or until one of it raises, which is then raised from here."""
    tasks = [asyncio.ensure_future(each) for each in work]
    waiting = asyncio.ensure_future(stop.wait())
    try:
        done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (*tasks, waiting):
            task.cancel()
        await asyncio.gather(*tasks, waiting, return_exceptions=True)
