"""The detail of one position: every figure with its formula, its inputs, its source and its age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cotrader_tui.analytics.greeks import position_greeks, underlying_price
from cotrader_tui.analytics.hours import is_mark_stale, leg_state
from cotrader_tui.analytics.model_greeks import RISK_FREE_RATE
from cotrader_tui.analytics.pnl import (
    day_base,
    day_pnl,
    market_value,
    net_cost,
    open_pnl,
    open_pnl_percent,
    realized_on,
)
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.instruments import LINEAR_TYPES, InstrumentType
from cotrader_tui.domain.market import Greeks, MarketPhase, Quote, Source, TradingSession
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.positions import PositionEvent
from cotrader_tui.domain.text import MASK, UNKNOWN, visible
from cotrader_tui.tui.present.figures import STALE, WARN, Figures, exact
from cotrader_tui.tui.present.names import name
from cotrader_tui.tui.present.text import Line, Piece, clipped, line_width, padded
from cotrader_tui.tui.present.times import age, moment, since

_LABEL, _VALUE = 20, 14


@dataclass(frozen=True, slots=True)
class _Fact:
    label: str
    value: Piece
    how: str = ""
    """The formula with its inputs, or where the figure comes from."""

    def line(self) -> Line:
        return (*self._figure(), Piece(f"  {self.how}" if self.how else "", STALE))

    def lines(self, width: int) -> tuple[Line, ...]:
        """One line, or where `width` is too small for that the formula below its figure."""
        line = self.line()
        if line_width(line) <= width:
            return (line,)
        return (self._figure(), (Piece(f"  {self.how}", STALE),))

    def _figure(self) -> Line:
        value = Piece(padded(self.value.text, max(_VALUE, len(self.value.text)), is_text=False), self.value.style)
        return (Piece(f"{self.label:<{_LABEL}}", STALE), value)


def title(leg: Leg, now: datetime) -> str:
    return f"{name(leg.position.instrument, exchange_date(now))} · {visible(leg.position.account.number)}"


def figure_lines(
    leg: Leg, now: datetime, figures: Figures, width: int, sessions: tuple[TradingSession, ...] = ()
) -> tuple[Line, ...]:
    """The position's figures: label, value, formula and inputs or source and age, in lines of about `width` cells."""
    facts = (*_holding(leg, now, figures, sessions), *_results(leg, now, figures), *_terms(leg, now))
    return tuple(line for fact in facts for line in fact.lines(width))


def _amount(value: Decimal | None, figures: Figures, least: int = 0) -> str:
    """An exact input of a formula, masked in privacy."""
    return MASK if figures.is_private and value is not None else exact(value, least)


def _price(value: Decimal | None) -> str:
    return exact(value, 2)


def _holding(leg: Leg, now: datetime, figures: Figures, sessions: tuple[TradingSession, ...]) -> list[_Fact]:
    position = leg.position
    synced = f"broker, {age(since(position.last_synced_at, now))} ago"
    if position.orphaned_since is not None:
        synced = f"the broker's row cannot be read since {moment(position.orphaned_since, now)} New York"
    price = underlying_price(leg)
    facts = [
        _Fact("Quantity", Piece(_amount(position.quantity, figures)), f"+ long, - short; {synced}"),
        _Fact("Average open price", Piece(_amount(position.average_open_price, figures, 2)), f"per unit; {synced}"),
        _Fact(
            "Mark",
            Piece(_price(leg.quote.mark if leg.quote else None)),
            _mark_source(leg.quote, now) + _mark_state(leg, sessions, now),
        ),
    ]
    if position.instrument.underlying_id is not None:
        facts.append(_Fact("Underlying price", Piece(_price(price)), _quoted(leg.underlying_quote, now)))
    return facts


def _mark_source(quote: Quote | None, now: datetime) -> str:
    if quote is None:
        return "no quote has arrived"
    chosen = UNKNOWN if quote.mark_source is None else quote.mark_source.value
    spread = "" if quote.bid is None or quote.ask is None else f" (bid {_price(quote.bid)}, ask {_price(quote.ask)})"
    return f"{chosen}{spread}; {_quoted(quote, now)}"


_CLOSED_WORDS = {
    MarketPhase.CLOSED: "its market was closed",
    MarketPhase.HOLIDAY: "its market had a holiday",
    MarketPhase.PRE: "from before the opening",
    MarketPhase.AFTER: "from after hours",
}


def _mark_state(leg: Leg, sessions: tuple[TradingSession, ...], now: datetime) -> str:
    """What else must be known of a mark: a halt, that its market went on without it, or that it was not open then."""
    if leg.quote is None:
        return ""
    if leg.quote.is_halted:
        return "; trading is halted"
    if is_mark_stale(leg, sessions, now):
        return "; stale: its market has been open since"
    state = leg_state(leg, sessions, leg.quote.received_at)
    phase = MarketPhase.UNKNOWN if state is None else state.phase
    if phase in (MarketPhase.PRE, MarketPhase.AFTER) and leg.position.instrument.is_option:
        phase = MarketPhase.CLOSED  # what it is on trades then, it does not
    words = _CLOSED_WORDS.get(phase)
    return f"; {words}" if words else ""


def _quoted(quote: Quote | None, now: datetime) -> str:
    return "no quote has arrived" if quote is None else f"{quote.source}, {age(since(quote.received_at, now))} ago"


def _results(leg: Leg, now: datetime, figures: Figures) -> list[_Fact]:
    position, today = leg.position, exchange_date(now)
    mark = _price(leg.quote.mark if leg.quote else None)
    quantity, multiplier = _amount(position.quantity, figures), exact(position.instrument.multiplier)
    size, average = f"{quantity} × {multiplier}", _amount(position.average_open_price, figures, 2)
    realized = position.realized_pnl
    source = "" if position.realized_source is None else f"{position.realized_source}; all parts since opened"
    facts = [
        _Fact("Market value", figures.money(market_value(leg)), f"mark × quantity × multiplier = {mark} × {size}"),
        _Fact(
            "Net cost", figures.money(net_cost(leg)), f"average open price × quantity × multiplier = {average} × {size}"
        ),
        _Fact(
            "Open P&L",
            figures.gain(open_pnl(leg)),
            f"(mark - average open price) × quantity × multiplier = ({mark} - {average}) × {size}",
        ),
        _Fact("Open P&L %", figures.percent(open_pnl_percent(leg), suffix="%"), "open P&L ÷ |net cost|"),
        _Fact("Day P&L", figures.gain(day_pnl(leg, today)), _day_formula(leg, today, mark, size, figures)),
    ]
    return [*facts, _Fact("Realized P&L", figures.gain(realized), source)] if realized is not None else facts


def _day_formula(leg: Leg, today: date, mark: str, size: str, figures: Figures) -> str:
    is_new = exchange_date(leg.position.opened_at) == today
    base = day_base(leg, today)
    word = "average open price (opened today)" if is_new else "previous close"
    shown = _amount(base, figures, 2) if is_new else _price(base)
    realized = realized_on(leg.position, today)
    more = f" + {_amount(realized, figures, 2)} realized today" if realized else ""
    return f"(mark - {word}) × quantity × multiplier{' + realized' if more else ''} = ({mark} - {shown}) × {size}{more}"


def _terms(leg: Leg, now: datetime) -> list[_Fact]:
    instrument, position = leg.position.instrument, leg.position
    facts = [_Fact("Opened", Piece(moment(position.opened_at, now)), "New York")]
    if instrument.expiration is not None:
        days = instrument.days_to_expiration(exchange_date(now))
        shown = Piece("expired", WARN) if instrument.is_expired(now) else Piece(f"{days} days")
        facts.append(_Fact("To expiration", shown, f"{instrument.expiration:%Y-%m-%d}"))
    facts.append(_Fact("Symbol", Piece(visible(instrument.symbol)), f"{instrument.type}, {instrument.currency}"))
    facts.append(_Fact("Account", Piece(visible(position.account.number)), visible(leg.connection)))
    if instrument.is_adjusted:
        facts.append(_Fact("Adjusted", Piece("≈", WARN), "not the standard deliverable: Greeks approximate"))
    return facts


def greek_lines(leg: Leg, now: datetime, figures: Figures) -> tuple[Line, ...]:
    """Greeks at entry and now, per unit, and the position's."""
    position = leg.position
    if position.instrument.type in LINEAR_TYPES:
        delta = figures.greek(position_greeks(leg, now).delta)
        return (_Fact("Delta", delta, "quantity × multiplier; its other Greeks are 0").line(),)
    if not position.instrument.is_option:
        return ((Piece("This kind of instrument has no Greeks.", STALE),),)
    entry = position.entry.greeks if position.entry else None
    held = position_greeks(leg, now)
    header = (Piece(f"{'':<10}{'at entry':>12}{'now':>12}{'position':>12}", STALE),)
    lines: list[Line] = [header]
    for label, field, unit in _GREEKS:
        cells = f"{_unit(entry, field):>12}{_unit(leg.greeks, field):>12}"
        total = figures.greek(getattr(held, field)) if field != "iv" else Piece("")
        lines.append(
            (Piece(f"{label:<10}", STALE), Piece(cells), Piece(f"{total.text:>12}"), Piece(f"  {unit}", STALE))
        )
    return (*lines, *_greek_sources(leg, now))


_GREEKS = (
    ("Delta Δ", "delta", "per $1"),
    ("Gamma Γ", "gamma", "per $1²"),
    ("Theta Θ", "theta", "per day"),
    ("Vega ν", "vega", "per vol point"),
    ("IV", "iv", "implied volatility, %"),
)


def _unit(greeks: Greeks | None, field: str) -> str:
    value = None if greeks is None else getattr(greeks, field)
    if value is None:
        return UNKNOWN
    return f"{value * 100:.1f}" if field == "iv" else f"{value:+.4f}"


def _greek_sources(leg: Leg, now: datetime) -> list[Line]:
    entry, current = leg.position.entry, leg.greeks
    lines: list[Line] = []
    if current is not None and current.source is Source.MODEL:
        lines += _model_words(leg, now)
    elif current is not None:
        lines.append((Piece(f"Now: {current.source}, {age(since(current.as_of, now))} ago.", STALE),))
    else:
        lines.append((Piece("No Greeks have arrived.", WARN),))
    if entry is not None:
        price = "" if entry.underlying_price is None else f", underlying at {_price(entry.underlying_price)}"
        lines.append((Piece(f"Entry: first seen {moment(entry.at, now)} New York{price}.", STALE),))
    return lines


def _model_words(leg: Leg, now: datetime) -> list[Line]:
    """How the model came to its Greeks, from what, and what it leaves out."""
    is_on_future = leg.position.instrument.type is InstrumentType.FUTURE_OPTION
    formula = "Black-76" if is_on_future else "Black-Scholes, no dividends"
    mark, price = (_price(each.mark if each else None) for each in (leg.quote, leg.underlying_quote))
    elapsed = age(since(leg.greeks.as_of if leg.greeks else None, now))
    return [
        (Piece(f"Now: model, {elapsed} ago; the broker's are missing or outdated. Approximate.", WARN),),
        (Piece(f"{formula}, from the mark {mark}, the underlying at {price}, {RISK_FREE_RATE:.0%} a year;", STALE),),
        (Piece("exercise before expiration is left out.", STALE),),
    ]


def event_lines(events: tuple[PositionEvent, ...], now: datetime, figures: Figures) -> tuple[Line, ...]:
    """What happened to the position, newest first."""
    if not events:
        return ((Piece("No events yet.", STALE),),)
    header = (
        Piece(f"{'New York':<13}{'Event':<11}{'Quantity':>17}{'Avg open':>12}{'Mark':>12}{'Realized':>13}", STALE),
    )
    return (header, *(_event_line(event, now, figures) for event in reversed(events)))


def _event_line(event: PositionEvent, now: datetime, figures: Figures) -> Line:
    change = f"{_amount(event.quantity_before, figures)} → {_amount(event.quantity_after, figures)}"
    realized = figures.gain(event.realized_pnl)
    source = "" if event.realized_source is None else f"  {event.realized_source}"
    return (
        Piece(f"{moment(event.at, now):<13}", STALE),
        Piece(f"{event.kind.value:<11}{clipped(change, 17):>17}"),
        Piece(f"{_amount(event.average_open_price, figures, 2):>12}{_price(event.mark):>12}"),
        Piece(f"{realized.text:>13}", realized.style),
        Piece(source, STALE),
    )
