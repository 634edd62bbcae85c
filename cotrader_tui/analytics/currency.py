"""Money of different currencies in one: only by a rate somebody gave, never by a guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cotrader_tui.analytics.sums import product
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of a leg's currency is worth in `currency`, by the rates of its own account's broker."""

    currency: str
    by_account: Mapping[AccountId, Mapping[str, Decimal]]

    @classmethod
    def of(cls, snapshot: PortfolioSnapshot, currency: str) -> Rates:
        """The rates of the accounts whose base currency is `currency`."""
        return cls(
            currency,
            {
                book.account.id: book.balances.exchange_rates
                for book in snapshot.accounts
                if book.balances is not None and book.account.base_currency == currency
            },
        )

    def rate(self, leg: Leg) -> Decimal | None:
        """1 for its own currency; `None` where the broker gave no rate."""
        own = leg.position.instrument.currency
        return _ONE if own == self.currency else self.by_account.get(leg.position.account, {}).get(own)

    def money(self, leg: Leg, amount: Decimal | None) -> Decimal | None:
        """`amount` of the leg's currency, converted."""
        rate = self.rate(leg)
        return None if amount is None or rate is None else product(amount, rate)

    def greek(self, leg: Leg, amount: float | None) -> float | None:
        """A Greek that is money (theta, vega, dollar delta), converted."""
        rate = self.rate(leg)
        return None if amount is None or rate is None else amount * float(rate)
