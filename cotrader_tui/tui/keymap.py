"""Which keys each action has: its own, or those a person wants. Checked in words, and never fatal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cotrader_tui.domain.spelling import meant
from cotrader_tui.tui.actions import ACTIONS, Action
from cotrader_tui.tui.key_names import canonical, likely, warning

DEFAULT_KEYS: Mapping[str, tuple[str, ...]] = {action.id: action.keys for action in ACTIONS}
_ACTIONS: Mapping[str, Action] = {action.id: action for action in ACTIONS}


class Wish(Protocol):
    """The keys somebody wants for an action instead of its own; no keys: none."""

    @property
    def action(self) -> str: ...

    @property
    def keys(self) -> Sequence[str]: ...

    @property
    def place(self) -> str:
        """Where it is written, for messages."""
        ...


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys of every action, and what is wrong with the wishes, a sentence each."""

    keys: Mapping[str, tuple[str, ...]]
    problems: tuple[str, ...] = ()

    def action_of(self, key: str) -> Action | None:
        """The action a key has, by its one name."""
        return next((_ACTIONS[action] for action, keys in self.keys.items() if key in keys), None)

    def way_to(self, action: str) -> str:
        """What to press for an action: its first key; without one its name in the palette, as `: Sync now`."""
        return next(iter(self.keys[action]), f": {_ACTIONS[action].description}")


DEFAULT_KEYMAP = Keymap(DEFAULT_KEYS)


def keymap(wishes: Iterable[Wish]) -> Keymap:
    """The keymap with `wishes`: one that cannot be is left out, and a key somebody wants goes before a default."""
    wishes, problems = tuple(wishes), list[str]()
    chosen: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    for wish in wishes:
        if wish.action not in _ACTIONS:
            hint = meant(wish.action, _ACTIONS) or "`cotrader keys --list` names them."
            problems.append(f"{wish.place}: there is no action {wish.action}. {hint}")
            continue
        found = tuple(dict.fromkeys(_free_keys(wish, owners, problems)))
        owners |= dict.fromkeys(found, wish.action)
        if found or not wish.keys:
            chosen[wish.action] = found
    places = {wish.action: wish.place for wish in wishes}
    keys = {
        action.id: chosen[action.id] if action.id in chosen else _left(action, owners, places, problems)
        for action in ACTIONS
    }
    return Keymap(keys, tuple(problems))


def _free_keys(wish: Wish, owners: Mapping[str, str], problems: list[str]) -> Iterator[str]:
    """The keys of a wish that exist and that no wish before it has."""
    for written in wish.keys:
        key = canonical(written)
        if key is None:
            better = likely(written)
            hint = f" Did you mean {better}?" if better else ""
            problems.append(f"{wish.place}: keys.{wish.action}: there is no key '{written}'.{hint}")
            continue
        if key in owners:
            problems.append(
                f"{wish.place}: keys.{wish.action}: {key} is wanted for {owners[key]} already, which has it."
            )
            continue
        if words := warning(key):
            problems.append(f"{wish.place}: keys.{wish.action}: {key} {words}. `cotrader keys` shows what yours sends.")
        yield key


def _left(action: Action, owners: Mapping[str, str], places: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    """What is left of an action's own keys."""
    kept = tuple(key for key in action.keys if key not in owners)
    for key in action.keys:
        if key in owners:
            rest = f"It still has {', '.join(kept)}." if kept else "It has none now: the palette has it."
            problems.append(
                f"{places[owners[key]]}: {key}, wanted for {owners[key]}, was the key of {action.id} "
                f'({action.description}). {rest} Give it another, or "" to be asked no more.'
            )
    return kept
