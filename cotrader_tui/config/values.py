"""Every setting there is, and its value with the place it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cotrader_tui.brokers.base import Secret
from cotrader_tui.config.toml_file import TomlFile
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
    example: str = '""'
    """Its default or, where there is none, an example; as TOML. What kind of value it takes is this one's kind."""
    has_default: bool = False
    """Whether `example` is what holds where nothing is set."""

    @property
    def name(self) -> str:
        """What it is called in words: its key, else its variable."""
        return self.key or self.env


SETTINGS = (
    Setting("COTRADER_DB", "database", "the database file", example='"~/book.db"'),
    Setting("COTRADER_CONFIG", "", "the configuration file"),
    Setting(
        "COTRADER_SYNC_INTERVAL",
        "sync_interval",
        "seconds between syncs, at least 5 (default 60, demo 15)",
        example="60",
        has_default=True,
    ),
    Setting("COTRADER_PASSPHRASE", "", "encrypts the secrets kept in a file, instead of a key file", is_secret=True),
    Setting(
        "COTRADER_PORTFOLIO",
        "portfolio_shown",
        "the portfolio to show at first (default: all accounts)",
        example='"all"',
        has_default=True,
    ),
    Setting(
        "COTRADER_THEME", "theme", "the theme of the screen; t lists them all", example='"western"', has_default=True
    ),
    Setting(
        "COTRADER_MODEL_GREEKS",
        "model_greeks",
        "0: no Greeks by a model where the broker sends none",
        example="true",
        has_default=True,
    ),
    Setting("COTRADER_ASCII", "ascii", "1 draws charts in ASCII, without braille", example="false", has_default=True),
    Setting(
        "COTRADER_LOWBW",
        "lowbw",
        "1 starts in low-bandwidth mode; else once the terminal does not keep up",
        example="false",
        has_default=True,
    ),
    Setting("COTRADER_PRIVACY", "privacy", "1 starts with amounts hidden", example="false", has_default=True),
    Setting("NO_COLOR", "", "anything: no colours"),
    Setting("TASTYTRADE_CLIENT_SECRET", "tastytrade.client_secret", "the OAuth application's secret", is_secret=True),
    Setting("TASTYTRADE_REFRESH_TOKEN", "tastytrade.refresh_token", "the grant's refresh token", is_secret=True),
    Setting(
        "TASTYTRADE_ACCOUNT_NUMBER",
        "tastytrade.account_number",
        "only these accounts, comma-separated",
        example='["5WX00001"]',
    ),
    Setting(
        "TASTYTRADE_SANDBOX",
        "tastytrade.sandbox",
        "1 uses tastytrade's certification environment",
        example="false",
        has_default=True,
    ),
    Setting(
        "TASTYTRADE_API_URL",
        "tastytrade.api_url",
        "another host for the same API",
        example='"https://proxy.example.com"',
    ),
    Setting(
        "TASTYTRADE_STREAMER_URL",
        "tastytrade.streamer_url",
        "another host for the account streamer",
        example='"wss://streamer.example.com"',
    ),
    Setting(
        "IBKR_HOST",
        "ibkr.host",
        "where TWS or IB Gateway listens (default 127.0.0.1)",
        example='"127.0.0.1"',
        has_default=True,
    ),
    Setting(
        "IBKR_PORT",
        "ibkr.port",
        "its port: 7496 or 4001, on paper 7497 or 4002; switches the broker on",
        example="7496",
    ),
    Setting(
        "IBKR_CLIENT_ID",
        "ibkr.client_id",
        "the first client id to try, from 1 up (default 71)",
        example="71",
        has_default=True,
    ),
    Setting(
        "IBKR_MARKET_DATA_LINES",
        "ibkr.market_data_lines",
        "how many of the log-in's market data lines are taken (default 60 of 100)",
        example="60",
        has_default=True,
    ),
    Setting("IBKR_ACCOUNT", "ibkr.account", "only these accounts, comma-separated", example='["U5550001"]'),
)
"""Every setting there is; the README lists them all."""

_ALIASES = {"TASTYTRADE_CLIENT_SECRET": "TT_SECRET", "TASTYTRADE_REFRESH_TOKEN": "TT_REFRESH"}
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


_NO_LONGER = ("TASTYTRADE_USERNAME", "TASTYTRADE_PASSWORD")


def without_brokers(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without secrets and whatever else is of a broker: enough for a program that shows what is stored."""
    theirs = [setting.env for setting in SETTINGS if setting.is_secret or "." in setting.key]
    left_out = {*theirs, *(_ALIASES[name] for name in theirs if name in _ALIASES), *_NO_LONGER}
    return {name: value for name, value in environ.items() if name not in left_out}


def given(setting: Setting, environ: Mapping[str, str]) -> str | None:
    """What the environment itself says of a setting, under either of its names."""
    return environ.get(setting.env) or environ.get(_ALIASES.get(setting.env, "")) or None


class Values:
    """Named values with their precedence, and the place each came from for messages."""

    def __init__(
        self,
        environ: Mapping[str, str],
        dotenvs: Iterable[Path],
        file: TomlFile,
        title: str | None = None,
    ) -> None:
        """`file` is the configuration file; `title` what it calls its sections if not by their keys."""
        self._environ = environ
        self._dotenvs = [(path, _read_dotenv(path)) for path in dotenvs]
        self._file = file
        self._title = title

    def find(self, name: str) -> tuple[str, str] | None:
        """A value that is not empty and the place it came from."""
        setting = next(each for each in SETTINGS if each.env == name)
        names = [name, *([_ALIASES[name]] if name in _ALIASES else [])]
        places = [("the environment", self._environ), *((str(path), values) for path, values in self._dotenvs)]
        for place, values in places:
            for each in names:
                if values.get(each):
                    return values[each], place
        keys = setting.key.split(".") if setting.key else ()
        value = self._file.find(*keys) if keys else None
        return None if value is None or value == "" else (as_text(value), self._file.place(*keys))

    def in_section(self, section: str, key: str) -> tuple[str, str] | None:
        """A value of a section of the configuration file that is not empty, and its place: the section and the file."""
        value = self._file.find(section, key)
        if value is None or value == "":
            return None
        return as_text(value), f"{self._title or f'the section [{section}]'} of {self._file.place(section, key)}"

    def get(self, name: str) -> str | None:
        found = self.find(name)
        return None if found is None else found[0]

    def flag(self, name: str) -> bool:
        found = self.find(name)
        if found is None:
            return False
        is_set = as_switch(found[0])
        if is_set is None:
            raise ConfigError(f"{name} is '{found[0]}' in {found[1]}.", "Set it to 1 or 0.")
        return is_set

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


def as_text(value: object) -> str:
    """A value of the configuration file as the environment would have it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _read_dotenv(path: Path) -> dict[str, str]:
    try:
        if not path.exists():
            return {}
        from dotenv import dotenv_values

        return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "Mend the file or its permissions.") from error


def as_switch(text: str) -> bool | None:
    """Whether `text` says on or off; `None` if it says neither."""
    word = text.strip().lower()
    return word in _TRUE if word in _TRUE | _FALSE else None


def as_interval(name: str, text: str, place: str) -> timedelta:
    """The seconds that `text` says.

    Raises:
        ConfigError: it is no number, or less than 5 s, or more than a year; the words name `name` and `place`.
    """
    try:
        interval = timedelta(seconds=float(text))
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{name} is '{text}' in {place}.", "Set it to a number of seconds, at least 5.") from error
    if interval < SHORTEST_INTERVAL:
        raise ConfigError(f"{name} is {text} s in {place}.", "The shortest interval is 5 seconds.")
    if interval > LONGEST_INTERVAL:
        raise ConfigError(f"{name} is {text} s in {place}.", "The longest interval is a year.")
    return interval


def interval_of(values: Values, default: timedelta) -> timedelta:
    """The common interval, else `default`."""
    found = values.find("COTRADER_SYNC_INTERVAL")
    return default if found is None else as_interval("COTRADER_SYNC_INTERVAL", *found)
