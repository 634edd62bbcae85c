"""Prices and sensitivities of one instrument, each with its source and the time it was received."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import InstrumentId


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
    """CME Globex: from the evening before to the afternoon, with a pause."""


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
    """The phase of the regular session, and how long until it opens or closes (`None` if unknown)."""

    phase: MarketPhase
    changes_in: timedelta | None = None
    is_early_close: bool = False


_EXTENDED_BEFORE = timedelta(hours=5, minutes=30)
_EXTENDED_AFTER = timedelta(hours=4)


def market_state(sessions: tuple[TradingSession, ...], now: datetime) -> MarketState:
    """The phase of the equity market at `now` from known `sessions`, those of each market in order of date.

    Extended hours run from 04:00 to 20:00 New York on a regular day. Unknown when `sessions` do not reach `now`.
    """
    sessions = tuple(each for each in sessions if each.market is Market.EQUITIES)
    today = exchange_date(now)
    upcoming = next((each for each in sessions if each.opens_at > now), None)
    until_open = upcoming.opens_at - now if upcoming else None
    for session in sessions:
        if session.on != today:
            continue
        if session.opens_at <= now < session.closes_at:
            return MarketState(MarketPhase.OPEN, session.closes_at - now, session.is_early_close)
        if session.opens_at - _EXTENDED_BEFORE <= now < session.opens_at:
            return MarketState(MarketPhase.PRE, session.opens_at - now, session.is_early_close)
        if session.closes_at <= now < session.closes_at + _EXTENDED_AFTER:
            return MarketState(MarketPhase.AFTER, until_open, session.is_early_close)
        return MarketState(MarketPhase.CLOSED, until_open)
    if not sessions or not (sessions[0].on < today < sessions[-1].on):
        return MarketState(MarketPhase.UNKNOWN)
    return MarketState(MarketPhase.CLOSED if today.weekday() >= 5 else MarketPhase.HOLIDAY, until_open)
