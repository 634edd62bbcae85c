"""The engine: every connection on its schedule, requests heard, history thinned, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from cotrader_tui.brokers.base import Broker, ConnectionConfig, StandInBroker, StreamingBroker
from cotrader_tui.domain.checks import Checker
from cotrader_tui.domain.clock import Clock, exchange_date
from cotrader_tui.domain.market import TradingSession
from cotrader_tui.domain.rates import ReferenceRate
from cotrader_tui.domain.sync import RunStatus, SyncError, SyncKind, Trigger
from cotrader_tui.errors import CorruptStoreError, ErrorKind, StoreError
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.cycle import CycleOutcome, run_cycle
from cotrader_tui.sync.history import HistorySync
from cotrader_tui.sync.market import FollowedStream
from cotrader_tui.sync.roster import Roster, Wanted
from cotrader_tui.sync.schedule import Health, next_sync_at, rests_until
from cotrader_tui.sync.waiting import SET_BACK, event_within, rest

log = logging.getLogger(__name__)

SessionSource = Callable[[date, date], Sequence[TradingSession]]
"""Trading sessions between two dates, inclusive. May be slow: it is called in a thread."""

RateSource = Callable[[], Sequence[ReferenceRate]]
"""The newest reference rates. May be slow: it is called in a thread."""

_HEAR_REQUESTS_EVERY = 0.2
_LONGEST_NAP = 1.0
_LOOK_FOR_CONNECTIONS_EVERY = 1.0
_THIN_EVERY = timedelta(hours=1)
_SESSIONS_EVERY = timedelta(hours=12)
_RATES_EVERY = timedelta(days=1)
_SESSIONS_BACK, _SESSIONS_AHEAD = timedelta(days=10), timedelta(days=14)
_AT_ONCE = 16
_LET_GO_WITHIN = 1.0


@dataclass(slots=True)
class Link:
    """A configured connection with its broker, as the engine runs it."""

    config: ConnectionConfig
    broker: Broker
    number: int
    history: HistorySync
    is_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    has_tried: asyncio.Event = field(default_factory=asyncio.Event)
    """A cycle with the broker itself has ended, well or not: from then on its stream is followed."""
    is_unwanted: asyncio.Event = field(default_factory=asyncio.Event)
    """Nobody wants it any more: its task ends."""
    has_failed: bool = False
    """Whether its last cycle did: it waits longer then, and whoever was refused must not be asked again soon."""
    task: asyncio.Task[None] | None = None

    @property
    def is_synced(self) -> bool:
        """Whether its positions are to be synced at all."""
        return SyncKind.POSITIONS in self.config.sync_kinds


class Engine:
    """Syncs one database. Its owner holds the lease and the writer; it owns neither."""

    def __init__(
        self,
        writer: Writer,
        brokers: Sequence[tuple[ConnectionConfig, Broker]],
        clock: Clock,
        sessions: SessionSource | None = None,
        roster: Roster | None = None,
        rates: RateSource | None = None,
        checker: Checker | None = None,
    ) -> None:
        """`brokers` are served from the start; with a `roster` connections come, change and go while it runs.

        A `checker` compares what landed with the broker's own figures.
        """
        self._writer = writer
        self._clock = clock
        self._sessions = sessions
        self._rates = rates
        self._checker = checker
        self._chance = random.random
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._roster = roster
        self._links: dict[str, Link] = {}
        for config, broker in brokers:
            self._link(config, broker)

    def _link(self, config: ConnectionConfig, broker: Broker) -> Link:
        number = self._writer.ensure_connection(
            config.name, config.broker, config.label, config.sync_interval, config.sync_kinds
        )
        history = HistorySync(self._writer, config, number, self._clock)
        link = self._links[config.name] = Link(config, broker, number, history)
        return link

    async def run(self, stop: asyncio.Event) -> None:
        """Sync on schedule until `stop`; a cycle under way is then given up, its transaction whole or undone.

        Raises:
            CorruptStoreError: the database is damaged; going on would make it worse.
        """
        self._writer.take_over(self._clock())
        chores: list[Coroutine[object, object, None]] = [
            self._serve_connections(),
            self._hear_requests(),
            self._keep_thinned(),
        ]
        if self._sessions is not None:
            chores.append(self._keep_sessions(self._sessions))
        if self._rates is not None:
            chores.append(self._keep_rates(self._rates))
        async with self._brokers_closed():
            await _until(stop, chores)

    async def sync_once(self, names: Sequence[str] | None = None, *, is_full: bool = False) -> tuple[CycleOutcome, ...]:
        """One cycle of each named connection, concurrently; then the brokers are let go.

        By default of all; those whose positions are switched off are left out. `is_full` has it fetch all anew.
        """
        self._writer.take_over(self._clock())
        known = [link for link in self._links.values() if link.is_synced]
        wanted = [link for link in known if names is None or link.config.name in names]
        async with self._brokers_closed():
            outcomes = await asyncio.gather(*(self._cycle(link, Trigger.MANUAL, is_full=is_full) for link in wanted))
            if self._rates is not None:
                await self._refresh_rates(self._rates)
            return tuple(outcomes)

    @asynccontextmanager
    async def _brokers_closed(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.gather(*(_let_go(link) for link in self._links.values()))

    # Connections that come and go

    async def _serve_connections(self) -> None:
        """Give each connection a task of its own; the first that fails ends them all."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._begin_all(tasks)
                if self._roster is not None:
                    await self._heed(self._roster, tasks)
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None

    def _begin_all(self, tasks: asyncio.TaskGroup) -> None:
        # On its own: the frame of whoever waits must not hold on to a connection that is let go of.
        for link in self._links.values():
            self._begin(link, tasks)

    def _begin(self, link: Link, tasks: asyncio.TaskGroup) -> None:
        link.task = tasks.create_task(_until(link.is_unwanted, self._work_of(link)))

    def _work_of(self, link: Link) -> list[Coroutine[object, object, None]]:
        """What is done for one connection, as long as it is wanted."""
        work: list[Coroutine[object, object, None]] = []
        if link.is_synced:
            work += [self._serve(link), self._follow_market(link)]
        return work

    async def _heed(self, roster: Roster, tasks: asyncio.TaskGroup) -> None:
        """Follow what the roster wants; what the store refuses is tried again at the next look."""
        wanted: Wanted | None = None
        while True:
            wanted = roster.changed() or wanted
            if wanted is not None:
                try:
                    await self._follow(wanted, roster, tasks)
                    wanted = None
                except CorruptStoreError:
                    raise
                except StoreError as error:
                    log.warning("The connections could not be brought up to date: %s", error)
            await asyncio.sleep(_LOOK_FOR_CONNECTIONS_EVERY)

    async def _follow(self, wanted: Wanted, roster: Roster, tasks: asyncio.TaskGroup) -> None:
        configs = {config.name: config for config in wanted.connections}
        gone = [link for name, link in self._links.items() if configs.get(name) != link.config]
        await asyncio.gather(*(self._end_link(link) for link in gone))
        for name, mark in wanted.leaving.items():
            self._writer.revoke(name, mark)
        for name, config in configs.items():
            if name not in self._links:
                self._begin(self._link(config, roster.broker(config)), tasks)
                log.info("%s is served from now on", name)

    async def _end_link(self, link: Link) -> None:
        link.is_unwanted.set()
        if link.task is not None:
            await asyncio.wait([link.task])
        await _let_go(link)
        del self._links[link.config.name]
        log.info("%s is no longer served as it was", link.config.name)

    # One connection

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
        """Nap in short steps until `due_at`: the clock may jump, the machine may sleep.

        A clock that was set back leaves figures from the future, of which no age can be told: they are fetched anew.
        """
        whole = due_at - self._clock()
        while not link.is_wanted.is_set():
            left = due_at - self._clock()
            if left > whole + SET_BACK:
                if not link.has_failed:
                    return Trigger.SCHEDULED
                due_at, left = self._clock() + whole, whole
            if left <= timedelta():
                return Trigger.SCHEDULED
            await event_within(link.is_wanted, min(left.total_seconds(), _LONGEST_NAP))
        return Trigger.MANUAL

    async def _cycle(self, link: Link, trigger: Trigger, *, is_full: bool = False) -> CycleOutcome:
        async with self._slots:
            link.is_wanted.clear()  # the cycle takes every request there is; a later one is heard of again
            started_at = self._clock()
            outcome = await run_cycle(
                self._writer,
                link.broker,
                link.config,
                link.number,
                trigger,
                self._clock,
                checker=self._checker,
                is_full=is_full,
            )
            self._end(link, started_at, outcome)
        _tell(link, outcome)
        link.broker = _behind(link.broker)
        if not isinstance(link.broker, StandInBroker):
            link.has_tried.set()
        if outcome.status is not RunStatus.FAILED:
            async with self._slots:
                await link.history.after_cycle(link.broker, outcome.number, trigger, is_full=outcome.is_full)
        return outcome

    def _end(self, link: Link, started_at: datetime, outcome: CycleOutcome) -> None:
        health = Health(*self._writer.failures(link.number))
        if outcome.status is RunStatus.FAILED:
            health = health.after_failure(is_grant_refused=outcome.is_grant_refused)
        else:
            health = health.after_success()
        link.has_failed = outcome.status is RunStatus.FAILED
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
            next_sync_at=next_sync_at(
                started_at, now, link.config.sync_interval, health, self._chance(), self._rests_until(link, now)
            ),
            now=now,
        )

    def _rests_until(self, link: Link, now: datetime) -> datetime | None:
        if not link.config.rests:
            return None
        return rests_until(self._writer.held_markets(link.number), self._writer.sessions(), now)

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
        for link in self._links.values():
            if link.number in numbers:
                link.is_wanted.set()

    async def _keep_thinned(self) -> None:
        while True:
            await asyncio.sleep(60)
            await self._chore("thin the history", self._thin)
            await rest(self._clock, _THIN_EVERY)

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
            await rest(self._clock, _SESSIONS_EVERY)

    async def _keep_rates(self, source: RateSource) -> None:
        while True:
            await self._refresh_rates(source)
            await rest(self._clock, _RATES_EVERY)

    async def _refresh_rates(self, source: RateSource) -> None:
        async def refresh() -> None:
            self._writer.store_reference_rates(await asyncio.to_thread(source))

        await self._chore("refresh the reference rates", refresh)

    async def _chore(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do something useful that no sync depends on: its failure is logged, not fatal."""
        try:
            await work()
        except CorruptStoreError:
            raise
        except Exception:
            log.exception("Could not %s", what)

    async def _follow_market(self, link: Link) -> None:
        await link.has_tried.wait()
        if not isinstance(link.broker, StreamingBroker):
            return
        stream = FollowedStream(link.config.name, link.number, link.broker, link.is_wanted.set)
        await stream.follow(self._writer, self._clock, self._chance)


def _tell(link: Link, outcome: CycleOutcome) -> None:
    error: SyncError = outcome.error or SyncError(ErrorKind.INTERNAL, "", "")
    level = logging.WARNING if outcome.status is RunStatus.FAILED else logging.INFO
    log.log(level, "Cycle %d of %s: %s %s", outcome.number, link.config.name, outcome.status, error.message)


def _behind(broker: Broker) -> Broker:
    """The broker itself, where another stood in for it until it could be made."""
    real = broker.broker if isinstance(broker, StandInBroker) else None
    return broker if real is None else real


async def _let_go(link: Link) -> None:
    """Close a broker; one that does not let go keeps nobody."""
    try:
        async with asyncio.timeout(_LET_GO_WITHIN):
            await link.broker.close()
    except Exception:
        log.exception("%s could not be closed", link.config.name)


async def _until(stop: asyncio.Event, work: Sequence[Coroutine[object, object, None]]) -> None:
    """Run `work` until `stop` or until one of it raises, which is then raised from here. Some may end before."""
    tasks = [asyncio.ensure_future(each) for each in work]
    waiting = asyncio.ensure_future(stop.wait())
    pending: set[asyncio.Future[Any]] = {*tasks, waiting}
    try:
        while not waiting.done():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in (*tasks, waiting):
            task.cancel()
        await asyncio.gather(*tasks, waiting, return_exceptions=True)
