"""Totals of accounts and of the whole book."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from cotrader_tui.analytics.selection import select_accounts
from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.analytics.totals import account_pnl, book_totals
from cotrader_tui.domain.portfolio import AccountBook, Leg
from cotrader_tui.domain.positions import DatedAmount, PositionStatus
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
    sync_run,
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


def test_an_accounts_pnl_is_its_open_positions_and_what_closed_today() -> None:
    book = snapshot(held("A1"), held("A2", "5"), closed_today=[closed_today("A1", "7.25"), closed_today("A2", "100")])
    totals = account_pnl(book, book.accounts[0], NOW)
    assert (totals.currency, totals.positions) == ("USD", 1)
    assert totals.open_pnl == PartialSum(Decimal(30), 1, 1)
    assert totals.day_pnl == PartialSum(Decimal("17.25"), 2, 2)


def test_an_account_that_only_closed_something_today_has_that_as_its_day() -> None:
    book = snapshot(closed_today=[closed_today("A1", "-3")])
    totals = account_pnl(book, book.accounts[0], NOW)
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
    totals = account_pnl(snapshot(sap, accounts=[one]), one, NOW)
    assert (totals.open_pnl, totals.without_rate) == (PartialSum(Decimal("1216.80"), 1, 1), ())
    assert totals.day_pnl.value == Decimal("58.50")


def test_a_position_without_a_rate_is_left_out_and_named() -> None:
    euro = leg(position(share("SAP", currency="EUR"), "1", account=ONE.id), "180")
    book = snapshot(held("A1"), euro)
    totals = account_pnl(book, book.accounts[0], NOW)
    assert (totals.open_pnl, totals.without_rate, totals.positions) == (PartialSum(Decimal(30), 1, 2), ("EUR",), 2)
    assert book_totals(book, NOW).net_liquidating_value.value == Decimal(10000)


def test_a_book_without_accounts_has_no_totals() -> None:
    totals = book_totals(snapshot(accounts=[]), NOW)
    assert (totals.currency, totals.net_liquidating_value.value, totals.greeks) == (None, None, None)


def test_on_the_next_day_the_day_begins_anew() -> None:
    book = snapshot(held("A1"), closed_today=[closed_today("A1", "7")])
    totals = account_pnl(book, book.accounts[0], NOW + timedelta(days=1))
    assert totals.open_pnl.value == Decimal(30)
    assert totals.day_pnl == PartialSum(None, 0, 1)


def test_selecting_accounts_narrows_everything_but_the_connections_own_rows() -> None:
    book = snapshot(
        held("A1"),
        held("A2"),
        closed_today=[closed_today("A2", "1")],
        runs=[sync_run(1, account="A1"), sync_run(2, account="A2"), sync_run(3, account=None)],
    )
    narrow = select_accounts(book, ["A2"])
    assert [each.account.id.number for each in narrow.accounts] == ["A2"]
    assert {each.position.account.number for each in (*narrow.legs, *narrow.closed_today)} == {"A2"}
    assert [run.id for run in narrow.runs] == [2, 3]
    assert select_accounts(book, []) is book


def test_an_option_cleared_away_after_its_expiration_adds_nothing_to_the_day() -> None:
    expired = replace(option(), expiration=TODAY - timedelta(days=1))
    gone = replace(position(expired, "0"), status=PositionStatus.CLOSED, closed_at=NOW, realized_day_gain=None)
    book = snapshot(held("A1"), closed_today=[leg(replace(gone, account=account("A1").id), "1")])
    assert account_pnl(book, book.accounts[0], NOW).day_pnl == PartialSum(Decimal(10), 1, 1)
