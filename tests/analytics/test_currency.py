"""Which rate converts what: the broker's, another broker's, what those imply, the European Central Bank's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.analytics.currency import Conversions, Rates
from cotrader_tui.domain.portfolio import Account, AccountBook
from cotrader_tui.domain.rates import ReferenceRate
from tests.builders import NOW, account, balances

IBKR = account("U5550001", broker="ibkr", base_currency="USD")
EURO = account("U5550002", broker="ibkr", base_currency="EUR")
TASTY = account("5WX00001")
BY_ECB = (
    ReferenceRate("JPY", Decimal("175.50"), date(2026, 3, 6)),
    ReferenceRate("USD", Decimal("1.17"), date(2026, 3, 6)),
)


def book(owner: Account, rates: Mapping[str, str] | None = None, days_old: int = 0) -> AccountBook:
    """An account whose broker gave these rates so many days ago."""
    given = {name: Decimal(rate) for name, rate in (rates or {}).items()}
    worth = replace(
        balances(),
        currency=owner.base_currency,
        exchange_rates=given,
        received_at=NOW - timedelta(days=days_old),
    )
    return AccountBook(owner, owner.id.broker, worth, last_synced_at=NOW)


def converted(rates: Rates, of: Account, currency: str, amount: str = "100") -> Decimal | None:
    return rates.amount(of.id, currency, Decimal(amount))


def words(rates: Rates, of: Account, currency: str) -> str | None:
    rate = rates.find(of.id, currency)
    return None if rate is None else rate.words


def test_the_accounts_own_broker_goes_before_all_others() -> None:
    other = account("U5550009", broker="ibkr")
    rates = Rates("USD", [book(other, {"EUR": "1.20"}), book(IBKR, {"EUR": "1.17"})], BY_ECB)
    assert converted(rates, IBKR, "EUR") == Decimal("117.00")
    assert words(rates, IBKR, "EUR") == "1 EUR = 1.17 USD: ibkr's rate of 2026-03-10"


def test_money_at_a_broker_that_gives_no_rates_takes_another_brokers() -> None:
    rates = Rates("EUR", [book(TASTY), book(EURO, {"USD": "0.85"})], BY_ECB)
    assert converted(rates, TASTY, "USD") == Decimal("85.00")
    assert words(rates, TASTY, "USD") == "1 USD = 0.85 EUR: ibkr's rate of 2026-03-10"


def test_a_direct_rate_goes_before_an_inverse_one() -> None:
    only_inverse = Rates("EUR", [book(IBKR, {"EUR": "1.25"})])
    assert converted(only_inverse, IBKR, "USD") == 80
    assert words(only_inverse, IBKR, "USD") == "1 USD = 0.8 EUR: from ibkr's rate of 2026-03-10, 1 EUR = 1.25 USD"
    both = Rates("EUR", [book(IBKR, {"EUR": "1.25"}), book(EURO, {"USD": "0.81"})])
    assert converted(both, IBKR, "USD") == 81


def test_two_rates_of_one_broker_cross() -> None:
    rates = Rates("USD", [book(EURO, {"USD": "0.8", "JPY": "0.006"})])
    assert converted(rates, EURO, "JPY", "1000") == Decimal("7.5")
    assert words(rates, EURO, "JPY") == "1 JPY = 0.0075 USD: from ibkr's rates of 2026-03-10"


def test_without_a_broker_the_ecb_gives_the_rate_with_its_date() -> None:
    rates = Rates("USD", [book(TASTY)], BY_ECB)
    assert converted(rates, TASTY, "EUR") == Decimal("117.00")
    assert words(rates, TASTY, "EUR") == "1 EUR = 1.17 USD: ECB reference rate of 2026-03-06"


def test_the_ecbs_cross_rate_is_exact_where_the_quotient_is() -> None:
    rates = Rates("JPY", [book(TASTY)], BY_ECB)
    assert converted(rates, TASTY, "USD", "117") == Decimal("17550")
    assert words(rates, TASTY, "USD") == "1 USD = 150 JPY: ECB reference rates of 2026-03-06"


def test_the_date_of_a_cross_is_that_of_its_older_half() -> None:
    old = replace(BY_ECB[0], on=date(2026, 1, 2))
    rate = Rates("JPY", [], [old, BY_ECB[1]]).find(TASTY.id, "USD")
    assert rate is not None
    assert rate.on == date(2026, 1, 2)


@pytest.mark.parametrize(("days_old", "expected"), [(4, "85.00"), (5, "100")])
def test_another_accounts_rate_older_than_the_ecbs_is_passed_over(days_old: int, expected: str) -> None:
    by_ecb = [ReferenceRate("USD", Decimal(1), date(2026, 3, 6))]
    rates = Rates("EUR", [book(TASTY), book(EURO, {"USD": "0.85"}, days_old)], by_ecb)
    assert converted(rates, TASTY, "USD") == Decimal(expected)


def test_its_own_accounts_rate_serves_however_old_as_its_figures_are_as_old() -> None:
    rates = Rates("USD", [book(IBKR, {"EUR": "1.10"}, days_old=400)], BY_ECB)
    assert converted(rates, IBKR, "EUR") == Decimal("110.00")


def test_of_several_other_accounts_the_newest_rate_serves() -> None:
    newer = account("U5550003", broker="ibkr", base_currency="EUR")
    rates = Rates("EUR", [book(EURO, {"USD": "0.85"}, 2), book(newer, {"USD": "0.86"}, 1), book(TASTY)])
    assert converted(rates, TASTY, "USD") == Decimal("86.00")


@pytest.mark.parametrize("rate", ["0", "-1.17"])
def test_what_cannot_be_a_rate_is_none(rate: str) -> None:
    assert converted(Rates("USD", [book(IBKR, {"EUR": rate})]), IBKR, "EUR") is None
    assert converted(Rates("EUR", [book(IBKR, {"EUR": rate})]), IBKR, "USD") is None


def test_unknown_stays_unknown_and_the_own_currency_needs_no_rate() -> None:
    rates = Rates("USD", [book(TASTY)])
    assert converted(rates, TASTY, "CHF") is None
    assert not rates.can_convert(TASTY.id, "CHF")
    assert rates.amount(TASTY.id, "USD", None) is None
    assert converted(rates, TASTY, "USD", "12.30") == Decimal("12.30")


def test_conversions_name_what_was_used_and_what_was_missing() -> None:
    rates = Rates("EUR", [book(EURO, {"GBP": "1.15"})], BY_ECB)
    money = [(EURO.id, each) for each in ("EUR", "GBP", "USD", "JPY", "BRL", "BRL")]
    found = Conversions.of(rates, money) + Conversions.of(rates, [(TASTY.id, "AUD")])
    assert [rate.of for rate in found.rates] == ["GBP", "JPY", "USD"]
    assert list(found.by_ecb) == [(date(2026, 3, 6), ("JPY", "USD"))]
    assert found.missing == ("AUD", "BRL")
