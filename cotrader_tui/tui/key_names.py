"""What keys are called in a keymap, and which of them do not reach a program in every terminal."""

from __future__ import annotations

import re

from cotrader_tui.domain.spelling import nearest

_ALIASES = {
    "escape": "esc",
    "return": "enter",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "page_up": "pageup",
    "page_down": "pagedown",
    "del": "delete",
    "ins": "insert",
    " ": "space",
    "comma": ",",
    "plus": "+",
}
_ARROWS = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete")
_NAMED = frozenset({*_ARROWS, "enter", "esc", "tab", "space", "backspace", *(f"f{number}" for number in range(1, 25))})
_MODIFIERS = ("alt", "ctrl", "shift", "super", "hyper", "meta")
_TEXTUAL = {"esc": "escape", ",": "comma", "space": "space"}

_SAME_AS = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+j": "enter", "ctrl+h": "backspace"}
_EATEN = {
    "ctrl+a": "screen's own key",
    "ctrl+b": "tmux's own key",
    "ctrl+q": "flow control, and quits at once",
    "ctrl+s": "flow control",
    "ctrl+z": "suspends a program",
    "ctrl+c": "interrupts a program",
    "f1": "many terminals' own help",
    "f11": "many terminals' full screen",
}


def canonical(key: str) -> str | None:
    """The one name of a key, such as `ctrl+k`, `G`, `?`, `esc`; `None` where there is no such key."""
    if len(key) == 1:
        return _ALIASES.get(key, key) if key.isprintable() else None
    *modifiers, base = re.split(r"\+(?=.)", key.strip())
    modifiers = sorted({modifier.lower() for modifier in modifiers})
    base = base if len(base) == 1 else _ALIASES.get(base.lower(), base.lower())
    if not set(modifiers) <= set(_MODIFIERS) or not (base in _NAMED or (len(base) == 1 and base.isprintable())):
        return None
    if len(base) == 1 and modifiers == ["shift"]:
        return base.upper()
    if len(base) == 1 and modifiers:
        base = base.lower()
    return "+".join([*modifiers, base])


def likely(key: str) -> str | None:
    """What somebody may have meant by a key that does not exist."""
    *modifiers, base = key.lower().split("+")
    found = nearest(base, (*_NAMED, *_ALIASES))
    return None if found is None else canonical("+".join([*modifiers, found]))


def warning(key: str) -> str:
    """Why the key, in its one name, may not reach the program, as the end of a sentence; empty where it will."""
    if key in _SAME_AS:
        return f"is {_SAME_AS[key]} in most terminals"
    if key in _EATEN:
        return f"may not arrive: it is {_EATEN[key]}" if key.startswith("f") else f"may not arrive ({_EATEN[key]})"
    *modifiers, base = key.split("+") if len(key) > 1 else [key]
    if {"alt", "super", "hyper", "meta"} & set(modifiers):
        return "does not arrive in every terminal"
    if modifiers and base in _NAMED and base not in _ARROWS and key != "shift+tab":
        return "is sent by few terminals"
    if "ctrl" in modifiers and len(base) == 1 and not ("a" <= base <= "z"):
        return "is sent by few terminals"
    if "shift" in modifiers and len(base) == 1:
        return "is sent by few terminals"
    return ""


def textual_name(key: str) -> str:
    """What Textual calls the key in its bindings."""
    *modifiers, base = key.split("+") if len(key) > 1 else [key]
    return "+".join([*modifiers, _TEXTUAL.get(base, base)])
