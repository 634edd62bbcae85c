"""Numbers as text."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.tui.present.figures import GAIN, LOSS, Figures, exact, number

SHOWN, HIDDEN = Figures(), Figures(is_private=True)
MASK = "•••••"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2.345", "+2.34"),
        ("2.355", "+2.36"),
        ("-2.345", "-2.34"),
        ("1204.555", "+1,204.56"),
        ("0", "0.00"),
        ("-0.004", "0.00"),
        ("-0.006", "-0.01"),
    ],
)
def test_gains_print_their_sign_and_round_half_even(value: str, text: str) -> None:
    assert SHOWN.gain(Decimal(value)).text == text


def test_the_colour_repeats_the_sign_that_is_printed() -> None:
    styles = [SHOWN.gain(Decimal(value)).style for value in ("3", "-3", "0", "0.001")]
    assert styles == [GAIN, LOSS, "", ""]


@pytest.mark.parametrize("figures", [SHOWN, HIDDEN])
def test_unknown_is_a_dash_and_never_zero_or_a_mask(figures: Figures) -> None:
    cells = (
        figures.money(None),
        figures.gain(None),
        figures.quantity(None),
        figures.price(None),
        figures.cost(None),
        figures.percent(None),
        figures.greek(None),
        figures.greek(math.nan),
        figures.volatility(None),
        figures.partial(PartialSum(None, 0, 3)),
    )
    assert {cell.text for cell in cells} == {"–"}


@pytest.mark.parametrize("value", ["1", "-250000.55", "0"])
def test_privacy_hides_amounts_behind_a_mask_of_one_width_without_colour(value: str) -> None:
    amount = Decimal(value)
    cells = [HIDDEN.money(amount), HIDDEN.gain(amount), HIDDEN.quantity(amount), HIDDEN.cost(amount)]
    cells += [HIDDEN.greek(float(amount)), HIDDEN.starred(PartialSum(amount, 1, 1), 12)]
    assert {(cell.text, cell.style) for cell in cells} == {(MASK, "")}


def test_a_models_figure_has_an_m_behind_it_within_its_width() -> None:
    assert SHOWN.greek(62.14, 6, is_by_model=True).text == "+62.1m"
    assert SHOWN.greek(-137.94, 6, is_by_model=True).text == "-138m"
    assert SHOWN.volatility(0.31, 5, is_by_model=True).text == "31.0m"
    assert SHOWN.volatility(1.234, 5, is_by_model=True).text == "123m"
    assert SHOWN.greek(None, 6, is_by_model=True).text == SHOWN.volatility(None, 5, is_by_model=True).text == "–"
    assert HIDDEN.greek(62.14, 6, is_by_model=True).text == MASK


def test_privacy_leaves_prices_percentages_and_volatility() -> None:
    cells = HIDDEN.price(Decimal("5.35")), HIDDEN.percent(Decimal("13.72")), HIDDEN.volatility(0.31)
    assert [cell.text for cell in cells] == ["5.35", "+13.7", "31.0"]


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        ("103751.25", 10, "103,751.25"),
        ("-103751.25", 10, "-103,751"),
        ("-103751.25", 8, "-103,751"),
        ("-103751.25", 7, "-103.8k"),
        ("1234567.891", 6, "1.23M"),
        ("-98765432109", 6, "-98.8B"),
        ("-98765432109", 2, "##"),
    ],
)
def test_a_number_too_wide_loses_decimals_but_is_never_cut(value: str, width: int, text: str) -> None:
    assert number(Decimal(value), 2, width=width) == text


@pytest.mark.parametrize(
    ("value", "text"), [("5", "5.00"), ("0.0625", "0.0625"), ("0.05", "0.05"), ("6.2333333", "6.23"), ("0", "0.00")]
)
def test_small_prices_keep_four_decimals(value: str, text: str) -> None:
    assert SHOWN.price(Decimal(value)).text == text


@pytest.mark.parametrize(
    ("value", "text"), [("0.48130257", "0.4813"), ("-2", "-2"), ("100.0", "100"), ("1500", "1,500"), ("1E+3", "1,000")]
)
def test_quantities_have_no_needless_zeros(value: str, text: str) -> None:
    assert SHOWN.quantity(Decimal(value)).text == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(62.14, "+62.1"), (-1518.4, "-1,518"), (0.384, "+0.38"), (0.0161, "+0.016"), (0.0, "0"), (-0.0001, "0")],
)
def test_greeks_have_as_many_decimals_as_they_need(value: float, text: str) -> None:
    assert SHOWN.greek(value).text == text


def test_a_sum_that_misses_parts_says_so() -> None:
    total = PartialSum(Decimal("8310.4"), 38, 40)
    assert SHOWN.partial(total).text == "+8,310.40 (38/40)"
    assert SHOWN.starred(total, 12).text == "+8,310.40*"
    assert SHOWN.partial(PartialSum(Decimal("8310.4"), 40, 40)).text == "+8,310.40"


@pytest.mark.parametrize(
    ("value", "least", "text"),
    [
        ("3.2", 2, "3.20"),
        ("3.125", 2, "3.125"),
        ("0E-8", 0, "0"),
        ("0.48130257", 0, "0.48130257"),
        ("1E+3", 0, "1,000"),
    ],
)
def test_exact_figures_have_every_digit(value: str, least: int, text: str) -> None:
    assert exact(Decimal(value), least) == text
