"""Value and P&L of one leg, against figures worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.analytics.greeks import delta_dollars, position_greeks
from cotrader_tui.analytics.pnl import day_pnl, market_value, net_cost, open_pnl, open_pnl_percent, realized_on
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import Source
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.positions import DatedAmount, PositionStatus
from tests.builders import NOW, TODAY, coin, future, greeks, instrument, leg, option, position, share

CALL = option("AAPL", "250")
OPENED_TODAY = NOW - timedelta(hours=1)
YESTERDAY = TODAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("held", "quantity", "average", "mark", "expected"),
    [
        (CALL, "1", "5.00", "3.00", "-200"),
        (CALL, "-2", "7.47", "5.05", "484"),
        (share(), "100", "54.50", "52.79", "-171"),
        (future("/MYMM6", "/MYM", "0.5"), "3", "44123", "44190", "100.5"),
        (future("/MYMM6", "/MYM", "0.5"), "-1", "44123", "44122", "0.5"),
        (coin(), "0.00012345", "64123.45", "65000.01", "0.1082113320"),
        (coin(), "0.123456789012345678", "1", "3.5", "0.308641972530864195"),
        (share(), "10", "5", "0", "-50"),
    ],
    ids=["long call", "short puts", "shares", "/MYM", "short /MYM", "bitcoin", "18 digits", "worthless"],
)
def test_open_pnl_is_exact(held: Instrument, quantity: str, average: str, mark: str, expected: str) -> None:
    assert open_pnl(leg(position(held, quantity, average), mark)) == Decimal(expected)


def test_value_and_cost_are_signed() -> None:
    short = leg(position(CALL, "-2", "7.47"), "5.05")
    assert (market_value(short), net_cost(short)) == (Decimal("-1010.00"), Decimal("-1494.00"))


def test_percent_is_of_what_was_paid_or_received_and_unknown_where_that_is_nothing() -> None:
    assert open_pnl_percent(leg(position(CALL, "1", "5"), "3")) == -40
    assert open_pnl_percent(leg(position(CALL, "-1", "5"), "3")) == 40
    assert open_pnl_percent(leg(position(CALL, "1", "0"), "3")) is None


def test_an_unknown_mark_or_price_is_unknown_and_never_nothing() -> None:
    no_quote, no_mark = leg(position(CALL)), replace(leg(position(CALL), "1"), quote=None)
    no_price = leg(position(CALL, "1", None), "3")
    for unknown in (no_quote, no_mark):
        assert (market_value(unknown), open_pnl(unknown), day_pnl(unknown, TODAY)) == (None, None, None)
    assert (market_value(no_price), open_pnl(no_price), open_pnl_percent(no_price)) == (Decimal(300), None, None)


def closed(of: Leg) -> Leg:
    gone = replace(of.position, status=PositionStatus.CLOSED, quantity=Decimal(0), closed_at=NOW)
    return replace(of, position=gone)


def test_closed_positions_have_no_value_pnl_or_greeks() -> None:
    gone = closed(leg(position(CALL, "1", "5", previous_close="4"), "3", greeks=greeks(CALL), underlying_price="250"))
    assert (market_value(gone), net_cost(gone), open_pnl(gone), day_pnl(gone, TODAY)) == (None, None, None, None)
    assert position_greeks(gone, NOW).delta is None


# Day P&L


def gained(of: Leg, amount: str, *, today: bool = True) -> Leg:
    gain = DatedAmount(Decimal(amount), TODAY if today else YESTERDAY)
    return replace(of, position=replace(of.position, realized_day_gain=gain))


def test_held_before_today_starts_from_the_previous_close() -> None:
    assert day_pnl(leg(position(CALL, "-2", "7.47", previous_close="5.50"), "5.05"), TODAY) == Decimal("90.00")


def test_opened_today_starts_from_the_average_open_price() -> None:
    fresh = position(CALL, "2", "5.20", previous_close="4.00", opened_at=OPENED_TODAY)
    assert day_pnl(leg(fresh, "5.05"), TODAY) == Decimal("-30.00")


def test_today_is_new_yorks() -> None:
    late = datetime(2026, 3, 11, 3, 59, tzinfo=UTC)  # still the 10th in New York
    opened = position(CALL, "1", "5", previous_close="4", opened_at=late)
    assert day_pnl(leg(opened, "6"), TODAY) == Decimal(100)
    earlier = position(CALL, "1", "5", previous_close="4", opened_at=datetime(2026, 3, 10, 3, 59, tzinfo=UTC))
    assert day_pnl(leg(earlier, "6"), TODAY) == Decimal(200)


def test_what_was_realized_today_is_part_of_it_and_what_was_earlier_is_not() -> None:
    rest = leg(position(CALL, "1", "5", previous_close="4"), "4.50")
    assert day_pnl(gained(rest, "-12.50"), TODAY) == Decimal("37.50")
    assert day_pnl(gained(rest, "-12.50", today=False), TODAY) == Decimal("50.00")


def test_a_closed_positions_part_is_what_it_realized_on_that_date() -> None:
    gone = gained(leg(position(CALL, "1")), "33").position
    assert (realized_on(gone, TODAY), realized_on(gone, YESTERDAY)) == (Decimal(33), Decimal(0))


def test_the_quotes_previous_close_serves_where_the_position_has_none() -> None:
    assert day_pnl(leg(position(share(), "10", "50"), "53", previous_close="52"), TODAY) == Decimal(10)
    own = position(share(), "10", "50", previous_close="51")
    assert day_pnl(leg(own, "53", previous_close="52"), TODAY) == Decimal(20)
    assert day_pnl(leg(position(share(), "10", "50"), "53"), TODAY) is None


def test_yesterdays_previous_close_says_nothing_about_today() -> None:
    """Before the first sync of a day the figures are of the day before; theirs is not today's P&L."""
    tomorrow = TODAY + timedelta(days=1)
    stale = leg(position(share(), "10", "50", previous_close="51"), "53")
    from_quote = leg(position(share(), "10", "50"), "53", previous_close="52")
    assert (day_pnl(stale, tomorrow), day_pnl(from_quote, tomorrow)) == (None, None)
    assert open_pnl(stale) == 30


# Greeks


def test_position_greeks_are_per_unit_times_quantity_times_multiplier() -> None:
    short = leg(position(CALL, "-3"), "5", greeks=greeks(CALL, 0.42, 0.02, -0.11, 0.3), underlying_price="251.50")
    found = position_greeks(short, NOW)
    assert (found.delta, found.gamma, found.theta, found.vega) == pytest.approx((-126.0, -6.0, 33.0, -90.0))
    assert (found.iv, found.source, found.as_of) == (0.25, Source.STREAM, NOW - timedelta(minutes=1))
    assert delta_dollars(short, NOW) == pytest.approx(-126 * 251.5)


@pytest.mark.parametrize(
    ("held", "quantity", "delta"),
    [
        (share(), "100", 100.0),
        (instrument("SPY", InstrumentType.FUND), "-5", -5.0),
        (coin(), "0.5", 0.5),
        (future("/ESM6", "/ES", "50"), "2", 100.0),
    ],
)
def test_linear_instruments_have_delta_one_and_no_other_greeks(held: Instrument, quantity: str, delta: float) -> None:
    found = position_greeks(leg(position(held, quantity), "10"), NOW)
    assert (found.delta, found.gamma, found.theta, found.vega) == (delta, 0.0, 0.0, 0.0)
    assert (found.source, found.as_of, found.is_complete) == (None, None, True)


@pytest.mark.parametrize(
    "kind", [InstrumentType.BOND, InstrumentType.WARRANT, InstrumentType.FOREX, InstrumentType.OTHER]
)
def test_other_types_have_no_greeks(kind: InstrumentType) -> None:
    found = position_greeks(leg(position(instrument("X", kind)), "10"), NOW)
    assert (found.delta, found.gamma, found.theta, found.vega) == (None, None, None, None)


def test_greeks_unknown_in_part_are_not_complete() -> None:
    found = position_greeks(leg(position(CALL), "5", greeks=greeks(CALL, gamma=None)), NOW)
    assert (found.gamma, found.is_complete) == (None, False)
    assert found.delta == 50.0


def test_delta_dollars_need_the_price_of_the_underlying() -> None:
    assert delta_dollars(leg(position(CALL), "5", greeks=greeks(CALL)), NOW) is None
    assert delta_dollars(leg(position(share(), "10")), NOW) is None


def test_a_brokers_own_base_of_the_day_outranks_the_price_it_was_opened_at() -> None:
    held = replace(position(share(), "100", "198.50"), opened_at=NOW, day_base=Decimal("228.90"))
    assert day_pnl(leg(held, "231.40"), TODAY) == Decimal("250.00")
    assert day_pnl(leg(replace(held, last_synced_at=NOW - timedelta(days=1)), "231.40"), TODAY) == Decimal("3290.00")
