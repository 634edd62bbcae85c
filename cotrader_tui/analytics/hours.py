"""Trading hours of what is held: the market a book follows, and whether a mark is old by its own market's hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cotrader_tui.domain.market import Market, MarketState, TradingSession, market_of, market_state, traded_since
from cotrader_tui.domain.portfolio import Leg

STALE_AFTER = timedelta(minutes=15)
"""A mark is stale once its market has been open for so long since it came."""


def leg_market(leg: Leg) -> Market | None:
    """Where the leg trades; `None` where its hours are not known."""
    return market_of(leg.position.instrument.type, leg.position.instrument.currency)


def main_market(legs: Iterable[Leg]) -> Market:
    """The market whose phase speaks for a book: that of equities unless only futures, or only coins, are held."""
    held = set[Market | None]()
    for leg in legs:
        market = leg_market(leg)
        if market is Market.EQUITIES:
            return market
        held.add(market)
    return next((each for each in (Market.FUTURES, Market.CRYPTOCURRENCIES) if each in held), Market.EQUITIES)


def leg_state(leg: Leg, sessions: tuple[TradingSession, ...], now: datetime) -> MarketState | None:
    """The phase of the leg's own market; `None` where its hours are not known."""
    market = leg_market(leg)
    return None if market is None else market_state(sessions, now, market)


def is_mark_stale(leg: Leg, sessions: tuple[TradingSession, ...], now: datetime) -> bool:
    """Whether the leg's own market has been open for 15 minutes in all since its mark came; False if that is unknown.

    Friday's mark of a share is not stale on Sunday evening; that of a future is, once Globex has opened.
    """
    market = leg_market(leg)
    if leg.quote is None or market is None or now - leg.quote.received_at < STALE_AFTER:
        return False
    since = traded_since(sessions, market, now, STALE_AFTER)
    return since is not None and leg.quote.received_at <= since
