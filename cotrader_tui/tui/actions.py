"""Every action there is, in one table: it makes the bindings, the footer, the help, the palette and the keymap.

This is read without Textual, too: `cotrader config` lists the actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """Under which heading the help lists an action."""

    SCREENS = "Screens"
    MOVE = "Move"
    ACT = "Act"
    ARRANGE = "Arrange"
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
    is_typed_after: bool = False
    """The next keys are its text: it is done before they are looked at, however fast they come."""
    short: str = ""
    """What the footer says, where that is shorter than the description."""
    rank: int = 50
    """Of what does not fit into the footer, the highest leaves first."""


ACTIONS = (
    Action("positions", ("1",), "Positions", Group.SCREENS),
    Action("greeks", ("2",), "Greeks per underlying", Group.SCREENS),
    Action("sync_log", ("3",), "Sync log", Group.SCREENS),
    Action("accounts", ("4",), "Accounts", Group.SCREENS),
    Action("statistics", ("5",), "Statistics", Group.SCREENS),
    Action("orders", ("6",), "Orders", Group.SCREENS),
    Action("up", ("k", "up"), "Up", Group.MOVE),
    Action("down", ("j", "down"), "Down", Group.MOVE),
    Action("left", ("h", "left"), "A column to the left", Group.MOVE),
    Action("right", ("l", "right"), "A column to the right", Group.MOVE),
    Action("top", ("g", "home"), "First row", Group.MOVE),
    Action("bottom", ("G", "end"), "Last row", Group.MOVE),
    Action("half_down", ("ctrl+d",), "Half a page down", Group.MOVE),
    Action("half_up", ("ctrl+u",), "Half a page up", Group.MOVE),
    Action("page_down", ("pagedown",), "A page down", Group.MOVE),
    Action("page_up", ("pageup",), "A page up", Group.MOVE),
    Action("detail", ("enter",), "Detail", Group.MOVE, is_shown_in_footer=True, rank=2),
    Action("explain", ("E",), "Explain the figures", Group.MOVE, short="Explain", rank=4),
    Action("charts", ("C",), "Charts over time", Group.MOVE, short="Charts", rank=5),
    Action("back", ("esc",), "Back", Group.MOVE),
    Action("sync", ("r",), "Sync now", Group.ACT, is_shown_in_footer=True, short="Sync", rank=4),
    Action("sync_in_full", ("R",), "Sync everything again in full", Group.ACT),
    Action("demo", ("d",), "Open the demo", Group.ACT, is_shown_in_footer=True, short="Demo", rank=0),
    Action("copy_row", ("y",), "Copy the row", Group.ACT),
    Action("copy_cell", ("x",), "Copy the cell", Group.ACT),
    Action("copy_table", ("Y",), "Copy the table", Group.ACT),
    Action("export", ("e",), "Export the table", Group.ACT),
    Action("screenshot", ("S",), "Save a picture of the screen", Group.ACT),
    Action("filter", ("/",), "Filter", Group.ARRANGE, is_shown_in_footer=True, rank=3, is_typed_after=True),
    Action("next_portfolio", ("a",), "Next portfolio", Group.LOOK, is_shown_in_footer=True, short="Portfolio", rank=9),
    Action("previous_portfolio", ("A",), "Previous portfolio", Group.LOOK),
    Action("privacy", ("p",), "Privacy", Group.LOOK, is_shown_in_footer=True, rank=8),
    Action("since", ("w",), "Since you left", Group.LOOK),
    Action("messages", ("!",), "Messages of this session", Group.LOOK),
    Action("split", ("s",), "Split by account", Group.LOOK, is_shown_in_footer=True, short="Split", rank=10),
    Action("marks", ("m",), "Mark changes on or off", Group.LOOK),
    Action("theme", ("t",), "Theme", Group.LOOK),
    Action("low_bandwidth", ("B",), "Low-bandwidth mode on or off", Group.LOOK),
    Action("line_rate", ("b",), "Show what is sent, in kB/s, or not", Group.LOOK),
    Action("redraw", ("ctrl+l",), "Draw the screen anew", Group.LOOK),
    Action("help", ("?",), "Help", Group.PROGRAM, is_shown_in_footer=True, rank=0),
    Action("palette", (":", "ctrl+p"), "All actions", Group.PROGRAM),
    Action("quit_or_back", ("q",), "Back or quit", Group.PROGRAM, is_shown_in_footer=True, rank=1),
    Action("group", ("v",), "Group", Group.ARRANGE, is_shown_in_footer=True, rank=5),
    Action("fold", ("z",), "Fold or unfold the group", Group.ARRANGE),
    Action("sort", ("o",), "Sort by the column", Group.ARRANGE, is_shown_in_footer=True, short="Sort", rank=6),
    Action("reverse", ("O",), "Sort the other way round", Group.ARRANGE),
    Action("columns", ("c",), "Columns", Group.ARRANGE, is_shown_in_footer=True, rank=7),
    Action("all_columns", ("W",), "All columns side by side, or those that fit", Group.ARRANGE),
)
