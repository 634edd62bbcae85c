"""Totals of accounts and of the whole book, in base currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cotrader_tui.analytics.currency import Rates
from cotrader_tui.analytics.exposure import GreekTotals, greek_totals
from cotrader_tui.analytics.pnl import day_parts, open_pnl
from cotrader_tui.analytics.selection import included
from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import AccountBook, Leg, PortfolioSnapshot


@dataclass(frozen=True, slots=True)
class PnlTotals:
    """Open and day P&L over some positions, in `currency`; what has no rate to it is missing from the sums."""

    currency: str | None
    open_pnl: PartialSum
    day_pnl: PartialSum
    positions: int
    without_rate: tuple[str, ...] = ()
    """Currencies held that could not be converted."""


@dataclass(frozen=True, slots=True)
class BookTotals:
    """The whole book as the header shows it. `currency` is `None` when accounts have different base currencies."""

    currency: str | None
    net_liquidating_value: PartialSum
    buying_power: PartialSum
    pnl: PnlTotals
    greeks: GreekTotals | None


def _pnl(legs: Sequence[Leg], closed: Sequence[Leg], rates: Rates, now: datetime) -> PnlTotals:
    parts = day_parts(legs, closed, exchange_date(now))
    without = {leg.position.instrument.currency for leg in (*legs, *closed) if rates.rate(leg) is None}
    return PnlTotals(
        currency=rates.currency,
        open_pnl=PartialSum.over(rates.money(leg, open_pnl(leg)) for leg in legs),
        day_pnl=PartialSum.over(rates.money(leg, amount) for leg, amount in parts),
        positions=len(legs),
        without_rate=tuple(sorted(without)),
    )


def account_pnl(snapshot: PortfolioSnapshot, book: AccountBook, now: datetime) -> PnlTotals:
    """P&L of one account in its base currency, with what closed today."""
    account = book.account.id
    legs = tuple(leg for leg in snapshot.legs if leg.position.account == account)
    closed = tuple(leg for leg in snapshot.closed_today if leg.position.account == account)
    return _pnl(legs, closed, Rates.of(snapshot, book.account.base_currency), now)


def _balance(books: Iterable[AccountBook], field: str) -> PartialSum:
    return PartialSum.over(None if book.balances is None else getattr(book.balances, field) for book in books)


def book_totals(snapshot: PortfolioSnapshot, now: datetime) -> BookTotals:
    """Totals over the accounts that count, at `now`."""
    books = [book for book in snapshot.accounts if book.is_included]
    currencies = {book.account.base_currency for book in books}
    currency = currencies.pop() if len(currencies) == 1 else None
    legs = included(snapshot, snapshot.legs)
    if currency is None:
        unknown = PartialSum(None, 0, len(legs))
        nothing = PartialSum(None, 0, len(books))
        return BookTotals(None, nothing, nothing, PnlTotals(None, unknown, unknown, len(legs)), None)
    rates = Rates.of(snapshot, currency)
    return BookTotals(
        currency=currency,
        net_liquidating_value=_balance(books, "net_liquidating_value"),
        buying_power=_balance(books, "buying_power"),
        pnl=_pnl(legs, included(snapshot, snapshot.closed_today), rates, now),
        greeks=greek_totals(legs, now, rates),
    )
