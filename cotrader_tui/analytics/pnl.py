"""Value and P&L of one leg, in the currency of its instrument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from cotrader_tui.analytics.sums import PartialSum, product, total
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.positions import Position, PositionStatus


def _open_mark(leg: Leg) -> Decimal | None:
    is_open = leg.position.status is PositionStatus.OPEN
    return leg.quote.mark if is_open and leg.quote is not None else None


def market_value(leg: Leg) -> Decimal | None:
    """mark × quantity × multiplier, signed; `None` for closed positions and unknown marks."""
    mark = _open_mark(leg)
    return None if mark is None else product(mark, leg.position.quantity, leg.position.instrument.multiplier)


def net_cost(leg: Leg) -> Decimal | None:
    """average open price × quantity × multiplier: what was paid (+) or received (−), without fees."""
    price = leg.position.average_open_price
    if price is None or leg.position.status is not PositionStatus.OPEN:
        return None
    return product(price, leg.position.quantity, leg.position.instrument.multiplier)


def open_pnl(leg: Leg) -> Decimal | None:
    """(mark − average open price) × quantity × multiplier, without fees."""
    value, cost = market_value(leg), net_cost(leg)
    return None if value is None or cost is None else total((value, cost.copy_negate()))


def open_pnl_percent(leg: Leg) -> Decimal | None:
    """Open P&L ÷ |net cost| × 100; `None` where the cost is 0 or unknown."""
    profit, cost = open_pnl(leg), net_cost(leg)
    return None if profit is None or not cost else profit / abs(cost) * 100


def realized_on(position: Position, today: date) -> Decimal:
    """The realized part of day P&L the position contributes on the exchange's date `today`; 0 if none is dated so."""
    return _dated_gain(position, today) or Decimal(0)


def day_base(leg: Leg, today: date) -> Decimal | None:
    """The price day P&L starts from: the broker's own, the average open price if opened today, else the previous close.

    `None` where the previous close is of an earlier date: today's is unknown until the first sync of the day.
    """
    position = leg.position
    if position.day_base is not None and exchange_date(position.last_synced_at) == today:
        return position.day_base
    if exchange_date(position.opened_at) == today:
        return position.average_open_price
    if position.previous_close is not None:
        return position.previous_close if exchange_date(position.last_synced_at) == today else None
    if leg.quote is None or exchange_date(leg.quote.received_at) != today:
        return None
    return leg.quote.previous_close


def day_pnl(leg: Leg, today: date) -> Decimal | None:
    """(mark − day base) × quantity × multiplier + what was realized on the exchange's date `today`.

    Source: tastytrade's guide to account positions (P/L day). `None` for closed positions and unknown inputs.
    """
    mark, base = _open_mark(leg), day_base(leg, today)
    if mark is None or base is None:
        return None
    quantity, multiplier = leg.position.quantity, leg.position.instrument.multiplier
    return total(
        (
            product(mark, quantity, multiplier),
            product(base, quantity, multiplier).copy_negate(),
            realized_on(leg.position, today),
        )
    )


def day_parts(legs: Iterable[Leg], closed: Iterable[Leg], today: date) -> Iterator[tuple[Leg, Decimal | None]]:
    """What each open leg, and each of `closed` that closed on the exchange's date `today`, adds to day P&L.

    An option that had expired before `today` and was only cleared away on it adds nothing and is left out.
    """
    yield from ((leg, day_pnl(leg, today)) for leg in legs)
    yield from ((leg, _dated_gain(leg.position, today)) for leg in closed if _closed_in_trading(leg.position, today))


def day_total(legs: Iterable[Leg], closed: Iterable[Leg], today: date) -> PartialSum:
    """Day P&L over legs of one currency."""
    return PartialSum.over(amount for _, amount in day_parts(legs, closed, today))


def _closed_in_trading(position: Position, today: date) -> bool:
    if position.closed_at is None or exchange_date(position.closed_at) != today:
        return False
    has_gain = _dated_gain(position, today) is not None
    return has_gain or position.instrument.expiration is None or position.instrument.expiration >= today


def _dated_gain(position: Position, today: date) -> Decimal | None:
    gain = position.realized_day_gain
    return gain.amount if gain is not None and gain.on == today else None
