"""Position rows: sign, size, prices, realized amounts, and rows that are set aside."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.brokers.tastytrade.parse import PositionsAnswer, UnreadableError, parse_positions
from cotrader_tui.domain.market import MarkSource
from cotrader_tui.domain.positions import DatedAmount, Holding
from tests.standin.payloads import (
    MISSING,
    Json,
    changed,
    crypto_row,
    equity_row,
    future_option_row,
    future_row,
    option_row,
)

NUMBER = "5WX41127"
NOW = datetime(2026, 11, 18, 20, 46, tzinfo=UTC)
DECEMBER = date(2026, 12, 18)


def parse(*rows: object, **body: object) -> PositionsAnswer:
    """Parsed as the client does it, numbers exact."""
    text = json.dumps({"data": {"items": list(rows)}, **body})
    return parse_positions(json.loads(text, parse_float=Decimal, parse_constant=str), NUMBER, NOW)


def only(*rows: Json) -> tuple[Holding, Decimal | None]:
    answer = parse(*rows)
    (holding,) = answer.holdings
    marks = [quote.mark for quote in answer.quotes]
    return holding, marks[0] if marks else None


def open_pnl(row: Json) -> Decimal:
    """(mark − average open price) × quantity × multiplier."""
    holding, mark = only(row)
    assert mark is not None
    assert holding.average_open_price is not None
    return (mark - holding.average_open_price) * holding.quantity * holding.instrument.multiplier


@pytest.mark.parametrize(
    ("row", "pnl"),
    [
        (option_row("AAPL", DECEMBER, "C", 240, 1, "5", "3"), "-200"),
        (option_row("IWM", DECEMBER, "P", 215, -2, "7.47", "5.05"), "484"),
        (equity_row("KO", 100, "54.50", "52.79"), "-171"),
        (future_row("/MYMZ6", 1, "45688.0", "45798.0", multiplier="0.5"), "55"),
        (future_row("/MYMZ6", -2, "45688.0", "45798.0", multiplier="0.5"), "-110"),
        (crypto_row("BTC/USD", "0.02187654", "60000.10", "94485.81"), "754.4280142434"),
    ],
)
def test_open_pnl_of_worked_examples(row: Json, pnl: str) -> None:
    assert open_pnl(row) == Decimal(pnl)


@pytest.mark.parametrize("quantity", ["0.02187654", "100.29", "12345678.12345678"])
def test_fractional_quantities_keep_their_last_digit(quantity: str) -> None:
    holding, _ = only(changed(crypto_row("ETH/USD", 1, "1", "1"), quantity=float(quantity)))
    assert str(holding.quantity) == quantity
    holding, _ = only(changed(crypto_row("ETH/USD", 1, "1", "1"), quantity=quantity))
    assert str(holding.quantity) == quantity


def test_sign_comes_from_the_direction_and_never_from_the_cost_effect() -> None:
    short, _ = only(option_row("AAPL", DECEMBER, "P", 200, -3, "1", "1", cost_effect="Credit"))
    long, _ = only(option_row("AAPL", DECEMBER, "P", 200, 3, "1", "1", cost_effect="Debit"))
    assert (short.quantity, long.quantity) == (Decimal(-3), Decimal(3))


@pytest.mark.parametrize(
    ("multiplier", "expected"), [(100, "100"), ("1.0", "1"), ("0.5", "0.5"), (0.5, "0.5"), ("125000", "125000")]
)
def test_multiplier_in_every_spelling(multiplier: object, expected: str) -> None:
    holding, _ = only(equity_row("AAPL", 1, "1", "1", multiplier=multiplier))
    assert holding.instrument.multiplier == Decimal(expected)


def test_mark_is_the_price_per_unit_and_not_the_total() -> None:
    _, mark = only(option_row("SPY", DECEMBER, "C", 600, -4, "12.00", "12.40"))
    assert mark == Decimal("12.40")


def test_mark_per_unit_is_derived_from_the_total_where_only_that_is_there() -> None:
    row = option_row("SPY", DECEMBER, "C", 600, -4, "12.00", None, mark="4960.0")
    _, mark = only(row)
    assert mark == Decimal("12.4")


def test_mark_of_the_row_is_labelled_as_the_brokers() -> None:
    (quote,) = parse(equity_row("KO", 1, "60", "62.18")).quotes
    assert (quote.mark_source, quote.received_at) == (MarkSource.BROKER, NOW)


@pytest.mark.parametrize("mark_price", [MISSING, None, "NaN", "", "n/a"])
def test_unknown_mark_gives_no_quote_and_keeps_the_position(mark_price: object) -> None:
    answer = parse(changed(equity_row("KO", 10, "60", "62"), mark_price=mark_price, mark=MISSING))
    assert answer.quotes == ()
    assert [holding.quantity for holding in answer.holdings] == [Decimal(10)]


def test_mark_of_nothing_is_a_price_of_zero() -> None:
    _, mark = only(option_row("SPY", DECEMBER, "C", 900, 1, "0.10", "0.0"))
    assert mark == 0


def test_previous_close_is_the_average_daily_market_close() -> None:
    holding, _ = only(equity_row("KO", 1, "60", "62", average_daily_market_close_price="61.5", close_price="61.9"))
    assert holding.previous_close == Decimal("61.5")
    holding, _ = only(equity_row("KO", 1, "60", "62", average_daily_market_close_price=MISSING))
    assert holding.previous_close is None


@pytest.mark.parametrize(
    ("amount", "effect", "expected"),
    [
        ("96.5", "Credit", "96.5"),
        ("96.5", "Debit", "-96.5"),
        ("-96.5", "Debit", "-96.5"),
        ("0.0", "None", "0"),
        ("0.0", MISSING, "0"),
        ("96.5", "None", None),
        ("96.5", MISSING, None),
        ("NaN", "Credit", None),
    ],
)
def test_realized_amounts_are_signed_by_their_effect(amount: str, effect: object, expected: str | None) -> None:
    row = equity_row(
        "KO",
        10,
        "60",
        "62",
        realized_day_gain=amount,
        realized_day_gain_effect=effect,
        realized_day_gain_date="2026-11-18",
        realized_today=amount,
        realized_today_effect=effect,
        realized_today_date="2026-11-17",
    )
    holding, _ = only(row)
    day = None if expected is None else DatedAmount(Decimal(expected), date(2026, 11, 18))
    since_open = None if expected is None else DatedAmount(Decimal(expected), date(2026, 11, 17))
    assert (holding.realized_day_gain, holding.realized_since_open) == (day, since_open)


def test_realized_amount_without_a_date_is_unknown() -> None:
    holding, _ = only(equity_row("KO", 1, "60", "62", realized_day_gain="5", realized_day_gain_date=MISSING))
    assert holding.realized_day_gain is None


def test_zero_row_is_a_holding_of_nothing_with_its_realized_gain() -> None:
    gain = {
        "realized_day_gain": "40.5",
        "realized_day_gain_effect": "Debit",
        "realized_day_gain_date": "2026-11-18",
    }
    answer = parse(equity_row("GOOGL", 0, "171.05", None, **gain))
    (holding,) = answer.holdings
    assert holding.quantity == 0
    assert holding.realized_day_gain == DatedAmount(Decimal("-40.5"), date(2026, 11, 18))
    assert answer.quotes == ()


def test_opened_at_is_the_instant_in_utc() -> None:
    holding, _ = only(equity_row("KO", 1, "60", "62", created_at="2026-11-17T23:30:00.000-05:00"))
    assert holding.opened_at == datetime(2026, 11, 18, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": "NaN"}, "quantity"),
        ({"quantity": float("nan")}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"quantity": "-3"}, "quantity"),
        ({"quantity": MISSING}, "quantity"),
        ({"quantity_direction": MISSING}, "quantity-direction"),
        ({"quantity_direction": "Sideways"}, "quantity-direction"),
        ({"multiplier": MISSING}, "multiplier"),
        ({"multiplier": "Infinity"}, "multiplier"),
        ({"multiplier": 0}, "multiplier"),
        ({"average_open_price": "NaN"}, "average-open-price"),
        ({"average_open_price": "n/a"}, "average-open-price"),
        ({"instrument_type": MISSING}, "instrument-type"),
    ],
)
def test_row_with_an_unreadable_required_field_is_set_aside_and_the_rest_lands(
    changes: dict[str, Any], field: str
) -> None:
    answer = parse(equity_row("KO", 10, "60", "62"), changed(equity_row("PEP", 5, "150", "151"), **changes))
    assert [holding.instrument.symbol for holding in answer.holdings] == ["KO"]
    (row,) = answer.quarantined
    assert row.symbol == "PEP"
    assert row.reason == f"Missing or unreadable: {field}."
    assert json.loads(row.raw)["symbol"] == "PEP"
    assert answer.is_complete


def test_row_without_a_symbol_is_set_aside_without_one() -> None:
    answer = parse(changed(equity_row("KO", 10, "60", "62"), symbol=MISSING), ["no", "row"], None)
    assert [row.symbol for row in answer.quarantined] == [None, None, None]


def test_missing_average_open_price_is_unknown() -> None:
    holding, _ = only(changed(equity_row("KO", 10, "60", "62"), average_open_price=MISSING))
    assert holding.average_open_price is None


@pytest.mark.parametrize("kind", ["Prediction Market", "Unknown", ""])
def test_unknown_instrument_type_is_set_aside_by_name(kind: str) -> None:
    answer = parse(changed(equity_row("XQZ", 3, "10", "11"), instrument_type=kind))
    (row,) = answer.quarantined
    assert (row.symbol, row.reason) == ("XQZ", f"The instrument type {kind!r} is not known.")
    assert answer.holdings == ()


def test_quantity_without_a_direction_is_set_aside() -> None:
    (row,) = parse(changed(equity_row("KO", 10, "60", "62"), quantity_direction="Zero")).quarantined
    assert row.reason == "The row has a quantity but no direction."


def test_row_of_another_account_is_set_aside() -> None:
    answer = parse(equity_row("KO", 10, "60", "62", account_number="5WX00009"))
    assert answer.holdings == ()
    assert [row.reason for row in answer.quarantined] == ["The row belongs to another account."]


def test_identical_duplicate_rows_count_once() -> None:
    answer = parse(equity_row("KO", 10, "60", "62"), equity_row("KO", 10, "60", "62"))
    assert [holding.quantity for holding in answer.holdings] == [Decimal(10)]
    assert len(answer.quotes) == 1
    assert answer.quarantined == ()


def test_contradicting_duplicate_rows_are_all_set_aside() -> None:
    answer = parse(equity_row("KO", 10, "60", "62"), equity_row("KO", -4, "60", "62"), equity_row("PEP", 1, "9", "9"))
    assert [holding.instrument.symbol for holding in answer.holdings] == ["PEP"]
    assert [(row.symbol, row.reason) for row in answer.quarantined] == [
        ("KO", "Rows of the same instrument contradict each other.")
    ] * 2
    assert [quote.instrument.key for quote in answer.quotes] == ["equity:PEP"]


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": []}, {"data": {"items": None}}, {"data": {"items": {}}}])
def test_answer_without_a_list_of_rows_is_unreadable(body: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        parse_positions(body, NUMBER, NOW)


def test_empty_list_is_a_complete_empty_book() -> None:
    answer = parse()
    assert answer.is_complete
    assert answer.holdings == ()


@pytest.mark.parametrize(
    ("pagination", "is_complete"),
    [
        (None, True),
        ({"page-offset": 0, "total-pages": 1}, True),
        ({"page-offset": 0, "total-pages": 2}, False),
        ({"next": "2"}, False),
        ("odd", False),
    ],
)
def test_one_page_of_several_is_not_complete(pagination: object, is_complete: bool) -> None:
    assert parse(equity_row("KO", 1, "60", "62"), pagination=pagination).is_complete is is_complete


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.decimals(allow_nan=True).map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
GOOD_ROWS = [
    equity_row("KO", 10, "60", None, mark="620"),
    option_row("KO", DECEMBER, "C", 65, -1, "1", "1.1"),
    future_option_row("/MESZ6", "EX3Z6", DECEMBER, "P", 5700, -2, "30", "31", multiplier=5),
]


@given(
    st.sampled_from(GOOD_ROWS).flatmap(
        lambda row: st.dictionaries(st.sampled_from(sorted(row)), JSON, max_size=3).map(lambda odd: row | odd)
    )
    | JSON
)
def test_whatever_a_row_holds_it_lands_or_is_set_aside_and_harms_no_other(odd: object) -> None:
    answer = parse(equity_row("PEP", 5, "150", "151"), odd)
    assert len(answer.holdings) + len(answer.quarantined) == 2
    assert answer.holdings[0].instrument.symbol == "PEP"
    for holding in answer.holdings:
        assert holding.quantity.is_finite()
        assert holding.instrument.multiplier > 0
