"""The closed forms against published figures, and against the laws any option price obeys."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.domain.black_scholes import Valuation, black_76, black_scholes_merton
from cotrader_tui.domain.instruments import OptionType

PUBLISHED = list(csv.DictReader(Path(__file__).with_name("european_options.csv").read_text().splitlines()))
TO_PUBLISHED_UNIT = {"theta": 365.0, "vega": 100.0, "rho": 100.0}
"""The books print theta per year and vega and rho per 1.00."""

Inputs = tuple[OptionType, float, float, float, float, float, float]
inputs = st.tuples(
    st.sampled_from(OptionType),
    st.floats(20, 500),  # spot
    st.floats(0.7, 1.4),  # strike / spot
    st.floats(0.02, 2),  # years
    st.floats(0, 0.1),  # rate
    st.floats(0, 0.08),  # dividend yield
    st.floats(0.08, 1.2),  # volatility
).map(lambda drawn: (drawn[0], drawn[1], drawn[1] * drawn[2], *drawn[3:]))


def read(row: dict[str, str]) -> tuple[Valuation, bool]:
    numbers = (float(row[key]) for key in ("spot", "strike", "years", "rate", "dividend_yield", "volatility"))
    spot, strike, years, rate, dividend_yield, volatility = numbers
    option_type = OptionType(row["option_type"])
    valuation = black_scholes_merton(option_type, spot, strike, years, rate, dividend_yield, volatility)
    if rate == dividend_yield:
        on_future = black_76(option_type, spot, strike, years, rate, volatility)
        return (on_future, True) if row["measure"] != "rho" else (valuation, False)
    return valuation, False


@pytest.mark.parametrize("row", PUBLISHED, ids=[row["id"] for row in PUBLISHED])
def test_published_figures_are_met_within_their_tolerance(row: dict[str, str]) -> None:
    valuation, _ = read(row)
    measure = row["measure"].removesuffix("_per_day")
    unit = 1.0 if row["measure"].endswith("_per_day") else TO_PUBLISHED_UNIT.get(measure, 1.0)
    assert getattr(valuation, measure) * unit == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]))


def test_the_published_figures_cover_every_measure_and_futures() -> None:
    assert {row["measure"].removesuffix("_per_day") for row in PUBLISHED} == set(Valuation.__slots__)
    assert sum(read(row)[1] for row in PUBLISHED) >= 20


@given(inputs)
def test_put_and_call_keep_parity(given_inputs: Inputs) -> None:
    _, spot, strike, years, rate, dividend_yield, _ = given_inputs
    call = black_scholes_merton(OptionType.CALL, *given_inputs[1:])
    put = black_scholes_merton(OptionType.PUT, *given_inputs[1:])
    forward = spot * math.exp(-dividend_yield * years) - strike * math.exp(-rate * years)
    assert call.price - put.price == pytest.approx(forward, abs=1e-9 * spot)
    assert call.delta - put.delta == pytest.approx(math.exp(-dividend_yield * years), abs=1e-12)
    assert (call.gamma, call.vega) == pytest.approx((put.gamma, put.vega))


@given(inputs)
def test_greeks_are_the_slopes_of_the_price(given_inputs: Inputs) -> None:
    option_type, spot, strike, years, rate, dividend_yield, volatility = given_inputs
    here = black_scholes_merton(*given_inputs)

    def price(*, d_spot: float = 0, d_years: float = 0, d_rate: float = 0, d_vol: float = 0) -> float:
        return black_scholes_merton(
            option_type, spot + d_spot, strike, years + d_years, rate + d_rate, dividend_yield, volatility + d_vol
        ).price

    step = spot * volatility * math.sqrt(years) * 1e-3
    up, down = price(d_spot=step), price(d_spot=-step)
    assert here.delta == pytest.approx((up - down) / (2 * step), abs=1e-4)
    assert here.gamma == pytest.approx((up - 2 * here.price + down) / step**2, rel=1e-3, abs=1e-6)
    day = 1e-3 / 365
    assert here.theta == pytest.approx((price(d_years=-day) - price(d_years=day)) / 2e-3, rel=1e-3, abs=1e-6)
    assert here.vega == pytest.approx((price(d_vol=1e-4) - price(d_vol=-1e-4)) / 2e-4 / 100, rel=1e-3, abs=1e-6)
    assert here.rho == pytest.approx((price(d_rate=1e-5) - price(d_rate=-1e-5)) / 2e-5 / 100, rel=1e-3, abs=1e-6)


@given(inputs)
def test_rho_on_a_future_is_the_discounting_alone(given_inputs: Inputs) -> None:
    option_type, future, strike, years, rate, _, volatility = given_inputs
    up, down = (black_76(option_type, future, strike, years, rate + step, volatility).price for step in (1e-5, -1e-5))
    rho = black_76(option_type, future, strike, years, rate, volatility).rho
    assert rho == pytest.approx((up - down) / 2e-5 / 100, rel=1e-4, abs=1e-7)


@given(inputs)
def test_a_long_option_is_worth_something_and_gains_from_volatility(given_inputs: Inputs) -> None:
    here = black_scholes_merton(*given_inputs)
    assert all(math.isfinite(getattr(here, name)) for name in Valuation.__slots__)
    assert here.price >= 0
    assert here.gamma >= 0
    assert here.vega >= 0
    assert (here.delta >= 0) == (given_inputs[0] is OptionType.CALL) or here.delta == 0


@pytest.mark.parametrize("name", ["spot", "strike", "years", "volatility"])
@pytest.mark.parametrize("figure", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_input_is_refused_by_name(name: str, figure: float) -> None:
    values = {"spot": 100.0, "strike": 95.0, "years": 0.5, "volatility": 0.3, name: figure}
    with pytest.raises(ValueError, match=name):
        black_scholes_merton(
            OptionType.CALL, values["spot"], values["strike"], values["years"], 0.04, 0.01, values["volatility"]
        )
