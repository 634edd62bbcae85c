"""The composition root: settings become a store, brokers, an engine, a screen. Only this file knows all concretes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cotrader_tui.config import Settings, broker_settings, connectable_brokers
from cotrader_tui.connections_file import read_connections
from cotrader_tui.domain.clock import exchange_date, system_clock
from cotrader_tui.errors import BrokerError, ConfigError, CotraderError, ErrorKind, StoreError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.private_files import write_private
from cotrader_tui.seen_file import SeenFile
from cotrader_tui.store.garbage import collection_paused, keep_for_long, search_seldom
from cotrader_tui.store.lease import is_held
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync
from cotrader_tui.views_file import ViewsFile, ViewsRead

if TYPE_CHECKING:
    from cotrader_tui.brokers.base import Broker, ConnectionConfig
    from cotrader_tui.domain.portfolio import Account, PortfolioSnapshot
    from cotrader_tui.secret_store.store import SecretStore
    from cotrader_tui.store.writer import Writer
    from cotrader_tui.sync.engine import Engine
    from cotrader_tui.sync.roster import Roster
    from cotrader_tui.tui.app import CotraderApp
    from cotrader_tui.tui.engine_process import EngineProcess
    from cotrader_tui.tui.ports import ConnectionPrograms, ScreenOptions

DEMO_SEED = "7"

_LET_GO_WITHIN = 2.0
_SHARE_OF_A_THREAD = 0.001
"""Seconds the screen's loop waits for its turn while a thread reads a large book; Python's own are five times that."""


# Composing


def open_writer(settings: Settings) -> tuple[Writer, tuple[ConnectionConfig, ...]]:
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
            raise settings.not_a_demo()
        epoch = system_clock().isoformat()
        writer.set_property("demo_seed", DEMO_SEED)
        writer.set_property("demo_epoch", epoch)
    options = {"seed": writer.property_value("demo_seed") or DEMO_SEED, "epoch": epoch}
    return tuple(replace(config, options=options) for config in settings.connections)


def make_engine(
    writer: Writer, connections: Sequence[ConnectionConfig], settings: Settings, *, has_calendar: bool
) -> Engine:
    """An engine for `connections`, whose stored secrets it reads where `settings` say.

    `has_calendar` has it keep the exchange's sessions, which imports pandas, and follow `connections.json`.
    """
    from cotrader_tui.analytics.reconciliation import reconcile_account
    from cotrader_tui.market_calendar import trading_sessions
    from cotrader_tui.reference_rates import reference_rates
    from cotrader_tui.sync.engine import Engine

    brokers = _brokers(connections, settings)
    if not has_calendar:
        return Engine(writer, brokers, system_clock, rates=reference_rates, checker=reconcile_account)
    roster = None if settings.is_demo else _roster(settings)
    return Engine(writer, brokers, system_clock, trading_sessions, roster, reference_rates, reconcile_account)


def _roster(settings: Settings) -> Roster:
    """The stored connections, followed while an engine runs; each one's secrets are read when it is first synced."""
    from cotrader_tui.roster import FileRoster
    from cotrader_tui.secret_store.locked_broker import LockedBroker

    store = cache(lambda: secret_store(settings))
    return FileRoster(settings, lambda config: LockedBroker(lambda: _unlocked(config, store)))


def secret_store(settings: Settings) -> SecretStore:
    """Where the secrets of named connections are kept. Imports keyring and cryptography."""
    from cotrader_tui.secret_store.store import SecretStore

    return SecretStore(settings.config_folder, settings.passphrase)


def _brokers(connections: Sequence[ConnectionConfig], settings: Settings) -> list[tuple[ConnectionConfig, Broker]]:
    store = secret_store(settings) if any(config.secret_names for config in connections) else None
    return [(config, _broker(config, store)) for config in connections]


def _broker(config: ConnectionConfig, store: SecretStore | None) -> Broker:
    """The broker of one connection; where its secrets cannot be read, one that says so and tries again."""
    from cotrader_tui.brokers.registry import broker_factory

    if store is None or not config.secret_names:
        return broker_factory(config.broker)(config, system_clock)
    try:
        return _unlocked(config, lambda: store)
    except ConfigError:
        from cotrader_tui.secret_store.locked_broker import LockedBroker

        return LockedBroker(lambda: _unlocked(config, lambda: store))


def _unlocked(config: ConnectionConfig, store: Callable[[], SecretStore]) -> Broker:
    """The broker of one connection, with the secrets that `store` keeps for it.

    Raises:
        ConfigError: they cannot be read, or make no sense to the broker's adapter.
    """
    from cotrader_tui.brokers.registry import broker_factory
    from cotrader_tui.logfile import mask

    if config.secret_names:
        config = replace(config, secrets=store().get(config.name, config.secret_names))
        mask(config.secrets.values())
    return broker_factory(config.broker)(config, system_clock)


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
    import asyncio

    return asyncio.run(_check_all(settings))


async def _check_all(settings: Settings) -> tuple[CheckResult, ...]:
    import asyncio

    connections = settings.connections
    if settings.is_demo:
        options = {"seed": DEMO_SEED, "epoch": system_clock().isoformat()}
        connections = tuple(replace(config, options=options) for config in connections)
    pairs = _brokers(connections, settings)
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


def check_connection(config: ConnectionConfig, within: float) -> tuple[Account, ...]:
    """Log in with the secrets of `config`, in at most `within` seconds, and list the accounts; nothing is stored.

    Raises:
        BrokerError: the broker refused, or did not answer in time.
        ConfigError: a setting is missing or makes no sense to the broker's adapter.
    """
    import asyncio

    from cotrader_tui.logfile import mask

    mask(config.secrets.values())
    return asyncio.run(_accounts(config, within))


async def _accounts(config: ConnectionConfig, within: float) -> tuple[Account, ...]:
    import asyncio

    broker = _broker(config, None)
    try:
        async with asyncio.timeout(within):
            return await broker.accounts()
    except TimeoutError as error:
        raise BrokerError(
            ErrorKind.NETWORK, f"{config.broker} did not answer within {within:g} s.", "Check the network, try again."
        ) from error
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LET_GO_WITHIN):
                await broker.close()


# The screen


def run_screen(settings: Settings) -> int:
    """The full-screen monitor; returns the exit code.

    Raises:
        ConfigError: `--demo` names the database of a real book.
    """
    if settings.is_demo and settings.database.exists():
        refuse_real_book(settings)
    from cotrader_tui.tui.first_look import first_look
    from cotrader_tui.tui.glance import Glance

    with Glance(sys.stderr.fileno()) as glance:
        options = replace(screen_options(settings), glance=glance, first=_stored_book(settings))
        lines = first_look(options, system_clock(), shutil.get_terminal_size())
        if lines is not None and settings.is_diffing:
            glance.show(lines)
        app = make_screen(settings, options)
        result = app.run()
    if result == "demo":
        os.execv(sys.executable, [sys.executable, "-m", "cotrader_tui", "--demo"])
    return app.return_code or ExitCode.SUCCESS


def _stored_book(settings: Settings) -> PortfolioSnapshot | None:
    """The stored book, if it can be read now; whatever is the matter with it, the screen says."""
    from cotrader_tui.analytics.model_greeks import GreeksModel

    try:
        with Reader(settings.database) as reader:
            book = reader.snapshot(exchange_date(system_clock()))
    except StoreError:
        return None
    return GreeksModel().filled(book) if settings.has_model_greeks else book


def make_screen(settings: Settings, options: ScreenOptions) -> CotraderApp:
    """The full-screen monitor, ready to run."""
    with collection_paused():
        from cotrader_tui.tui.app import CotraderApp

        keep_for_long()
    search_seldom()
    sys.setswitchinterval(_SHARE_OF_A_THREAD)
    database = settings.database
    return CotraderApp(
        database=database,
        clock=system_clock,
        request_sync=lambda name, is_full: _ask(database, name, is_full=is_full),
        keeper=engine_keeper(settings),
        options=options,
    )


def make_session(settings: Settings) -> CotraderApp:
    """A screen that writes nothing and starts nothing, for a browser: what it shows is synced by others."""
    with collection_paused():
        from cotrader_tui.tui.app import CotraderApp
        from cotrader_tui.tui.engine_watch import EngineWatch

        keep_for_long()
    search_seldom()
    sys.setswitchinterval(_SHARE_OF_A_THREAD)
    options = replace(
        screen_options(settings),
        is_read_only=True,
        unconfigured=None,
        has_connections=True,
        programs=None,
        views=ViewsRead(settings.config_folder),
        last_seen=None,
        export=None,
        warnings=(),
    )
    keeper = EngineWatch(lambda: is_held(settings.database))
    return CotraderApp(
        database=settings.database, clock=system_clock, request_sync=None, keeper=keeper, options=options
    )


def session_command(settings: Settings) -> list[str]:
    """The program that shows such a screen, with the options this one was given."""
    command = _program(settings)
    for option, value in (("--account", settings.account), ("--portfolio", settings.portfolio)):
        command += [] if value is None else [option, value]
    flags = {"--privacy": settings.is_private, "--no-color": not settings.has_color, "--ascii": settings.is_ascii}
    return [*command, *(flag for flag, is_set in flags.items() if is_set), "serve", "--session"]


def engine_keeper(settings: Settings) -> EngineProcess:
    """What keeps an engine running beside a screen, where no other one syncs."""
    from cotrader_tui.tui.engine_process import EngineProcess

    return EngineProcess(_worker_command(settings), settings.log_file, lambda: is_held(settings.database))


def screen_options(settings: Settings) -> ScreenOptions:
    """How the screen starts. Loads nothing of Textual."""
    from cotrader_tui.tui.ports import ScreenOptions

    return ScreenOptions(
        is_demo=settings.is_demo,
        is_private=settings.is_private,
        theme=settings.theme,
        account=settings.account,
        portfolio=settings.portfolio,
        portfolios=settings.portfolios,
        has_color=settings.has_color,
        is_diffing=settings.is_diffing,
        is_low_bandwidth=settings.is_low_bandwidth,
        has_model_greeks=settings.has_model_greeks,
        is_ascii=settings.is_ascii,
        unconfigured=_unconfigured(settings),
        has_connections=bool(settings.connections),
        programs=None if settings.is_demo else _connection_programs(settings),
        views=ViewsFile(settings.config_folder),
        last_seen=SeenFile(settings.database),
        export=lambda name, text: _exported(settings.log_file.with_name("exports") / name, text),
        keys=settings.keys,
        warnings=settings.warnings,
    )


def refuse_real_book(settings: Settings) -> None:
    """Raises ConfigError where `--demo` names the database of a real book."""
    from cotrader_tui.commands.reading import refuse_other_than_demo

    try:
        with Reader(settings.database) as reader:
            refuse_other_than_demo(settings, reader)
    except StoreError:
        return  # the screen tells what is wrong with it


def _exported(file: Path, text: str) -> Path:
    write_private(file, text)
    return file


def _ask(database: Path, connection: str | None, *, is_full: bool) -> None:
    request_sync(database, system_clock(), None if connection is None else (connection,), is_full=is_full)


def _connection_programs(settings: Settings) -> ConnectionPrograms:
    from cotrader_tui.commands.connect import is_required
    from cotrader_tui.tui.ports import ConnectionPrograms, FormField

    def fields(broker: str) -> tuple[FormField, ...]:
        found = sorted(broker_settings(broker), key=lambda each: not is_required(each))
        return tuple(
            FormField(each.key.partition(".")[2], _label(each.description), each.is_secret, is_required(each))
            for each in found
        )

    program = _program(settings)
    return ConnectionPrograms(
        fields={broker: fields(broker) for broker in connectable_brokers()},
        connect=lambda broker, name: [*program, "connect", broker, f"--name={name}", "--stdin-json"],
        disconnect=lambda name: [*program, "disconnect", name],
        kept=lambda: _kept(settings),
    )


def _label(description: str) -> str:
    return description[0].upper() + description[1:]


def _kept(settings: Settings) -> tuple[str, ...]:
    try:
        return tuple(read_connections(settings.config_folder))
    except ConfigError:
        return ()  # whoever connects then is told what is wrong with the file


def _unconfigured(settings: Settings) -> str | None:
    """Why there is nothing to sync, unless there is a book to show all the same."""
    if settings.connections or settings.database.exists():
        return None
    try:
        settings.require_connections()
    except CotraderError as error:
        return str(error)
    return None


def _program(settings: Settings) -> list[str]:
    """This program with this screen's database and configuration."""
    command = [sys.executable, "-m", "cotrader_tui", "--db", str(settings.database)]
    if settings.config_file.exists():
        command += ["--config", str(settings.config_file)]
    if settings.is_demo:
        command.append("--demo")
    return command


def _worker_command(settings: Settings) -> list[str]:
    return [*_program(settings), "daemon", "--until-stdin-closes"]
