"""Exposure per underlying: what moves together, and what is missing said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.analytics.currency import Rates
from cotrader_tui.analytics.exposure import UnderlyingExposure, account_exposures, exposures, greek_totals
from cotrader_tui.analytics.sums import PartialSum, sum_known
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.positions import DatedAmount, PositionStatus
from tests.builders import (
    NOW,
    TODAY,
    account,
    account_book,
    balances,
    future,
    greeks,
    instrument,
    leg,
    option,
    position,
    share,
    snapshot,
)

AAPL = share("AAPL")
DOLLARS = Rates("USD")
CALL = option("AAPL", "250")
PUT = option("AAPL", "240", OptionType.PUT)


def only(*legs: Leg) -> UnderlyingExposure:
    (row,) = exposures(snapshot(*legs), NOW)
    return row


def future_option(contract: str, product: str = "/ES", *, delta: float = 0.5) -> tuple[Instrument, Leg]:
    """An option on one contract, one held, without a price of its own."""
    above = future(contract, product)
    held = replace(
        instrument(f".{contract} P5000", InstrumentType.FUTURE_OPTION, underlying=product, multiplier="50"),
        underlying_id=above.id,
        expiration=date(2026, 9, 18),
    )
    return above, leg(position(held), "10", greeks=greeks(held, delta=delta))


def test_a_covered_call_adds_up() -> None:
    row = only(
        leg(position(AAPL, "100", "200", previous_close="249"), "251"),
        leg(
            position(CALL, "-1", "7", previous_close="6"),
            "5",
            greeks=greeks(CALL, 0.4, 0.02, -0.1, 0.3),
            underlying_price="251",
        ),
    )
    assert (row.underlying, row.currency, row.price) == ("AAPL", "USD", Decimal(251))
    assert (row.legs, row.legs_with_greeks) == (2, 2)
    assert (row.delta, row.gamma, row.theta, row.vega) == pytest.approx((60.0, -2.0, 10.0, -30.0))
    assert row.delta_dollars == pytest.approx(60 * 251)
    assert row.market_value == PartialSum(Decimal(24600), 2, 2)
    assert row.open_pnl == PartialSum(Decimal(5300), 2, 2)
    assert row.day_pnl == PartialSum(Decimal(300), 2, 2)
    assert row.oldest_greeks_as_of == NOW - timedelta(minutes=1)


def test_what_is_missing_is_said_and_not_counted_as_nothing() -> None:
    row = only(
        leg(position(CALL, "1"), "5", greeks=greeks(CALL, delta=0.4), underlying_price="251"),
        leg(position(PUT, "1"), None),
    )
    assert (row.legs, row.legs_with_greeks) == (2, 1)
    assert row.delta == 40.0
    assert row.market_value == PartialSum(Decimal(500), 1, 2)
    assert not row.market_value.is_complete


def test_where_nothing_is_known_the_sum_is_unknown() -> None:
    row = only(leg(position(CALL, "1")))
    assert (row.legs, row.legs_with_greeks) == (1, 0)
    assert (row.delta, row.gamma, row.theta, row.vega, row.delta_dollars, row.price) == (None,) * 6
    assert row.day_pnl == PartialSum(None, 0, 1)


def test_a_leg_with_half_its_greeks_is_not_one_with_greeks() -> None:
    row = only(leg(position(CALL), "5", greeks=greeks(CALL, vega=None)))
    assert (row.legs_with_greeks, row.delta, row.vega) == (0, 50.0, None)


def test_delta_dollars_are_unknown_if_one_price_is_missing() -> None:
    row = only(
        leg(position(CALL), "5", greeks=greeks(CALL), underlying_price="251"),
        leg(position(PUT), "5", greeks=greeks(PUT)),
    )
    assert (row.legs_with_greeks, row.delta, row.delta_dollars) == (2, 100.0, None)


def test_expired_options_leave_the_greeks_and_stay_in_the_money() -> None:
    old = option("AAPL", "250", expiration=TODAY - timedelta(days=1))
    ended = replace(CALL, expires_at=NOW)
    row = only(
        leg(position(AAPL, "10"), "251"),
        leg(position(old), "1", greeks=greeks(old), underlying_price="251"),
        leg(position(ended), "1", greeks=greeks(ended), underlying_price="251"),
    )
    assert (row.legs, row.delta) == (1, 10.0)
    assert row.market_value.of == 3


def test_an_option_counts_until_its_instant_or_to_the_end_of_its_date() -> None:
    on_its_day = option("AAPL", "250", expiration=TODAY)
    until = replace(CALL, expires_at=NOW + timedelta(seconds=1))
    assert only(leg(position(on_its_day), greeks=greeks(on_its_day))).legs == 1
    assert only(leg(position(until), greeks=greeks(until))).legs == 1


def test_a_bond_is_no_leg_but_has_a_value() -> None:
    row = only(leg(position(instrument("US91", InstrumentType.BOND), "5", "90"), "99"))
    assert (row.legs, row.delta, row.market_value.value) == (0, None, Decimal(495))


def test_the_weekly_series_of_an_index_stands_under_the_index() -> None:
    index = instrument("SPX", InstrumentType.INDEX)
    monthly = replace(option("SPX", "6000"), underlying_id=index.id)
    weekly = replace(option("SPXW", "6100"), underlying="SPX", underlying_id=index.id)
    row = only(
        leg(position(monthly), "50", greeks=greeks(monthly), underlying_price="6050.25"),
        leg(position(weekly), "40", greeks=greeks(weekly), underlying_price="6050.25"),
    )
    assert (row.underlying, row.legs, row.price) == ("SPX", 2, Decimal("6050.25"))


# Futures


def test_futures_and_their_options_stand_under_the_product_each_with_its_own_price() -> None:
    june, september = future("/ESM6"), future("/ESU6")
    _, on_september = future_option("/ESU6")
    on_september = replace(on_september, underlying_quote=leg(position(september), "6100").quote)
    row = only(leg(position(june, "1"), "6000"), on_september)
    assert (row.underlying, row.price, row.legs) == ("/ES", Decimal(6000), 2)
    assert row.delta == pytest.approx(75.0)
    assert row.delta_dollars == pytest.approx(50 * 6000 + 25 * 6100)


@pytest.mark.parametrize(
    ("now", "contracts", "front"),
    [
        (NOW, ("/ESZ6", "/ESM6", "/ESH7"), "/ESM6"),
        (datetime(2029, 12, 10, 15, tzinfo=UTC), ("/ESH0", "/ESZ9"), "/ESZ9"),
        (datetime(2030, 1, 10, 15, tzinfo=UTC), ("/ESH0", "/ESZ9"), "/ESZ9"),
        (datetime(2030, 6, 10, 15, tzinfo=UTC), ("/ESM1", "/ESU0"), "/ESU0"),
        (NOW, ("/ESH27", "/ESZ26"), "/ESZ26"),
    ],
    ids=["same year", "into the next decade", "just after it", "in it", "two digits"],
)
def test_the_price_of_a_product_is_the_front_contracts(now: datetime, contracts: tuple[str, ...], front: str) -> None:
    legs = [leg(position(future(symbol)), str(5000 + number)) for number, symbol in enumerate(contracts)]
    (row,) = exposures(snapshot(*legs), now)
    assert row.price == Decimal(5000 + contracts.index(front))


def test_the_next_contracts_price_is_not_passed_off_as_the_fronts() -> None:
    row = only(leg(position(future("/ESM6")), None), leg(position(future("/ESU6")), "6100"))
    assert row.price is None


# Groups


def test_currencies_are_never_added() -> None:
    euro = share("SAP", currency="EUR")
    rows = exposures(snapshot(leg(position(share("SAP"), "1"), "200"), leg(position(euro, "1"), "180")), NOW)
    assert [(row.underlying, row.currency, row.market_value.value) for row in rows] == [
        ("SAP", "EUR", Decimal(180)),
        ("SAP", "USD", Decimal(200)),
    ]


def test_accounts_that_do_not_count_are_in_no_exposure() -> None:
    other = account("A2")
    books = [account_book(), replace(account_book(other), is_included=False)]
    legs = [leg(position(AAPL, "1"), "5"), leg(position(AAPL, "9", account=other.id), "5")]
    (row,) = exposures(snapshot(*legs, accounts=books), NOW)
    assert (row.delta, row.market_value.of) == (1.0, 1)


def closed_today(of: Instrument, gain: str | None, on: date = TODAY) -> Leg:
    day_gain = None if gain is None else DatedAmount(Decimal(gain), on)
    gone = replace(position(of, "0"), status=PositionStatus.CLOSED, closed_at=NOW, realized_day_gain=day_gain)
    return leg(gone, "5")


def test_what_was_realized_today_in_the_same_underlying_is_in_its_day_pnl() -> None:
    open_ = leg(position(AAPL, "10", previous_close="250"), "251")
    gone = [
        closed_today(CALL, "40.50"),
        closed_today(PUT, "7", TODAY - timedelta(days=1)),
        closed_today(share("F"), "9"),
    ]
    (row,) = exposures(snapshot(open_, closed_today=gone), NOW)
    assert row.day_pnl == PartialSum(Decimal("50.50"), 2, 3), "what the put realized today is not known"
    assert row.legs == 1


# Totals of Greeks


def test_greek_totals_add_theta_vega_and_dollars_over_underlyings() -> None:
    msft = option("MSFT", "400")
    totals = greek_totals(
        [
            leg(position(CALL), "5", greeks=greeks(CALL, 0.5, 0.02, -0.1, 0.3), underlying_price="250"),
            leg(position(msft, "-2"), "5", greeks=greeks(msft, 0.25, 0.01, -0.2, 0.4), underlying_price="400"),
            leg(position(PUT), "5", underlying_price="250"),
        ],
        NOW,
        DOLLARS,
    )
    assert (totals.legs, totals.legs_with_greeks) == (3, 2)
    assert (totals.theta, totals.vega) == pytest.approx((30.0, -50.0))
    assert totals.delta_dollars == pytest.approx(50 * 250 - 50 * 400)


def test_a_leg_without_a_rate_counts_as_one_without_greeks() -> None:
    legs = [leg(position(AAPL), "5"), leg(position(share("SAP", currency="EUR"), "2"), "180")]
    totals = greek_totals(legs, NOW, DOLLARS)
    assert (totals.legs, totals.legs_with_greeks) == (2, 1)
    rated = replace(account_book(), balances=replace(balances(), exchange_rates={"EUR": Decimal("1.17")}))
    in_euro = Rates("USD", [rated])
    assert greek_totals(legs[1:], NOW, in_euro).delta_dollars == pytest.approx(2 * 180 * 1.17)


def test_greek_totals_of_nothing_are_unknown() -> None:
    totals = greek_totals([], NOW, DOLLARS)
    assert (totals.legs, totals.theta, totals.delta_dollars) == (0, None, None)


# Sums


def test_a_partial_sum_says_how_many_it_knows() -> None:
    assert PartialSum.over([Decimal(1), None, Decimal("2.5")]) == PartialSum(Decimal("3.5"), 2, 3)
    assert PartialSum.over([None]) == PartialSum(None, 0, 1)
    assert PartialSum.over([]) == PartialSum(Decimal(0), 0, 0)
    assert PartialSum.over([]).is_complete
    assert (sum_known([1.0, None, 2.0]), sum_known([None]), sum_known([])) == (3.0, None, None)


# Accounts


def test_the_accounts_parts_add_up_to_the_underlyings_row() -> None:
    there = account("U7654321", broker="ibkr").id
    legs = [
        leg(position(AAPL, "100", "200", previous_close="249"), "251"),
        leg(position(CALL, "-2", "7", account=there), "5", greeks=greeks(CALL, 0.4), underlying_price="251"),
        leg(position(PUT, "1", "7", account=there)),
    ]
    book = snapshot(*legs)
    (whole,) = exposures(book, NOW)
    ibkr, tastytrade = account_exposures(book, NOW)["AAPL", "USD"]
    assert (ibkr.account, tastytrade.account) == (there, legs[0].position.account)
    assert (ibkr.exposure.delta, tastytrade.exposure.delta) == (-80.0, 100.0)
    assert (ibkr.exposure.legs, ibkr.exposure.legs_with_greeks) == (2, 1)
    assert whole.delta == 20.0
    for field in ("market_value", "open_pnl", "day_pnl"):
        parts = [getattr(each.exposure, field) for each in (ibkr, tastytrade)]
        whole_sum = getattr(whole, field)
        assert (sum(part.known for part in parts), sum(part.of for part in parts)) == (whole_sum.known, whole_sum.of)
        assert sum(part.value or 0 for part in parts) == whole_sum.value


def test_an_account_that_closed_its_part_today_is_there_for_its_day_pnl() -> None:
    there = account("A2").id
    gone = closed_today(CALL, "40.50")
    moved = replace(gone, position=replace(gone.position, account=there))
    old = replace(moved, position=replace(moved.position, instrument=share("F")))
    book = snapshot(leg(position(AAPL, "10", previous_close="250"), "251"), closed_today=[moved, old])
    parts = account_exposures(book, NOW)
    assert list(parts) == [("AAPL", "USD")], "of what nobody holds there is no row"
    kept, left = parts["AAPL", "USD"]
    assert (left.account, left.exposure.legs, left.exposure.price) == (there, 0, None)
    assert (kept.exposure.day_pnl.value, left.exposure.day_pnl.value) == (Decimal(10), Decimal("40.50"))
