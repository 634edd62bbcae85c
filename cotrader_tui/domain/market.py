"""Prices and sensitivities of one instrument, each with its source and the time it was received."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from cotrader_tui.domain.clock import EXCHANGE_ZONE, exchange_date
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import InstrumentType


class Source(StrEnum):
    """Where a stored number came from."""

    BROKER = "broker"
    STREAM = "stream"
    MODEL = "model"


class MarkSource(StrEnum):
    """How a mark was chosen."""

    BROKER = "broker"
    """The broker's own mark."""
    MID = "mid"
    LAST = "last"
    CLOSE = "close"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Quote:
    """Prices per unit of one instrument, in its currency."""

    instrument: InstrumentId
    mark: Decimal | None
    mark_source: MarkSource | None
    received_at: datetime
    source: Source = Source.BROKER
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    previous_close: Decimal | None = None
    is_halted: bool = False
    """Trading in it is halted: its mark is from before."""


@dataclass(frozen=True, slots=True)
class Greeks:
    """Sensitivities per unit of one instrument, of a long position.

    delta per $1, gamma per $1², theta per calendar day, vega per 1 volatility point (0.01),
    rho per 1 percentage point; `iv` is a fraction (0.25 is 25 %).
    """

    instrument: InstrumentId
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    rho: float | None
    iv: float | None
    as_of: datetime
    """When they were computed at their source."""
    received_at: datetime
    source: Source = Source.STREAM


class Market(StrEnum):
    """Where something trades, as far as its hours go."""

    EQUITIES = "equities"
    """The New York Stock Exchange's regular hours; those of equity options too."""
    FUTURES = "futures"
    """CME Globex: a trade date runs from 18:00 New York the evening before to 17:00; then comes an hour's break."""
    CRYPTOCURRENCIES = "cryptocurrencies"
    """Always open."""


_MARKETS = {
    InstrumentType.EQUITY: Market.EQUITIES,
    InstrumentType.EQUITY_OPTION: Market.EQUITIES,
    InstrumentType.FUND: Market.EQUITIES,
    InstrumentType.INDEX: Market.EQUITIES,
    InstrumentType.WARRANT: Market.EQUITIES,
    InstrumentType.FUTURE: Market.FUTURES,
    InstrumentType.FUTURE_OPTION: Market.FUTURES,
}


def market_of(kind: InstrumentType, currency: str) -> Market | None:
    """Where such an instrument trades; `None` where its hours are not known (bonds, currencies, other countries)."""
    if kind is InstrumentType.CRYPTOCURRENCY:
        return Market.CRYPTOCURRENCIES
    return _MARKETS.get(kind) if currency == "USD" else None


@dataclass(frozen=True, slots=True)
class TradingSession:
    """The hours of one market that belong to one trade date; `is_early_close` on a shortened day."""

    on: date
    opens_at: datetime
    closes_at: datetime
    is_early_close: bool = False
    market: Market = Market.EQUITIES


class MarketPhase(StrEnum):
    PRE = "pre-market"
    OPEN = "open"
    AFTER = "after hours"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MarketState:
    """The phase of a market, and how long until its regular session opens or closes (`None` if unknown or never)."""

    phase: MarketPhase
    changes_in: timedelta | None = None
    is_early_close: bool = False


_EXTENDED = {Market.EQUITIES: (timedelta(hours=5, minutes=30), timedelta(hours=4))}
"""How long a market trades before its regular session opens, and after it closes."""
_NOT_EXTENDED = (timedelta(), timedelta())
_FUTURES_BEGIN = time(18)


def trade_date(instant: datetime, market: Market) -> date:
    """The date `instant` belongs to in a market: New York's, for futures from 18:00 on the next day's."""
    day = exchange_date(instant)
    is_next = market is Market.FUTURES and instant.astimezone(EXCHANGE_ZONE).time() >= _FUTURES_BEGIN
    return day + timedelta(days=1) if is_next else day


def market_state(sessions: tuple[TradingSession, ...], now: datetime, market: Market = Market.EQUITIES) -> MarketState:
    """The phase of `market` at `now` from known `sessions`, those of each market in order of date.

    Extended hours of equities run from 04:00 to 20:00 New York on a regular day; futures have none.
    Unknown when `sessions` do not reach `now`.
    """
    if market is Market.CRYPTOCURRENCIES:
        return MarketState(MarketPhase.OPEN)
    sessions = tuple(each for each in sessions if each.market is market)
    before, after = _EXTENDED.get(market, _NOT_EXTENDED)
    today = trade_date(now, market)
    upcoming = next((each for each in sessions if each.opens_at > now), None)
    until_open = upcoming.opens_at - now if upcoming else None
    for session in sessions:
        if session.on != today:
            continue
        if session.opens_at <= now < session.closes_at:
            return MarketState(MarketPhase.OPEN, session.closes_at - now, session.is_early_close)
        if session.opens_at - before <= now < session.opens_at:
            return MarketState(MarketPhase.PRE, session.opens_at - now, session.is_early_close)
        if session.closes_at <= now < session.closes_at + after:
            return MarketState(MarketPhase.AFTER, until_open, session.is_early_close)
        return MarketState(MarketPhase.CLOSED, until_open)
    if not sessions or not (sessions[0].on < today < sessions[-1].on):
        return MarketState(MarketPhase.UNKNOWN)
    return MarketState(MarketPhase.CLOSED if today.weekday() >= 5 else MarketPhase.HOLIDAY, until_open)


def trades_again_at(sessions: tuple[TradingSession, ...], now: datetime, market: Market) -> datetime | None:
    """When `market` next trades, extended hours included; `None` while it trades, or where that is not known."""
    if market_state(sessions, now, market).phase not in (MarketPhase.CLOSED, MarketPhase.HOLIDAY):
        return None
    before, _ = _EXTENDED.get(market, _NOT_EXTENDED)
    starts = (each.opens_at - before for each in sessions if each.market is market)
    return min((start for start in starts if start > now), default=None)


def traded_since(
    sessions: tuple[TradingSession, ...], market: Market, until: datetime, span: timedelta
) -> datetime | None:
    """The latest instant from which `market` was open for `span` in all until `until`, in its regular hours only.

    `None` where `sessions` do not tell.
    """
    if market is Market.CRYPTOCURRENCIES:
        return until - span
    own = [each for each in sessions if each.market is market]
    if not own or trade_date(until, market) > own[-1].on:
        return None
    for session in reversed(own):
        open_for = min(session.closes_at, until) - session.opens_at
        if open_for >= span:
            return session.opens_at + open_for - span
        span -= max(open_for, timedelta())
    return None
