"""The list of accounts and an account's money."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cotrader_tui.brokers.tastytrade.parse import UnreadableError, parse_accounts, parse_balances
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Account
from tests.standin.payloads import EMPTY_BOOK_VALUES, MISSING, account_entry, balances_payload, changed

NOW = datetime(2026, 11, 18, 20, 46, tzinfo=UTC)


def test_open_accounts_are_listed_once() -> None:
    entries = [
        account_entry("5WX41127", "Trading"),
        account_entry("5WX41128", "Old", is_closed=True),
        account_entry("5WX41127", "Trading"),
        account_entry("5WX88203", nickname=None),
    ]
    answer = parse_accounts({"data": {"items": entries}})
    assert answer.accounts == (
        Account(AccountId("tastytrade", "5WX41127"), "Trading", "USD"),
        Account(AccountId("tastytrade", "5WX88203"), "Individual", "USD"),
    )
    assert answer.unreadable == 0


def test_entry_without_a_number_is_counted() -> None:
    answer = parse_accounts({"data": {"items": [account_entry("5WX41127"), {"authority-level": "owner"}, 7]}})
    assert ([each.id.number for each in answer.accounts], answer.unreadable) == (["5WX41127"], 2)


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": {"items": [{"account": {}}]}}])
def test_list_without_any_account_number_is_unreadable(body: dict[str, object]) -> None:
    with pytest.raises(UnreadableError):
        parse_accounts(body)


def test_money_is_read_exactly_and_cash_keeps_its_own_sign() -> None:
    balances = parse_balances({"data": balances_payload("104250.755", "-3120.50")}, NOW)
    assert balances.net_liquidating_value == Decimal("104250.755")
    assert balances.cash_balance == Decimal("-3120.50")
    assert balances.buying_power == Decimal("40125.5")
    assert balances.maintenance_requirement == Decimal("21880.25")
    assert (balances.currency, balances.received_at) == ("USD", NOW)
    assert balances.value_positions


def test_position_values_of_an_empty_account_are_all_zero() -> None:
    balances = parse_balances({"data": balances_payload("500", "500", **EMPTY_BOOK_VALUES)}, NOW)
    assert balances.position_values
    assert not balances.value_positions


def test_missing_figure_is_unknown() -> None:
    balances = parse_balances({"data": balances_payload("500", "500", derivative_buying_power=MISSING)}, NOW)
    assert balances.buying_power is None
    assert balances.net_liquidating_value == 500


@pytest.mark.parametrize("field", ["net_liquidating_value", "cash_balance", "long_equity_value"])
def test_unreadable_figure_makes_the_balances_unreadable(field: str) -> None:
    data = changed(balances_payload("500", "500"), **{field: "NaN"})
    with pytest.raises(UnreadableError, match=field.replace("_", "-")):
        parse_balances({"data": data}, NOW)


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": None}, {"data": []}])
def test_balances_without_data_are_unreadable(body: dict[str, object]) -> None:
    with pytest.raises(UnreadableError):
        parse_balances(body, NOW)
