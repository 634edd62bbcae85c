"""The demo's prices and Greeks belong together: each can be worked out from the others."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotrader_tui.brokers.demo.contracts import future, option, share
from cotrader_tui.brokers.demo.market import PRODUCTS, RATE, Contract, Market, last_close
from cotrader_tui.domain.black_scholes import black_76, black_scholes_merton
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.instruments import Instrument, OptionType
from cotrader_tui.domain.market import Source

EPOCH = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
MARKETS = st.builds(Market, st.integers(0, 10_000), st.just(EPOCH))
AGES = st.integers(0, 30 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
EXPIRATION = datetime(2026, 5, 15).date()  # noqa: DTZ001
UNDERLYINGS = st.sampled_from([share(name) for name in PRODUCTS if name != "DJI"] + [future("/ES", EXPIRATION)])


def listed(underlying: Instrument, market: Market, option_type: OptionType, distance: float) -> Contract:
    strike = (market.price(underlying, EPOCH) * Decimal(repr(1 + distance))).quantize(Decimal(1))
    return Contract(option(underlying, option_type, strike, EXPIRATION), underlying)


@settings(deadline=None)
@given(MARKETS, AGES, UNDERLYINGS, st.sampled_from(OptionType), st.floats(-0.2, 0.2))
def test_an_option_is_priced_from_its_underlying_and_its_implied_volatility(
    market: Market, age: timedelta, underlying: Instrument, option_type: OptionType, distance: float
) -> None:
    at, contract = EPOCH + age, listed(underlying, market, option_type, distance)
    instrument, greeks = contract.instrument, market.greeks(contract, at, Source.BROKER)
    assert greeks is not None
    assert greeks.iv is not None
    assert instrument.expires_at is not None
    spot, strike = float(market.price(underlying, at)), float(instrument.strike or 0)
    years = (instrument.expires_at - at).total_seconds() / (365 * 86_400)
    if underlying.underlying == "/ES":
        valued = black_76(option_type, spot, strike, years, RATE, greeks.iv)
    else:
        carry = PRODUCTS[underlying.symbol].dividend_yield
        valued = black_scholes_merton(option_type, spot, strike, years, RATE, carry, greeks.iv)
    assert float(market.mark(contract, at)) == pytest.approx(valued.price, abs=0.0051)
    assert (greeks.delta, greeks.gamma, greeks.theta) == pytest.approx((valued.delta, valued.gamma, valued.theta))
    assert (greeks.vega, greeks.rho) == pytest.approx((valued.vega, valued.rho))


@settings(deadline=None)
@given(MARKETS, AGES, UNDERLYINGS, st.floats(-0.2, 0.2))
def test_puts_and_calls_of_a_strike_keep_parity(
    market: Market, age: timedelta, underlying: Instrument, distance: float
) -> None:
    at = EPOCH + age
    call, put = (listed(underlying, market, option_type, distance) for option_type in OptionType)
    expires_at, strike = call.instrument.expires_at, float(call.instrument.strike or 0)
    assert expires_at is not None
    years = (expires_at - at).total_seconds() / (365 * 86_400)
    carry = RATE if underlying.underlying == "/ES" else PRODUCTS[underlying.symbol].dividend_yield
    forward = float(market.price(underlying, at)) * math.exp(-carry * years) - strike * math.exp(-RATE * years)
    assert float(market.mark(call, at) - market.mark(put, at)) == pytest.approx(forward, abs=0.0101)


@given(MARKETS)
def test_low_strikes_carry_more_implied_volatility(market: Market) -> None:
    low, high = (
        market.greeks(listed(share("SPX"), market, OptionType.PUT, distance), EPOCH, Source.BROKER)
        for distance in (-0.1, 0.02)
    )
    assert low is not None
    assert high is not None
    assert (low.iv or 0) > (high.iv or 0)


@given(MARKETS, AGES)
def test_a_future_stands_above_its_index_by_the_carry_and_on_its_tick(market: Market, age: timedelta) -> None:
    contract, at = future("/ES", EXPIRATION), EPOCH + age
    assert contract.symbol == "/ESM6"
    assert contract.expires_at is not None
    years = (contract.expires_at - at).total_seconds() / (365 * 86_400)
    fair = float(market.price(share("SPX"), at)) * math.exp((RATE - PRODUCTS["SPX"].dividend_yield) * years)
    price = market.price(contract, at)
    assert float(price) == pytest.approx(fair, abs=0.15)
    assert price % Decimal("0.25") == 0


def test_the_last_close_skips_the_weekend() -> None:
    monday = datetime(2026, 3, 9, 15, tzinfo=UTC)
    assert last_close(exchange_date(monday)).isoformat() == "2026-03-06T16:00:00-05:00"
    assert last_close(exchange_date(monday + timedelta(days=1))).isoformat() == "2026-03-09T16:00:00-04:00"
