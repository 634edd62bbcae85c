"""Every key of the configuration file: its section, its kind, and what to say of those that are not known."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache

from cotrader_tui.config.connection_keys import CONNECTION_KEYS
from cotrader_tui.config.toml_file import TomlFile
from cotrader_tui.config.values import SETTINGS, Setting
from cotrader_tui.domain.spelling import meant
from cotrader_tui.errors import ConfigError

KEYS = "keys"
"""The section of the keymap."""
_PLAIN = ("base_currency", "exclude_accounts")
FREE = ("portfolio", KEYS)
"""Sections with keys of their own, which their readers check."""


@cache
def _sections() -> Mapping[str, tuple[str, ...]]:
    """The keys of each section; those before the first section under the empty name."""
    known: dict[str, list[str]] = {"": [*_PLAIN]}
    for setting in SETTINGS:
        if setting.key:
            section, _, key = setting.key.rpartition(".")
            known.setdefault(section, [] if not section else [*CONNECTION_KEYS]).append(key)
    return {section: tuple(keys) for section, keys in known.items()}


def sections() -> tuple[str, ...]:
    """The names of all sections."""
    return (*(name for name in _sections() if name), *FREE)


def unknown_keys(file: TomlFile) -> Iterator[str]:
    """A sentence for each key that means nothing, with its place and what may have been meant."""
    top = (*_sections()[""], *sections())
    for key, value in file.data.items():
        if key not in top:
            yield _unknown(file, (key,), top)
        elif key in _sections() and isinstance(value, Mapping):
            inner = _sections()[key]
            yield from (_unknown(file, (key, each), inner) for each in value if each not in inner)


def _unknown(file: TomlFile, keys: tuple[str, ...], known: tuple[str, ...]) -> str:
    elsewhere = [section for section, inner in _sections().items() if len(keys) == 1 and keys[0] in inner]
    belongs = f"It belongs into the section [{elsewhere[0]}]. " if elsewhere else ""
    if len(keys) > 1 and keys[-1] in (*_sections()[""], *sections()):
        belongs = "It belongs before the first section, or is one of its own. "
    words = belongs or meant(keys[-1], known) or f"Known are: {', '.join(sorted(known))}. "
    return f"{file.place(*keys)}: there is no setting {'.'.join(keys)}. {words}It is not used."


def refuse_wrong_kinds(file: TomlFile) -> None:
    """Look at the kind of each value; whether it makes sense is for who uses it.

    Raises:
        ConfigError: a value is of a kind that its setting does not take; the words name the key and its place.
    """
    for section in _sections():
        if section and section in file.data and not isinstance(file.data[section], Mapping):
            raise ConfigError(
                f"{section} is no section in {file.place(section)}.", f"Write [{section}] and its keys below it."
            )
    for setting in SETTINGS:
        keys = tuple(setting.key.split(".")) if setting.key else ()
        value = file.find(*keys) if keys else None
        if value is not None and not _fits(value, setting):
            raise ConfigError(
                f"{setting.key} is {_kind(value)} in {file.place(*keys)}.", f"Set it to {_wanted(setting)}."
            )
    for section in _sections():
        for key in CONNECTION_KEYS if section else ():
            if isinstance(value := file.find(section, key), list | Mapping):
                raise ConfigError(
                    f"{section}.{key} is {_kind(value)} in {file.place(section, key)}.",
                    "Set it to a number of seconds." if key == "sync_interval" else "Set it to true or false.",
                )


def example_of(setting: Setting) -> object:
    """The example of a setting as a value."""
    return tomllib.loads(f"it = {setting.example}")["it"]


def _fits(value: object, setting: Setting) -> bool:
    example = example_of(setting)
    if isinstance(value, list):
        return isinstance(example, list) and all(isinstance(each, str | int) for each in value)
    if isinstance(value, bool):
        return isinstance(example, bool) or (example == "" and not setting.is_secret)
    return isinstance(value, str | int) or (isinstance(value, float) and isinstance(example, int))


def _wanted(setting: Setting) -> str:
    example = example_of(setting)
    if isinstance(example, list):
        return f"a list such as {setting.example}"
    if isinstance(example, bool):
        return "true or false"
    kind = "a number" if isinstance(example, int) else "a text"
    return f"{kind} such as {setting.example}" if example else f"{kind} in quotes"


def _kind(value: object) -> str:
    names = {bool: "true or false", list: "a list", dict: "a section", int: "a number", float: "a number"}
    return names.get(type(value), "a date or time")
