"""The app's part in what lies behind a figure: its explanation, and its course over time."""

from __future__ import annotations

from cotrader_tui.tui.low_bandwidth import LowBandwidthApp
from cotrader_tui.tui.screens.base import BookScreen

EXPLAINING = frozenset({"explain", "charts"})


class ExplainingApp(LowBandwidthApp):
    """Opens the explanation and the charts of what the screen that can be seen is about.

    Their screens are imported when they are asked for: the first paint need not wait for them.
    """

    def can_explain(self, action: str) -> bool:
        """Whether one of these actions can be done now."""
        screen = self.screen
        if not isinstance(screen, BookScreen):
            return False
        return action in ("charts", screen.opened_by) or screen.explained() is not None

    async def action_explain(self) -> None:
        """Open it, or close it again."""
        from cotrader_tui.tui.screens.explain import ExplainScreen

        screen = self.screen
        if not isinstance(screen, BookScreen):
            return
        if screen.opened_by == "explain":
            await self.pop_screen()
        elif (subject := screen.explained()) is not None:
            await self.push_screen(ExplainScreen(subject))

    async def action_charts(self) -> None:
        """Open them, or close them again."""
        from cotrader_tui.tui.screens.charts import ChartsScreen

        screen = self.screen
        if not isinstance(screen, BookScreen):
            return
        if screen.opened_by == "charts":
            await self.pop_screen()
        else:
            await self.push_screen(ChartsScreen(screen.charted()))
