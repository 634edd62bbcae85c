"""Connecting and disconnecting: a connection is checked before anything is stored, and wiped before it is forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cotrader_tui.bootstrap import check_connection, open_writer, secret_store
from cotrader_tui.brokers.base import Secret
from cotrader_tui.brokers.registry import broker_names
from cotrader_tui.config import (
    CONNECTED_AT,
    CONNECTION_KEYS,
    USUAL_INTERVAL,
    Settings,
    broker_settings,
    named_connection,
)
from cotrader_tui.connections_file import (
    Definition,
    check_name,
    forget_connection,
    mark_leaving,
    read_connections,
    store_connection,
)
from cotrader_tui.domain.clock import exchange_date, system_clock
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.errors import ConfigError, StoreError
from cotrader_tui.logfile import log_to
from cotrader_tui.private_files import CONNECTIONS
from cotrader_tui.store.files import make_folder
from cotrader_tui.store.lease import Lease
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import revocation_key

CHECKED_WITHIN = 12.0
"""Seconds for the broker to answer: with the imports and the keyring, connecting takes less than 30."""
LET_GO_WITHIN = 5.0
"""Seconds for an engine that runs to let go of a connection: it looks once a second, and closes its broker."""
_LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Connected:
    """What a new connection came to."""

    accounts: tuple[Account, ...]
    place: str
    """Where its secrets are kept, in words; empty where it has none."""
    shared: Mapping[str, str]
    """The accounts that another connection has synced, by number, with its name."""


def refuse_name(settings: Settings, broker: str, name: str) -> None:
    """Raises ConfigError where a connection to `broker` cannot be named so."""
    check_name(name)
    if name in settings.leaving:
        raise ConfigError(f"{name} is half disconnected.", f"Run `cotrader disconnect {name}` again first.")
    taken = {config.name: config.broker for config in settings.connections} | {each: each for each in broker_names()}
    if taken.get(name, broker) != broker:
        raise ConfigError(f"The name {name} belongs to a connection to {taken[name]}.", "Choose another with --name.")


def needs_passphrase(settings: Settings) -> bool:
    """Whether the encrypted file of secrets can only be used with a passphrase that was not given."""
    return secret_store(settings).needs_passphrase()


def connect(settings: Settings, name: str, definition: Definition, secrets: Mapping[str, Secret]) -> Connected:
    """Check a connection against its broker, then store its secrets and its definition, in place of its former ones.

    Its interval and its switches stay as they were unless `definition` has them. An engine that runs takes it up.

    Raises:
        ConfigError: a setting is wrong, or it cannot be stored.
        BrokerError: the broker refused or did not answer. Nothing is stored then.
    """
    place = settings.config_folder / CONNECTIONS
    config = named_connection(name, definition, place, USUAL_INTERVAL)
    former = read_connections(settings.config_folder).get(name, {})  # told before the broker is asked
    log_to(settings.log_file, (*settings.secrets, *secrets.values()))
    accounts = check_connection(replace(config, secrets=secrets), CHECKED_WITHIN)
    _refuse_unknown_accounts(config.account_filter, accounts)
    where = secret_store(settings).put(name, secrets) if secrets else ""
    kept = {key: former[key] for key in CONNECTION_KEYS if key in former}
    stored_at = {CONNECTED_AT: system_clock().isoformat()}
    store_connection(settings.config_folder, name, {**kept, **definition, **stored_at})
    return Connected(accounts, where, _shared(settings, name, accounts))


def _refuse_unknown_accounts(wanted: frozenset[str], accounts: tuple[Account, ...]) -> None:
    listed = {account.id.number for account in accounts}
    for number in sorted(wanted - listed):
        raise ConfigError(f"The broker lists no account {number}.", f"It lists: {', '.join(sorted(listed)) or 'none'}.")


def _shared(settings: Settings, name: str, accounts: tuple[Account, ...]) -> dict[str, str]:
    try:
        with Reader(settings.database) as reader:
            books = reader.snapshot(exchange_date(system_clock()), runs=0).accounts
    except StoreError:
        return {}
    owners = {book.account.id: book.connection for book in books if book.is_included}
    return {each.id.number: owners[each.id] for each in accounts if owners.get(each.id, name) != name}


def disconnect(settings: Settings, name: str, within: float = LET_GO_WITHIN) -> str:
    """Have a stored connection let go of, wipe its secrets and forget how to reach it; returns its broker's name.

    It is marked first, so that nobody takes it up any more. An engine that runs then has `within` seconds to let go of
    it. Its history stays. Should a step fail, doing it again goes on.

    Raises:
        ConfigError: it is not a stored connection, or its secrets cannot be wiped.
        StoreError: the engine that syncs it does not let go, or the database cannot be written.
    """
    definition = read_connections(settings.config_folder).get(name)
    if definition is None:
        raise _not_stored(settings, name)
    broker = str(definition["broker"])
    has_secrets = any(setting.is_secret for setting in broker_settings(broker))
    mark = mark_leaving(settings.config_folder, name)
    if name not in settings.unnamed:  # else what is stored of it is not what is synced
        _have_it_let_go(settings, name, mark, within)
    if has_secrets:
        secret_store(settings).remove(name)
    forget_connection(settings.config_folder, name)
    return broker


def _have_it_let_go(settings: Settings, name: str, mark: str, within: float) -> None:
    """Revoke the connection: the engine that holds the database does, else we."""
    end = time.monotonic() + within
    make_folder(settings.database)
    with Lease(settings.database) as lease:
        while not lease.acquire():
            if _is_let_go(settings, name, mark):
                return
            if time.monotonic() > end:
                raise _not_let_go(settings, name, within)
            threading.Event().wait(_LOOK_EVERY)
        if settings.database.exists():
            writer, _ = open_writer(settings)
            with writer:
                writer.revoke(name)


def _is_let_go(settings: Settings, name: str, mark: str) -> bool:
    try:
        with Reader(settings.database) as reader:
            return reader.property_value(revocation_key(name)) == mark
    except StoreError:
        return False  # the engine is making it; it is asked again


def _not_stored(settings: Settings, name: str) -> ConfigError:
    if name in settings.unnamed:
        return ConfigError(
            f"The connection {name} comes from the environment, a `.env` or the configuration file, not from "
            "`cotrader connect`.",
            f"Remove the settings that begin with {name.upper()}_ there (in {settings.config_file}: the section "
            f"[{name}]), and restart cotrader.",
        )
    stored = ", ".join(sorted(read_connections(settings.config_folder))) or "none"
    return ConfigError(f"There is no stored connection {name}.", f"Stored are: {stored}.")


def _not_let_go(settings: Settings, name: str, within: float) -> StoreError:
    try:
        with Reader(settings.database) as reader:
            holder = reader.lease()
    except StoreError:
        holder = None
    who = "The engine" if holder is None else f"The engine with pid {holder.pid}"
    return StoreError(
        f"{who} did not let go of {name} within {within:g} s. It is marked as disconnected, its secrets are not wiped.",
        f"Run `cotrader disconnect {name}` again: it goes on from there. If the engine still does not answer, end it.",
    )
