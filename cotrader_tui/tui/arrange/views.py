"""Saved views and how each screen was left, kept as one JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cotrader_tui.domain.text import visible
from cotrader_tui.errors import CotraderError
from cotrader_tui.tui.arrange.arrangement import Arrangement
from cotrader_tui.tui.ports import ViewStore

_VERSION = 1
_MEND = "Mend the file, or remove it to begin anew; until then nothing is saved."


@dataclass(frozen=True, slots=True)
class View:
    """A screen by its id, arranged."""

    screen: str
    arrangement: Arrangement


@dataclass(frozen=True, slots=True)
class _Kept:
    views: Mapping[str, View] = field(default_factory=dict)
    screens: Mapping[str, Arrangement] = field(default_factory=dict)


class Views:
    """What is kept, and the place where; without a store it lasts as long as the program."""

    def __init__(self, store: ViewStore | None) -> None:
        self._store = store
        self._kept = _Kept()
        self._is_broken = False

    def load(self) -> None:
        """Read what is kept.

        Raises:
            CotraderError: it cannot be read or understood; then there is none, and `save` writes nothing.
        """
        if self._store is None:
            return
        self._is_broken = True
        text = self._store.read()
        try:
            self._kept = _read(text) if text else _Kept()
        except ValueError as error:
            reason = visible(str(error))
            raise CotraderError(f"The saved views cannot be read: {reason}.", f"{self._store.place}: {_MEND}") from error
        self._is_broken = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the saved views, in order."""
        return tuple(sorted(self._kept.views, key=str.casefold))

    def get(self, name: str) -> View | None:
        return self._kept.views.get(name)

    def of_screen(self, screen: str) -> Arrangement:
        """How the screen was left, without its filter: that is of the moment."""
        return self._kept.screens.get(screen, Arrangement())

    def keep(self, name: str, view: View) -> None:
        """Keep a view under a name, in the place of one that had it."""
        self._kept = replace(self._kept, views={**self._kept.views, name: view})

    def forget(self, name: str) -> None:
        self._kept = replace(self._kept, views={key: view for key, view in self._kept.views.items() if key != name})

    def leave(self, screen: str, arrangement: Arrangement) -> bool:
        """Remember how a screen was left; returns whether that is new."""
        left = replace(arrangement, filter="")
        if left == self.of_screen(screen):
            return False
        self._kept = replace(self._kept, screens={**self._kept.screens, screen: left})
        return True

    def save(self) -> None:
        """Write what is kept.

        Raises:
            CotraderError: it cannot be written, or what is there could not be read and is not overwritten.
        """
        if self._store is None:
            return
        if self._is_broken:
            raise CotraderError("This is not saved: the saved views could not be read.", f"{self._store.place}: {_MEND}")
        self._store.write(_written(self._kept))


def _written(kept: _Kept) -> str:
    views = {name: {"screen": view.screen, **view.arrangement.as_json()} for name, view in kept.views.items()}
    screens = {screen: each.as_json() for screen, each in kept.screens.items()}
    return json.dumps({"version": _VERSION, "views": views, "screens": screens}, indent=2, ensure_ascii=False) + "\n"


def _read(text: str) -> _Kept:
    """Raises ValueError, in words, where the text is no such thing."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON ({error})") from error
    if not isinstance(found, dict) or found.get("version") != _VERSION:
        raise ValueError(f"it is not of version {_VERSION}")
    views = {name: _view(name, each) for name, each in _object(found, "views").items()}
    screens = {name: _arrangement(name, each) for name, each in _object(found, "screens").items()}
    return _Kept(views, screens)


def _object(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = found.get(key, {})
    if not isinstance(value, dict):
        raise ValueError(f"{key!r} is not an object in braces")
    return value


def _view(name: str, found: object) -> View:
    arrangement = _arrangement(name, found)
    screen = found.get("screen") if isinstance(found, dict) else None
    if not isinstance(screen, str):
        raise ValueError(f"the view {name!r} names no screen")
    return View(screen, arrangement)


def _arrangement(name: str, found: object) -> Arrangement:
    try:
        return Arrangement.from_json(found)
    except ValueError as error:
        raise ValueError(f"in {name!r}: {error}") from error
