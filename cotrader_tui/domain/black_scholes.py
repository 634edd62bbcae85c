"""European option prices and Greeks in closed form: the generalised Black–Scholes–Merton model and Black-76.

Source: Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., chapters 1 and 2; for futures Black (1976).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from cotrader_tui.domain.instruments import OptionType

_DAYS_PER_YEAR = 365.0
_PER_POINT = 0.01

LOWEST_VOLATILITY, HIGHEST_VOLATILITY = 0.01, 5.0
"""The volatilities (yearly fractions) an implied one is looked for between; no listed option trades outside them."""
_ROUNDING = 1e-12
"""Part of the larger of forward and strike: a smaller price cannot be told from none."""
_MOST_STEPS = 60
_ACCURACY = 1e-7
"""Relative; Newton's last step is about its square off."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """Price and sensitivities per unit of a long option, in the units of `domain.market.Greeks`."""

    price: float
    delta: float
    """Per $1 of the underlying (of the future in Black-76)."""
    gamma: float
    """Per $1²."""
    theta: float
    """Per calendar day: the yearly derivative / 365."""
    vega: float
    """Per volatility point (0.01)."""
    rho: float
    """Per percentage point of the rate (0.01)."""


def black_scholes_merton(
    option_type: OptionType,
    spot: float,
    strike: float,
    years: float,
    rate: float,
    dividend_yield: float,
    volatility: float,
) -> Valuation:
    """Value an option on something that pays a continuous yield; the cost of carry is `rate - dividend_yield`.

    `years` to expiration, `rate`, `dividend_yield` and `volatility` are yearly fractions (0.25 is 25 %), compounded
    continuously.

    Raises:
        ValueError: spot, strike, years or volatility is not a positive, finite number; nothing is guessed at.
    """
    for name, figure in (("spot", spot), ("strike", strike), ("years", years), ("volatility", volatility)):
        if not (figure > 0 and math.isfinite(figure)):
            raise ValueError(f"{name} must be a positive, finite number, not {figure}")
    sign = 1.0 if option_type is OptionType.CALL else -1.0
    deviation = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate - dividend_yield + volatility**2 / 2) * years) / deviation
    d2 = d1 - deviation
    spot_today = spot * math.exp(-dividend_yield * years)
    strike_today = strike * math.exp(-rate * years)
    spot_weight, strike_weight = _normal_cdf(sign * d1), _normal_cdf(sign * d2)
    yearly_decay = (
        -spot_today * _normal_pdf(d1) * volatility / (2 * math.sqrt(years))
        - sign * rate * strike_today * strike_weight
        + sign * dividend_yield * spot_today * spot_weight
    )
    return Valuation(
        price=max(0.0, sign * (spot_today * spot_weight - strike_today * strike_weight)),
        delta=sign * spot_today / spot * spot_weight,
        gamma=spot_today / spot * _normal_pdf(d1) / (spot * deviation),
        theta=yearly_decay / _DAYS_PER_YEAR,
        vega=spot_today * _normal_pdf(d1) * math.sqrt(years) * _PER_POINT,
        rho=sign * strike_today * years * strike_weight * _PER_POINT,
    )


def black_76(
    option_type: OptionType, future: float, strike: float, years: float, rate: float, volatility: float
) -> Valuation:
    """Value an option on a future: the model above with a yield equal to the rate.

    The future's price does not depend on the rate here, so rho is that of discounting alone: −years × price.

    Raises:
        ValueError: as `black_scholes_merton`.
    """
    valuation = black_scholes_merton(option_type, future, strike, years, rate, rate, volatility)
    return replace(valuation, rho=-years * valuation.price * _PER_POINT)


def implied_volatility(
    option_type: OptionType,
    price: float,
    spot: float,
    strike: float,
    years: float,
    rate: float,
    dividend_yield: float,
) -> float | None:
    """The volatility at which `black_scholes_merton` comes to `price`; with a yield equal to the rate it is Black-76's.

    `None` where there is none between `LOWEST_VOLATILITY` and `HIGHEST_VOLATILITY`: the price is outside what the
    model allows, such as below what exercise at expiration is worth today.

    Raises:
        ValueError: spot, strike or years is not a positive, finite number.
    """
    for name, figure in (("spot", spot), ("strike", strike), ("years", years)):
        if not (figure > 0 and math.isfinite(figure)):
            raise ValueError(f"{name} must be a positive, finite number, not {figure}")
    forward = spot * math.exp((rate - dividend_yield) * years)
    sign = 1.0 if option_type is OptionType.CALL else -1.0
    # By parity the option out of the money has the same volatility, and no part of its price is certain.
    uncertain = price * math.exp(rate * years) - max(0.0, sign * (forward - strike))
    if not _ROUNDING * max(forward, strike) < uncertain < min(forward, strike):
        return None
    deviation = _deviation(uncertain, forward, strike, math.sqrt(years))
    return None if deviation is None else deviation / math.sqrt(years)


def _deviation(price: float, forward: float, strike: float, root_years: float) -> float | None:
    """volatility × √years at which the option out of the money is worth `price` at expiration.

    Newton's method from the price's point of inflection, kept within what is known of the answer.
    Source: Manaster and Koehler (1982), The Calculation of Implied Variances from the Black-Scholes Model.
    """
    sign = 1.0 if forward < strike else -1.0
    moneyness = math.log(forward / strike)
    low, high = LOWEST_VOLATILITY * root_years, HIGHEST_VOLATILITY * root_years
    deviation = min(max(math.sqrt(2 * abs(moneyness)), low), high)
    for _ in range(_MOST_STEPS):
        d1 = moneyness / deviation + deviation / 2
        d2 = d1 - deviation
        missing = price - sign * (forward * _normal_cdf(sign * d1) - strike * _normal_cdf(sign * d2))
        low, high = (deviation, high) if missing > 0 else (low, deviation)
        slope = forward * _normal_pdf(d1)
        following = deviation + missing / slope if slope > 0 else high
        if abs(following - deviation) <= _ACCURACY * deviation:
            return following
        deviation = following if low < following < high else (low + high) / 2
        if high - low <= _ACCURACY * high:
            return None  # it lies at, or beyond, one of the ends
    return None


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _normal_pdf(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2.0 * math.pi)
