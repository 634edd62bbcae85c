"""Settings: gathered from options, environment, `.env` and the configuration file, checked in words."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from dotenv import dotenv_values
from platformdirs import PlatformDirs

from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.errors import ConfigError

APP = "cotrader"
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
    Setting("COTRADER_THEME", "theme", "the theme of the screen"),
    Setting("COTRADER_PRIVACY", "privacy", "1 starts with amounts hidden"),
    Setting("NO_COLOR", "", "anything: no colours"),
    Setting("TASTYTRADE_CLIENT_SECRET", "tastytrade.client_secret", "the OAuth application's secret", is_secret=True),
    Setting("TASTYTRADE_REFRESH_TOKEN", "tastytrade.refresh_token", "the grant's refresh token", is_secret=True),
    Setting("TASTYTRADE_ACCOUNT_NUMBER", "tastytrade.account_number", "only these accounts, comma-separated"),
    Setting("TASTYTRADE_SANDBOX", "tastytrade.sandbox", "1 uses tastytrade's certification environment"),
    Setting("TASTYTRADE_API_URL", "tastytrade.api_url", "another host for the same API"),
    Setting("TASTYTRADE_STREAMER_URL", "tastytrade.streamer_url", "another host for the account streamer"),
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
    "Put TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN into `.env` (see `.env.example`), "
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
    warnings: tuple[str, ...] = ()
    has_password_only: bool = False
    """The user name and password of old are set, and no grant."""
    secrets: tuple[Secret, ...] = field(default=())
    dotenvs: tuple[Path, ...] = ()
    """Where a `.env` is looked for, in this order."""

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
    values = _Values(environ, dotenvs, config_file, is_required=config_file != default)
    settings = Settings(
        database=_database(options, values, folders),
        config_file=config_file,
        log_file=folders.state / ("cotrader-demo.log" if options.demo else "cotrader.log"),
        connections=(_demo(values),) if options.demo else _tastytrade(values),
        is_demo=options.demo,
        account=options.account,
        theme=values.get("COTRADER_THEME"),
        is_private=options.privacy or values.flag("COTRADER_PRIVACY"),
        has_color=not (options.no_color or environ.get("NO_COLOR")),
        secrets=values.secrets(),
        dotenvs=dotenvs,
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
        self, environ: Mapping[str, str], dotenvs: Iterable[Path], config_file: Path, *, is_required: bool
    ) -> None:
        self._environ = environ
        self._dotenvs = [(path, _read_dotenv(path)) for path in dotenvs]
        self._config_file = config_file
        self._config = _read_toml(config_file, is_required=is_required)

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
            value = value.get(part) if isinstance(value, dict) else None
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


def _tastytrade(values: _Values) -> tuple[ConnectionConfig, ...]:
    secret, token = values.get("TASTYTRADE_CLIENT_SECRET"), values.get("TASTYTRADE_REFRESH_TOKEN")
    if secret is None and token is None:
        return ()
    if secret is None or token is None:
        missing = "TASTYTRADE_CLIENT_SECRET" if secret is None else "TASTYTRADE_REFRESH_TOKEN"
        raise ConfigError(f"{missing} is not set, its companion is.", PASSWORD_HINT)
    is_sandbox = values.flag("TASTYTRADE_SANDBOX")
    numbers = (values.get("TASTYTRADE_ACCOUNT_NUMBER") or "").split(",")
    addresses = {name: _address(values, name) for name in _ADDRESSES}
    hosts = {urlsplit(address).netloc for address in addresses.values() if address is not None}
    options = {"is_sandbox": "1" if is_sandbox else "0"}
    options |= {name.removeprefix("TASTYTRADE_").lower(): url for name, url in addresses.items() if url is not None}
    label = " ".join([*(["SANDBOX"] if is_sandbox else []), *sorted(hosts)])
    config = ConnectionConfig(
        name="tastytrade",
        broker="tastytrade",
        label=label,
        sync_interval=_interval(values, timedelta(seconds=60)),
        account_filter=frozenset(filter(None, (number.strip() for number in numbers))),
        options=options,
        secrets={"client_secret": Secret(secret), "refresh_token": Secret(token)},
    )
    return (config,)


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
