"""Settings: gathered from options, environment, `.env` and the configuration file, checked in words."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from dotenv import dotenv_values
from platformdirs import PlatformDirs

from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.connections_file import Definition, read_connections
from cotrader_tui.errors import ConfigError
from cotrader_tui.private_files import CONNECTIONS

APP = "cotrader"
USUAL_INTERVAL = timedelta(seconds=60)
DEMO_INTERVAL = timedelta(seconds=15)
SHORTEST_INTERVAL = timedelta(seconds=5)
LONGEST_INTERVAL = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its environment variable, its key in the configuration file, and what it means."""

    env: str
    key: str
    description: str
    is_secret: bool = False


SETTINGS = (
    Setting("COTRADER_DB", "database", "the database file"),
    Setting("COTRADER_CONFIG", "", "the configuration file"),
    Setting("COTRADER_SYNC_INTERVAL", "sync_interval", "seconds between syncs, at least 5 (default 60, demo 15)"),
    Setting("COTRADER_PASSPHRASE", "", "encrypts the secrets kept in a file, instead of a key file", is_secret=True),
    Setting("COTRADER_THEME", "theme", "the theme of the screen"),
    Setting("COTRADER_PRIVACY", "privacy", "1 starts with amounts hidden"),
    Setting("NO_COLOR", "", "anything: no colours"),
    Setting("TASTYTRADE_CLIENT_SECRET", "tastytrade.client_secret", "the OAuth application's secret", is_secret=True),
    Setting("TASTYTRADE_REFRESH_TOKEN", "tastytrade.refresh_token", "the grant's refresh token", is_secret=True),
    Setting("TASTYTRADE_ACCOUNT_NUMBER", "tastytrade.account_number", "only these accounts, comma-separated"),
    Setting("TASTYTRADE_SANDBOX", "tastytrade.sandbox", "1 uses tastytrade's certification environment"),
    Setting("TASTYTRADE_API_URL", "tastytrade.api_url", "another host for the same API"),
    Setting("TASTYTRADE_STREAMER_URL", "tastytrade.streamer_url", "another host for the account streamer"),
    Setting("IBKR_HOST", "ibkr.host", "where TWS or IB Gateway listens (default 127.0.0.1)"),
    Setting("IBKR_PORT", "ibkr.port", "its port: 7496 or 4001, on paper 7497 or 4002; switches the broker on"),
    Setting("IBKR_CLIENT_ID", "ibkr.client_id", "the first client id to try, from 1 up (default 71)"),
    Setting("IBKR_ACCOUNT", "ibkr.account", "only these accounts, comma-separated"),
)
"""Every setting there is; the README lists them all."""

_ALIASES = {"TASTYTRADE_CLIENT_SECRET": "TT_SECRET", "TASTYTRADE_REFRESH_TOKEN": "TT_REFRESH"}
_ADDRESSES = ("TASTYTRADE_API_URL", "TASTYTRADE_STREAMER_URL")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})

PASSWORD_WORDS = (
    "tastytrade no longer takes a user name and password: log-ins by password ended, an OAuth grant replaced them."
)
PASSWORD_HINT = (
    "At my.tastytrade.com, under Manage, My Profile, API, make an OAuth application with the read scope and a grant "
    "for it; put its TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN into `.env`."
)
NOTHING_CONFIGURED = "No broker is configured."
NOTHING_HINT = (
    "Put TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN, or IBKR_PORT, into `.env` (see `.env.example`), "
    "or try `cotrader --demo`."
)


@dataclass(frozen=True, slots=True)
class Options:
    """The global options of the command line; `None` where one was not given."""

    db: Path | None = None
    config: Path | None = None
    demo: bool = False
    account: str | None = None
    privacy: bool = False
    no_color: bool = False
    no_diff: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the program is told, checked."""

    database: Path
    config_file: Path
    log_file: Path
    connections: tuple[ConnectionConfig, ...]
    is_demo: bool = False
    account: str | None = None
    theme: str | None = None
    is_private: bool = False
    has_color: bool = True
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

    def require_connections(self) -> None:
        """Raises ConfigError, with words that tell how to go on, where there is no broker to sync."""
        if self.connections:
            return
        if self.has_password_only:
            raise ConfigError(PASSWORD_WORDS, PASSWORD_HINT)
        raise ConfigError(NOTHING_CONFIGURED, NOTHING_HINT)


def load_settings(options: Options, environ: Mapping[str, str], working_directory: Path) -> Settings:
    """Gather the settings: option, then environment, `.env` here, configuration file, default.

    Raises:
        ConfigError: a value is wrong; the message names it and where it came from.
    """
    folders = _folders(environ)
    default = folders.config / "config.toml"
    config_file = _absolute(options.config) or _path(environ.get("COTRADER_CONFIG")) or default
    dotenvs = (working_directory / ".env", folders.config / ".env")
    values = _Values(environ, dotenvs, config_file, _read_toml(config_file, is_required=config_file != default))
    unnamed = (_demo(values),) if options.demo else (*_tastytrade(values), *_ibkr(values))
    named = () if options.demo else tuple(_named(folders.config, _interval(values, USUAL_INTERVAL)))
    settings = Settings(
        database=_database(options, values, folders),
        config_file=config_file,
        log_file=folders.state / ("cotrader-demo.log" if options.demo else "cotrader.log"),
        connections=_together(unnamed, named),
        is_demo=options.demo,
        account=options.account,
        theme=values.get("COTRADER_THEME"),
        is_private=options.privacy or values.flag("COTRADER_PRIVACY"),
        has_color=not (options.no_color or environ.get("NO_COLOR")),
        is_diffing=not options.no_diff,
        secrets=values.secrets(),
        warnings=tuple(_shadowed(unnamed, named)),
        dotenvs=dotenvs,
        config_folder=folders.config,
        unnamed=frozenset(config.name for config in unnamed),
        passphrase=_secret(values.get("COTRADER_PASSPHRASE")),
    )
    return _explain_password(settings, values)


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


class _Values:
    """Named values with their precedence, and the place each came from for messages."""

    def __init__(
        self, environ: Mapping[str, str], dotenvs: Iterable[Path], config_file: Path, config: Mapping[str, Any]
    ) -> None:
        self._environ = environ
        self._dotenvs = [(path, _read_dotenv(path)) for path in dotenvs]
        self._config_file = config_file
        self._config = config

    def find(self, name: str) -> tuple[str, str] | None:
        """A value that is not empty and the place it came from."""
        setting = next(each for each in SETTINGS if each.env == name)
        names = [name, *([_ALIASES[name]] if name in _ALIASES else [])]
        places = [("the environment", self._environ), *((str(path), values) for path, values in self._dotenvs)]
        for place, values in places:
            for each in names:
                if values.get(each):
                    return values[each], place
        value: Any = self._config
        for part in setting.key.split(".") if setting.key else ():
            value = value.get(part) if isinstance(value, Mapping) else None
        if setting.key and value is not None and value != "":
            return _as_text(value), str(self._config_file)
        return None

    def get(self, name: str) -> str | None:
        found = self.find(name)
        return None if found is None else found[0]

    def flag(self, name: str) -> bool:
        found = self.find(name)
        text = "" if found is None else found[0].strip().lower()
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        raise ConfigError(f"{name} is '{text}' in {found[1] if found else ''}.", "Set it to 1 or 0.")

    def is_from_dotenv(self, name: str) -> bool:
        found = self.find(name)
        return found is not None and any(found[1] == str(path) for path, _ in self._dotenvs)

    def has(self, name: str) -> bool:
        """Whether `name`, which need not be a setting, is in the environment or a `.env`."""
        return bool(self._environ.get(name)) or any(values.get(name) for _, values in self._dotenvs)

    def secrets(self) -> tuple[Secret, ...]:
        found = (self.get(setting.env) for setting in SETTINGS if setting.is_secret)
        passwords = [self._environ.get("TASTYTRADE_PASSWORD")]
        passwords += [values.get("TASTYTRADE_PASSWORD") for _, values in self._dotenvs]
        return tuple(Secret(value) for value in (*found, *passwords) if value)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _read_dotenv(path: Path) -> dict[str, str]:
    try:
        return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "Mend the file or its permissions.") from error


def _read_toml(path: Path, *, is_required: bool) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError as error:
        if is_required:
            raise ConfigError(
                f"There is no configuration file {path}.", "Check --config or COTRADER_CONFIG."
            ) from error
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "Mend the file, or move it away.") from error


def _database(options: Options, values: _Values, folders: _Folders) -> Path:
    if (named := _absolute(options.db)) is not None:
        return named
    if options.demo:
        return folders.data / "demo.db"
    return _path(values.get("COTRADER_DB")) or folders.data / "cotrader.db"


def _interval(values: _Values, default: timedelta) -> timedelta:
    found = values.find("COTRADER_SYNC_INTERVAL")
    if found is None:
        return default
    text, place = found
    try:
        interval = timedelta(seconds=float(text))
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"COTRADER_SYNC_INTERVAL is '{text}' in {place}.", "Set it to a number of seconds, at least 5."
        ) from error
    if interval < SHORTEST_INTERVAL:
        raise ConfigError(f"COTRADER_SYNC_INTERVAL is {text} s in {place}.", "The shortest interval is 5 seconds.")
    if interval > LONGEST_INTERVAL:
        raise ConfigError(f"COTRADER_SYNC_INTERVAL is {text} s in {place}.", "The longest interval is a year.")
    return interval


def _demo(values: _Values) -> ConnectionConfig:
    return ConnectionConfig("demo", "demo", label="DEMO", sync_interval=_interval(values, DEMO_INTERVAL))


_PAPER_PORTS = frozenset({"7497", "4002"})


def _ibkr(values: _Values) -> tuple[ConnectionConfig, ...]:
    """TWS or IB Gateway, where its port is set. It asks for no log-in of ours: it has its own."""
    port = values.get("IBKR_PORT")
    if port is None:
        return ()
    host = values.get("IBKR_HOST") or "127.0.0.1"
    label = " ".join([*(["PAPER"] if port in _PAPER_PORTS else []), *([] if _is_loopback(host) else [host])])
    options = {"host": host, "port": port}
    if client_id := values.get("IBKR_CLIENT_ID"):
        options["client_id"] = client_id
    config = ConnectionConfig(
        name="ibkr",
        broker="ibkr",
        label=label,
        sync_interval=_interval(values, timedelta(seconds=60)),
        account_filter=_numbers(values.get("IBKR_ACCOUNT")),
        options=options,
    )
    return (config,)


def _numbers(text: str | None) -> frozenset[str]:
    """Account numbers, comma-separated."""
    return frozenset(filter(None, (number.strip() for number in (text or "").split(","))))


def _tastytrade(values: _Values) -> tuple[ConnectionConfig, ...]:
    secret, token = values.get("TASTYTRADE_CLIENT_SECRET"), values.get("TASTYTRADE_REFRESH_TOKEN")
    if secret is None and token is None:
        return ()
    if secret is None or token is None:
        missing = "TASTYTRADE_CLIENT_SECRET" if secret is None else "TASTYTRADE_REFRESH_TOKEN"
        raise ConfigError(f"{missing} is not set, its companion is.", PASSWORD_HINT)
    return (_tastytrade_connection(values, {"client_secret": Secret(secret), "refresh_token": Secret(token)}),)


def _tastytrade_connection(values: _Values, secrets: Mapping[str, Secret]) -> ConnectionConfig:
    is_sandbox = values.flag("TASTYTRADE_SANDBOX")
    numbers = (values.get("TASTYTRADE_ACCOUNT_NUMBER") or "").split(",")
    addresses = {name: _address(values, name) for name in _ADDRESSES}
    hosts = {urlsplit(address).netloc for address in addresses.values() if address is not None}
    options = {"is_sandbox": "1" if is_sandbox else "0"}
    options |= {name.removeprefix("TASTYTRADE_").lower(): url for name, url in addresses.items() if url is not None}
    label = " ".join([*(["SANDBOX"] if is_sandbox else []), *sorted(hosts)])
    return ConnectionConfig(
        name="tastytrade",
        broker="tastytrade",
        label=label,
        sync_interval=_interval(values, USUAL_INTERVAL),
        account_filter=frozenset(filter(None, (number.strip() for number in numbers))),
        options=options,
        secrets=secrets,
    )


# Named connections

_NAMED: Mapping[str, Callable[[_Values], tuple[ConnectionConfig, ...]]] = {
    "tastytrade": lambda values: (_tastytrade_connection(values, {}),),
    "ibkr": _ibkr,
}
"""For each broker that `cotrader connect` knows, what makes a connection of its settings; without its secrets."""


def broker_settings(broker: str) -> tuple[Setting, ...]:
    """The settings of a broker, for each of its connections.

    Raises:
        ConfigError: no connection to it can be named.
    """
    if broker not in _NAMED:
        raise ConfigError(f"There is no broker '{broker}' to connect.", f"Known are: {', '.join(sorted(_NAMED))}.")
    return tuple(setting for setting in SETTINGS if setting.key.startswith(f"{broker}."))


def given(setting: Setting, environ: Mapping[str, str]) -> str | None:
    """What the environment itself says of a setting, under either of its names."""
    return environ.get(setting.env) or environ.get(_ALIASES.get(setting.env, "")) or None


def named_connection(name: str, definition: Definition, place: Path, interval: timedelta) -> ConnectionConfig:
    """The connection that `definition`, which stands in the file `place`, describes; its secrets are only named.

    `interval` is the one it has unless it tells its own.

    Raises:
        ConfigError: something in it is wrong; the words name it.
    """
    broker = definition["broker"]
    settings = broker_settings(broker)
    known = {setting.key.partition(".")[2]: setting for setting in settings}
    for key in definition.keys() - {"broker", "sync_interval"}:
        if key not in known or known[key].is_secret:
            raise ConfigError(
                f"The connection {name} in {place} has a '{key}'.",
                "Secrets are kept elsewhere: run `cotrader connect`." if key in known else "Remove it, or mend it.",
            )
    values = _Values({}, (), place, {broker: definition, "sync_interval": definition.get("sync_interval")})
    made = _NAMED[broker](values)
    if not made:
        raise ConfigError(f"The connection {name} in {place} lacks a setting.", f"Known are: {', '.join(known)}.")
    return replace(
        made[0],
        name=name,
        sync_interval=_interval(values, interval),
        secret_names=tuple(key for key, setting in known.items() if setting.is_secret),
    )


def _named(folder: Path, interval: timedelta) -> Iterator[ConnectionConfig]:
    for name, definition in read_connections(folder).items():
        yield named_connection(name, definition, folder / CONNECTIONS, interval)


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


def _address(values: _Values, name: str) -> str | None:
    """An address that may be used: from `.env` only on loopback, in clear only on loopback."""
    found = values.find(name)
    if found is None:
        return None
    url, place = found
    parts = _split(url)
    if parts is None or not parts.hostname or parts.username or parts.password:
        raise ConfigError(
            f"{name} is '{_without_login(url)}' in {place}.", "Set it to a URL such as https://host:port."
        )
    if _is_loopback(parts.hostname):
        return url
    if values.is_from_dotenv(name):
        raise ConfigError(
            f"{name} in {place} names the foreign host {parts.hostname}.",
            "A `.env` may only name this machine: set the variable in the environment or the configuration file.",
        )
    if parts.scheme in ("http", "ws"):
        raise ConfigError(f"{name} is '{url}' in {place}: without encryption.", "Use https or wss.")
    return url


def _split(url: str) -> SplitResult | None:
    """The parts of an address with a scheme and a port that can be; `None` if it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https", "ws", "wss") else None


def _without_login(url: str) -> str:
    return url.rsplit("@", 1)[-1]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _explain_password(settings: Settings, values: _Values) -> Settings:
    if settings.is_demo or not (values.has("TASTYTRADE_USERNAME") or values.has("TASTYTRADE_PASSWORD")):
        return settings
    if settings.connections:
        return replace(settings, warnings=(*settings.warnings, f"{PASSWORD_WORDS} The grant is used; remove them."))
    return replace(settings, has_password_only=True)


def process_settings(options: Options) -> Settings:
    """The settings of this process: its environment and its working directory."""
    return load_settings(options, os.environ, Path.cwd())
