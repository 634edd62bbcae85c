"""The command palette: every action by its words, and what can be done to each connection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from cotrader_tui.domain.sync import ConnectionStatus
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.actions import ACTIONS

if TYPE_CHECKING:
    from cotrader_tui.tui.app import CotraderApp

_Command = tuple[str, str, IgnoreReturnCallbackType]
"""Its words, its keys, and what it does."""


class ActionCommands(Provider):
    """All that can be done now; `theme NAME` and `portfolio NAME` may be typed."""

    @property
    def _book_app(self) -> CotraderApp:
        return cast("CotraderApp", self.app)

    def _commands(self) -> Iterator[_Command]:
        for action in ACTIONS:
            if self.app.check_action(action.id, ()):
                yield action.description, ", ".join(action.keys), partial(self.app.run_action, f"app.{action.id}")
        yield from self._syncs()
        yield from self._connections()

    def _syncs(self) -> Iterator[_Command]:
        app = self._book_app
        if app.snapshot is not None and app.check_action("sync", ()):
            for each in app.snapshot.connections:
                if each.sync_enabled and each.status is not ConnectionStatus.REVOKED:
                    yield f"Sync {visible(each.name)}", "", partial(app.sync, each.name)

    def _connections(self) -> Iterator[_Command]:
        app, programs = self._book_app, self._book_app.options.programs
        if programs is not None:
            for broker in programs.fields:
                yield f"Connect {broker}", "", partial(app.connect, broker)
            for name in programs.kept():
                yield f"Disconnect {visible(name)}", "", partial(app.disconnect, name)

    def _themes(self) -> Iterator[_Command]:
        for name in sorted(self.app.available_themes):
            yield f"Theme {name}", "", partial(setattr, self.app, "theme", name)

    def _portfolios(self) -> Iterator[_Command]:
        app = self._book_app
        for portfolio in app.portfolios.known:
            yield f"Portfolio {visible(portfolio.name)}", "", partial(app.show_portfolio, portfolio.name)

    async def discover(self) -> Hits:
        for name, keys, command in self._commands():
            yield DiscoveryHit(name, command, help=keys)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, keys, command in (*self._commands(), *self._portfolios(), *self._themes()):
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), command, help=keys)
