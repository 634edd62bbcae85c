"""Screen 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from cotrader_tui.analytics.exposure import exposures
from cotrader_tui.analytics.totals import book_totals
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.present import greeks
from cotrader_tui.tui.present.states import BookState
from cotrader_tui.tui.present.text import Piece, Row
from cotrader_tui.tui.screens.tables import TableScreen, empty_or


class GreeksScreen(TableScreen):
    """Exposure per underlying."""

    area = "greeks"
    columns = greeks.COLUMNS
    noun = ("underlying", "underlyings")

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        return greeks.rows(exposures(snapshot, now), now, self.figures)

    def totals(self, snapshot: PortfolioSnapshot, now: datetime) -> Mapping[str, Piece]:
        return greeks.totals(book_totals(snapshot, now), self.figures)

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        return empty_or(super().state(snapshot, now), snapshot, now)
