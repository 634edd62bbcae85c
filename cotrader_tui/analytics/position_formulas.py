"""The formulas of every figure of a position. The screen, the documentation and the tests read this one table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cotrader_tui.analytics import contract_figures as contract
from cotrader_tui.analytics import pnl
from cotrader_tui.analytics.formula import Formula, Input, Unit, Value
from cotrader_tui.analytics.greeks import counts_for_greeks, delta_dollars, position_greeks, underlying_price
from cotrader_tui.analytics.position_inputs import (
    ask,
    at_entry,
    average_open_price,
    bid,
    day_base,
    expiration,
    implied_volatility,
    mark,
    multiplier,
    per_unit,
    previous_close,
    quantity,
    realized_today,
    side,
    strike,
    today,
    underlying,
)
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import Leg

LegFormula = Formula[Leg]
_Reader = Callable[[Leg, datetime], Input]
_GAIN = "+ gain, − loss"
_LONG = "+ long, − short"
_DEFINITION = "by definition"
_TASTYTRADE = "tastytrade, API guide to account positions"
_SIGNS = {
    "delta": "+ gains when it rises",
    "gamma": "+ delta rises with it",
    "theta": "− loses",
    "vega": "+ gains when it rises",
}
_GREEK_NOTE = (
    "Per unit they are the broker's or, marked m, a model's. Of a share, a fund, a coin and a future delta is 1 and "
    "the others are 0. Expired options have none."
)


def _inputs(*readers: _Reader) -> Callable[[Leg, datetime], tuple[Input, ...]]:
    return lambda leg, now: tuple(reader(leg, now) for reader in readers)


def _told(id_: str, name: str, reader: _Reader, unit: Unit, sign: str = "", *, note: str = "") -> LegFormula:
    """A figure taken as it is."""
    is_amount = unit is Unit.QUANTITY or id_ == "average_open_price"
    found = _inputs(reader)
    return Formula(
        id_, name, name.lower(), unit, sign, "told", lambda leg, now: reader(leg, now).value, found, is_amount, note
    )


def _result(id_: str, name: str) -> _Reader:
    """The result of another formula, as an input."""

    def read(leg: Leg, now: datetime) -> Input:
        of = LEG_FORMULAS[id_]
        at = min((each.at for each in of.inputs(leg, now) if each.at is not None), default=None)
        return Input(name, of.result(leg, now), of.unit, "worked out", at, of.is_amount, id_)

    return read


def _greek(id_: str, unit: Unit) -> LegFormula:
    def result(leg: Leg, now: datetime) -> Value:
        found: float | None = getattr(position_greeks(leg, now), id_)
        return found

    text = f"{id_} per unit × quantity × multiplier"
    inputs = _inputs(per_unit(id_), quantity, multiplier)
    note = _GREEK_NOTE if id_ == "delta" else "Of what is no option 0. Expired options have none."
    return Formula(id_, id_.title(), text, unit, _SIGNS[id_], _DEFINITION, result, inputs, is_amount=True, note=note)


def _entry(id_: str, unit: Unit) -> LegFormula:
    return Formula(
        f"entry_{id_}",
        f"{id_.title()} at entry",
        f"entry {id_} per unit × quantity × multiplier",
        unit,
        _SIGNS[id_],
        _DEFINITION,
        lambda leg, _: contract.entry_greek(leg, id_),
        _inputs(at_entry(id_), quantity, multiplier),
        is_amount=True,
        note="Per unit at the first sync that saw the position, times what is held now.",
    )


def _days(leg: Leg, now: datetime) -> Value:
    return leg.position.instrument.days_to_expiration(exchange_date(now))


def _dollars(leg: Leg, now: datetime) -> Value:
    return delta_dollars(leg, now)


_ALL: tuple[LegFormula, ...] = (
    _told("quantity", "Quantity", quantity, Unit.QUANTITY, _LONG),
    _told("average_open_price", "Average open price", average_open_price, Unit.PRICE, note="Without fees."),
    _told(
        "mark",
        "Mark",
        mark,
        Unit.PRICE,
        note="The broker's own where it gives one; else the middle of bid and ask, the last price, or the close: its "
        "source says which.",
    ),
    _told("previous_close", "Previous close", previous_close, Unit.PRICE),
    _told("bid", "Bid", bid, Unit.PRICE),
    _told("ask", "Ask", ask, Unit.PRICE),
    Formula(
        "market_value",
        "Market value",
        "mark × quantity × multiplier",
        Unit.MONEY,
        "+ owned, − owed",
        _DEFINITION,
        lambda leg, _: pnl.market_value(leg),
        _inputs(mark, quantity, multiplier),
        is_amount=True,
    ),
    Formula(
        "net_cost",
        "Net cost",
        "average open price × quantity × multiplier",
        Unit.MONEY,
        "+ paid, − received",
        _DEFINITION,
        lambda leg, _: pnl.net_cost(leg),
        _inputs(average_open_price, quantity, multiplier),
        is_amount=True,
        note="Without fees.",
    ),
    Formula(
        "open_pnl",
        "Open P&L",
        "(mark − average open price) × quantity × multiplier",
        Unit.MONEY,
        _GAIN,
        _TASTYTRADE,
        lambda leg, _: pnl.open_pnl(leg),
        _inputs(mark, average_open_price, quantity, multiplier),
        is_amount=True,
        note="Without fees.",
    ),
    Formula(
        "open_pnl_percent",
        "Open P&L %",
        "open P&L ÷ |net cost| × 100",
        Unit.PERCENT,
        _GAIN,
        _DEFINITION,
        lambda leg, _: pnl.open_pnl_percent(leg),
        _inputs(_result("open_pnl", "open P&L"), _result("net_cost", "net cost")),
        note="Unknown where the net cost is 0.",
    ),
    Formula(
        "day_pnl",
        "Day P&L",
        "(mark − day base) × quantity × multiplier + realized today",
        Unit.MONEY,
        _GAIN,
        _TASTYTRADE,
        lambda leg, now: pnl.day_pnl(leg, exchange_date(now)),
        _inputs(mark, day_base, quantity, multiplier, realized_today),
        is_amount=True,
        note="The day base is the price from which the broker's own day P&L comes out whole, where it gives that; the "
        "average open price of what was opened today (New York); else the previous close.",
    ),
    Formula(
        "day_pnl_percent",
        "Day P&L %",
        "day P&L ÷ |day base × quantity × multiplier| × 100",
        Unit.PERCENT,
        _GAIN,
        _DEFINITION,
        lambda leg, now: contract.day_pnl_percent(leg, exchange_date(now)),
        _inputs(_result("day_pnl", "day P&L"), day_base, quantity, multiplier),
        note="Unknown where the divisor is 0.",
    ),
    _greek("delta", Unit.DELTA),
    _greek("gamma", Unit.GAMMA),
    _greek("theta", Unit.THETA),
    _greek("vega", Unit.VEGA),
    _told(
        "iv",
        "Implied volatility",
        implied_volatility,
        Unit.FRACTION,
        note="Per year. The screen shows it in points: 0.25 is 25.0.",
    ),
    Formula(
        "delta_dollars",
        "Delta dollars",
        "position delta × underlying price",
        Unit.MONEY,
        _SIGNS["delta"],
        "Interactive Brokers, Risk Navigator: position × delta × multiplier × underlying price",
        _dollars,
        _inputs(_result("delta", "position delta"), underlying(underlying_price)),
        is_amount=True,
        note="Of a future at the price of its own contract.",
    ),
    Formula(
        "notional",
        "Notional",
        "underlying price × quantity × multiplier",
        Unit.MONEY,
        _LONG,
        _DEFINITION,
        lambda leg, _: contract.notional(leg),
        _inputs(underlying(contract.delivered_price), quantity, multiplier),
        is_amount=True,
        note="Unknown of adjusted options: they deliver something else.",
    ),
    Formula(
        "extrinsic_value",
        "Extrinsic value",
        "(mark − max(0, side × (underlying price − strike))) × quantity × multiplier",
        Unit.MONEY,
        "+ owned, − owed",
        "tastytrade, help on intrinsic and extrinsic value: intrinsic + extrinsic = option price",
        lambda leg, _: contract.extrinsic_value(leg),
        _inputs(mark, side, underlying(contract.delivered_price), strike, quantity, multiplier),
        is_amount=True,
        note="side is +1 for a call, −1 for a put. Options only.",
    ),
    Formula(
        "moneyness",
        "Moneyness",
        "side × (underlying price − strike) ÷ strike × 100",
        Unit.PERCENT,
        "+ in the money, − out of it",
        _DEFINITION,
        lambda leg, _: contract.moneyness(leg),
        _inputs(side, underlying(contract.delivered_price), strike),
        note="side is +1 for a call, −1 for a put. Options only.",
    ),
    Formula(
        "spread",
        "Spread",
        "ask − bid",
        Unit.PRICE,
        "",
        _DEFINITION,
        lambda leg, _: contract.spread(leg),
        _inputs(ask, bid),
    ),
    Formula(
        "dte",
        "Days to expiration",
        "expiration − today",
        Unit.DAYS,
        "0 on the day itself",
        _DEFINITION,
        _days,
        _inputs(expiration, today),
        note="Both are dates of the exchange, New York.",
    ),
    _told("strike", "Strike", strike, Unit.PRICE),
    _entry("delta", Unit.DELTA),
    _entry("gamma", Unit.GAMMA),
    _entry("theta", Unit.THETA),
    _entry("vega", Unit.VEGA),
    _told(
        "entry_iv",
        "Volatility at entry",
        at_entry("iv", "volatility at entry"),
        Unit.FRACTION,
        note="At the first sync that saw the position.",
    ),
)
LEG_FORMULAS: dict[str, LegFormula] = {formula.id: formula for formula in _ALL}
"""Of an open position, by id."""

_OPTIONS_ONLY = frozenset({"iv", "extrinsic_value", "moneyness", "dte", "strike"})


def applies(formula: LegFormula, leg: Leg, now: datetime) -> bool:
    """Whether there is such a figure of the leg: a share has no strike, which is not unknown."""
    instrument = leg.position.instrument
    if formula.id == "dte":
        return instrument.is_option or instrument.expiration is not None
    if formula.id in _OPTIONS_ONLY or formula.id.startswith("entry_"):
        return instrument.is_option
    if formula.id in ("delta", "gamma", "theta", "vega", "delta_dollars"):
        return counts_for_greeks(leg, now) or instrument.is_option
    return True


def unknown_inputs(formula: LegFormula, leg: Leg, now: datetime) -> tuple[Input, ...]:
    """What is not known at the root of the figure, each once; empty where all is."""
    found: dict[str, Input] = {}
    for each in formula.inputs(leg, now):
        if each.value is not None:
            continue
        roots = unknown_inputs(LEG_FORMULAS[each.formula], leg, now) if each.formula else ()
        found |= {root.name: root for root in roots or (each,)}
    return tuple(found.values())


def zero_divisor(formula: LegFormula, leg: Leg, now: datetime) -> bool:
    """Whether the figure is unknown because what it is divided by is 0."""
    is_known = all(each.value is not None for each in formula.inputs(leg, now))
    return is_known and formula.result(leg, now) is None and "÷" in formula.text
