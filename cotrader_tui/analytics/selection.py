"""Narrowing a book to some of its accounts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot


def select_accounts(snapshot: PortfolioSnapshot, numbers: Collection[str]) -> PortfolioSnapshot:
    """The same book with only the accounts `numbers`; all of it where `numbers` is empty."""
    if not numbers:
        return snapshot
    return replace(
        snapshot,
        accounts=tuple(book for book in snapshot.accounts if book.account.id.number in numbers),
        legs=tuple(leg for leg in snapshot.legs if leg.position.account.number in numbers),
        closed_today=tuple(leg for leg in snapshot.closed_today if leg.position.account.number in numbers),
        runs=tuple(run for run in snapshot.runs if run.account is None or run.account in numbers),
    )


def included(snapshot: PortfolioSnapshot, legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Those of `legs` whose account counts in totals."""
    accounts = {book.account.id for book in snapshot.accounts if book.is_included}
    return tuple(leg for leg in legs if leg.position.account in accounts)
