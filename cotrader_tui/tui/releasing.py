"""The app's part in closing a screen: it is let go of."""

from __future__ import annotations

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.widget import Widget

from cotrader_tui.store.garbage import find_garbage

_TOGETHER = 16
"""Closed screens that are looked for at once: they are cycles, which are searched for seldom otherwise."""


class ReleasingApp(App[str]):
    """Stays as small as it was, however many screens have been opened and closed."""

    _screens_closed = 0

    def pop_screen(self) -> AwaitComplete:
        """As Textual's, which holds on to the caches of the last thousand widgets that are gone: 50 MB unless they are
        empty. They are keys of `StylesCache.get_inner_outer`.
        """
        gone = self.screen
        popped = super().pop_screen()
        for each in gone.walk_children(Widget, with_self=True):
            each.refresh()
        self._screens_closed += 1
        if self._screens_closed % _TOGETHER == 0:
            self.call_later(find_garbage)
        return popped
