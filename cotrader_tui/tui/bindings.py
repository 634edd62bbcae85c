"""The actions' keys as Textual wants them."""

from __future__ import annotations

from collections.abc import Collection

from textual.binding import Binding, BindingsMap, BindingType
from textual.dom import DOMNode

from cotrader_tui.tui.actions import ACTIONS, Action, Group
from cotrader_tui.tui.key_names import textual_name
from cotrader_tui.tui.keymap import DEFAULT_KEYMAP, Keymap

_IDS = frozenset(action.id for action in ACTIONS)
_TEXTUALS_PALETTE = "command_palette"


def bindings(groups: Collection[Group] = tuple(Group), keymap: Keymap = DEFAULT_KEYMAP) -> list[BindingType]:
    """The bindings of the actions in `groups`."""
    wanted = [action for action in ACTIONS if action.group in groups]
    return [
        _binding(action, key, keymap.keys[action.id][0], is_at_once=is_at_once)
        for action in wanted
        for key in keymap.keys[action.id]
        for is_at_once in ((False, True) if action.is_typed_after else (False,))
    ]


def rebind(node: DOMNode, keymap: Keymap, groups: Collection[Group] = tuple(Group)) -> None:
    """Give `node`, whose class has the bindings of `groups`, those of a person's keymap.

    Textual's own way (`set_keymap`) can take no key away, and shows an action once for each of its keys.
    """
    if keymap.keys == DEFAULT_KEYMAP.keys:
        return
    own = BindingsMap(bindings(groups, keymap))
    kept = [
        binding
        for key, binding in node._bindings
        if binding.id not in _IDS and key not in own.key_to_bindings and binding.action != _TEXTUALS_PALETTE
    ]
    node._bindings = BindingsMap([*kept, *bindings(groups, keymap)])


def _binding(action: Action, key: str, first: str, *, is_at_once: bool) -> Binding:
    """`is_at_once`: it goes before everything that could take the key, if its action can be done at once."""
    return Binding(
        textual_name(key),
        f"app.at_once('{action.id}')" if is_at_once else f"app.{action.id}",
        action.description,
        show=action.is_shown_in_footer and key == first,
        key_display=key,
        priority=is_at_once,
        id=action.id,
    )
