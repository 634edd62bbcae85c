"""Screen 1."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cotrader_tui.analytics.totals import book_totals
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.present import positions
from cotrader_tui.tui.present.states import BookState
from cotrader_tui.tui.present.text import Piece, Rows
from cotrader_tui.tui.screens.position_detail import PositionDetail
from cotrader_tui.tui.screens.tables import TableScreen, empty_or


class PositionsScreen(TableScreen):
    """Every open position."""

    area = "positions"
    columns = positions.COLUMNS
    noun = ("position", "positions")
    has_details = True

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Rows:
        return positions.PositionRows(snapshot, now, self.figures)

    def totals(self, snapshot: PortfolioSnapshot, now: datetime) -> Mapping[str, Piece]:
        return positions.totals(book_totals(snapshot, now), self.figures)

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        return empty_or(super().state(snapshot, now), snapshot, now)

    def open_row(self, key: str) -> None:
        self.app.push_screen(PositionDetail(int(key)))
