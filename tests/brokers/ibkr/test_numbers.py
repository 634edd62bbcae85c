"""Sentinels are unknown, and numbers stay exact."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

import pytest

from cotrader_tui.brokers.ibkr.numbers import day, figure, greek, price, quotient


@pytest.mark.parametrize("value", ["1.7976931348623157E308", 1.7976931348623157e308, math.nan, "nan", "", "inf", "x"])
def test_what_tws_does_not_know_is_unknown(value: object) -> None:
    assert figure(value) is None


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (100.0, "100"), (12.504, "12.504"), ("0.02187654", "0.02187654"), (-0.1, "-0.1")]
)
def test_a_number_is_the_decimal_it_was_sent_as(value: object, text: str) -> None:
    assert str(figure(value)) == text


@pytest.mark.parametrize("value", [-2.0, math.nan, math.inf, 1.7976931348623157e308, None])
def test_sentinel_of_a_greek_is_unknown(value: float | None) -> None:
    assert greek(value) is None


def test_a_greek_of_zero_is_zero() -> None:
    assert greek(0.0) == 0.0


@pytest.mark.parametrize(
    ("value", "size", "expected"),
    [
        (-1.0, 0.0, None),
        (-1.0, math.nan, None),
        (-1.0, None, None),
        (-1.0, 5.0, Decimal(-1)),
        (-37.63, 0.0, Decimal("-37.63")),
        (math.nan, 3.0, None),
        (0.0, 3.0, Decimal(0)),
    ],
)
def test_a_price_of_minus_one_is_one_only_with_a_size(
    value: float, size: float | None, expected: Decimal | None
) -> None:
    assert price(value, size) == expected


def test_a_quotient_has_no_binary_noise() -> None:
    assert str(quotient(Decimal("1020.0000000000001"), Decimal(200))) == "5.1"
    assert str(quotient(Decimal(23140), Decimal(100))) == "231.4"
    assert str(quotient(Decimal(-325000), Decimal(-50))) == "6500"


def test_a_quotient_by_zero_or_out_of_reach_is_unknown() -> None:
    assert quotient(Decimal(1), Decimal(0)) is None
    assert quotient(Decimal("1e250"), Decimal(1)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20270115", date(2027, 1, 15)), ("20270115 16:00:00", date(2027, 1, 15)), ("202701", None), ("", None),
     ("20270230", None)],
)  # fmt: skip
def test_a_day_needs_more_than_a_month(text: str, expected: date | None) -> None:
    assert day(text) == expected
