"""Screen 4."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.present import accounts
from cotrader_tui.tui.present.text import Row
from cotrader_tui.tui.screens.tables import TableScreen


class AccountsScreen(TableScreen):
    """What each account is worth."""

    area = "accounts"
    columns = accounts.COLUMNS
    noun = ("account", "accounts")

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        return accounts.rows(snapshot, now, self.figures)
