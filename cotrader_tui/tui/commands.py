"""The command palette: every action by its words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from cotrader_tui.tui.actions import ACTIONS


class ActionCommands(Provider):
    """All actions that can be done now; `theme NAME` may be typed."""

    def _commands(self) -> Iterator[tuple[str, str, IgnoreReturnCallbackType]]:
        for action in ACTIONS:
            if self.app.check_action(action.id, ()):
                yield action.description, ", ".join(action.keys), partial(self.app.run_action, f"app.{action.id}")

    def _themes(self) -> Iterator[tuple[str, str, IgnoreReturnCallbackType]]:
        for name in sorted(self.app.available_themes):
            yield f"Theme {name}", "", partial(setattr, self.app, "theme", name)

    async def discover(self) -> Hits:
        for name, keys, command in self._commands():
            yield DiscoveryHit(name, command, help=keys)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, keys, command in (*self._commands(), *self._themes()):
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), command, help=keys)
