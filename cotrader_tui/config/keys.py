"""The section [keys] of the configuration file: the keys a person wants for actions of the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cotrader_tui.config.schema import KEYS
from cotrader_tui.config.toml_file import TomlFile


@dataclass(frozen=True, slots=True)
class KeyWish:
    """The keys an action is to have instead of its own, as the person wrote them; none: it has no key."""

    action: str
    keys: tuple[str, ...]
    place: str
    """Where it is written, for messages."""


def key_wishes(file: TomlFile) -> tuple[tuple[KeyWish, ...], tuple[str, ...]]:
    """The wishes in their order, and a sentence for each that is of the wrong kind and not used."""
    section = file.find(KEYS)
    if section is None:
        return (), ()
    if not isinstance(section, Mapping):
        return (), (f'{file.place(KEYS)}: keys is no section. Write [keys] and below it sync = "r".',)
    wishes, wrong = [], []
    for action, value in section.items():
        keys = value if isinstance(value, list) else [value]
        place = file.place(KEYS, action)
        if all(isinstance(key, str) for key in keys):
            wishes.append(KeyWish(action, tuple(key for key in keys if key), place))
        else:
            wrong.append(f'{place}: keys.{action} is no key. Write it in quotes, such as "r", or ["r", "f5"].')
    return tuple(wishes), tuple(wrong)
