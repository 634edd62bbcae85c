"""Running the engine: one cycle now, or on schedule until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cotrader_tui.bootstrap import make_engine, open_writer
from cotrader_tui.config import Settings
from cotrader_tui.domain.clock import system_clock
from cotrader_tui.domain.sync import SyncRun
from cotrader_tui.errors import StoreError, SyncTimeoutError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.logfile import log_to
from cotrader_tui.store.files import make_folder
from cotrader_tui.store.lease import Lease
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync

if TYPE_CHECKING:
    from cotrader_tui.brokers.base import ConnectionConfig
    from cotrader_tui.store.writer import Writer
    from cotrader_tui.sync.cycle import CycleOutcome

log = logging.getLogger(__name__)

_ANSWER_WITHIN = 120.0
_LOOK_EVERY = 0.1
_TRY_LEASE_EVERY = 1.0
_TRIES_AS_WORKER = 5
_BEHIND_THE_SCREEN = 10
"""How much nicer than the screen its worker is: a key comes before a sync."""
_END_WITHIN = 1.5
_END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def sync_once(settings: Settings, *, is_full: bool = False) -> tuple[SyncRun, ...]:
    """One cycle of every connection of `settings`: here, or by the engine that already syncs.

    `is_full` has it fetch everything anew, also what is known already.

    Raises:
        ConfigError: nothing is configured.
        StoreError: the database cannot be used.
        SyncTimeoutError: the engine did not finish within 120 s.
    """
    settings.require_connections()
    with _lease(settings) as lease:
        if not lease.acquire():
            runs = _sync_elsewhere(settings, lease, is_full=is_full)
            if runs is not None:
                return runs
        log_to(settings.log_file, settings.secrets)
        return _sync_here(settings, is_full=is_full)


def _lease(settings: Settings) -> Lease:
    make_folder(settings.database)
    return Lease(settings.database)


def _sync_here(settings: Settings, *, is_full: bool) -> tuple[SyncRun, ...]:
    writer, connections = open_writer(settings)
    with writer:
        outcomes = asyncio.run(_one_cycle(writer, connections, settings, is_full=is_full))
    with Reader(settings.database) as reader:
        return tuple(run for outcome in outcomes for run in reader.cycle(outcome.number))


async def _one_cycle(
    writer: Writer, connections: Sequence[ConnectionConfig], settings: Settings, *, is_full: bool
) -> Sequence[CycleOutcome]:
    return await make_engine(writer, connections, settings, has_calendar=False).sync_once(is_full=is_full)


def _sync_elsewhere(settings: Settings, lease: Lease, *, is_full: bool) -> tuple[SyncRun, ...] | None:
    """Ask the engine that holds the database, and wait for its answer; `None` once it has gone and we hold the lease.

    Whoever holds it may also be a sync like this one, which hears no requests and ends soon.
    """
    end = time.monotonic() + _ANSWER_WITHIN
    requests: tuple[int, ...] = ()
    while True:
        requests = requests or _request(settings, end, is_full=is_full)
        runs = _answer(settings.database, requests) if requests else None
        if runs is not None:
            return runs
        if lease.acquire():
            return None
        if time.monotonic() > end:
            raise _no_answer(settings, is_known=bool(requests))
        threading.Event().wait(_LOOK_EVERY)


def _request(settings: Settings, end: float, *, is_full: bool) -> tuple[int, ...]:
    """The requests written; none as long as the engine has not made the schema or does not know its connections."""
    try:
        names = {config.name for config in settings.connections}
        return request_sync(settings.database, system_clock(), names, is_full=is_full)
    except StoreError:
        if time.monotonic() > end:
            raise
        return ()


def _answer(database: Path, requests: Sequence[int]) -> tuple[SyncRun, ...] | None:
    """The runs of the cycles that served `requests`; `None` while one waits or runs."""
    with Reader(database) as reader:
        cycles = [reader.finished_request(request) for request in requests]
        if None in cycles:
            return None
        return tuple(run for cycle in cycles if cycle is not None for run in reader.cycle(cycle))


def _no_answer(settings: Settings, *, is_known: bool) -> SyncTimeoutError:
    who = _holder(settings)
    if not is_known:
        return SyncTimeoutError(
            f"{who} holds the database and does not know this connection.", "End it, or give it the same settings."
        )
    return SyncTimeoutError(
        f"{who} did not finish the sync within {_ANSWER_WITHIN:.0f} s.", "`cotrader sync-log` shows what it does."
    )


def run_daemon(settings: Settings, *, until_closed: bool) -> int:
    """Sync on schedule until SIGTERM, or until standard input closes; returns the exit code.

    As the screen's worker (`until_closed`) it gives way to an engine that is already there; by itself it waits for it.

    Raises:
        ConfigError: nothing is configured.
        StoreError: the database cannot be used.
    """
    settings.require_connections()
    ending = _Ending()
    if until_closed:
        _give_way()
        ending.watch_input()
    log_to(settings.log_file, settings.secrets)
    with _lease(settings) as lease:
        if not _wait_for(lease, settings, tries=_TRIES_AS_WORKER if until_closed else None):
            return ExitCode.LEASE_HELD
        writer, connections = open_writer(settings)
        with writer:
            try:
                asyncio.run(_serve(writer, connections, settings, ending))
            except StoreError as error:
                log.error("The engine ends: %s", error)
                raise
    return ExitCode.SUCCESS


def _give_way() -> None:
    """Run behind the screen; where Linux shares the processor out by sessions, with all of this one's."""
    os.nice(_BEHIND_THE_SCREEN)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_BEHIND_THE_SCREEN), "ascii")


def _wait_for(lease: Lease, settings: Settings, tries: int | None) -> bool:
    told = False
    while not lease.acquire():
        if tries is not None:
            tries -= 1
            if tries <= 0:
                return False
        elif not told:
            told = True
            print(f"{_holder(settings)} syncs this database; waiting to take over.", file=sys.stderr)  # noqa: T201
        threading.Event().wait(_TRY_LEASE_EVERY if tries is None else _LOOK_EVERY)
    return True


def _holder(settings: Settings) -> str:
    try:
        with Reader(settings.database) as reader:
            holder = reader.lease()
    except StoreError:
        holder = None
    return "Another engine" if holder is None else f"The engine with pid {holder.pid}"


async def _serve(writer: Writer, connections: Sequence[ConnectionConfig], settings: Settings, ending: _Ending) -> None:
    stop = asyncio.Event()
    engine = make_engine(writer, connections, settings, has_calendar=True)
    # Only now: until here the loop is busy importing and would hear nothing.
    ending.attach(asyncio.get_running_loop(), stop)
    log.info("Syncing %s as pid %d", ", ".join(config.name for config in connections), os.getpid())
    await engine.run(stop)
    log.info("Ended")


class _Ending:
    """How an engine is told to end: a signal, or the closing of its input. It is gone within two seconds.

    Before it syncs there is nothing to finish: it ends at once.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        # Who starts a program with a signal ignored (nohup) wants it to stay so.
        self._signals = [number for number in _END_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        for number in self._signals:
            signal.signal(number, lambda *_: os._exit(0))

    def attach(self, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
        """From now on an orderly end is possible."""
        self._loop, self._stop = loop, stop
        for number in self._signals:
            loop.add_signal_handler(number, self._end)

    def watch_input(self) -> None:
        """End when standard input closes, also during a long import."""
        threading.Thread(target=self._wait_for_end_of_input, name="input-watcher", daemon=True).start()

    def _wait_for_end_of_input(self) -> None:
        while os.read(0, 1024):
            continue
        if self._loop is None:
            os._exit(0)
        self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        """Stop the engine, and see to it that a library that will not let go does not keep the process."""
        if self._stop is not None:
            self._stop.set()
        last_resort = threading.Timer(_END_WITHIN, os._exit, args=(0,))
        last_resort.daemon = True
        last_resort.start()
