"""Screen 6."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.present import orders
from cotrader_tui.tui.present.states import BookState
from cotrader_tui.tui.present.text import Row
from cotrader_tui.tui.screens.tables import TableScreen


class OrdersScreen(TableScreen):
    """The orders that work, then those that ended today."""

    area = "orders"
    columns = orders.COLUMNS
    noun = ("order · READ-ONLY", "orders · READ-ONLY")

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        return orders.rows(snapshot, now, self.figures)

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        state = super().state(snapshot, now)
        return orders.no_orders(snapshot) if state is None and snapshot is not None and not snapshot.orders else state
