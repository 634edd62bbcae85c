"""How figures come about: each with its formula, the numbers put in, and the inputs with their source and age."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cotrader_tui.analytics.exposure import only_underlying
from cotrader_tui.analytics.formula import Formula, Input, Unit, Value
from cotrader_tui.analytics.position_formulas import LEG_FORMULAS, applies, unknown_inputs, zero_divisor
from cotrader_tui.analytics.total_formulas import ACCOUNT_FORMULAS, UNDERLYING_FORMULAS, AccountInBook
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.text import MASK, UNKNOWN, visible
from cotrader_tui.tui.present.figures import ACCENT, STALE, WARN, Figures, exact
from cotrader_tui.tui.present.names import name
from cotrader_tui.tui.present.subjects import AccountSubject, PositionSubject, Subject, UnderlyingSubject
from cotrader_tui.tui.present.text import Line, Piece, cell_width, clipped
from cotrader_tui.tui.present.times import age, since

_LABEL, _VALUE, _INDENT = 24, 12, "  "
_PART = _INDENT * 2
"""What the inputs of a figure that they stand below are indented by."""
_PRICES = frozenset({Unit.PRICE, Unit.MONEY})

FORMULA_OF_COLUMN = {
    "quantity": "quantity",
    "dte": "dte",
    "average": "average_open_price",
    "mark": "mark",
    "value": "market_value",
    "open": "open_pnl",
    "percent": "open_pnl_percent",
    "day": "day_pnl",
    "delta": "delta",
    "gamma": "gamma",
    "theta": "theta",
    "vega": "vega",
    "iv": "iv",
    "day_percent": "day_pnl_percent",
    "notional": "notional",
    "dollars": "delta_dollars",
    "extrinsic": "extrinsic_value",
    "moneyness": "moneyness",
    "bid": "bid",
    "ask": "ask",
    "spread": "spread",
    "delta_entry": "entry_delta",
    "gamma_entry": "entry_gamma",
    "theta_entry": "entry_theta",
    "vega_entry": "entry_vega",
    "iv_entry": "entry_iv",
    "strike": "strike",
}
"""The formula of each column of positions that is a figure."""


_OF_UNDERLYINGS = {
    "dollars": "delta_dollars",
    "value": "market_value",
    "open": "open_pnl",
    "day": "day_pnl",
    "legs": "legs_with_greeks",
}
_OF_ACCOUNTS = {
    "net_liq": "net_liquidating_value",
    "cash": "cash_balance",
    "maintenance": "maintenance_requirement",
    "open": "open_pnl",
    "day": "day_pnl",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What is explained, and the lines that do so."""

    title: str
    lines: tuple[Line, ...]


def explanation(
    subject: Subject, snapshot: PortfolioSnapshot, now: datetime, figures: Figures, width: int
) -> Page | None:
    """Of `subject`, in lines of at most `width` cells; `None` once the book no longer has it.

    The figure of its column comes first.
    """
    pen = _Pen(now, figures, width)
    match subject:
        case PositionSubject(position, column):
            return _of_position(position, FORMULA_OF_COLUMN.get(column, ""), snapshot, pen)
        case UnderlyingSubject(underlying, currency, column):
            part = only_underlying(snapshot, underlying, currency)
            if not part.legs:
                return None
            pen = pen.naming((*part.legs, *part.closed_today))
            formulas = _first(UNDERLYING_FORMULAS.values(), _OF_UNDERLYINGS.get(column, column))
            return pen.page(underlying, currency, (line for each in formulas for line in pen.with_inputs(each, part)))
        case AccountSubject(account, column):
            of = AccountInBook(account, snapshot)
            if of.book is None:
                return None
            pen = pen.naming(of.legs((*snapshot.legs, *snapshot.closed_today)))
            accounts = _first(ACCOUNT_FORMULAS.values(), _OF_ACCOUNTS.get(column, column))
            lines = (line for each in accounts for line in pen.with_inputs(each, of))
            return pen.page(account.number, of.book.account.base_currency, lines)


def _of_position(position: int, first: str, snapshot: PortfolioSnapshot, pen: _Pen) -> Page | None:
    leg = next((leg for leg in snapshot.legs if leg.position.id == position), None)
    if leg is None:
        return None
    instrument = leg.position.instrument
    title = f"{name(instrument, exchange_date(pen.now))} · {leg.position.account.number}"
    return pen.page(title, instrument.currency, leg_lines(leg, pen.now, pen.figures, pen.width, first))


def _first(formulas: Iterable[Formula[Any]], wanted: str) -> list[Formula[Any]]:
    """All of them, the wanted one before the others."""
    return sorted(formulas, key=lambda each: each.id != wanted)


def leg_lines(leg: Leg, now: datetime, figures: Figures, width: int, first: str = "") -> tuple[Line, ...]:
    """Every figure of a position that is worked out, then all inputs; the figure `first`, if any, before the others."""
    pen = _Pen(now, figures, width)
    lines: list[Line] = []
    if first and applies(LEG_FORMULAS[first], leg, now):
        lines += [*pen.with_inputs(LEG_FORMULAS[first], leg), *pen.reasons(LEG_FORMULAS[first], leg)]
    shown = [each for each in LEG_FORMULAS.values() if applies(each, leg, now)]
    for each in shown:
        if each.id != first and not each.is_told:
            lines += [*pen.figure(each, leg), *pen.reasons(each, leg)]
    inputs = {each.name: each for formula in shown for each in formula.inputs(leg, now) if not each.formula}
    return (*lines, (), (Piece("Inputs", ACCENT),), *(line for each in inputs.values() for line in pen.input(each)))


@dataclass(frozen=True, slots=True)
class _Pen:
    """Writes figures and inputs as of a moment, in lines of at most so many cells."""

    now: datetime
    figures: Figures
    width: int
    label: int = _LABEL
    """How many cells the column of names has."""
    tells_accounts: bool = False
    """Whether the name of a part says which account it is in."""

    def naming(self, legs: Collection[Leg]) -> _Pen:
        """The same, with room for the names of `legs`; their account is part of them where there are several."""
        pen = replace(self, tells_accounts=len({leg.position.account for leg in legs}) > 1)
        widest = max((cell_width(f"{_PART}{pen._name(leg)} ") for leg in legs), default=0)
        return replace(pen, label=max(_LABEL, min(widest, self.width - _VALUE)))

    def _name(self, leg: Leg) -> str:
        position = leg.position
        words = name(position.instrument, exchange_date(self.now))
        return visible(f"{words} at {position.account.number}" if self.tells_accounts else words)

    def page(self, title: str, currency: str, lines: Iterable[Line]) -> Page:
        return Page(f"{visible(title)} · money in {visible(currency)}", tuple(lines))

    def with_inputs(self, formula: Formula[Any], subject: object) -> Iterator[Line]:
        """A figure with its own inputs below it."""
        yield from self.figure(formula, subject)
        for each in formula.inputs(subject, self.now):
            yield from self.input(each, _PART)
        yield ()

    def figure(self, formula: Formula[Any], subject: object) -> Iterator[Line]:
        """Its value with its unit, and its formula with and without the numbers."""
        inputs = formula.inputs(subject, self.now)
        by_model = any(each.source == "model" for each in inputs)
        value = _shown(formula, formula.result(subject, self.now), self.figures, is_by_model=by_model)
        unit = f"{_short(formula.unit)}{f'; {formula.sign}' if formula.sign else ''}"
        column = Piece(f"{formula.name:<{self.label}}")
        yield from self._told(column, Piece(f"{value.text:>{_VALUE}}", value.style), unit)
        if formula.is_told:
            return
        yield from self._wrapped(f"= {formula.text}")
        if not formula.is_sum:
            yield from self._wrapped(f"= {formula.put_in(inputs, lambda each: _text(each, self.figures))}")
        elif any(each.value is None for each in inputs):
            known = sum(each.value is not None for each in inputs)
            yield from self._wrapped(f"{known} of {len(inputs)} are known", WARN)

    def reasons(self, formula: Formula[Leg], leg: Leg) -> Iterator[Line]:
        """Why the figure is unknown, if it is."""
        if formula.result(leg, self.now) is not None:
            return
        for each in unknown_inputs(formula, leg, self.now):
            yield from self._wrapped(f"unknown: {each.name}: {visible(each.source)}", WARN)
        if zero_divisor(formula, leg, self.now):
            yield from self._wrapped("unknown: it would be divided by 0", WARN)

    def input(self, each: Input, indent: str = _INDENT) -> Iterator[Line]:
        """Name, value, source and age."""
        words = visible(each.name) if each.leg is None else self._name(each.leg)
        label = clipped(f"{indent}{words}", self.label - 1)
        style = WARN if each.value is None else ""
        words = visible(each.source)
        if each.at is not None and each.value is not None:
            words += f", {age(since(each.at, self.now))} ago"
        words += f"; {_short(each.unit)}" if each.unit is not Unit.NONE else ""
        column = Piece(f"{label}{' ' * (self.label - cell_width(label))}", STALE)
        yield from self._told(column, Piece(f"{_text(each, self.figures):>{_VALUE}}", style), words)

    def _told(self, label: Piece, value: Piece, words: str) -> Iterator[Line]:
        """A figure with some words behind it; below it where there is no room."""
        rest = f"{_INDENT}{words}"
        if sum(map(cell_width, (label.text, value.text, rest))) <= self.width:
            yield (label, value, Piece(rest, STALE))
        else:
            yield (label, value)
            yield from self._wrapped(f"{_INDENT}{words}")

    def _wrapped(self, words: str, style: str = STALE) -> Iterator[Line]:
        """`words` in as many lines as they need, broken at blanks."""
        line = ""
        for word in words.split(" "):
            if line and cell_width(f"{_INDENT}{line} {word}") > self.width:
                yield (Piece(f"{_INDENT}{line}", style),)
                line = f"{_INDENT}{word}"
            else:
                line = f"{line} {word}" if line else word
        yield (Piece(f"{_INDENT}{line}", style),)


def _short(unit: Unit) -> str:
    """The unit without what its figure is of."""
    return unit.value.removesuffix(" of the underlying").removesuffix(" of the instrument")


def _shown(formula: Formula[Any], value: Value, figures: Figures, *, is_by_model: bool) -> Piece:
    """The figure as its table shows it, but with all the room it needs."""
    if value is None:
        return Piece(UNKNOWN, WARN)
    if isinstance(value, Decimal) and formula.unit is Unit.MONEY:
        return figures.gain(value) if "gain" in formula.sign else figures.money(value)
    if isinstance(value, Decimal) and formula.unit is Unit.PERCENT:
        return figures.percent(value, suffix="%")
    if isinstance(value, float) and formula.unit is Unit.MONEY:
        return figures.dollars(value)
    if isinstance(value, float) and formula.unit is Unit.FRACTION:
        return figures.volatility(value, is_by_model=is_by_model)
    if isinstance(value, float):
        return figures.greek(value, is_by_model=is_by_model)
    return Piece(MASK if formula.is_amount and figures.is_private else _plain(value, formula.unit))


def _text(each: Input, figures: Figures) -> str:
    return MASK if each.is_amount and figures.is_private and each.value is not None else _plain(each.value, each.unit)


def _plain(value: Value, unit: Unit) -> str:
    """A value with all its digits; what was measured and not counted to six of them."""
    if value is None:
        return UNKNOWN
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, Decimal):
        return exact(value, 2 if unit in _PRICES else 0)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
