"""Greeks of a position: per-unit Greek × quantity × multiplier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cotrader_tui.domain.instruments import LINEAR_TYPES
from cotrader_tui.domain.market import Source
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.positions import PositionStatus


@dataclass(frozen=True, slots=True)
class PositionGreeks:
    """A position's sensitivities in its currency.

    delta per $1 of the underlying, gamma in deltas per $1, theta per calendar day, vega per volatility point.
    `source` and `as_of` are `None` where the figures hold by definition (shares, funds, coins, futures).
    """

    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    iv: float | None = None
    source: Source | None = None
    as_of: datetime | None = None

    @property
    def is_complete(self) -> bool:
        return None not in (self.delta, self.gamma, self.theta, self.vega)

    @property
    def is_by_model(self) -> bool:
        """Whether they are the model's and not the broker's."""
        return self.source is Source.MODEL


UNKNOWN_GREEKS = PositionGreeks(None, None, None, None)


def counts_for_greeks(leg: Leg, now: datetime) -> bool:
    """Whether the leg belongs in totals of Greeks: open, of a type that has them, not expired at `now`."""
    instrument = leg.position.instrument
    return leg.position.status is PositionStatus.OPEN and instrument.has_greeks and not instrument.is_expired(now)


def position_greeks(leg: Leg, now: datetime) -> PositionGreeks:
    """The leg's Greeks at `now`; all unknown where it does not count or none have arrived."""
    if not counts_for_greeks(leg, now):
        return UNKNOWN_GREEKS
    size = float(leg.position.quantity * leg.position.instrument.multiplier)
    if leg.position.instrument.type in LINEAR_TYPES:
        return PositionGreeks(size, 0.0, 0.0, 0.0)
    unit = leg.greeks
    if unit is None:
        return UNKNOWN_GREEKS
    return PositionGreeks(
        delta=_scaled(unit.delta, size),
        gamma=_scaled(unit.gamma, size),
        theta=_scaled(unit.theta, size),
        vega=_scaled(unit.vega, size),
        iv=unit.iv,
        source=unit.source,
        as_of=unit.as_of,
    )


def _scaled(per_unit: float | None, size: float) -> float | None:
    return None if per_unit is None else per_unit * size


def underlying_price(leg: Leg) -> Decimal | None:
    """The price that moves the leg: its exact underlying's, or its own mark if it has none.

    `None` where it is unknown, also for an option of which it is not known what it is on.
    """
    instrument = leg.position.instrument
    if instrument.underlying_id is not None or instrument.is_option:
        return leg.underlying_quote.mark if leg.underlying_quote is not None else None
    return leg.quote.mark if leg.quote is not None else None


def delta_dollars(leg: Leg, now: datetime) -> float | None:
    """Position delta × the price of its own underlying: the exposure in money.

    Source: Interactive Brokers Risk Navigator, exposure = position × delta × multiplier × underlying price.
    """
    delta, price = position_greeks(leg, now).delta, underlying_price(leg)
    return None if delta is None or price is None else delta * float(price)
