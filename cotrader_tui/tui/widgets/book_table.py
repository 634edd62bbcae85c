"""The table of the four areas."""

from __future__ import annotations

from cotrader_tui.tui.widgets.live_table import LiveTable


class BookTable(LiveTable, inherit_bindings=False):
    """A live table whose keys are the app's, so that the keymap is in one place."""
