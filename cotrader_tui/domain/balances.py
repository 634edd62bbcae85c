"""What a broker says an account is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Balances:
    """An account's money in `currency`, signed as owned (+) or owed (−)."""

    currency: str
    net_liquidating_value: Decimal | None
    cash_balance: Decimal | None
    buying_power: Decimal | None
    maintenance_requirement: Decimal | None
    received_at: datetime
    position_values: tuple[Decimal, ...] = ()
    """The broker's own values of what is held, by class; empty where it gives none."""
    exchange_rates: Mapping[str, Decimal] = field(default_factory=dict)
    """The broker's rates: `currency` per unit of each other currency it names."""
    open_pnl: Decimal | None = None
    """The broker's own open P&L of the account."""
    day_pnl: Decimal | None = None
    """The broker's own day P&L of the account."""
    position_count: int | None = None
    """How many open positions the broker lists, those included that could not be read."""
    accrued: Decimal = Decimal(0)
    """Interest and dividends that count in the net liquidating value before they are paid. Not stored."""
    has_futures_gain_in_cash: bool = False
    """Whether what futures gained since they were last settled surely is in `cash_balance`. Not stored."""

    @property
    def value_positions(self) -> bool:
        """Whether the broker still values something as held.

        Its position values are not all 0 or, lacking those, net liquidating value and cash differ by more than 0.01.
        Unknown counts as yes: it must not help to believe in an empty book.
        """
        if self.position_values:
            return any(value != 0 for value in self.position_values)
        if self.net_liquidating_value is None or self.cash_balance is None:
            return True
        return abs(self.net_liquidating_value - self.cash_balance) > _CENT
