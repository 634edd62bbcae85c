"""The command palette: every action by its words, and what can be done to each connection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain
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
_SAVE = "save view "
_LONGEST_NAME = 40


class ActionCommands(Provider):
    """All that can be done now; `theme NAME`, `portfolio NAME`, `view NAME` and `save view NAME` may be typed."""

    @property
    def _book_app(self) -> CotraderApp:
        return cast("CotraderApp", self.app)

    def _commands(self) -> Iterator[_Command]:
        for action in ACTIONS:
            if self.app.check_action(action.id, ()):
                keys = ", ".join(self._book_app.keymap.keys[action.id])
                yield action.description, keys, partial(self.app.run_action, f"app.{action.id}")
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

    def _views(self) -> Iterator[_Command]:
        app = self._book_app
        for name in app.views.names:
            yield f"View {visible(name)}", "", partial(app.show_view, name)

    def _deletions(self) -> Iterator[_Command]:
        app = self._book_app
        for name in app.views.names:
            yield f"Delete view {visible(name)}", "", partial(app.delete_view, name)

    async def discover(self) -> Hits:
        for name, keys, command in (*self._commands(), *self._views()):
            yield DiscoveryHit(name, command, help=keys)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        if (name := _named(query, _SAVE)) and self._book_app.can_save_view:
            yield Hit(1.0, f"Save view {visible(name)}", partial(self._book_app.save_view, name))
        found = (self._commands(), self._views(), self._deletions(), self._portfolios(), self._themes())
        for name, keys, command in chain.from_iterable(found):
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), command, help=keys)


def _named(query: str, command: str) -> str:
    """The name typed behind a command's words; empty where it is another command or has no name."""
    is_it = query.casefold().startswith(command)
    return query[len(command) :].strip()[:_LONGEST_NAME] if is_it else ""
