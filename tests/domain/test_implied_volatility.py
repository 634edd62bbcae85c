"""The volatility a price implies: the way back from every price there is, and none where there is none."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.domain.black_scholes import (
    HIGHEST_VOLATILITY,
    LOWEST_VOLATILITY,
    black_76,
    black_scholes_merton,
    implied_volatility,
)
from cotrader_tui.domain.instruments import OptionType

PRICES = [
    row
    for row in csv.DictReader(Path(__file__).with_name("european_options.csv").read_text().splitlines())
    if row["measure"] == "price"
]
TERMS = ("spot", "strike", "years", "rate", "dividend_yield")


@pytest.mark.parametrize("row", PRICES, ids=[row["id"] for row in PRICES])
def test_published_prices_imply_the_published_volatility(row: dict[str, str]) -> None:
    kind, known = OptionType(row["option_type"]), float(row["volatility"])
    spot, strike, years, rate, dividend_yield = (float(row[name]) for name in TERMS)
    vega = black_scholes_merton(kind, spot, strike, years, rate, dividend_yield, known).vega * 100
    found = implied_volatility(kind, float(row["expected"]), spot, strike, years, rate, dividend_yield)
    assert found == pytest.approx(known, abs=2 * float(row["tolerance"]) / vega)


@given(
    st.sampled_from(OptionType),
    st.floats(20, 6000),  # spot
    st.floats(-3, 3),  # distance of the strike in standard deviations
    st.floats(1 / (365 * 24), 3),  # years
    st.floats(0, 0.1),  # rate
    st.floats(0, 0.1),  # dividend yield
    st.floats(0.05, 3),  # volatility
)
def test_a_price_leads_back_to_its_volatility(
    kind: OptionType, spot: float, distance: float, years: float, rate: float, dividend_yield: float, volatility: float
) -> None:
    strike = spot * math.exp(distance * volatility * math.sqrt(years))
    price = black_scholes_merton(kind, spot, strike, years, rate, dividend_yield, volatility).price
    found = implied_volatility(kind, price, spot, strike, years, rate, dividend_yield)
    assert found is not None
    again = black_scholes_merton(kind, spot, strike, years, rate, dividend_yield, found)
    assert again.price == pytest.approx(price, abs=1e-9 * max(spot, strike))
    if again.vega > 1e-4 * spot * math.sqrt(years) / 100:
        assert found == pytest.approx(volatility, rel=1e-5)


@pytest.mark.parametrize("kind", OptionType)
def test_what_no_volatility_explains_has_none(kind: OptionType) -> None:
    spot, years, rate = 100.0, 0.5, 0.04
    strike = 80.0 if kind is OptionType.CALL else 120.0
    bound = abs(spot - strike * math.exp(-rate * years))
    ceiling = spot if kind is OptionType.CALL else strike * math.exp(-rate * years)
    for price in (0.0, -1.0, bound - 0.01, bound, ceiling, ceiling + 1, math.nan, math.inf):
        assert implied_volatility(kind, price, spot, strike, years, rate, 0.0) is None, price
    assert implied_volatility(kind, bound + 0.5, spot, strike, years, rate, 0.0) is not None


@pytest.mark.parametrize("volatility", [LOWEST_VOLATILITY / 2, HIGHEST_VOLATILITY * 1.1])
@pytest.mark.parametrize("strike", [95.0, 100.0, 105.0])
def test_a_volatility_beyond_the_ends_is_none(volatility: float, strike: float) -> None:
    price = black_scholes_merton(OptionType.CALL, 100.0, strike, 1.0, 0.0, 0.0, volatility).price
    assert implied_volatility(OptionType.CALL, price, 100.0, strike, 1.0, 0.0, 0.0) is None


@given(st.sampled_from(OptionType), st.floats(0.7, 1.4), st.floats(0.02, 2), st.floats(0.08, 1.2))
def test_on_a_future_the_yield_is_the_rate(kind: OptionType, ratio: float, years: float, volatility: float) -> None:
    priced = black_76(kind, 5000.0, 5000.0 * ratio, years, 0.05, volatility)
    found = implied_volatility(kind, priced.price, 5000.0, 5000.0 * ratio, years, 0.05, 0.05)
    if priced.vega > 1e-3:
        assert found == pytest.approx(volatility, rel=1e-5)


@pytest.mark.parametrize("name", ["spot", "strike", "years"])
@pytest.mark.parametrize("figure", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_input_is_refused_by_name(name: str, figure: float) -> None:
    values = {"spot": 100.0, "strike": 95.0, "years": 0.5, name: figure}
    with pytest.raises(ValueError, match=name):
        implied_volatility(OptionType.CALL, 8.0, values["spot"], values["strike"], values["years"], 0.04, 0.0)
