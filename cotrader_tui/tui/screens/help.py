"""The help overlay: every key, and what the signs mean."""

from __future__ import annotations

from textwrap import wrap

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from cotrader_tui.tui.actions import ACTIONS, Group
from cotrader_tui.tui.bindings import bindings, rebind
from cotrader_tui.tui.keymap import Keymap

_SIGNS = (
    ("–", "unknown; never 0"),
    ("(38/40), *", "a sum that misses some of its parts"),
    ("·01", "the end of the account's number"),
    ("####", "a figure there is no room for"),
    ("≈", "an adjusted option: its Greeks are approximate"),
    ("3.1m, 3m", "a model's Greeks; of how many legs of a sum"),
    ("!", "the broker's row cannot be read at present: figures as of before"),
    ("9m!, halt", "its market is open and the mark old; it is halted"),
    ("≡, ≠", "agrees with the broker's own figure, or does not"),
    ("naked 2C 1P", "short calls and puts that neither shares nor long options cover"),
    ("naked at, (1P)", "covered only by what another account holds: s shows which has what"),
    ("LIVE, STALE, CACHED", "figures landed in time, too long ago, on another day"),
    ("DELAYED", "market data without a subscription"),
    ("PAUSED", "its positions are switched off: figures as of before"),
    ("OFFLINE, LOGIN, ERROR", "no answer, credentials refused, another failure: see the sync log"),
    ("•••••", "an amount hidden by privacy"),
    ("Day %", "day P&L ÷ (net liquidating value - day P&L)"),
    ("%", "open P&L ÷ |net cost|"),
)
_MEANING = 48
"""Cells for what a sign means: what is left in a terminal of 80."""


_GROUPS = frozenset({Group.MOVE, Group.PROGRAM})
"""What can be done here."""


class HelpScreen(ModalScreen[None]):
    """Scrolls; closes with the keys that go back."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS = bindings(_GROUPS)

    def __init__(self, keymap: Keymap) -> None:
        super().__init__()
        self._keymap = keymap
        rebind(self, keymap, _GROUPS)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as box:
            box.border_title = Content(" Help ")
            if back := self._keymap.keys["back"]:
                box.border_subtitle = Content(f" {back[0]} closes ")
            yield Static(help_text(self._keymap), markup=False)


def help_text(keymap: Keymap) -> Content:
    parts: list[Content] = []
    for group in Group:
        parts.append(Content.styled(group.value, "bold $accent"))
        for action in ACTIONS:
            if action.group is group:
                parts.append(Content(f"  {', '.join(keymap.keys[action.id]):<22}  {action.description}"))
        parts.append(Content(""))
    parts.append(Content.styled("Signs", "bold $accent"))
    for sign, meaning in _SIGNS:
        first, *more = wrap(meaning, _MEANING)
        parts.append(Content(f"  {sign:<22}  {first}"))
        parts += [Content(f"{'':<26}{line}") for line in more]
    return Content("\n").join(parts)
