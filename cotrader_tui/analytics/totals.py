"""Totals of accounts and of a whole portfolio, in one currency each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cotrader_tui.analytics.currency import NO_CONVERSIONS, Conversions, Rates
from cotrader_tui.analytics.exposure import GreekTotals, greek_totals
from cotrader_tui.analytics.pnl import day_parts, open_pnl
from cotrader_tui.analytics.selection import included
from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import AccountBook, Leg, PortfolioSnapshot


@dataclass(frozen=True, slots=True)
class PnlTotals:
    """Open and day P&L over some positions, in `currency`; what has no rate to it is missing from the sums."""

    currency: str | None
    open_pnl: PartialSum
    day_pnl: PartialSum
    positions: int
    conversions: Conversions = NO_CONVERSIONS
    """The rates they were converted at, and what has none."""

    @property
    def without_rate(self) -> tuple[str, ...]:
        """Currencies held that could not be converted."""
        return self.conversions.missing


@dataclass(frozen=True, slots=True)
class BookTotals:
    """A portfolio as the header shows it.

    `currency` is `None` when its accounts have different base currencies, none is configured and rates lack.
    """

    currency: str | None
    net_liquidating_value: PartialSum
    buying_power: PartialSum
    pnl: PnlTotals
    greeks: GreekTotals | None
    conversions: Conversions = NO_CONVERSIONS
    """The rates of all of it; where there is no `currency`, `missing` are the accounts' base currencies."""


def _pnl(legs: Sequence[Leg], closed: Sequence[Leg], rates: Rates, now: datetime) -> PnlTotals:
    parts = day_parts(legs, closed, exchange_date(now))
    money = ((leg.position.account, leg.position.instrument.currency) for leg in (*legs, *closed))
    return PnlTotals(
        currency=rates.currency,
        open_pnl=PartialSum.over(rates.money(leg, open_pnl(leg)) for leg in legs),
        day_pnl=PartialSum.over(rates.money(leg, amount) for leg, amount in parts),
        positions=len(legs),
        conversions=Conversions.of(rates, money),
    )


def account_pnls(snapshot: PortfolioSnapshot, now: datetime) -> dict[AccountId, PnlTotals]:
    """P&L of each account in its base currency, with what closed today."""
    rates = {each: Rates.of(snapshot, each) for each in {book.account.base_currency for book in snapshot.accounts}}
    legs, closed = _by_account(snapshot.legs), _by_account(snapshot.closed_today)
    return {
        account.id: _pnl(legs[account.id], closed[account.id], rates[account.base_currency], now)
        for account in (book.account for book in snapshot.accounts)
    }


def _by_account(legs: Iterable[Leg]) -> defaultdict[AccountId, list[Leg]]:
    found: defaultdict[AccountId, list[Leg]] = defaultdict(list)
    for leg in legs:
        found[leg.position.account].append(leg)
    return found


def base_currency(snapshot: PortfolioSnapshot) -> str | None:
    """The currency the totals of the snapshot's portfolio are in, or `None` where they cannot be in one.

    The configured one; else the one its accounts that count have in common; else that of the first of them, by broker
    and number, if there is a rate to it from every other's.
    """
    books = sorted((book for book in snapshot.accounts if book.is_included), key=lambda book: book.account.id)
    if not books:
        return None
    if snapshot.portfolio.base_currency is not None:
        return snapshot.portfolio.base_currency
    rates = Rates.of(snapshot, books[0].account.base_currency)
    can_convert = all(rates.can_convert(book.account.id, book.account.base_currency) for book in books)
    return rates.currency if can_convert else None


def _balance(books: Sequence[AccountBook], field: str, rates: Rates) -> PartialSum:
    return PartialSum.over(
        None
        if book.balances is None
        else rates.amount(book.account.id, book.balances.currency, getattr(book.balances, field))
        for book in books
    )


def book_totals(snapshot: PortfolioSnapshot, now: datetime) -> BookTotals:
    """Totals over the accounts of the snapshot's portfolio that count, at `now`, in its base currency."""
    books = [book for book in snapshot.accounts if book.is_included]
    legs = included(snapshot, snapshot.legs)
    currency = base_currency(snapshot)
    if currency is None:
        return _no_totals(books, len(legs))
    rates = Rates.of(snapshot, currency)
    pnl = _pnl(legs, included(snapshot, snapshot.closed_today), rates, now)
    money = ((book.account.id, book.balances.currency) for book in books if book.balances is not None)
    return BookTotals(
        currency=currency,
        net_liquidating_value=_balance(books, "net_liquidating_value", rates),
        buying_power=_balance(books, "buying_power", rates),
        pnl=pnl,
        greeks=greek_totals(legs, now, rates),
        conversions=pnl.conversions + Conversions.of(rates, money),
    )


def day_percent(totals: BookTotals) -> Decimal | None:
    """Day P&L ÷ (net liquidating value − day P&L) × 100; unknown where either misses something."""
    value, day = totals.net_liquidating_value, totals.pnl.day_pnl
    if value.value is None or day.value is None or not (value.is_complete and day.is_complete):
        return None
    before = value.value - day.value
    return day.value / before * 100 if before > 0 else None


def _no_totals(books: Sequence[AccountBook], positions: int) -> BookTotals:
    unknown = PartialSum(None, 0, positions)
    nothing = PartialSum(None, 0, len(books))
    currencies = tuple(sorted({book.account.base_currency for book in books}))
    pnl = PnlTotals(None, unknown, unknown, positions)
    return BookTotals(None, nothing, nothing, pnl, None, Conversions(missing=currencies))
