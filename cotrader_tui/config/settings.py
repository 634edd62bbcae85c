"""Everything the program is told: gathered from options, environment, `.env` and the configuration file."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from platformdirs import PlatformDirs

from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.config.brokers import (
    DEMO_INTERVAL,
    PASSWORD_HINT,
    PASSWORD_WORDS,
    USUAL_INTERVAL,
    demo_connection,
    named_connection,
    unnamed_connections,
)
from cotrader_tui.config.keys import KeyWish, key_wishes
from cotrader_tui.config.portfolios import portfolio_settings
from cotrader_tui.config.schema import refuse_wrong_kinds, unknown_keys
from cotrader_tui.config.toml_file import read_toml
from cotrader_tui.config.values import Values, interval_of
from cotrader_tui.connections_file import leaving_mark, read_connections
from cotrader_tui.domain.portfolios import NO_PORTFOLIOS, PortfolioSettings
from cotrader_tui.domain.sync import SyncKind
from cotrader_tui.errors import ConfigError
from cotrader_tui.private_files import CONNECTIONS

APP = "cotrader"

NOTHING_CONFIGURED = "No broker is configured."
NOTHING_HINT = (
    "Run `cotrader connect tastytrade`, or put TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN, or IBKR_PORT, "
    "into `.env`, or try `cotrader --demo`."
)


@dataclass(frozen=True, slots=True)
class Options:
    """The global options of the command line; `None` where one was not given."""

    db: Path | None = None
    config: Path | None = None
    demo: bool = False
    account: str | None = None
    portfolio: str | None = None
    privacy: bool = False
    no_color: bool = False
    no_diff: bool = False
    lowbw: bool = False
    ascii: bool = False
    no_brokers: bool = False
    """Leave the connections unread: for a screen that shows what is stored, and nothing more."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the program is told, checked."""

    database: Path
    config_file: Path
    log_file: Path
    connections: tuple[ConnectionConfig, ...]
    is_demo: bool = False
    account: str | None = None
    portfolio: str | None = None
    """The name of the portfolio to show; `None`: all accounts, or `account`."""
    portfolios: PortfolioSettings = NO_PORTFOLIOS
    theme: str | None = None
    is_private: bool = False
    has_color: bool = True
    is_ascii: bool = False
    """Charts are drawn without braille and box drawing."""
    has_model_greeks: bool = True
    """Where a broker sends no Greeks, a model's are shown, labelled."""
    is_low_bandwidth: bool = False
    """The screen starts in low-bandwidth mode."""
    is_diffing: bool = True
    """The screen sends the terminal only what differs."""
    warnings: tuple[str, ...] = ()
    has_password_only: bool = False
    """The user name and password of old are set, and no grant."""
    secrets: tuple[Secret, ...] = field(default=())
    dotenvs: tuple[Path, ...] = ()
    """Where a `.env` is looked for, in this order."""
    config_folder: Path = Path()
    """Where named connections, and the secrets of theirs that no keyring keeps, are stored."""
    unnamed: frozenset[str] = frozenset()
    """The connections that the environment, a `.env` or the configuration file defines, not `cotrader connect`."""
    passphrase: Secret | None = None
    """Of the encrypted file of secrets."""
    sync_interval: timedelta = USUAL_INTERVAL
    """Of every connection that tells none of its own."""
    leaving: frozenset[str] = frozenset()
    """Stored connections that somebody began to disconnect; they are not among `connections`."""
    keys: tuple[KeyWish, ...] = ()
    """The keys a person wants for actions of the screen."""

    def require_connections(self) -> None:
        """Raises ConfigError, with words that tell how to go on, where there is no broker to sync."""
        if self.connections:
            return
        if self.has_password_only:
            raise ConfigError(PASSWORD_WORDS, PASSWORD_HINT)
        raise ConfigError(NOTHING_CONFIGURED, NOTHING_HINT)

    def only(self, names: Collection[str] | None) -> Settings:
        """The same with only the connections `names`; with all that are not switched off where `names` is `None`.

        Raises:
            ConfigError: there is no broker to sync, or one of the names is unknown or switched off.
        """
        self.require_connections()
        known = [config.name for config in self.connections]
        switched_on = {config.name for config in self.connections if SyncKind.POSITIONS in config.sync_kinds}
        for name in names or ():
            if name not in known:
                raise ConfigError(f"There is no connection {name}.", f"Configured are: {', '.join(known)}.")
        wanted = set(known if names is None else names)
        if (names is not None and wanted - switched_on) or not switched_on:
            raise ConfigError(
                f"The positions of {', '.join(sorted(wanted - switched_on))} are switched off.",
                f"Set `positions` to true, in {self.config_file} or {self.config_folder / CONNECTIONS}.",
            )
        chosen = tuple(config for config in self.connections if config.name in wanted & switched_on)
        return replace(self, connections=chosen)

    def not_a_demo(self) -> ConfigError:
        """What is wrong where `--demo` was pointed at a database of real accounts."""
        return ConfigError(
            f"The database {self.database} is not a demo.", "Leave --demo out, or name a new file with --db."
        )


def load_settings(options: Options, environ: Mapping[str, str], working_directory: Path) -> Settings:
    """Gather the settings: option, then environment, `.env` here, configuration file, default.

    Raises:
        ConfigError: a value is wrong; the message names it and where it came from.
    """
    folders = _folders(environ)
    default = folders.config / "config.toml"
    config_file = config_file_of(options, environ)
    dotenvs = (working_directory / ".env", folders.config / ".env")
    config = read_toml(config_file, is_required=config_file != default)
    refuse_wrong_kinds(config)
    wishes, key_warnings = key_wishes(config)
    values = Values(environ, dotenvs, config)
    unnamed = () if options.no_brokers else _unnamed(options, values)
    interval = interval_of(values, DEMO_INTERVAL if options.demo else USUAL_INTERVAL)
    stored = {} if options.demo or options.no_brokers else read_connections(folders.config)
    leaving = {name for name, definition in stored.items() if leaving_mark(definition) is not None}
    place = folders.config / CONNECTIONS
    named = tuple(named_connection(name, stored[name], place, interval) for name in stored if name not in leaving)
    settings = Settings(
        database=_database(options, values, folders),
        config_file=config_file,
        log_file=folders.state / ("cotrader-demo.log" if options.demo else "cotrader.log"),
        connections=_together(unnamed, named),
        is_demo=options.demo,
        account=options.account,
        portfolio=_portfolio_shown(options, values),
        portfolios=NO_PORTFOLIOS if options.demo else portfolio_settings(config),
        theme=values.get("COTRADER_THEME"),
        is_private=options.privacy or values.flag("COTRADER_PRIVACY"),
        has_color=not (options.no_color or environ.get("NO_COLOR")),
        is_ascii=options.ascii or values.flag("COTRADER_ASCII"),
        has_model_greeks=values.get("COTRADER_MODEL_GREEKS") is None or values.flag("COTRADER_MODEL_GREEKS"),
        is_low_bandwidth=options.lowbw or values.flag("COTRADER_LOWBW"),
        is_diffing=not options.no_diff,
        secrets=values.secrets(),
        warnings=(*unknown_keys(config), *key_warnings, *_shadowed(unnamed, named)),
        keys=wishes,
        dotenvs=dotenvs,
        config_folder=folders.config,
        unnamed=frozenset(config.name for config in unnamed),
        passphrase=_secret(values.get("COTRADER_PASSPHRASE")),
        sync_interval=interval,
        leaving=frozenset(leaving),
    )
    return _explain_password(settings, values)


def _unnamed(options: Options, values: Values) -> tuple[ConnectionConfig, ...]:
    return (demo_connection(values),) if options.demo else unnamed_connections(values)


def config_file_of(options: Options, environ: Mapping[str, str]) -> Path:
    """Where the configuration file is, or would be."""
    default = _folders(environ).config / "config.toml"
    return _absolute(options.config) or _path(environ.get("COTRADER_CONFIG")) or default


def _portfolio_shown(options: Options, values: Values) -> str | None:
    """The demo has none of the configured portfolios, and an account that is asked for goes before a setting."""
    if options.portfolio is not None and options.account is not None:
        raise ConfigError("--portfolio and --account are both given.", "Name one of them.")
    if options.portfolio is not None or options.account is not None or options.demo:
        return options.portfolio
    return values.get("COTRADER_PORTFOLIO")


@dataclass(frozen=True, slots=True)
class _Folders:
    config: Path
    data: Path
    state: Path


def _folders(environ: Mapping[str, str]) -> _Folders:
    """XDG folders. `environ` is heeded instead of the process's own environment, so that tests need not change it."""
    home = Path(environ.get("HOME", "~")).expanduser()
    dirs = PlatformDirs(APP, appauthor=False, opinion=False)
    return _Folders(
        config=_xdg(environ, "XDG_CONFIG_HOME", home, dirs.user_config_path),
        data=_xdg(environ, "XDG_DATA_HOME", home, dirs.user_data_path),
        state=_xdg(environ, "XDG_STATE_HOME", home, dirs.user_log_path),
    )


def _xdg(environ: Mapping[str, str], name: str, home: Path, default: Path) -> Path:
    value = environ.get(name, "")
    if value and Path(value).is_absolute():
        return Path(value) / APP
    own = Path.home()
    return home / default.relative_to(own) if default.is_relative_to(own) else default


def _path(text: str | None) -> Path | None:
    return _absolute(Path(text)) if text else None


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.expanduser().absolute()


def _database(options: Options, values: Values, folders: _Folders) -> Path:
    if (named := _absolute(options.db)) is not None:
        return named
    if options.demo:
        return folders.data / "demo.db"
    return _path(values.get("COTRADER_DB")) or folders.data / "cotrader.db"


def _together(*groups: Iterable[ConnectionConfig]) -> tuple[ConnectionConfig, ...]:
    """One connection for each name: of the first group that has it."""
    by_name: dict[str, ConnectionConfig] = {}
    for group in groups:
        for config in group:
            by_name.setdefault(config.name, config)
    return tuple(by_name.values())


def _shadowed(unnamed: Iterable[ConnectionConfig], named: Iterable[ConnectionConfig]) -> Iterator[str]:
    taken = {config.name for config in unnamed}
    for config in named:
        if config.name in taken:
            yield (
                f"The stored connection {config.name} is not used: the environment, a `.env` or the configuration file "
                f"defines one of the same name. Remove its settings there."
            )


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _explain_password(settings: Settings, values: Values) -> Settings:
    if settings.is_demo or not (values.has("TASTYTRADE_USERNAME") or values.has("TASTYTRADE_PASSWORD")):
        return settings
    if any(config.broker == "tastytrade" for config in settings.connections):
        return replace(settings, warnings=(*settings.warnings, f"{PASSWORD_WORDS} The grant is used; remove them."))
    return replace(settings, has_password_only=True)


def process_settings(options: Options) -> Settings:
    """The settings of this process: its environment and its working directory."""
    return load_settings(options, os.environ, Path.cwd())
