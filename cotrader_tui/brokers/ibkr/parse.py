"""From TWS's rows and figures to holdings, prices and balances, in our units and signs. Pure.

TWS's average cost is per contract: multiplier and commission included, for options, futures and their options. Shares
have a multiplier of 1, so that `average cost ÷ multiplier` is the price per unit for everything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from cotrader_tui.brokers.base import QuarantinedRow
from cotrader_tui.brokers.ibkr.contracts import Terms, terms_of_row
from cotrader_tui.brokers.ibkr.numbers import figure, quotient
from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.instruments import Instrument, InstrumentType

_FIRST_TERM, _QUANTITY, _AVERAGE_COST = 3, 14, 15
_POSITION_VALUES = ("GrossPositionValue", "FutureOptionValue", "FuturesPNL", "MaintMarginReq")
"""What is not 0 while something is held. Futures have no value of their own: their gain and margin tell of them."""
_ACCRUED = ("AccruedCash", "AccruedDividend")
"""What counts in the net liquidating value beside cash and positions; not sent where there is none."""
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One row of the list of positions."""

    account: str
    terms: Terms
    quantity: Decimal
    average_cost: Decimal | None
    """Per contract, multiplier and commission included; never negative."""
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PositionsAnswer:
    """The rows of every account of the log-in."""

    rows: Mapping[tuple[str, int], PositionRow]
    """By account and contract id; of several rows about one the last, which is the newest."""
    unreadable: Sequence[tuple[str | None, Terms | None, QuarantinedRow]]
    """With the account and the contract, as far as they could be read. `symbol` stays open: it may need details."""


@dataclass(frozen=True, slots=True)
class Pnl:
    """What TWS reckons for one position, in the account's base currency; `None` is unknown."""

    quantity: Decimal | None
    daily: Decimal | None
    """Since the last reset: `position now × price now − position then × price then + net amount traded`."""
    unrealized: Decimal | None
    realized: Decimal | None
    value: Decimal | None


class PnlMessage(Protocol):
    @property
    def position(self) -> float: ...
    @property
    def dailyPnL(self) -> float: ...  # noqa: N802
    @property
    def unrealizedPnL(self) -> float: ...  # noqa: N802
    @property
    def realizedPnL(self) -> float: ...  # noqa: N802
    @property
    def value(self) -> float: ...


class PortfolioRow(Protocol):
    """In the contract's currency."""

    @property
    def position(self) -> float: ...
    @property
    def marketValue(self) -> float: ...  # noqa: N802


class AccountValueRow(Protocol):
    @property
    def tag(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def currency(self) -> str: ...


def parse_positions(rows: Iterable[Sequence[str]]) -> PositionsAnswer:
    """The fields of position messages, their id included. A row that cannot be read is set aside."""
    found: dict[tuple[str, int], PositionRow] = {}
    unreadable: list[tuple[str | None, Terms | None, QuarantinedRow]] = []
    for fields in rows:
        account = fields[2] if len(fields) > 2 and fields[2] else None
        try:
            terms = terms_of_row(fields[_FIRST_TERM:_QUANTITY])
        except ValueError:
            unreadable.append((account, None, _set_aside(fields, "The row does not say what it is about.")))
            continue
        quantity = figure(fields[_QUANTITY]) if len(fields) > _QUANTITY else None
        if account is None or quantity is None:
            unreadable.append((account, terms, _set_aside(fields, "Its quantity or its account could not be read.")))
            continue
        cost = figure(fields[_AVERAGE_COST]) if len(fields) > _AVERAGE_COST else None
        found[account, terms.con_id] = PositionRow(account, terms, quantity, cost, tuple(fields))
    return PositionsAnswer(found, unreadable)


def average_open_price(row: PositionRow, instrument: Instrument) -> Decimal | None:
    """average cost ÷ multiplier: per unit, with the commission TWS has put into it."""
    return None if row.average_cost is None else quotient(row.average_cost, instrument.multiplier)


def parse_pnl(message: PnlMessage) -> Pnl:
    """The figures of a P&L subscription; NaN is one that has not arrived, the largest double one TWS does not know."""
    return Pnl(
        figure(message.position),
        figure(message.dailyPnL),
        figure(message.unrealizedPnL),
        figure(message.realizedPnL),
        figure(message.value),
    )


def has_arrived(message: PnlMessage) -> bool:
    """Whether the subscription has sent anything yet, be it sentinels: until then every figure is NaN."""
    return any(value == value for value in (message.dailyPnL, message.unrealizedPnL, message.value))


def broker_mark(row: PositionRow, instrument: Instrument, pnl: Pnl | None, rate: Decimal | None) -> Decimal | None:
    """TWS's own mark per unit, in the contract's currency, from what it reckons for the position.

    value ÷ (quantity × multiplier × rate). A future's value is its notional in one place and its gain in another, so
    its mark is what its unrealized P&L says: (average cost × quantity + unrealized ÷ rate) ÷ (quantity × multiplier).
    `rate` is base currency per unit of the contract's.
    """
    if pnl is None or not rate or pnl.quantity != row.quantity:
        return None
    size = row.quantity * instrument.multiplier
    if instrument.type is InstrumentType.FUTURE:
        if pnl.unrealized is None or row.average_cost is None:
            return None
        return quotient(row.average_cost * row.quantity + pnl.unrealized / rate, size)
    return None if pnl.value is None else quotient(pnl.value, size * rate)


def portfolio_mark(row: PositionRow, instrument: Instrument, item: PortfolioRow | None) -> Decimal | None:
    """market value ÷ (quantity × multiplier), in the contract's currency; up to three minutes old.

    Not the item's price: that may be in cents, or in percent of a bond.
    """
    if item is None or figure(item.position) != row.quantity:
        return None
    value = figure(item.marketValue)
    return None if value is None else quotient(value, row.quantity * instrument.multiplier)


def own_figures(
    pnl: Pnl | None, item: PortfolioRow | None, rate: Decimal | None
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """TWS's own market value, open and day P&L of a position, in the contract's currency.

    The value is the portfolio's where there is one: it moves with the account's net liquidating value, every three
    minutes. The rest goes with the account's P&L, every second.
    """
    value = None if item is None else figure(item.marketValue)
    if pnl is None or not rate:
        return value, None, None
    found = (pnl.value if value is None else None, pnl.unrealized, pnl.daily)
    converted, unrealized, daily = (None if each is None else quotient(each, rate) for each in found)
    return converted if value is None else value, unrealized, daily


def day_base(
    row: PositionRow, instrument: Instrument, mark: Decimal | None, pnl: Pnl | None, rate: Decimal | None
) -> Decimal | None:
    """The price from which our day P&L comes to TWS's daily P&L: mark − daily ÷ (quantity × multiplier × rate).

    TWS's figure holds what was traded and realized since its reset too, so this price is a previous close only on a day
    without trades, and nothing realized may be added to it. Source of TWS's formula: IBKR Guides, Profit and Loss.
    """
    if mark is None or pnl is None or not rate or pnl.daily is None or pnl.quantity != row.quantity:
        return None
    gain = quotient(pnl.daily, row.quantity * instrument.multiplier * rate)
    return None if gain is None else mark - gain


@dataclass(frozen=True, slots=True)
class AccountValues:
    """An account's values by (tag, currency), as texts."""

    by_tag: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[AccountValueRow]) -> AccountValues:
        return cls({(row.tag, row.currency): row.value for row in rows})

    @property
    def is_ready(self) -> bool:
        """False while TWS says that it is still loading the account."""
        return self.by_tag.get(("AccountReady", "")) != "false"

    @property
    def base_currency(self) -> str | None:
        """The currency of the net liquidating value; `None` while that has not arrived."""
        return next((currency for tag, currency in self.by_tag if tag == "NetLiquidation" and currency != "BASE"), None)

    @property
    def exchange_rates(self) -> dict[str, Decimal]:
        """Base currency per unit of each currency the account has something in; its base currency is 1."""
        rates = {
            currency: rate
            for (tag, currency), text in self.by_tag.items()
            if tag == "ExchangeRate" and currency != "BASE" and (rate := figure(text)) is not None and rate > 0
        }
        return rates if self.base_currency is None else {**rates, self.base_currency: Decimal(1)}

    def figure(self, tag: str) -> Decimal | None:
        """An amount in the base currency."""
        text = self.by_tag.get((tag, self.base_currency or ""))
        return None if text is None else figure(text)


def parse_balances(values: AccountValues, received_at: datetime) -> Balances | None:
    """The account's money in its base currency; `None` while TWS is still loading it."""
    base = values.base_currency
    if base is None or not values.is_ready:
        return None
    held = (values.figure(tag) for tag in _POSITION_VALUES)
    return Balances(
        currency=base,
        net_liquidating_value=values.figure("NetLiquidation"),
        cash_balance=values.figure("TotalCashValue"),
        buying_power=values.figure("BuyingPower"),
        maintenance_requirement=values.figure("MaintMarginReq"),
        received_at=received_at,
        exchange_rates=values.exchange_rates,
        position_values=tuple(value for value in held if value is not None),
        accrued=sum((values.figure(tag) or _NOTHING for tag in _ACCRUED), _NOTHING),
        has_futures_gain_in_cash=True,
    )


def _set_aside(fields: Sequence[str], reason: str) -> QuarantinedRow:
    return QuarantinedRow(None, reason, json.dumps(list(fields)))
