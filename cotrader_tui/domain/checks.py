"""Our figures of an account against its broker's own, as a sync left them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.changes import Reconciliation, StoredAccount
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.market import Quote
from cotrader_tui.domain.positions import Holding


class Figure(StrEnum):
    """What is compared. All but the number of positions is money in the currency of the account's balances."""

    NET_LIQUIDATING_VALUE = "net_liquidating_value"
    OPEN_PNL = "open_pnl"
    DAY_PNL = "day_pnl"
    POSITIONS = "positions"


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of one account: ours, the broker's, and how far apart they may be. `None` is unknown."""

    figure: Figure
    ours: Decimal | None
    brokers: Decimal | None
    tolerance: Decimal
    position_symbol: str | None = None
    """Of the position a disagreement comes from, `None` where it is no single one. Where ours is unknown: of the first
    position that something is missing of."""
    position_difference: Decimal | None = None
    """What that position adds to the difference."""

    @property
    def difference(self) -> Decimal | None:
        """Ours − the broker's."""
        return None if self.ours is None or self.brokers is None else self.ours - self.brokers

    @property
    def agrees(self) -> bool | None:
        """Whether the difference is within the tolerance; `None` where one of the two is unknown."""
        return None if self.difference is None else abs(self.difference) <= self.tolerance


@dataclass(frozen=True, slots=True)
class AccountChecks:
    """The last reconciliation of an account."""

    at: datetime
    checks: tuple[Check, ...]

    @property
    def agrees(self) -> bool | None:
        """False if any figure disagrees; `None` where none could be compared."""
        known = [check.agrees for check in self.checks if check.agrees is not None]
        return all(known) if known else None

    def of(self, figure: Figure) -> Check | None:
        return next((check for check in self.checks if check.figure is figure), None)


@dataclass(frozen=True, slots=True)
class LandedAccount:
    """One account before and after a sync, and all that its broker said of it."""

    account: AccountId
    stored: StoredAccount
    changes: Reconciliation
    holdings: tuple[Holding, ...]
    quotes: tuple[Quote, ...]
    balances: Balances
    unread: tuple[str | None, ...]
    """The symbols of rows that could not be read; `None` where not even that could be."""
    now: datetime


Checker = Callable[[LandedAccount], tuple[Check, ...]]
"""Compares an account's figures with its broker's."""
