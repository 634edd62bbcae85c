"""What holds of each setting, and where that comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cotrader_tui.config.connection_keys import CONNECTION_KEYS, SYNC_INTERVAL
from cotrader_tui.config.schema import FREE, example_of
from cotrader_tui.config.settings import Options, Settings
from cotrader_tui.config.toml_file import TomlFile, read_toml
from cotrader_tui.config.values import SETTINGS, Setting, Values, as_text

MASK = "****"
"""What stands for a secret."""


class Origin(StrEnum):
    OPTION = "option"
    ENVIRONMENT = "environment"
    DOTENV = ".env"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting as it holds. `value` is `None` where nothing does; `place` is where it stands, "" for a default."""

    name: str
    environment: str | None
    value: str | None
    origin: Origin
    place: str = ""


def effective(settings: Settings, options: Options, environ: Mapping[str, str]) -> tuple[Effective, ...]:
    """Every setting there is, then what else the configuration file says. `settings` are those loaded with the rest."""
    file = read_toml(settings.config_file, is_required=False)
    values = Values(environ, settings.dotenvs, file)
    return (
        *(_setting(each, values, settings, options, environ) for each in SETTINGS),
        *_of_connections(file, settings),
        *_of_file(file),
    )


def _setting(
    setting: Setting, values: Values, settings: Settings, options: Options, environ: Mapping[str, str]
) -> Effective:
    key, env = setting.name, setting.env
    option = _option(env, options)
    if option is not None:
        name, value = option
        return Effective(key, env, value or str(settings.database), Origin.OPTION, name)
    if env in ("COTRADER_CONFIG", "NO_COLOR"):  # read from the environment only
        found = (environ[env], "the environment") if environ.get(env) else None
    else:
        found = values.find(env)
    if found is None:
        return Effective(key, env, _default(setting, settings), Origin.DEFAULT)
    value, place = found
    if env in ("COTRADER_CONFIG", "COTRADER_DB"):
        value = str(settings.config_file if env == "COTRADER_CONFIG" else settings.database)
    if values.is_from_dotenv(env):
        origin = Origin.DOTENV
    else:
        origin, place = (Origin.ENVIRONMENT, env) if place == "the environment" else (Origin.FILE, place)
    return Effective(key, env, MASK if setting.is_secret else value, origin, place)


def _option(env: str, options: Options) -> tuple[str, str] | None:
    """The option that goes before a setting, and its value; "" for the database of the demo."""
    given = {
        "COTRADER_DB": ("--db", str(options.db) if options.db else None),
        "COTRADER_CONFIG": ("--config", str(options.config) if options.config else None),
        "COTRADER_PORTFOLIO": ("--portfolio", options.portfolio),
        "COTRADER_ASCII": ("--ascii", "1" if options.ascii else None),
        "COTRADER_LOWBW": ("--lowbw", "1" if options.lowbw else None),
        "COTRADER_PRIVACY": ("--privacy", "1" if options.privacy else None),
        "NO_COLOR": ("--no-color", "1" if options.no_color else None),
    }
    name, value = given.get(env, ("", None))
    if value is None and env == "COTRADER_DB" and options.demo:
        return "--demo", ""
    return None if value is None else (name, value)


def _default(setting: Setting, settings: Settings) -> str | None:
    places: Mapping[str, Path] = {"COTRADER_DB": settings.database, "COTRADER_CONFIG": settings.config_file}
    if setting.env in places:
        return str(places[setting.env])
    if setting.env == "COTRADER_SYNC_INTERVAL":
        return f"{settings.sync_interval.total_seconds():g}"
    return as_text(example_of(setting)) if setting.has_default else None


def _of_connections(file: TomlFile, settings: Settings) -> Iterator[Effective]:
    """What each broker's section may say of its connection, beside the settings."""
    brokers = dict.fromkeys(setting.key.partition(".")[0] for setting in SETTINGS if "." in setting.key)
    for broker in brokers:
        for key in CONNECTION_KEYS:
            value = file.find(broker, key)
            if value is not None and value != "":
                yield Effective(f"{broker}.{key}", None, as_text(value), Origin.FILE, file.place(broker, key))
            else:
                default = f"{settings.sync_interval.total_seconds():g}" if key == SYNC_INTERVAL else "1"
                yield Effective(f"{broker}.{key}", None, default, Origin.DEFAULT)


def _of_file(file: TomlFile) -> Iterator[Effective]:
    """What only the file can say: portfolios, keys."""
    names: list[tuple[str, ...]] = [("base_currency",), ("exclude_accounts",)]
    for section in FREE:
        inner = file.find(section)
        for name, value in inner.items() if isinstance(inner, Mapping) else ():
            names += [(section, name, key) for key in value] if isinstance(value, Mapping) else [(section, name)]
    for keys in names:
        value = file.find(*keys)
        if value is not None:
            yield Effective(".".join(keys), None, as_text(value), Origin.FILE, file.place(*keys))
