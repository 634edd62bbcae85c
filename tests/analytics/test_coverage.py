"""Which short options nothing covers: overall, and in each account by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cotrader_tui.analytics.coverage import Coverage, Naked, coverages
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.portfolio import Leg
from tests.builders import (
    ACCOUNT,
    NOW,
    TODAY,
    account_book,
    future,
    instrument,
    leg,
    option,
    position,
    share,
    snapshot,
)

THERE = AccountId("ibkr", "U7654321")
APRIL, MAY, JUNE = date(2026, 4, 17), date(2026, 5, 15), date(2026, 6, 18)


def held(of: Instrument, quantity: str, account: AccountId = ACCOUNT, *, contract: str | None = None) -> Leg:
    """A position; of a futures option with the symbol of its contract."""
    return replace(leg(position(of, quantity, account=account)), underlying_symbol=contract)


def shares(quantity: str, account: AccountId = ACCOUNT) -> Leg:
    return held(share(broker=account.broker), quantity, account)


def call(quantity: str, expiration: date = APRIL, account: AccountId = ACCOUNT, *, strike: str = "250") -> Leg:
    return held(option("AAPL", strike, expiration=expiration, broker=account.broker), quantity, account)


def put(quantity: str, expiration: date = APRIL, account: AccountId = ACCOUNT, *, strike: str = "230") -> Leg:
    return held(option("AAPL", strike, OptionType.PUT, expiration, broker=account.broker), quantity, account)


def of_future(kind: OptionType, quantity: str, contract: str | None, expiration: date = APRIL) -> Leg:
    made = replace(
        instrument(
            f"./{contract} {kind} {expiration}", InstrumentType.FUTURE_OPTION, underlying="/ES", multiplier="50"
        ),
        option_type=kind,
        expiration=expiration,
    )
    return held(made, quantity, contract=contract)


def coverage(*legs: Leg) -> Coverage:
    (found,) = coverages(snapshot(*legs), NOW).values()
    return found


def naked(*legs: Leg) -> tuple[int | None, int | None]:
    """Naked calls and puts overall."""
    overall = coverage(*legs).overall
    return (overall.calls, overall.puts)


# Shares


@pytest.mark.parametrize(("owned", "left"), [("300", 0), ("299", 1), ("100", 2), ("99.9", 3), ("0.5", 3), ("-300", 3)])
def test_every_hundred_shares_cover_a_call(owned: str, left: int) -> None:
    assert naked(shares(owned), call("-3")) == (left, 0)


@pytest.mark.parametrize(("owned", "left"), [("-200", 0), ("-150", 1), ("200", 2)])
def test_every_hundred_short_shares_cover_a_put(owned: str, left: int) -> None:
    assert naked(shares(owned), put("-2")) == (0, left)


def test_shares_are_the_net_of_all_that_is_held() -> None:
    assert naked(shares("300"), shares("-150", THERE), call("-2")) == (1, 0)


def test_shares_cover_once() -> None:
    assert naked(shares("200"), call("-1"), call("-2", MAY)) == (1, 0)


def test_a_call_on_fewer_shares_needs_fewer() -> None:
    mini = held(option("AAPL", "260", multiplier="10"), "-4")
    assert naked(shares("35"), mini) == (1, 0)


def test_cash_and_a_fund_of_the_same_name_cover_nothing() -> None:
    fund = held(instrument("AAPL", InstrumentType.FUND), "500")
    assert naked(fund, call("-1"), put("-1")) == (1, 1)


# Options


@pytest.mark.parametrize(("expiration", "left"), [(MAY, 0), (JUNE, 0), (APRIL, 1)])
def test_a_long_option_covers_what_does_not_expire_after_it(expiration: date, left: int) -> None:
    assert naked(call("1", expiration, strike="300"), call("-1", MAY)) == (left, 0)
    assert naked(put("1", expiration, strike="200"), put("-1", MAY)) == (0, left)


def test_calls_do_not_cover_puts() -> None:
    assert naked(call("5", JUNE), put("-1")) == (0, 1)
    assert naked(put("5", JUNE), call("-1")) == (1, 0)


def test_options_are_matched_so_that_as_many_as_can_be_are_covered() -> None:
    assert naked(call("-1", JUNE), call("-1", APRIL), call("1", MAY), call("1", JUNE, strike="260")) == (0, 0)
    assert naked(call("-1", JUNE), call("-1", MAY), call("1", MAY, strike="240"), shares("100")) == (0, 0)
    assert naked(call("-2", JUNE), call("-1", APRIL), call("1", MAY), shares("100")) == (1, 0)
    assert naked(call("-2", JUNE), call("1", MAY), shares("100")) == (1, 0)


def test_a_ratio_spread_is_naked_by_its_excess() -> None:
    assert naked(call("2", strike="250"), call("-5", strike="260")) == (3, 0)


def test_expired_options_neither_cover_nor_are_naked() -> None:
    gone = TODAY - timedelta(days=1)
    assert naked(call("-3", gone), put("-1")) == (0, 1)
    ended = replace(option("AAPL", "250", expiration=JUNE), expires_at=NOW)
    assert naked(held(ended, "1"), call("-1")) == (1, 0)
    assert not coverage(call("-3", gone)).overall.has_shorts


# What is not known


def adjusted(quantity: str, account: AccountId = ACCOUNT) -> Leg:
    return held(replace(option("AAPL", "255", multiplier="70", expiration=JUNE), is_adjusted=True), quantity, account)


def test_an_adjusted_short_makes_the_number_unknown() -> None:
    assert naked(shares("1000"), adjusted("-1"), put("-2")) == (None, 2)


def test_an_adjusted_long_does_so_only_where_it_would_matter() -> None:
    assert naked(adjusted("1"), call("-1")) == (None, 0)
    assert naked(adjusted("1"), call("-1"), shares("100")) == (0, 0)
    assert naked(adjusted("1"), put("-1")) == (0, 1)


def test_an_option_of_unknown_kind_may_be_either() -> None:
    nameless = replace(option("AAPL", "250", expiration=JUNE), option_type=None)
    assert naked(held(nameless, "-1"), shares("100")) == (None, None)
    assert naked(held(nameless, "1"), call("-1")) == (None, 0)


def test_without_an_expiration_nothing_is_said() -> None:
    timeless = replace(option("AAPL", "250"), expiration=None)
    assert naked(held(timeless, "-1"), shares("100")) == (None, 0)


# Futures


def test_a_futures_option_is_covered_by_its_own_contract_only() -> None:
    sold = of_future(OptionType.CALL, "-2", "/ESM6")
    assert naked(held(future("/ESM6"), "1"), sold) == (1, 0)
    assert naked(held(future("/ESM6"), "2"), sold) == (0, 0)
    assert naked(held(future("/ESU6"), "5"), sold) == (2, 0)
    assert naked(held(future("/ESM6"), "-2"), of_future(OptionType.PUT, "-2", "/ESM6")) == (0, 0)


def test_a_futures_option_covers_those_on_the_same_contract() -> None:
    sold = of_future(OptionType.PUT, "-1", "/ESM6")
    assert naked(sold, of_future(OptionType.PUT, "1", "/ESM6", MAY)) == (0, 0)
    assert naked(sold, of_future(OptionType.PUT, "1", "/ESU6", MAY)) == (0, 1)


def test_a_futures_option_of_an_unknown_contract_makes_the_number_unknown() -> None:
    assert naked(of_future(OptionType.CALL, "-1", None), held(future("/ESM6"), "1")) == (None, 0)
    sold = of_future(OptionType.CALL, "-1", "/ESM6")
    assert naked(sold, of_future(OptionType.CALL, "1", None, MAY)) == (None, 0)
    assert naked(sold, of_future(OptionType.CALL, "1", None, MAY), held(future("/ESM6"), "1")) == (0, 0)


# Accounts


def test_covered_overall_and_naked_in_one_account() -> None:
    found = coverage(shares("200"), call("-2", account=THERE))
    assert found.overall == Naked(0, 0, has_shorts=True)
    assert found.by_account == {ACCOUNT: Naked(0, 0, has_shorts=False), THERE: Naked(2, 0, has_shorts=True)}
    assert found.hidden == (THERE,)
    assert found.naked_accounts == (THERE,)


def test_a_spread_over_two_accounts_is_naked_where_it_was_sold() -> None:
    found = coverage(put("-1"), put("1", MAY, THERE))
    assert (found.overall.is_covered, found.hidden) == (True, (ACCOUNT,))


def test_what_is_naked_overall_too_is_not_hidden() -> None:
    found = coverage(shares("100"), call("-2", account=THERE))
    assert (found.overall.calls, found.hidden, found.naked_accounts) == (1, (), (THERE,))


def test_calls_and_puts_are_hidden_each_for_itself() -> None:
    found = coverage(shares("100"), call("-1", account=THERE), put("-1"))
    assert (found.overall.calls, found.overall.puts, found.hidden) == (0, 1, (THERE,))
    assert found.naked_accounts == (THERE, ACCOUNT)


def test_where_one_account_is_not_known_the_list_is_not() -> None:
    found = coverage(adjusted("-1"), call("-1", account=THERE))
    assert found.naked_accounts is None
    assert not found.overall.is_covered


def test_accounts_that_do_not_count_cover_nothing() -> None:
    books = [account_book(), replace(account_book(), account=replace(account_book().account, id=THERE))]
    books[1] = replace(books[1], is_included=False)
    ((key, found),) = coverages(snapshot(call("-1"), shares("100", THERE), accounts=books), NOW).items()
    assert key == ("AAPL", "USD")
    assert (found.overall.calls, set(found.by_account)) == (1, {ACCOUNT})


def test_currencies_do_not_cover_each_other() -> None:
    found = coverages(snapshot(held(share(currency="EUR"), "100"), call("-1")), NOW)
    assert found["AAPL", "USD"].overall.calls == 1
    assert found["AAPL", "EUR"].overall == Naked(0, 0, has_shorts=False)
