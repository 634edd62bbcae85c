"""Totals of accounts and of the whole book."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from cotrader_tui.analytics.selection import select_portfolio
from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.analytics.totals import PnlTotals, account_pnls, book_totals
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import AccountBook, Leg, PortfolioSnapshot
from cotrader_tui.domain.portfolios import ALL_ACCOUNTS, Portfolio, PortfolioSettings
from cotrader_tui.domain.positions import DatedAmount, PositionStatus
from cotrader_tui.domain.rates import ReferenceRate
from tests.builders import (
    NOW,
    TODAY,
    account,
    account_book,
    balances,
    leg,
    option,
    position,
    share,
    snapshot,
)

ONE, TWO = account("A1"), account("A2")
AAPL = share("AAPL")


def of_account(number: str, net_liquidating_value: str | None = "1000") -> AccountBook:
    return replace(account_book(account(number)), balances=balances(net_liquidating_value))


def held(number: str, quantity: str = "10", mark: str | None = "53", close: str | None = "52") -> Leg:
    return leg(position(AAPL, quantity, "50", account=account(number).id, previous_close=close), mark)


def closed_today(number: str, gain: str) -> Leg:
    gone = replace(
        position(option(), "0", account=account(number).id),
        status=PositionStatus.CLOSED,
        closed_at=NOW,
        realized_day_gain=DatedAmount(Decimal(gain), TODAY),
    )
    return leg(gone, "1")


def _first_pnl(book: PortfolioSnapshot, now: datetime = NOW) -> PnlTotals:
    """Of its first account."""
    return account_pnls(book, now)[book.accounts[0].account.id]


def test_an_accounts_pnl_is_its_open_positions_and_what_closed_today() -> None:
    book = snapshot(held("A1"), held("A2", "5"), closed_today=[closed_today("A1", "7.25"), closed_today("A2", "100")])
    totals = _first_pnl(book)
    assert (totals.currency, totals.positions) == ("USD", 1)
    assert totals.open_pnl == PartialSum(Decimal(30), 1, 1)
    assert totals.day_pnl == PartialSum(Decimal("17.25"), 2, 2)


def test_an_account_that_only_closed_something_today_has_that_as_its_day() -> None:
    book = snapshot(closed_today=[closed_today("A1", "-3")])
    totals = _first_pnl(book)
    assert (totals.open_pnl.value, totals.day_pnl.value, totals.positions) == (Decimal(0), Decimal(-3), 0)


def test_the_book_adds_its_accounts() -> None:
    book = snapshot(
        held("A1"),
        held("A2", "-5"),
        accounts=[of_account("A1", "1000.10"), of_account("A2", "500")],
        closed_today=[closed_today("A2", "1")],
    )
    totals = book_totals(book, NOW)
    assert totals.currency == "USD"
    assert totals.net_liquidating_value == PartialSum(Decimal("1500.10"), 2, 2)
    assert totals.buying_power == PartialSum(Decimal("16001.00"), 2, 2)
    assert totals.pnl.open_pnl.value == Decimal(15)
    assert totals.pnl.day_pnl.value == Decimal(6)
    assert totals.greeks is not None
    assert totals.greeks.legs == 2


def test_unknown_parts_are_counted_and_not_taken_for_nothing() -> None:
    book = snapshot(
        held("A1"),
        held("A1", mark=None),
        held("A2", close=None),
        accounts=[of_account("A1"), of_account("A2", None), replace(of_account("A3"), balances=None)],
    )
    totals = book_totals(book, NOW)
    assert totals.net_liquidating_value == PartialSum(Decimal(1000), 1, 3)
    assert totals.pnl.open_pnl == PartialSum(Decimal(60), 2, 3)
    assert totals.pnl.day_pnl == PartialSum(Decimal(10), 1, 3)


def test_accounts_that_do_not_count_leave_every_total() -> None:
    gone = replace(of_account("A2", "99999"), is_included=False)
    book = snapshot(
        held("A1"), held("A2", "1000"), accounts=[of_account("A1"), gone], closed_today=[closed_today("A2", "500")]
    )
    totals = book_totals(book, NOW)
    assert totals.net_liquidating_value == PartialSum(Decimal(1000), 1, 1)
    assert (totals.pnl.positions, totals.pnl.open_pnl.value, totals.pnl.day_pnl.value) == (1, Decimal(30), Decimal(10))
    assert totals.greeks is not None
    assert totals.greeks.legs == 1


def test_accounts_in_different_currencies_have_no_total() -> None:
    euro = replace(of_account("A2"), account=account("A2", base_currency="EUR"))
    totals = book_totals(snapshot(held("A1"), accounts=[of_account("A1"), euro]), NOW)
    assert totals.currency is None
    for unknown in (totals.net_liquidating_value, totals.buying_power, totals.pnl.open_pnl, totals.pnl.day_pnl):
        assert (unknown.value, unknown.is_complete) == (None, False)


def test_a_position_in_another_currency_adds_up_at_the_brokers_rate() -> None:
    sap = leg(position(share("SAP", currency="EUR"), "25", "201.50", account=ONE.id, previous_close="241.10"), "243.10")
    one = of_account("A1")
    assert one.balances is not None
    one = replace(one, balances=replace(one.balances, exchange_rates={"EUR": Decimal("1.17")}))
    totals = _first_pnl(snapshot(sap, accounts=[one]))
    assert (totals.open_pnl, totals.without_rate) == (PartialSum(Decimal("1216.80"), 1, 1), ())
    assert totals.day_pnl.value == Decimal("58.50")


def test_a_position_without_a_rate_is_left_out_and_named() -> None:
    euro = leg(position(share("SAP", currency="EUR"), "1", account=ONE.id), "180")
    book = snapshot(held("A1"), euro)
    totals = _first_pnl(book)
    assert (totals.open_pnl, totals.without_rate, totals.positions) == (PartialSum(Decimal(30), 1, 2), ("EUR",), 2)
    assert book_totals(book, NOW).net_liquidating_value.value == Decimal(10000)


# Several base currencies


def euro_account(number: str, net_liquidating_value: str = "2000", **rates: str) -> AccountBook:
    """An account at the other broker, in euro, whose broker gives these rates."""
    owner = account(number, broker="ibkr", base_currency="EUR")
    given = {name: Decimal(rate) for name, rate in rates.items()}
    worth = replace(balances(net_liquidating_value), currency="EUR", exchange_rates=given)
    return replace(account_book(owner, connection="ibkr"), balances=worth)


def in_euro(number: str, quantity: str = "10") -> Leg:
    owner = account(number, broker="ibkr").id
    return leg(position(share("SAP", currency="EUR", broker="ibkr"), quantity, "200", account=owner), "201")


def test_accounts_of_two_currencies_have_one_total_in_the_first_ones_where_a_rate_is_known() -> None:
    book = snapshot(held("A1"), in_euro("U1"), accounts=[of_account("A1"), euro_account("U1", USD="0.8")])
    totals = book_totals(book, NOW)
    assert totals.currency == "EUR", "ibkr comes before tastytrade"
    assert totals.net_liquidating_value == PartialSum(Decimal(2800), 2, 2)
    assert totals.buying_power == PartialSum(Decimal("8000.50") + Decimal("6400.40"), 2, 2)
    assert totals.pnl.open_pnl == PartialSum(Decimal(10) + Decimal(24), 2, 2)
    assert [rate.words for rate in totals.conversions.rates] == ["1 USD = 0.8 EUR: ibkr's rate of 2026-03-10"]


def test_a_configured_base_currency_goes_before_that_of_the_accounts() -> None:
    accounts = [of_account("A1"), euro_account("U1", USD="0.8")]
    book = replace(snapshot(in_euro("U1"), accounts=accounts), portfolio=Portfolio("All", None, "USD"))
    totals = book_totals(book, NOW)
    assert (totals.currency, totals.net_liquidating_value) == ("USD", PartialSum(Decimal(3500), 2, 2))
    assert totals.pnl.open_pnl.value == Decimal("12.5")


def test_in_a_configured_currency_what_has_no_rate_is_left_out_and_named() -> None:
    yen = leg(position(share("7203", currency="JPY"), "100", "2900", account=ONE.id), "2950")
    accounts = [of_account("A1"), euro_account("U1")]
    book = replace(snapshot(held("A1"), yen, accounts=accounts), portfolio=Portfolio("All", None, "USD"))
    totals = book_totals(book, NOW)
    assert totals.net_liquidating_value == PartialSum(Decimal(1000), 1, 2)
    assert totals.pnl.open_pnl == PartialSum(Decimal(30), 1, 2)
    assert totals.conversions.missing == ("EUR", "JPY")


def test_the_ecbs_rate_adds_up_what_no_broker_converts() -> None:
    euro_rate = ReferenceRate("USD", Decimal("1.25"), TODAY - timedelta(days=4))
    accounts = [of_account("A1"), euro_account("U1", "1000")]
    totals = book_totals(replace(snapshot(accounts=accounts), reference_rates=(euro_rate,)), NOW)
    assert (totals.currency, totals.net_liquidating_value.value) == ("EUR", Decimal(1800))
    assert list(totals.conversions.by_ecb) == [(TODAY - timedelta(days=4), ("USD",))]


def test_an_account_outside_of_the_portfolio_lends_its_rate_and_nothing_else() -> None:
    whole = snapshot(held("A1"), in_euro("U1"), accounts=[of_account("A1"), euro_account("U1", USD="0.8")])
    one = select_portfolio(whole, Portfolio("one", (ONE.id,), "EUR"), PortfolioSettings())
    totals = book_totals(one, NOW)
    assert (totals.currency, totals.net_liquidating_value) == ("EUR", PartialSum(Decimal(800), 1, 1))
    assert (totals.pnl.positions, totals.pnl.open_pnl.value) == (1, Decimal(24))


def test_an_excluded_account_is_in_no_total_and_decides_no_currency() -> None:
    whole = snapshot(held("A1"), in_euro("U1"), accounts=[of_account("A1"), euro_account("U1", USD="0.8")])
    settings = PortfolioSettings(excluded=frozenset({AccountId("ibkr", "U1")}))
    totals = book_totals(select_portfolio(whole, ALL_ACCOUNTS, settings), NOW)
    assert (totals.currency, totals.net_liquidating_value) == ("USD", PartialSum(Decimal(1000), 1, 1))
    assert (totals.pnl.positions, totals.pnl.open_pnl.value) == (1, Decimal(30))


def test_a_book_without_accounts_has_no_totals() -> None:
    totals = book_totals(snapshot(accounts=[]), NOW)
    assert (totals.currency, totals.net_liquidating_value.value, totals.greeks) == (None, None, None)


def test_on_the_next_day_the_day_begins_anew() -> None:
    book = snapshot(held("A1"), closed_today=[closed_today("A1", "7")])
    totals = _first_pnl(book, NOW + timedelta(days=1))
    assert totals.open_pnl.value == Decimal(30)
    assert totals.day_pnl == PartialSum(None, 0, 1)


def test_an_option_cleared_away_after_its_expiration_adds_nothing_to_the_day() -> None:
    expired = replace(option(), expiration=TODAY - timedelta(days=1))
    gone = replace(position(expired, "0"), status=PositionStatus.CLOSED, closed_at=NOW, realized_day_gain=None)
    book = snapshot(held("A1"), closed_today=[leg(replace(gone, account=account("A1").id), "1")])
    assert _first_pnl(book).day_pnl == PartialSum(Decimal(10), 1, 1)
