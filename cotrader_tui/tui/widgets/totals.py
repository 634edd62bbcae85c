"""The line below a table that adds its columns up."""

from __future__ import annotations

from cotrader_tui.tui.widgets.lines import Lines


class Totals(Lines):
    """The totals of a table."""
