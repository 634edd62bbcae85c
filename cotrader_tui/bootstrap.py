"""The composition root: settings become a store, brokers, an engine, a screen. Only this file knows all concretes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cotrader_tui.config import Settings
from cotrader_tui.domain.clock import system_clock
from cotrader_tui.domain.sync import SyncRun
from cotrader_tui.errors import BrokerError, ConfigError, CotraderError, StoreError, SyncTimeoutError
from cotrader_tui.store.lease import Lease, is_held
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync

if TYPE_CHECKING:
    from cotrader_tui.brokers.base import Broker, ConnectionConfig
    from cotrader_tui.store.writer import Writer

log = logging.getLogger(__name__)

DEMO_SEED = "7"
_ANSWER_WITHIN = 120.0
_LOOK_EVERY = 0.1
_TRY_LEASE_EVERY = 1.0
_TRIES_AS_WORKER = 5
_END_WITHIN = 1.5
_END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


# Reading


def open_reader(settings: Settings) -> Reader:
    """Open the database for reading.

    Raises:
        StoreError: it cannot be read.
        ConfigError: `--demo` names a database that is not the demo's.
    """
    reader = Reader(settings.database)
    if settings.is_demo and reader.property_value("demo_epoch") is None and reader.connections():
        reader.close()
        raise _not_a_demo(settings.database)
    return reader


def _not_a_demo(path: Path) -> ConfigError:
    return ConfigError(f"{path} holds a real book, not the demo's.", "Leave out --db, or name a new file.")


# Syncing


def _open_writer(settings: Settings) -> tuple[Writer, tuple[ConnectionConfig, ...]]:
    """The writer, and the connections with what only the database knows (the demo's beginning)."""
    from cotrader_tui.store.writer import Writer

    writer = Writer(settings.database)
    try:
        return writer, _with_demo(settings, writer)
    except BaseException:
        writer.close()
        raise


def _with_demo(settings: Settings, writer: Writer) -> tuple[ConnectionConfig, ...]:
    epoch = writer.property_value("demo_epoch")
    if not settings.is_demo:
        if epoch is not None:
            raise ConfigError(
                f"{settings.database} is the demo's database.", "Name another with --db or COTRADER_DB, or add --demo."
            )
        return settings.connections
    if epoch is None:
        if not writer.is_new():
            raise _not_a_demo(settings.database)
        epoch = system_clock().isoformat()
        writer.set_property("demo_seed", DEMO_SEED)
        writer.set_property("demo_epoch", epoch)
    options = {"seed": writer.property_value("demo_seed") or DEMO_SEED, "epoch": epoch}
    return tuple(replace(config, options=options) for config in settings.connections)


def _brokers(connections: Sequence[ConnectionConfig]) -> list[tuple[ConnectionConfig, Broker]]:
    from cotrader_tui.brokers.registry import broker_factory

    return [(config, broker_factory(config.broker)(config, system_clock)) for config in connections]


def _only(settings: Settings, names: Sequence[str] | None) -> Settings:
    """The settings narrowed to some connections.

    Raises:
        ConfigError: one of them is not configured.
    """
    settings.require_connections()
    known = {config.name for config in settings.connections}
    unknown = sorted(set(names or ()) - known)
    if unknown:
        raise ConfigError(f"There is no connection '{unknown[0]}'.", f"Configured are: {', '.join(sorted(known))}.")
    chosen = tuple(config for config in settings.connections if names is None or config.name in names)
    return replace(settings, connections=chosen)


def sync_once(settings: Settings, connections: Sequence[str] | None = None) -> tuple[SyncRun, ...]:
    """One cycle of the named connections (of all by default): here, or by the engine that already syncs.

    Raises:
        ConfigError: nothing is configured, or a name is unknown.
        StoreError: the database cannot be used.
        SyncTimeoutError: the engine did not finish within 120 s.
    """
    settings = _only(settings, connections)
    with _lease(settings) as lease:
        if not lease.acquire():
            runs = _sync_elsewhere(settings, connections, lease)
            if runs is not None:
                return runs
        log_to_file(settings)
        return _sync_here(settings)


def _lease(settings: Settings) -> Lease:
    from cotrader_tui.store.files import make_folder

    make_folder(settings.database)
    return Lease(settings.database)


def log_to_file(settings: Settings) -> None:
    """Send this process's log to the settings' log file."""
    from cotrader_tui.logfile import log_to

    log_to(settings.log_file, settings.secrets)


def _sync_here(settings: Settings) -> tuple[SyncRun, ...]:
    from cotrader_tui.sync.engine import Engine

    writer, connections = _open_writer(settings)
    with writer:
        engine = Engine(writer, _brokers(connections), system_clock)
        outcomes = asyncio.run(engine.sync_once())
    with Reader(settings.database) as reader:
        return tuple(run for outcome in outcomes for run in reader.cycle(outcome.number))


def _sync_elsewhere(settings: Settings, connections: Sequence[str] | None, lease: Lease) -> tuple[SyncRun, ...] | None:
    """Ask the engine that holds the database, and wait for its answer; `None` once it has gone and we hold the lease.

    Whoever holds it may also be a sync like this one, which hears no requests and ends soon.
    """
    end = time.monotonic() + _ANSWER_WITHIN
    requests: tuple[int, ...] = ()
    while True:
        requests = requests or _request(settings.database, connections, end)
        runs = _answer(settings.database, requests) if requests else None
        if runs is not None:
            return runs
        if lease.acquire():
            return None
        if time.monotonic() > end:
            raise _no_answer(settings, is_known=bool(requests))
        threading.Event().wait(_LOOK_EVERY)


def _request(database: Path, connections: Sequence[str] | None, end: float) -> tuple[int, ...]:
    """The requests written; none as long as the engine has not made the schema or does not know its connections."""
    try:
        return request_sync(database, system_clock(), None if connections is None else set(connections))
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
        ending.watch_input()
    log_to_file(settings)
    with _lease(settings) as lease:
        if not _wait_for(lease, settings, tries=_TRIES_AS_WORKER if until_closed else None):
            from cotrader_tui.tui.engine_process import EXIT_LEASE_HELD

            return EXIT_LEASE_HELD
        writer, connections = _open_writer(settings)
        with writer:
            try:
                asyncio.run(_serve(writer, connections, ending))
            except StoreError as error:
                log.error("The engine ends: %s", error)
                raise
    return 0


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


async def _serve(writer: Writer, connections: Sequence[ConnectionConfig], ending: _Ending) -> None:
    from cotrader_tui.market_calendar import trading_sessions
    from cotrader_tui.sync.engine import Engine

    stop = asyncio.Event()
    engine = Engine(writer, _brokers(connections), system_clock, trading_sessions)
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


# Checking


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing `doctor` looked at: whether it is well, what was found, and the next step where it is not."""

    name: str
    is_ok: bool
    message: str
    hint: str = ""


def check_connections(settings: Settings) -> tuple[CheckResult, ...]:
    """Log in to each configured broker and list its accounts; nothing is stored."""
    return asyncio.run(_check_all(settings))


async def _check_all(settings: Settings) -> tuple[CheckResult, ...]:
    connections = settings.connections
    if settings.is_demo:
        options = {"seed": DEMO_SEED, "epoch": system_clock().isoformat()}
        connections = tuple(replace(config, options=options) for config in connections)
    pairs = _brokers(connections)
    return tuple(await asyncio.gather(*(_check(config, broker) for config, broker in pairs)))


async def _check(config: ConnectionConfig, broker: Broker) -> CheckResult:
    try:
        accounts = await broker.accounts()
    except BrokerError as error:
        return CheckResult(config.name, is_ok=False, message=error.message, hint=error.hint)
    finally:
        await broker.close()
    count = len(accounts)
    return CheckResult(
        config.name, is_ok=True, message=f"Reached; it lists {count} account{'s' if count != 1 else ''}."
    )


# The screen


def run_screen(settings: Settings) -> int:
    """The full-screen monitor; returns the exit code."""
    from cotrader_tui.tui.app import CotraderApp
    from cotrader_tui.tui.engine_process import EngineProcess
    from cotrader_tui.tui.ports import ScreenOptions

    if settings.is_demo and settings.database.exists():
        _refuse_real_book(settings)
    keeper = None
    if settings.connections:
        database = settings.database
        keeper = EngineProcess(_worker_command(settings), settings.log_file, lambda: is_held(database))
    app = CotraderApp(
        database=settings.database,
        clock=system_clock,
        request_sync=lambda: _ask(settings.database),
        keeper=keeper,
        options=ScreenOptions(
            is_demo=settings.is_demo,
            is_private=settings.is_private,
            theme=settings.theme,
            account=settings.account,
            has_color=settings.has_color,
            unconfigured=_unconfigured(settings),
        ),
    )
    result = app.run()
    if result == "demo":
        os.execv(sys.executable, [sys.executable, "-m", "cotrader_tui", "--demo"])
    return app.return_code or 0


def _refuse_real_book(settings: Settings) -> None:
    try:
        open_reader(settings).close()
    except StoreError:
        return


def _ask(database: Path) -> None:
    request_sync(database, system_clock())


def _unconfigured(settings: Settings) -> str | None:
    """Why there is nothing to sync, unless there is a book to show all the same."""
    if settings.connections or settings.database.exists():
        return None
    try:
        settings.require_connections()
    except CotraderError as error:
        return str(error)
    return None


def _worker_command(settings: Settings) -> list[str]:
    command = [sys.executable, "-m", "cotrader_tui", "--db", str(settings.database)]
    if settings.config_file.exists():
        command += ["--config", str(settings.config_file)]
    if settings.is_demo:
        command.append("--demo")
    return [*command, "daemon", "--until-stdin-closes"]
