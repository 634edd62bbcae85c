"""Every action there is, in one table: it makes the bindings, the footer, the help and the command palette."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType


class Group(StrEnum):
    """Under which heading the help lists an action."""

    SCREENS = "Screens"
    MOVE = "Move"
    ACT = "Act"
    LOOK = "Look"
    PROGRAM = "Program"


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does. `id` names it in a keymap; the app's method is `action_<id>`."""

    id: str
    keys: tuple[str, ...]
    """As a person writes them; the first one is shown."""
    description: str
    group: Group
    is_shown_in_footer: bool = False


ACTIONS = (
    Action("positions", ("1",), "Positions", Group.SCREENS),
    Action("greeks", ("2",), "Greeks per underlying", Group.SCREENS),
    Action("sync_log", ("3",), "Sync log", Group.SCREENS),
    Action("accounts", ("4",), "Accounts", Group.SCREENS),
    Action("statistics", ("5",), "Statistics", Group.SCREENS),
    Action("orders", ("6",), "Orders", Group.SCREENS),
    Action("up", ("k", "up"), "Up", Group.MOVE),
    Action("down", ("j", "down"), "Down", Group.MOVE),
    Action("left", ("h", "left"), "Scroll left", Group.MOVE),
    Action("right", ("l", "right"), "Scroll right", Group.MOVE),
    Action("top", ("g", "home"), "First row", Group.MOVE),
    Action("bottom", ("G", "end"), "Last row", Group.MOVE),
    Action("half_down", ("ctrl+d",), "Half a page down", Group.MOVE),
    Action("half_up", ("ctrl+u",), "Half a page up", Group.MOVE),
    Action("page_down", ("pagedown",), "A page down", Group.MOVE),
    Action("page_up", ("pageup",), "A page up", Group.MOVE),
    Action("detail", ("enter",), "Detail", Group.MOVE, is_shown_in_footer=True),
    Action("back", ("esc",), "Back", Group.MOVE),
    Action("sync", ("r",), "Sync now", Group.ACT, is_shown_in_footer=True),
    Action("demo", ("d",), "Open the demo", Group.ACT, is_shown_in_footer=True),
    Action("next_portfolio", ("a",), "Next portfolio", Group.LOOK, is_shown_in_footer=True),
    Action("previous_portfolio", ("A",), "Previous portfolio", Group.LOOK),
    Action("privacy", ("p",), "Privacy", Group.LOOK, is_shown_in_footer=True),
    Action("split", ("s",), "Split by account", Group.LOOK, is_shown_in_footer=True),
    Action("marks", ("m",), "Mark changes on or off", Group.LOOK),
    Action("theme", ("t",), "Theme", Group.LOOK),
    Action("redraw", ("ctrl+l",), "Draw the screen anew", Group.LOOK),
    Action("help", ("?",), "Help", Group.PROGRAM, is_shown_in_footer=True),
    Action("palette", (":", "ctrl+p"), "All actions", Group.PROGRAM),
    Action("quit_or_back", ("q",), "Back or quit", Group.PROGRAM, is_shown_in_footer=True),
)

_TEXTUAL_KEYS = {"esc": "escape"}


def _binding(action: Action, key: str) -> Binding:
    return Binding(
        _TEXTUAL_KEYS.get(key, key),
        f"app.{action.id}",
        action.description,
        show=action.is_shown_in_footer and key == action.keys[0],
        key_display=key,
        id=action.id,
    )


def bindings(groups: Collection[Group] = tuple(Group)) -> list[BindingType]:
    """The bindings of the actions in `groups`."""
    return [_binding(action, key) for action in ACTIONS if action.group in groups for key in action.keys]
