"""Greeks by a model where a broker sends none: from the option's own mark, labelled, refused where they mislead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from cotrader_tui.domain.black_scholes import black_76, black_scholes_merton, implied_volatility
from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.market import Greeks, Market, Quote, Source, TradingSession, market_of, traded_since
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot

RISK_FREE_RATE = 0.04
"""Yearly, compounded continuously: a round figure, near what short United States Treasury bills yielded in 2025.

The volatility follows from the mark at the same rate, so little hangs on it: a whole point more or less moves the delta
of a three-month option at the money by 0.01.
"""
OUTDATED_AFTER = timedelta(minutes=30)
"""A broker's Greeks give way to the model's once their market was open for so long from when they came to the mark."""
_APART = timedelta(minutes=15)
"""An option's mark and its underlying's price that are further apart belong to two markets: no volatility explains
both.
"""
_OUTDATED_WITHOUT_HOURS = timedelta(days=1)
"""The same where the market's hours are not known."""

_UNDERLYINGS = {
    InstrumentType.EQUITY_OPTION: frozenset({InstrumentType.EQUITY, InstrumentType.FUND}),
    InstrumentType.FUTURE_OPTION: frozenset({InstrumentType.FUTURE}),
}
"""What an option must be on: of an index the price is known, but not what its dividends take from it."""
_YEAR = timedelta(days=365)
_CLOSE = time(16)


@dataclass(frozen=True, slots=True)
class _Inputs:
    option_type: OptionType
    mark: float
    price: float
    strike: float
    years: float
    rate: float
    is_on_future: bool


def model_greeks(leg: Leg, rate: float = RISK_FREE_RATE) -> Greeks | None:
    """The option's Greeks per unit as of the older of its mark and its underlying's price; `None` where unknown.

    Black–Scholes–Merton without dividends for options on shares, Black-76 for those on futures, at the volatility at
    which the model comes to the mark. Both take the exercise to be at expiration only, so they are approximate, and
    unknown where early exercise governs the price.
    """
    found = _inputs(leg, rate)
    if found is None or leg.quote is None or leg.underlying_quote is None:
        return None
    each, carry = found, rate if found.is_on_future else 0.0
    if not _is_plausible(each, carry):
        return None
    iv = implied_volatility(each.option_type, each.mark, each.price, each.strike, each.years, rate, carry)
    if iv is None:
        return None
    terms = (each.option_type, each.price, each.strike, each.years, rate)
    value = black_76(*terms, iv) if each.is_on_future else black_scholes_merton(*terms, carry, iv)
    at = min(leg.quote.received_at, leg.underlying_quote.received_at)
    key = leg.position.instrument.id
    return Greeks(key, value.delta, value.gamma, value.theta, value.vega, value.rho, iv, at, at, Source.MODEL)


def _inputs(leg: Leg, rate: float) -> _Inputs | None:
    """What the model needs, where all of it is known and the option is of a kind it may be used for."""
    option, quote, above = leg.position.instrument, leg.quote, leg.underlying_quote
    if option.is_adjusted or option.currency != "USD" or option.option_type is None or option.strike is None:
        return None
    if leg.underlying_type not in _UNDERLYINGS.get(option.type, frozenset()):
        return None
    if quote is None or quote.mark is None or above is None or above.mark is None or _is_without_market(quote):
        return None
    if quote.is_halted or above.is_halted or abs(quote.received_at - above.received_at) > _APART:
        return None
    expires_at = _expires_at(option)
    if expires_at is None or quote.mark <= 0 or above.mark <= 0 or option.strike <= 0:
        return None
    years = (expires_at - min(quote.received_at, above.received_at)) / _YEAR
    if years <= 0:
        return None
    return _Inputs(
        option_type=option.option_type,
        mark=float(quote.mark),
        price=float(above.mark),
        strike=float(option.strike),
        years=years,
        rate=rate,
        is_on_future=option.type is InstrumentType.FUTURE_OPTION,
    )


def _is_without_market(quote: Quote) -> bool:
    """Whether the quote is wider than the mark itself, as outside trading hours: its middle then says nothing."""
    if quote.bid is None or quote.ask is None or quote.mark is None:
        return False
    return quote.ask - quote.bid > quote.mark


def _expires_at(option: Instrument) -> datetime | None:
    """Its instant; without one the close of its day for options on shares, for those on futures it is not known."""
    if option.expires_at is not None or option.expiration is None or option.type is not InstrumentType.EQUITY_OPTION:
        return option.expires_at
    return datetime.combine(option.expiration, _CLOSE, EXCHANGE_ZONE)


def _is_plausible(each: _Inputs, carry: float) -> bool:
    """Whether the mark leaves time value that is more than what exercise at once would gain in interest.

    Exercise at once is worth the intrinsic value, exercise at expiration its bound; where the time value is less than
    what lies between them, the price is that of early exercise, which the model does not know.
    """
    sign = 1.0 if each.option_type is OptionType.CALL else -1.0
    intrinsic = max(0.0, sign * (each.price - each.strike))
    at_expiration = each.price * math.exp(-carry * each.years) - each.strike * math.exp(-each.rate * each.years)
    bound = max(0.0, sign * at_expiration)
    return each.mark > max(intrinsic, bound) and each.mark - intrinsic >= intrinsic - bound


class GreeksModel:
    """Fills the gaps of one snapshot after another, and solves again only where a price has changed."""

    def __init__(self, rate: float = RISK_FREE_RATE) -> None:
        self._rate = rate
        self._solved: Mapping[InstrumentId, tuple[Quote, Quote | None, Greeks | None]] = {}
        self._filled: Mapping[int, tuple[Leg, Leg]] = {}
        """By position: the leg as it was read and as it was filled."""

    def filled(self, snapshot: PortfolioSnapshot) -> PortfolioSnapshot:
        """`snapshot` with the model's Greeks for options of which the broker has sent none, or outdated ones.

        Where the model has none either, the broker's stay, with their age. A leg that is the very same as in the last
        snapshot is filled as the very same too.
        """
        hours = _Hours(snapshot.sessions)
        solved: dict[InstrumentId, tuple[Quote, Quote | None, Greeks | None]] = {}
        filled: dict[int, tuple[Leg, Leg]] = {}
        legs: list[Leg] = []
        for leg in snapshot.legs:
            if leg.quote is not None and leg.position.instrument.is_option and hours.is_outdated(leg, leg.quote):
                key = leg.position.instrument.id
                known = solved.get(key) or self._solved.get(key)
                if known is None or known[0] != leg.quote or known[1] != leg.underlying_quote:
                    known = (leg.quote, leg.underlying_quote, model_greeks(leg, self._rate))
                solved[key] = known
                filled[leg.position.id] = leg, self._with(leg, known[2])
                legs.append(filled[leg.position.id][1])
            else:
                legs.append(leg)
        self._solved, self._filled = solved, filled
        return replace(snapshot, legs=tuple(legs)) if solved else snapshot

    def _with(self, leg: Leg, greeks: Greeks | None) -> Leg:
        if greeks is None:
            return leg
        earlier = self._filled.get(leg.position.id)
        if earlier is not None and earlier[0] is leg and earlier[1].greeks is greeks:
            return earlier[1]
        return replace(leg, greeks=greeks)


class _Hours:
    """Trading time between Greeks and marks, remembered per instant: a sync's marks share one."""

    def __init__(self, sessions: tuple[TradingSession, ...]) -> None:
        self._sessions = sessions
        self._since: dict[tuple[Market | None, datetime], datetime] = {}

    def is_outdated(self, leg: Leg, quote: Quote) -> bool:
        """Whether the leg has no Greeks, or some that came too long before its mark."""
        greeks = leg.greeks
        if greeks is None:
            return True
        if quote.received_at - greeks.received_at <= OUTDATED_AFTER:
            return False
        instrument = leg.position.instrument
        key = (market_of(instrument.type, instrument.currency), quote.received_at)
        since = self._since.get(key)
        if since is None:
            since = self._since[key] = self._outdated_before(*key)
        return greeks.received_at < since

    def _outdated_before(self, market: Market | None, mark_at: datetime) -> datetime:
        since = None if market is None else traded_since(self._sessions, market, mark_at, OUTDATED_AFTER)
        return mark_at - _OUTDATED_WITHOUT_HOURS if since is None else since
