"""A position as filter and order see it: its figures by column, unrounded, whether privacy hides them or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from cotrader_tui.analytics import contract_figures as contract
from cotrader_tui.analytics import pnl
from cotrader_tui.analytics.greeks import delta_dollars, position_greeks
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import OPTION_TYPES, InstrumentType, OptionType
from cotrader_tui.domain.portfolio import AccountBook, Leg
from cotrader_tui.tui.arrange.grammar import Field, Kind, Value
from cotrader_tui.tui.present.names import name


def _choices(words: Iterable[str], **more: Iterable[str]) -> Mapping[str, frozenset[str]]:
    return {word: frozenset({word}) for word in words} | {word: frozenset(of) for word, of in more.items()}


_TYPES = _choices(
    InstrumentType,
    option=OPTION_TYPES,
    share=[InstrumentType.EQUITY],
    stock=[InstrumentType.EQUITY],
    crypto=[InstrumentType.CRYPTOCURRENCY],
)

_NUMBER, _TEXT, _NAME, _SPAN = Kind.NUMBER, Kind.TEXT, Kind.NAME, Kind.SPAN
FIELDS: Mapping[str, Field] = {
    "und": Field("underlying", _NAME),
    "sym": Field("symbol", _TEXT),
    "acct": Field("account", _TEXT),
    "conn": Field("connection", _TEXT),
    "broker": Field("broker", _NAME),
    "type": Field("type", _NAME, choices=_TYPES),
    "side": Field("side", _NAME, choices=_choices(("long", "short"))),
    "opt": Field("opt", _NAME, choices=_choices(OptionType)),
    "qty": Field("quantity", _NUMBER, is_amount=True),
    "dte": Field("dte", _NUMBER),
    "strike": Field("strike", _NUMBER),
    "avg": Field("average", _NUMBER, is_amount=True),
    "mark": Field("mark", _NUMBER),
    "bid": Field("bid", _NUMBER),
    "ask": Field("ask", _NUMBER),
    "spread": Field("spread", _NUMBER),
    "value": Field("value", _NUMBER, is_amount=True),
    "notional": Field("notional", _NUMBER, is_amount=True),
    "ext": Field("extrinsic", _NUMBER, is_amount=True),
    "money": Field("moneyness", _NUMBER),
    "pnl": Field("open", _NUMBER, is_amount=True),
    "pnlpct": Field("percent", _NUMBER),
    "day": Field("day", _NUMBER, is_amount=True),
    "daypct": Field("day_percent", _NUMBER),
    "delta": Field("delta", _NUMBER, is_amount=True),
    "gamma": Field("gamma", _NUMBER, is_amount=True),
    "theta": Field("theta", _NUMBER, is_amount=True),
    "vega": Field("vega", _NUMBER, is_amount=True),
    "ddelta": Field("dollars", _NUMBER, is_amount=True),
    "iv": Field("iv", _NUMBER),
    "ccy": Field("currency", _NAME),
    "source": Field("source", _NAME),
    "age": Field("age", _SPAN),
    "opened": Field("opened", _SPAN),
}
"""What a filter of positions may ask for."""


class LegView:
    """The legs of a book at a moment."""

    def __init__(self, legs: Iterable[Leg], accounts: Iterable[AccountBook], now: datetime) -> None:
        """`legs` in the order they have by default, which is that of their symbols."""
        self.legs = {str(leg.position.id): leg for leg in legs}
        self._places = {key: place for place, key in enumerate(self.legs)}
        self._nicknames = {book.account.id: book.account.nickname for book in accounts}
        self._now, self._today = now, exchange_date(now)

    def sort_value(self, key: str, column: str) -> Value:
        """What a leg is sorted by in a column."""
        return float(self._places[key]) if column == "symbol" else self.value(self.legs[key], column)

    def value(self, leg: Leg, key: str) -> Value:
        """What `leg` says in a field or column."""
        return _VALUES[key](leg, self)

    def texts(self, leg: Leg) -> Iterable[str]:
        """Symbol, underlying and account: what bare text is looked for in."""
        instrument = leg.position.instrument
        yield instrument.symbol
        yield instrument.underlying
        yield self.account_name(leg.position.account)
        yield name(instrument, self._today)

    def subject(self, leg: Leg) -> LegSubject:
        return LegSubject(self, leg)

    def account_name(self, account: AccountId) -> str:
        """Its number and its nickname."""
        return f"{account.number} {self._nicknames.get(account, '')}".strip()

    @property
    def now(self) -> datetime:
        return self._now


class LegSubject:
    """One leg, for a filter."""

    def __init__(self, view: LegView, leg: Leg) -> None:
        self._view, self._leg = view, leg

    def value(self, key: str) -> Value:
        return self._view.value(self._leg, key)

    def texts(self) -> Iterable[str]:
        return self._view.texts(self._leg)


def _symbol(leg: Leg, view: LegView) -> str:
    return f"{leg.position.instrument.symbol} {name(leg.position.instrument, exchange_date(view.now))}"


def _option_type(leg: Leg, _: LegView) -> str | None:
    """Empty where it is no option: then it is no call either; `None` where an option's is unknown."""
    instrument = leg.position.instrument
    return instrument.option_type if instrument.is_option else ""


def _days(leg: Leg, view: LegView) -> float | None:
    days = leg.position.instrument.days_to_expiration(exchange_date(view.now))
    return None if days is None else float(days)


def _expiration(leg: Leg, _: LegView) -> float | None:
    day = leg.position.instrument.expiration
    return None if day is None else float(day.toordinal())


def _age(leg: Leg, view: LegView) -> float | None:
    return None if leg.quote is None else (view.now - leg.quote.received_at).total_seconds()


def _points(fraction: float | None) -> float | None:
    """Volatility as it is shown: 0.31 is 31."""
    return None if fraction is None else round(fraction * 100, 10)


_VALUES: Mapping[str, Callable[[Leg, LegView], Value]] = {
    "underlying": lambda leg, _: leg.position.instrument.underlying,
    "symbol": _symbol,
    "account": lambda leg, view: view.account_name(leg.position.account),
    "connection": lambda leg, _: leg.connection,
    "broker": lambda leg, _: leg.position.account.broker,
    "type": lambda leg, _: leg.position.instrument.type,
    "side": lambda leg, _: "long" if leg.position.quantity > 0 else "short" if leg.position.quantity < 0 else None,
    "opt": _option_type,
    "quantity": lambda leg, _: leg.position.quantity,
    "dte": _days,
    "expiration": _expiration,
    "strike": lambda leg, _: leg.position.instrument.strike,
    "average": lambda leg, _: leg.position.average_open_price,
    "mark": lambda leg, _: leg.quote.mark if leg.quote else None,
    "bid": lambda leg, _: leg.quote.bid if leg.quote else None,
    "ask": lambda leg, _: leg.quote.ask if leg.quote else None,
    "spread": lambda leg, _: contract.spread(leg),
    "value": lambda leg, _: pnl.market_value(leg),
    "notional": lambda leg, _: contract.notional(leg),
    "extrinsic": lambda leg, _: contract.extrinsic_value(leg),
    "moneyness": lambda leg, _: contract.moneyness(leg),
    "open": lambda leg, _: pnl.open_pnl(leg),
    "percent": lambda leg, _: pnl.open_pnl_percent(leg),
    "day": lambda leg, view: pnl.day_pnl(leg, exchange_date(view.now)),
    "day_percent": lambda leg, view: contract.day_pnl_percent(leg, exchange_date(view.now)),
    "delta": lambda leg, view: position_greeks(leg, view.now).delta,
    "gamma": lambda leg, view: position_greeks(leg, view.now).gamma,
    "theta": lambda leg, view: position_greeks(leg, view.now).theta,
    "vega": lambda leg, view: position_greeks(leg, view.now).vega,
    "dollars": lambda leg, view: delta_dollars(leg, view.now),
    "iv": lambda leg, view: _points(position_greeks(leg, view.now).iv),
    "delta_entry": lambda leg, _: contract.entry_greek(leg, "delta"),
    "gamma_entry": lambda leg, _: contract.entry_greek(leg, "gamma"),
    "theta_entry": lambda leg, _: contract.entry_greek(leg, "theta"),
    "vega_entry": lambda leg, _: contract.entry_greek(leg, "vega"),
    "iv_entry": lambda leg, _: _points(contract.entry_volatility(leg)),
    "currency": lambda leg, _: leg.position.instrument.currency,
    "source": lambda leg, _: leg.quote.mark_source if leg.quote else None,
    "age": _age,
    "opened": lambda leg, view: (view.now - leg.position.opened_at).total_seconds(),
}
