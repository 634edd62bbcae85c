"""Quotes and Greeks from the state of a market data subscription."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import pytest
from ib_async import OptionComputation, Ticker

from cotrader_tui.brokers.ibkr.instruments import instrument_id
from cotrader_tui.brokers.ibkr.ticks import greeks_of, quote_of
from cotrader_tui.domain.market import MarkSource, Source
from tests.brokers.ibkr.conftest import NOW

CALL = instrument_id(700001)


def priced(**prices: float) -> Ticker:
    ticker = Ticker()
    for name, value in prices.items():
        setattr(ticker, name, value)
    return ticker


def model(**figures: float | None) -> Ticker:
    known = {"impliedVol": 0.25, "delta": 0.5, "gamma": 0.02, "vega": 0.31, "theta": -0.08, **figures}
    return Ticker(modelGreeks=OptionComputation(0, **known))


def test_model_greeks_are_per_unit_per_day_and_per_volatility_point_already() -> None:
    greeks = greeks_of(model(), CALL, NOW)
    assert greeks is not None
    assert (greeks.delta, greeks.gamma, greeks.theta, greeks.vega, greeks.iv) == (0.5, 0.02, -0.08, 0.31, 0.25)
    assert (greeks.rho, greeks.source, greeks.as_of, greeks.received_at) == (None, Source.BROKER, NOW, NOW)


@pytest.mark.parametrize("value", [-2.0, math.nan, 1.7976931348623157e308, None])
@pytest.mark.parametrize("name", ["gamma", "vega", "theta"])
def test_a_greek_that_is_a_sentinel_is_unknown_and_the_others_stay(name: str, value: float | None) -> None:
    greeks = greeks_of(model(**{name: value}), CALL, NOW)
    assert greeks is not None
    assert getattr(greeks, name) is None
    assert greeks.delta == 0.5


def test_impossible_figures_are_unknown() -> None:
    greeks = greeks_of(model(delta=1.7, gamma=-0.1, impliedVol=-1.0), CALL, NOW)
    assert greeks is not None
    assert (greeks.delta, greeks.gamma, greeks.iv, greeks.vega) == (None, None, None, 0.31)


@pytest.mark.parametrize("ticker", [Ticker(), model(delta=None, vega=-2.0)])
def test_without_delta_and_vega_there_are_no_greeks(ticker: Ticker) -> None:
    assert greeks_of(ticker, CALL, NOW) is None


@pytest.mark.parametrize(("kind", "minutes"), [(1, 0), (2, 0), (3, 15), (4, 15)])
def test_delayed_greeks_are_fifteen_minutes_old_when_they_come(kind: int, minutes: int) -> None:
    ticker = model()
    ticker.marketDataType = kind
    greeks = greeks_of(ticker, CALL, NOW)
    assert greeks is not None
    assert greeks.as_of == NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("prices", "mark", "source"),
    [
        ({"bid": 5.0, "bidSize": 3.0, "ask": 5.2, "askSize": 2.0, "last": 4.0, "lastSize": 1.0}, "5.1", MarkSource.MID),
        ({"bid": 0.0, "bidSize": 3.0, "ask": 0.1, "askSize": 2.0}, "0.05", MarkSource.MID),
        ({"bid": -1.0, "bidSize": 0.0, "ask": -1.0, "last": 4.0, "lastSize": 1.0}, "4", MarkSource.LAST),
        ({"bid": 5.3, "bidSize": 3.0, "ask": 5.2, "askSize": 2.0, "last": 4.0, "lastSize": 1.0}, "4", MarkSource.LAST),
        ({"bid": 5.0, "bidSize": 3.0, "close": 4.5}, "4.5", MarkSource.CLOSE),
    ],
)  # fmt: skip
def test_a_mark_is_the_middle_of_a_real_market_else_the_last_trade_else_the_close(
    prices: dict[str, float], mark: str, source: MarkSource
) -> None:
    quote = quote_of(priced(**prices), CALL, NOW)
    assert quote is not None
    assert (quote.mark, quote.mark_source) == (Decimal(mark), source)


@pytest.mark.parametrize("kind", [2, 4])
@pytest.mark.parametrize(
    ("prices", "mark", "source"),
    [
        ({"last": 4.0, "lastSize": 1.0, "close": 3.9}, "4", MarkSource.LAST),
        ({"close": 3.9}, "3.9", MarkSource.CLOSE),
    ],
)
def test_what_was_quoted_when_a_market_closed_makes_no_mark(
    kind: int, prices: dict[str, float], mark: str, source: MarkSource
) -> None:
    ticker = priced(bid=5.0, bidSize=3.0, ask=5.2, askSize=2.0, **prices)
    ticker.marketDataType = kind
    quote = quote_of(ticker, CALL, NOW)
    assert quote is not None
    assert (quote.mark, quote.mark_source) == (Decimal(mark), source)


def test_prices_in_pence_are_in_pounds() -> None:
    prices = {"bid": 101.0, "bidSize": 3.0, "ask": 102.0, "askSize": 2.0, "last": 99.5, "lastSize": 1.0, "close": 98.0}
    quote = quote_of(priced(**prices), CALL, NOW, price_magnifier=100)
    assert quote is not None
    assert (quote.bid, quote.ask, quote.mark) == (Decimal("1.01"), Decimal("1.02"), Decimal("1.015"))
    assert (quote.last, quote.previous_close) == (Decimal("0.995"), Decimal("0.98"))


@pytest.mark.parametrize("prices", [{}, {"bid": -1.0, "ask": -1.0, "last": math.nan, "close": 0.0}, {"close": 1.8e308}])
def test_without_any_price_there_is_no_quote(prices: dict[str, float]) -> None:
    assert quote_of(priced(**prices), CALL, NOW) is None
