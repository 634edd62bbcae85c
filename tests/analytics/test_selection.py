"""Portfolios: what there is to choose from, what one leaves of a book, what does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cotrader_tui.analytics.selection import find_portfolio, included, misfits, portfolios_of, select_portfolio
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import AccountBook, Leg
from cotrader_tui.domain.portfolios import ALL_ACCOUNTS, NO_PORTFOLIOS, Portfolio, PortfolioSettings
from tests.builders import account, account_book, leg, option, position, share, snapshot, sync_run

A1, A2 = AccountId("tastytrade", "A1"), AccountId("tastytrade", "A2")
IB = AccountId("ibkr", "A1")
"""The same number as `A1`, at another broker."""


def book_of(owner: AccountId) -> AccountBook:
    return account_book(account(owner.number, broker=owner.broker), connection=owner.broker)


def held(owner: AccountId) -> Leg:
    return leg(position(share(broker=owner.broker), account=owner), "5", connection=owner.broker)


def names(*owners: AccountId, settings: PortfolioSettings = NO_PORTFOLIOS) -> list[str]:
    return [portfolio.name for portfolio in portfolios_of(map(book_of, owners), settings)]


# What there is


def test_one_account_alone_needs_no_portfolio_of_its_own() -> None:
    assert names() == names(A1) == ["All accounts"]


def test_without_settings_there_are_all_accounts_and_each_of_several() -> None:
    assert names(A2, A1) == ["All accounts", "A1", "A2"]


def test_configured_portfolios_stand_between_all_and_the_single_accounts() -> None:
    settings = PortfolioSettings((Portfolio("retirement", (A2,)), Portfolio("A2", (A1,))), excluded=frozenset({IB}))
    assert names(A1, A2, IB, settings=settings) == ["All accounts", "retirement", "A2", "A1", "tastytrade:A2"]


def test_the_same_number_at_two_brokers_is_two_accounts() -> None:
    known = portfolios_of(map(book_of, (A1, IB)), NO_PORTFOLIOS)
    assert [(each.name, each.accounts) for each in known[1:]] == [("ibkr:A1", (IB,)), ("tastytrade:A1", (A1,))]


def test_a_number_asked_for_is_every_brokers_account_of_it() -> None:
    (only,) = portfolios_of(map(book_of, (A1, A2, IB)), NO_PORTFOLIOS, "A1")
    assert (only.accounts, only.title) == ((IB, A1), "Account A1")


@pytest.mark.parametrize(
    ("name", "found"),
    [("Income", "Income"), ("income", "income"), ("INCOME", "Income"), ("all", "All accounts"), ("a2", "A2")],
)
def test_a_portfolio_is_found_by_its_name_in_any_case(name: str, found: str) -> None:
    known = (ALL_ACCOUNTS, Portfolio("Income", (A1,)), Portfolio("income", (A2,)), Portfolio("A2", (A2,)))
    portfolio = find_portfolio(known, name)
    assert portfolio is not None
    assert portfolio.name == found


def test_an_unknown_name_finds_none() -> None:
    assert find_portfolio((ALL_ACCOUNTS,), "growth") is None


# What one leaves


def test_a_portfolio_narrows_everything_but_the_connections_own_rows() -> None:
    runs = [sync_run(1, account="A1"), sync_run(2, account="A2"), sync_run(3, account=None)]
    gone = leg(position(option(), "0", account=A2))
    whole = snapshot(held(A1), held(A2), closed_today=[gone], runs=runs)
    narrow = select_portfolio(whole, Portfolio("two", (A2,)), NO_PORTFOLIOS)
    assert narrow.portfolio.name == "two"
    assert [each.account.id for each in narrow.accounts] == [A2]
    assert [each.account.id for each in narrow.left_out] == [A1]
    assert {each.position.account for each in (*narrow.legs, *narrow.closed_today)} == {A2}
    assert [run.id for run in narrow.runs] == [2, 3]
    assert narrow.connections == whole.connections


def test_a_portfolio_matches_by_broker_and_number() -> None:
    runs = [sync_run(1, account="A1"), replace(sync_run(2, account="A1"), broker="ibkr", connection="ibkr")]
    whole = snapshot(held(A1), held(IB), runs=runs)
    at_ibkr = select_portfolio(whole, Portfolio("one", (IB,)), NO_PORTFOLIOS)
    assert [each.position.account for each in at_ibkr.legs] == [IB]
    assert [each.account.id for each in at_ibkr.accounts] == [IB]
    assert [run.id for run in at_ibkr.runs] == [2]


def test_all_accounts_are_the_whole_book() -> None:
    whole = snapshot(held(A1), held(IB))
    assert select_portfolio(whole, ALL_ACCOUNTS, NO_PORTFOLIOS) == whole


def test_an_excluded_account_keeps_its_line_and_counts_nowhere() -> None:
    whole = snapshot(held(A1), held(A2))
    shown = select_portfolio(whole, ALL_ACCOUNTS, PortfolioSettings(excluded=frozenset({A2})))
    assert [(each.account.id, each.is_included, each.is_excluded) for each in shown.accounts] == [
        (A1, True, False),
        (A2, False, True),
    ]
    assert len(shown.legs) == 2
    assert [each.position.account for each in included(shown, shown.legs)] == [A1]


# What does not fit


def test_what_settings_name_and_no_sync_has_found_is_said() -> None:
    retirement = Portfolio("retirement", (A1, IB, A2))
    settings = PortfolioSettings((retirement,), excluded=frozenset({A2, AccountId("ibkr", "U9")}))
    assert list(misfits(map(book_of, (A1, A2)), settings, [retirement])) == [
        "ibkr:U9 is excluded in the configuration, but no sync has found it.",
        "The portfolio retirement names ibkr:A1, but no sync has found it.",
        "The portfolio retirement names tastytrade:A2, but that is excluded: it is in no total.",
    ]
    assert list(misfits((), settings, [retirement])) == [], "before the first sync nothing can be known"
