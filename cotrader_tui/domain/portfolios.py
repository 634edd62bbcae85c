"""Portfolios: named sets of accounts that are looked at together."""

from __future__ import annotations

from dataclasses import dataclass

from cotrader_tui.domain.identifiers import AccountId


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A named set of accounts, and the currency its totals are wanted in."""

    name: str
    accounts: tuple[AccountId, ...] | None = None
    """`None`: every account there is."""
    base_currency: str | None = None
    """`None`: not told, so that of its accounts."""
    is_single: bool = False
    """It stands for one account and is named by its number."""

    @property
    def title(self) -> str:
        """What a header calls it."""
        return f"Account {self.name}" if self.is_single else self.name

    def holds(self, account: AccountId) -> bool:
        return self.accounts is None or account in self.accounts


ALL_ACCOUNTS = Portfolio("All accounts")


@dataclass(frozen=True, slots=True)
class PortfolioSettings:
    """What its owner has settled about the portfolios."""

    named: tuple[Portfolio, ...] = ()
    base_currency: str | None = None
    """Of all accounts together."""
    excluded: frozenset[AccountId] = frozenset()
    """Accounts that are synced and listed, and count nowhere."""


NO_PORTFOLIOS = PortfolioSettings()
