"""What is put into the formulas of a position: each value with its origin and its time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from cotrader_tui.analytics import pnl
from cotrader_tui.analytics.formula import Input, Unit, Value
from cotrader_tui.analytics.greeks import counts_for_greeks
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.instruments import LINEAR_TYPES, OptionType
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.portfolio import Leg

NO_QUOTE = "no quote has arrived"
NO_GREEKS = "no Greeks have arrived"
_CONTRACT = "the contract"


def _broker(leg: Leg) -> str:
    """Who tells what is held."""
    return "broker" if leg.position.orphaned_since is None else "broker, whose row can no longer be read"


def quantity(leg: Leg, _: datetime) -> Input:
    position = leg.position
    return Input("quantity", position.quantity, Unit.QUANTITY, _broker(leg), position.last_synced_at, is_amount=True)


def multiplier(leg: Leg, _: datetime) -> Input:
    return Input("multiplier", leg.position.instrument.multiplier, Unit.MULTIPLIER, _CONTRACT)


def average_open_price(leg: Leg, _: datetime) -> Input:
    position, price = leg.position, leg.position.average_open_price
    source = _broker(leg) if price is not None else "the broker does not tell it"
    return Input("average open price", price, Unit.PRICE, source, position.last_synced_at, is_amount=True)


def _price(name: str, field: str) -> Callable[[Leg, datetime], Input]:
    def read(leg: Leg, _: datetime) -> Input:
        quote = leg.quote
        value: Decimal | None = None if quote is None else getattr(quote, field)
        return Input(name, value, Unit.PRICE, _quoted(quote, value), None if quote is None else quote.received_at)

    return read


def _quoted(quote: Quote | None, value: Value) -> str:
    if quote is None:
        return NO_QUOTE
    return str(quote.source) if value is not None else f"the {quote.source}'s quote has none"


bid, ask = _price("bid", "bid"), _price("ask", "ask")


def mark(leg: Leg, _: datetime) -> Input:
    quote = leg.quote
    value = None if quote is None else quote.mark
    source = _quoted(quote, value)
    if quote is not None and quote.mark_source is not None:
        source = f"{quote.mark_source}, by {quote.source}" if quote.mark_source != quote.source.value else source
        source += "; trading is halted" if quote.is_halted else ""
    return Input("mark", value, Unit.PRICE, source, None if quote is None else quote.received_at)


def previous_close(leg: Leg, now: datetime) -> Input:
    """The position's own, else its quote's."""
    position = leg.position
    if position.previous_close is not None:
        return Input("previous close", position.previous_close, Unit.PRICE, _broker(leg), position.last_synced_at)
    return _price("previous close", "previous_close")(leg, now)


def day_base(leg: Leg, now: datetime) -> Input:
    """The price day P&L starts from, with which of the three it is. All but a previous close is an amount."""
    position, day = leg.position, exchange_date(now)
    value = pnl.day_base(leg, day)
    is_synced_today = exchange_date(position.last_synced_at) == day
    at: datetime | None = position.last_synced_at
    is_amount = True
    if position.day_base is not None and is_synced_today:
        source = "broker, the base of its own day P&L"
    elif exchange_date(position.opened_at) == day:
        source = "average open price: opened today" if value is not None else "the broker does not tell what it cost"
    elif value is not None:
        source, is_amount = "previous close", False
        at = at if position.previous_close is not None or leg.quote is None else leg.quote.received_at
    else:
        source = _no_close(leg)
    return Input("day base", value, Unit.PRICE, source, at, is_amount)


def _no_close(leg: Leg) -> str:
    if leg.position.previous_close is not None or (leg.quote is not None and leg.quote.previous_close is not None):
        return "the previous close is of an earlier day, until the first sync of today"
    return "no previous close is known"


def realized_today(leg: Leg, now: datetime) -> Input:
    position = leg.position
    amount = pnl.realized_on(position, exchange_date(now))
    source = "broker" if amount else "nothing is dated today"
    return Input("realized today", amount, Unit.MONEY, source, position.last_synced_at, is_amount=True)


def underlying(price: Callable[[Leg], Decimal | None]) -> Callable[[Leg, datetime], Input]:
    """The price of what moves the leg, as a formula takes it; its own mark where it is its own underlying."""

    def read(leg: Leg, _: datetime) -> Input:
        instrument, value = leg.position.instrument, price(leg)
        is_own = instrument.underlying_id is None
        quote = leg.quote if is_own else leg.underlying_quote
        if value is not None:
            source = "its own mark" if is_own else _quoted(quote, value)
        elif instrument.is_adjusted:
            source = "the option is adjusted: it delivers something else"
        elif is_own and instrument.is_option:
            source = "it is not known what the option is on"
        else:
            source = _quoted(quote, value)
        return Input("underlying price", value, Unit.PRICE, source, None if quote is None else quote.received_at)

    return read


def strike(leg: Leg, _: datetime) -> Input:
    value = leg.position.instrument.strike
    return Input("strike", value, Unit.PRICE, _CONTRACT if value is not None else "the broker does not tell it")


def side(leg: Leg, _: datetime) -> Input:
    kind = leg.position.instrument.option_type
    if kind is None:
        return Input("side", None, Unit.NONE, "it is not known whether it is a call or a put")
    return Input("side", 1 if kind is OptionType.CALL else -1, Unit.NONE, f"a {kind}")


def expiration(leg: Leg, _: datetime) -> Input:
    day = leg.position.instrument.expiration
    return Input("expiration", day, Unit.NONE, _CONTRACT if day is not None else "the broker does not tell it")


def today(_: Leg, now: datetime) -> Input:
    return Input("today", exchange_date(now), Unit.NONE, "New York")


def per_unit(greek: str) -> Callable[[Leg, datetime], Input]:
    """A Greek per unit of the instrument as it counts at a moment."""
    name = f"{greek} per unit"

    def read(leg: Leg, now: datetime) -> Input:
        if not counts_for_greeks(leg, now):
            why = "the option has expired" if leg.position.instrument.is_option else "this kind has no Greeks"
            return Input(name, None, Unit.PER_UNIT, why)
        if leg.position.instrument.type in LINEAR_TYPES:
            return Input(name, 1.0 if greek == "delta" else 0.0, Unit.PER_UNIT, "by definition")
        return _sensitivity(name, leg.greeks, greek, NO_GREEKS)

    return read


def implied_volatility(leg: Leg, now: datetime) -> Input:
    if not counts_for_greeks(leg, now):
        return Input("implied volatility", None, Unit.FRACTION, "the option has expired")
    return _sensitivity("implied volatility", leg.greeks, "iv", NO_GREEKS)


def at_entry(greek: str, name: str = "") -> Callable[[Leg, datetime], Input]:
    """What it was per unit at the first sync that saw the position."""

    def read(leg: Leg, _: datetime) -> Input:
        entry = leg.position.entry
        greeks = None if entry is None else entry.greeks
        missing = "the first sync that saw the position had no Greeks of it"
        return _sensitivity(name or f"entry {greek} per unit", greeks, greek, missing)

    return read


def _sensitivity(name: str, greeks: Greeks | None, field: str, missing: str) -> Input:
    unit = Unit.FRACTION if field == "iv" else Unit.PER_UNIT
    if greeks is None:
        return Input(name, None, unit, missing)
    value: float | None = getattr(greeks, field)
    return Input(name, value, unit, str(greeks.source) if value is not None else missing, greeks.as_of)
