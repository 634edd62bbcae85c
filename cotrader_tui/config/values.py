"""Every setting there is, and its value with the place it came from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from cotrader_tui.brokers.base import Secret
from cotrader_tui.errors import ConfigError

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
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


def given(setting: Setting, environ: Mapping[str, str]) -> str | None:
    """What the environment itself says of a setting, under either of its names."""
    return environ.get(setting.env) or environ.get(_ALIASES.get(setting.env, "")) or None


class Values:
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


def read_toml(path: Path, *, is_required: bool) -> dict[str, Any]:
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


def interval_of(values: Values, default: timedelta) -> timedelta:
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
