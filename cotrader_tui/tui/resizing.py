"""The app's part in being resized: a drag of a window's edge is drawn once, when it has come to rest."""

from __future__ import annotations

from textual import events
from textual.timer import Timer

from cotrader_tui.tui.releasing import ReleasingApp

_AT_REST = 0.15
"""Seconds without another change of size after which the screens are laid out anew."""


class ResizingApp(ReleasingApp):
    """Hands its screens the first size at once, and of several in a row only the last."""

    _is_sized = False
    _newest: events.Resize | None = None
    """What the screens are still to be told."""
    _told: events.Resize | None = None
    _until_rest: Timer | None = None

    @property
    def is_settling(self) -> bool:
        """Whether a change of size is still to be drawn."""
        return self._newest is not None

    def on_resize(self, event: events.Resize) -> None:
        if event is self._told:
            self._newest = None if self._newest is self._told else self._newest
            return
        if not self._is_sized:
            self._is_sized = True
            return
        event.prevent_default()  # Textual's is to lay out the screens
        self._newest = event
        if self._until_rest is not None:
            self._until_rest.stop()
        self._until_rest = self.set_timer(_AT_REST, self._tell_screens)

    def _tell_screens(self) -> None:
        if (newest := self._newest) is not None:
            sizes = (newest.size, newest.virtual_size, newest.container_size, newest.pixel_size)
            self._newest = self._told = events.Resize(*sizes)
            self.post_message(self._told)
