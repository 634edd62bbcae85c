"""The hours of each market: equities, CME Globex with its break, coins; and what they make of a mark's age."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from cotrader_tui.analytics.hours import is_mark_stale, leg_state, main_market
from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import (
    Market,
    MarketPhase,
    TradingSession,
    market_of,
    market_state,
    trade_date,
    traded_since,
    trades_again_at,
)
from cotrader_tui.domain.portfolio import Leg
from tests.builders import coin, future, instrument, leg, option, position, share

MONDAY = date(2026, 3, 9)  # the clocks went forward on Sunday
DAY = timedelta(days=1)
THURSDAY, FRIDAY, SATURDAY, SUNDAY = MONDAY - 4 * DAY, MONDAY - 3 * DAY, MONDAY - 2 * DAY, MONDAY - DAY


def new_york(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), EXCHANGE_ZONE).astimezone(UTC)


def regular(day: date, closes: int = 16) -> TradingSession:
    return TradingSession(day, new_york(day, 9, 30), new_york(day, closes), closes != 16)


def globex(day: date, closes: int = 17) -> TradingSession:
    return TradingSession(day, new_york(day - DAY, 18), new_york(day, closes), closes != 17, Market.FUTURES)


DATES = (THURSDAY, FRIDAY, MONDAY, MONDAY + DAY, MONDAY + 2 * DAY)
WEEK = (*map(regular, DATES), *map(globex, DATES))


@pytest.mark.parametrize(
    ("at", "phase", "changes_at"),
    [
        (new_york(FRIDAY, 16, 59), MarketPhase.OPEN, new_york(FRIDAY, 17)),
        (new_york(FRIDAY, 17), MarketPhase.CLOSED, new_york(SUNDAY, 18)),
        (new_york(FRIDAY, 18), MarketPhase.CLOSED, new_york(SUNDAY, 18)),
        (new_york(SATURDAY, 12), MarketPhase.CLOSED, new_york(SUNDAY, 18)),
        (new_york(SUNDAY, 17, 59), MarketPhase.CLOSED, new_york(SUNDAY, 18)),
        (new_york(SUNDAY, 18), MarketPhase.OPEN, new_york(MONDAY, 17)),
        (new_york(MONDAY, 0), MarketPhase.OPEN, new_york(MONDAY, 17)),
        (new_york(MONDAY, 17), MarketPhase.CLOSED, new_york(MONDAY, 18)),
        (new_york(MONDAY, 18), MarketPhase.OPEN, new_york(MONDAY + DAY, 17)),
    ],
)
def test_globex_pauses_for_an_hour_and_over_the_weekend(at: datetime, phase: MarketPhase, changes_at: datetime) -> None:
    state = market_state(WEEK, at, Market.FUTURES)
    assert (state.phase, state.changes_in, state.is_early_close) == (phase, changes_at - at, False)


def test_an_early_close_of_globex_ends_the_day_until_the_evening() -> None:
    sessions = (globex(THURSDAY), globex(FRIDAY, closes=13), globex(MONDAY))
    assert market_state(sessions, new_york(FRIDAY, 12), Market.FUTURES).is_early_close
    state = market_state(sessions, new_york(FRIDAY, 13), Market.FUTURES)
    assert (state.phase, state.changes_in) == (MarketPhase.CLOSED, new_york(SUNDAY, 18) - new_york(FRIDAY, 13))


def test_a_holiday_of_globex_begins_the_evening_before() -> None:
    sessions = (globex(THURSDAY), globex(MONDAY))  # Friday is a holiday
    assert market_state(sessions, new_york(THURSDAY, 17, 30), Market.FUTURES).phase is MarketPhase.CLOSED
    assert market_state(sessions, new_york(THURSDAY, 18), Market.FUTURES).phase is MarketPhase.HOLIDAY
    assert market_state(sessions, new_york(FRIDAY, 17, 59), Market.FUTURES).phase is MarketPhase.HOLIDAY
    assert market_state(sessions, new_york(FRIDAY, 18), Market.FUTURES).phase is MarketPhase.CLOSED


def test_each_market_has_its_own_sessions_and_coins_have_none() -> None:
    sunday_evening = new_york(SUNDAY, 19)
    assert market_state(WEEK, sunday_evening).phase is MarketPhase.CLOSED
    assert market_state(WEEK, sunday_evening, Market.FUTURES).phase is MarketPhase.OPEN
    assert market_state((), sunday_evening, Market.CRYPTOCURRENCIES).phase is MarketPhase.OPEN
    assert market_state(WEEK[:5], sunday_evening, Market.FUTURES).phase is MarketPhase.UNKNOWN


@pytest.mark.parametrize(
    ("at", "futures"),
    [
        (new_york(SUNDAY, 17, 59), SUNDAY),
        (new_york(SUNDAY, 18), MONDAY),
        (new_york(date(2026, 12, 31), 18), date(2027, 1, 1)),
        (new_york(date(2026, 11, 1), 18), date(2026, 11, 2)),  # winter time began that morning
    ],
)
def test_the_trade_date_of_futures_begins_at_six_in_the_evening(at: datetime, futures: date) -> None:
    assert trade_date(at, Market.FUTURES) == futures
    assert trade_date(at, Market.EQUITIES) == at.astimezone(EXCHANGE_ZONE).date()


@pytest.mark.parametrize(
    ("kind", "currency", "market"),
    [
        (InstrumentType.EQUITY, "USD", Market.EQUITIES),
        (InstrumentType.EQUITY_OPTION, "USD", Market.EQUITIES),
        (InstrumentType.FUTURE_OPTION, "USD", Market.FUTURES),
        (InstrumentType.FUTURE, "EUR", None),
        (InstrumentType.EQUITY, "EUR", None),
        (InstrumentType.CRYPTOCURRENCY, "USD", Market.CRYPTOCURRENCIES),
        (InstrumentType.BOND, "USD", None),
        (InstrumentType.FOREX, "USD", None),
    ],
)
def test_the_hours_of_what_trades_elsewhere_are_not_guessed(
    kind: InstrumentType, currency: str, market: Market | None
) -> None:
    assert market_of(kind, currency) is market


# When it trades again


@pytest.mark.parametrize(
    ("at", "market", "again"),
    [
        (new_york(FRIDAY, 12), Market.EQUITIES, None),
        (new_york(FRIDAY, 19, 59), Market.EQUITIES, None),
        (new_york(FRIDAY, 20), Market.EQUITIES, new_york(MONDAY, 4)),
        (new_york(MONDAY, 3, 59), Market.EQUITIES, new_york(MONDAY, 4)),
        (new_york(MONDAY, 4), Market.EQUITIES, None),
        (new_york(FRIDAY, 17), Market.FUTURES, new_york(SUNDAY, 18)),
        (new_york(MONDAY, 17, 30), Market.FUTURES, new_york(MONDAY, 18)),
        (new_york(MONDAY, 18), Market.FUTURES, None),
        (new_york(SATURDAY, 12), Market.CRYPTOCURRENCIES, None),
        (new_york(MONDAY + 9 * DAY, 2), Market.EQUITIES, None),
    ],
)
def test_a_market_trades_again_with_its_extended_hours(at: datetime, market: Market, again: datetime | None) -> None:
    assert trades_again_at(WEEK, at, market) == again


# How long it has traded


@pytest.mark.parametrize(
    ("until", "market", "minutes", "since"),
    [
        (new_york(FRIDAY, 12), Market.EQUITIES, 30, new_york(FRIDAY, 11, 30)),
        (new_york(MONDAY, 9, 40), Market.EQUITIES, 15, new_york(FRIDAY, 15, 55)),
        (new_york(SUNDAY, 12), Market.EQUITIES, 15, new_york(FRIDAY, 15, 45)),
        (new_york(FRIDAY, 9, 30), Market.EQUITIES, 390, new_york(THURSDAY, 9, 30)),
        (new_york(SUNDAY, 18, 10), Market.FUTURES, 15, new_york(FRIDAY, 16, 55)),
        (new_york(SUNDAY, 18, 15), Market.FUTURES, 15, new_york(SUNDAY, 18)),
        (new_york(SATURDAY, 12), Market.CRYPTOCURRENCIES, 15, new_york(SATURDAY, 11, 45)),
        (new_york(THURSDAY, 9, 40), Market.EQUITIES, 15, None),
        (new_york(MONDAY + 9 * DAY, 12), Market.EQUITIES, 15, None),
    ],
)
def test_only_the_time_a_market_was_open_counts(
    until: datetime, market: Market, minutes: int, since: datetime | None
) -> None:
    assert traded_since(WEEK, market, until, timedelta(minutes=minutes)) == since


# Marks


def marked(of: Instrument, at: datetime) -> Leg:
    found = leg(position(of), "10")
    assert found.quote is not None
    return replace(found, quote=replace(found.quote, received_at=at))


def test_a_fridays_mark_is_stale_on_sunday_evening_only_where_its_market_is_open() -> None:
    closed, evening = new_york(FRIDAY, 16), new_york(SUNDAY, 19)
    assert not is_mark_stale(marked(share(), closed), WEEK, evening)
    assert not is_mark_stale(marked(option(), closed), WEEK, evening)
    assert is_mark_stale(marked(future(), closed), WEEK, evening)
    assert is_mark_stale(marked(coin(), closed), WEEK, evening)
    assert not is_mark_stale(marked(future(), new_york(FRIDAY, 17)), WEEK, new_york(SUNDAY, 18, 14))
    assert is_mark_stale(marked(share(), closed), WEEK, new_york(MONDAY, 9, 45))


def test_a_mark_of_unknown_hours_is_never_called_stale() -> None:
    euro = share("SAP", currency="EUR")
    assert not is_mark_stale(marked(euro, new_york(FRIDAY, 10)), WEEK, new_york(MONDAY, 15))
    assert not is_mark_stale(marked(share(), new_york(FRIDAY, 10)), (), new_york(FRIDAY, 15))
    assert leg_state(marked(euro, new_york(FRIDAY, 10)), WEEK, new_york(MONDAY, 15)) is None


def test_the_book_follows_equities_unless_only_something_else_is_held() -> None:
    shares, futures, coins = (leg(position(of)) for of in (share(), future(), coin()))
    bond = leg(position(instrument("US91", InstrumentType.BOND)))
    assert main_market([]) is Market.EQUITIES
    assert main_market([coins, futures, shares]) is Market.EQUITIES
    assert main_market([coins, futures, bond]) is Market.FUTURES
    assert main_market([coins]) is Market.CRYPTOCURRENCIES
    assert main_market([bond]) is Market.EQUITIES
