"""The line below every screen: what can be done here, and by which key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from cotrader_tui.tui.actions import ACTIONS, Action
from cotrader_tui.tui.present.text import cell_width

_BETWEEN = "  "
_ACTIONS = {action.id: action for action in ACTIONS}


@dataclass(frozen=True, slots=True)
class Hint:
    """An action, and the key a person has for it."""

    key: str
    action: Action

    @property
    def words(self) -> str:
        return self.action.short or self.action.description

    @property
    def width(self) -> int:
        return cell_width(f"{self.key} {self.words}")


def fitting_hints(hints: Sequence[Hint], width: int) -> tuple[Hint, ...]:
    """As many as fit into `width` cells, each whole, in their own order: the lowest ranks stay longest."""
    kept = list(hints)
    while kept and sum(hint.width + len(_BETWEEN) for hint in kept) - len(_BETWEEN) > width:
        kept.remove(max(kept, key=lambda hint: hint.action.rank))
    return tuple(kept)


class KeyLine(Static):
    """Shows the actions that can be done now; a click does one."""

    ALLOW_SELECT = False

    def __init__(self, more: Collection[str] = ()) -> None:
        """`more` are actions that are shown beside those that every screen shows."""
        super().__init__(markup=False)
        self._more = frozenset(more)
        self._aside = ""
        self._shown: tuple[Hint, ...] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def on_resize(self, _: events.Resize) -> None:
        self._show()

    def _bindings_updated(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self._show()

    def say_aside(self, words: str) -> None:
        """Say `words` at the right end; they stay longer than any key."""
        if words != self._aside:
            self._aside = words
            self._show()

    async def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        start = 0
        for hint in self._shown:
            if start <= at.x < start + hint.width:
                await self.app.run_action(f"app.{hint.action.id}")
            start += hint.width + len(_BETWEEN)

    def _show(self) -> None:
        width = self.size.width
        if not width:
            return
        hints = self._hints()
        aside = cell_width(self._aside)
        self._shown = fitting_hints(hints, width - (aside + len(_BETWEEN) if aside else 0))
        parts = Content(_BETWEEN).join([_content(hint) for hint in self._shown])
        blank = " " * (width - parts.cell_length - aside)
        self.update(Content.assemble(parts, blank, self._aside) if aside else parts, layout=False)

    def _hints(self) -> list[Hint]:
        """What can be done now; an action with several keys has its first."""
        found: dict[str, Hint] = {}
        for binding in (each.binding for each in self.screen.active_bindings.values()):
            if binding.id in _ACTIONS and (binding.show or binding.id in self._more):
                found.setdefault(binding.id, Hint(binding.key_display or binding.key, _ACTIONS[binding.id]))
        return list(found.values())


def _content(hint: Hint) -> Content:
    key = Content.styled(hint.key, "bold $footer-key-foreground")
    return Content.assemble(key, (f" {hint.words}", "$footer-description-foreground"))
