"""What a contract is worth beside its price: notional, extrinsic value, moneyness, spread, Greeks at entry."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from cotrader_tui.analytics.greeks import underlying_price
from cotrader_tui.analytics.pnl import day_base, day_pnl
from cotrader_tui.analytics.sums import product, total
from cotrader_tui.domain.instruments import OptionType
from cotrader_tui.domain.portfolio import Leg


def notional(leg: Leg) -> Decimal | None:
    """Price of what moves the leg × quantity × multiplier, signed; `None` for adjusted options and unknown prices."""
    price = delivered_price(leg)
    return None if price is None else product(price, leg.position.quantity, leg.position.instrument.multiplier)


def extrinsic_value(leg: Leg) -> Decimal | None:
    """(mark − intrinsic value) × quantity × multiplier of an option, signed as its market value.

    The intrinsic value of a call is max(0, S − K), of a put max(0, K − S). Below 0 where mark and price do not belong
    to the same moment. `None` for all but options, adjusted ones, and unknown inputs.
    """
    inside = _inside(leg)
    if inside is None or leg.quote is None or leg.quote.mark is None:
        return None
    per_unit = total((leg.quote.mark, max(inside, Decimal(0)).copy_negate()))
    return product(per_unit, leg.position.quantity, leg.position.instrument.multiplier)


def moneyness(leg: Leg) -> Decimal | None:
    """How far an option is in the money (+) or out of it (−), in percent of its strike; `None` as `extrinsic_value`."""
    inside, strike = _inside(leg), leg.position.instrument.strike
    return None if inside is None or not strike else inside / strike * 100


def spread(leg: Leg) -> Decimal | None:
    """Ask − bid, per unit."""
    quote = leg.quote
    return None if quote is None or quote.bid is None or quote.ask is None else quote.ask - quote.bid


def day_pnl_percent(leg: Leg, today: date) -> Decimal | None:
    """Day P&L ÷ |day base × quantity × multiplier| × 100; `None` where that is 0 or unknown."""
    gain, base = day_pnl(leg, today), day_base(leg, today)
    if gain is None or base is None:
        return None
    begun = product(base, leg.position.quantity, leg.position.instrument.multiplier)
    return gain / abs(begun) * 100 if begun else None


def entry_greek(leg: Leg, name: str) -> float | None:
    """delta, gamma, theta or vega per unit at the first sync that saw the position × today's quantity × multiplier."""
    entry = leg.position.entry
    if entry is None or entry.greeks is None:
        return None
    per_unit: float | None = getattr(entry.greeks, name)
    if per_unit is None:
        return None
    return per_unit * float(leg.position.quantity * leg.position.instrument.multiplier)


def entry_volatility(leg: Leg) -> float | None:
    """The implied volatility at the first sync that saw the position, as a fraction."""
    entry = leg.position.entry
    return None if entry is None or entry.greeks is None else entry.greeks.iv


def delivered_price(leg: Leg) -> Decimal | None:
    """The price of what moves the leg; `None` where unknown, and of adjusted options: their deliverable changed."""
    return None if leg.position.instrument.is_adjusted else underlying_price(leg)


def _inside(leg: Leg) -> Decimal | None:
    """Per unit, how far the price is beyond the strike on the side that pays."""
    instrument, price = leg.position.instrument, delivered_price(leg)
    if not instrument.is_option or instrument.strike is None or instrument.option_type is None or price is None:
        return None
    difference = price - instrument.strike
    return difference if instrument.option_type is OptionType.CALL else -difference
