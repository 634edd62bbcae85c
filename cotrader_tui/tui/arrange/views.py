"""Saved views and how each screen was left, kept as one JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
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


Change = Callable[[_Kept], _Kept]


class Views:
    """What is kept, and the place where; without a store it lasts as long as the program."""

    def __init__(self, store: ViewStore | None) -> None:
        self._store = store
        self._kept = _Kept()
        self._pending: list[Change] = []
        self._lock = Lock()

    def load(self) -> None:
        """Read what is kept.

        Raises:
            CotraderError: it cannot be read or understood; then there is none, and `save` overwrites nothing.
        """
        if self._store is not None:
            self._kept = self._stored(self._store)

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
        """Keep a view under a name, in the place of one that had it. As all changes, written by `save`."""
        self._change(lambda kept: replace(kept, views={**kept.views, name: view}))

    def forget(self, name: str) -> None:
        """Keep the view of that name no longer."""
        self._change(lambda kept: replace(kept, views={key: each for key, each in kept.views.items() if key != name}))

    def leave(self, screen: str, arrangement: Arrangement) -> bool:
        """Remember how a screen was left; returns whether that is new."""
        left = replace(arrangement, filter="")
        if left == self.of_screen(screen):
            return False
        self._change(lambda kept: replace(kept, screens={**kept.screens, screen: left}))
        return True

    def _change(self, change: Change) -> None:
        self._kept = change(self._kept)
        with self._lock:
            self._pending.append(change)

    def save(self) -> None:
        """Write the changes since the last time into what is stored: other programs change it too. For a thread.

        Raises:
            CotraderError: it cannot be written, or what is there cannot be read and is not overwritten.
        """
        with self._lock:
            pending, self._pending = self._pending, []
            if self._store is None or not pending:
                return
            kept = self._stored(self._store)
            for change in pending:
                kept = change(kept)
            self._store.write(_written(kept))

    @staticmethod
    def _stored(store: ViewStore) -> _Kept:
        text = store.read()
        try:
            return _read(text) if text else _Kept()
        except ValueError as error:
            reason = visible(str(error))
            raise CotraderError(f"The saved views cannot be read: {reason}.", f"{store.place}: {_MEND}") from error


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
