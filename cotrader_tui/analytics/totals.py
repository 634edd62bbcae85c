"""Totals of accounts and of the whole book, in base currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cotrader_tui.analytics.exposure import GreekTotals, greek_totals
from cotrader_tui.analytics.pnl import day_total, open_pnl
from cotrader_tui.analytics.selection import included
from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import AccountBook, Leg, PortfolioSnapshot

_UNKNOWN = PartialSum(None, 0, 1)


@dataclass(frozen=True, slots=True)
class PnlTotals:
    """Open and day P&L over some positions, in `currency`; unknown as a whole where a conversion rate is missing."""

    currency: str | None
    open_pnl: PartialSum
    day_pnl: PartialSum
    positions: int


@dataclass(frozen=True, slots=True)
class BookTotals:
    """The whole book as the header shows it. `currency` is `None` when accounts have different base currencies."""

    currency: str | None
    net_liquidating_value: PartialSum
    buying_power: PartialSum
    pnl: PnlTotals
    greeks: GreekTotals | None


def _pnl(legs: tuple[Leg, ...], closed: tuple[Leg, ...], currency: str | None, now: datetime) -> PnlTotals:
    today = exchange_date(now)
    if currency is None or any(leg.position.instrument.currency != currency for leg in (*legs, *closed)):
        return PnlTotals(currency, _UNKNOWN, _UNKNOWN, len(legs))
    return PnlTotals(
        currency=currency,
        open_pnl=PartialSum.over(open_pnl(leg) for leg in legs),
        day_pnl=day_total(legs, closed, today),
        positions=len(legs),
    )


def account_pnl(snapshot: PortfolioSnapshot, book: AccountBook, now: datetime) -> PnlTotals:
    """P&L of one account in its base currency, with what closed today."""
    account = book.account.id
    legs = tuple(leg for leg in snapshot.legs if leg.position.account == account)
    closed = tuple(leg for leg in snapshot.closed_today if leg.position.account == account)
    return _pnl(legs, closed, book.account.base_currency, now)


def _balance(books: Iterable[AccountBook], field: str) -> PartialSum:
    return PartialSum.over(None if book.balances is None else getattr(book.balances, field) for book in books)


def book_totals(snapshot: PortfolioSnapshot, now: datetime) -> BookTotals:
    """Totals over the accounts that count, at `now`."""
    books = [book for book in snapshot.accounts if book.is_included]
    currencies = {book.account.base_currency for book in books}
    currency = currencies.pop() if len(currencies) == 1 else None
    legs = included(snapshot, snapshot.legs)
    known = currency is not None
    return BookTotals(
        currency=currency,
        net_liquidating_value=_balance(books, "net_liquidating_value") if known else _UNKNOWN,
        buying_power=_balance(books, "buying_power") if known else _UNKNOWN,
        pnl=_pnl(legs, included(snapshot, snapshot.closed_today), currency, now),
        greeks=greek_totals(legs, now),
    )
