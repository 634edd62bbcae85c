"""Screen 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.present import accounts
from cotrader_tui.tui.present.rates import account_totals, rate_lines
from cotrader_tui.tui.present.text import Line, Piece, Row
from cotrader_tui.tui.screens.tables import TableScreen


class AccountsScreen(TableScreen):
    """What each account is worth."""

    area = "accounts"
    columns = accounts.COLUMNS
    noun = ("account", "accounts")

    def totals(self, snapshot: PortfolioSnapshot, now: datetime) -> Mapping[str, Piece] | None:
        return account_totals(snapshot, now, self.figures)

    def notes(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Line]:
        return rate_lines(snapshot, now)

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        return accounts.rows(snapshot, now, self.figures)
