"""Writing instruments and their latest market data."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import Greeks, Market, Quote, TradingSession, market_of
from cotrader_tui.store.codec import date_text, decimal_text, instant_text
from cotrader_tui.store.rows import GREEKS_COLUMNS, INSTRUMENT_COLUMNS, QUOTE_COLUMNS, instrument_from, qualified, width


def _replacing(table: str, key: str, columns: str) -> str:
    """An upsert of `columns` by `key`."""
    names = [column.strip() for column in columns.split(",") if column.strip() not in key.split(", ")]
    marks = ", ".join("?" * (width(columns) if key in columns else width(columns) + 1))
    every = columns if key in columns else f"{key}, {columns}"
    updates = ", ".join(f"{name} = excluded.{name}" for name in names)
    return f"INSERT INTO {table} ({every}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {updates}"


_UPSERT_INSTRUMENT = _replacing("instruments", "broker, key", INSTRUMENT_COLUMNS)
_UPSERT_QUOTE = _replacing("quotes", "instrument_id", QUOTE_COLUMNS)
_UPSERT_GREEKS = _replacing("greeks", "instrument_id", GREEKS_COLUMNS)


_AMONG = "FROM json_each(?) wanted CROSS JOIN instruments i ON i.broker = ? AND i.key = wanted.value"
"""CROSS: look each wanted one up, however few there are beside all that were ever known."""


def instrument_numbers(
    sqlite: sqlite3.Connection, broker: str, wanted: Iterable[InstrumentId]
) -> dict[InstrumentId, int]:
    """The row numbers of those of `wanted` that are known instruments of the broker."""
    keys = json.dumps([each.key for each in wanted])
    found = sqlite.execute(f"SELECT i.key, i.id {_AMONG}", (keys, broker))
    return {InstrumentId(broker, key): number for key, number in found}


def store_instruments(sqlite: sqlite3.Connection, broker: str, instruments: Iterable[Instrument]) -> None:
    """Know these instruments as they are now."""
    wanted = {each.id: each for each in instruments}
    keys = json.dumps([each.key for each in wanted])
    found = sqlite.execute(f"SELECT {qualified(INSTRUMENT_COLUMNS, 'i')} {_AMONG}", (keys, broker))
    known = {each.id: each for each in map(instrument_from, found)}
    changed = [_instrument_row(each) for each in wanted.values() if known.get(each.id) != each]
    sqlite.executemany(_UPSERT_INSTRUMENT, changed)


def _instrument_row(instrument: Instrument) -> tuple[Any, ...]:
    return (
        instrument.id.broker,
        instrument.id.key,
        instrument.symbol,
        instrument.type.value,
        instrument.underlying,
        None if instrument.underlying_id is None else instrument.underlying_id.key,
        decimal_text(instrument.multiplier),
        instrument.currency,
        None if instrument.option_type is None else instrument.option_type.value,
        decimal_text(instrument.strike),
        date_text(instrument.expiration),
        instant_text(instrument.expires_at),
        instrument.streamer_symbol,
        int(instrument.is_adjusted),
    )


def store_market(
    sqlite: sqlite3.Connection, numbers: dict[InstrumentId, int], quotes: Iterable[Quote], greeks: Iterable[Greeks]
) -> None:
    """Replace the latest quotes and Greeks of the instruments in `numbers`: the last good ones are kept.

    A quote without a mark replaces none, nor do Greeks without any sensitivity.
    """
    known_quotes = (quote for quote in quotes if quote.instrument in numbers and quote.mark is not None)
    sqlite.executemany(_UPSERT_QUOTE, (_quote_row(numbers[quote.instrument], quote) for quote in known_quotes))
    known_greeks = (each for each in greeks if each.instrument in numbers and _is_known(each))
    sqlite.executemany(_UPSERT_GREEKS, (_greeks_row(numbers[each.instrument], each) for each in known_greeks))


def _is_known(greeks: Greeks) -> bool:
    return (greeks.delta, greeks.gamma, greeks.theta, greeks.vega) != (None, None, None, None)


def _quote_row(number: int, quote: Quote) -> tuple[Any, ...]:
    return (
        number,
        decimal_text(quote.mark),
        None if quote.mark_source is None else quote.mark_source.value,
        decimal_text(quote.bid),
        decimal_text(quote.ask),
        decimal_text(quote.last),
        decimal_text(quote.previous_close),
        quote.source.value,
        instant_text(quote.received_at),
        int(quote.is_halted),
    )


def _greeks_row(number: int, greeks: Greeks) -> tuple[Any, ...]:
    return (
        number,
        greeks.delta,
        greeks.gamma,
        greeks.theta,
        greeks.vega,
        greeks.rho,
        greeks.iv,
        greeks.source.value,
        instant_text(greeks.as_of),
        instant_text(greeks.received_at),
    )


def priced(quotes: Iterable[Quote], greeks: Iterable[Greeks]) -> set[InstrumentId]:
    """What they are about."""
    return {quote.instrument for quote in quotes} | {each.instrument for each in greeks}


def update_market(sqlite: sqlite3.Connection, quotes: Iterable[Quote], greeks: Iterable[Greeks]) -> None:
    """Replace the latest market data of instruments already known; others are ignored."""
    quotes, greeks = list(quotes), list(greeks)
    for broker in {each.instrument.broker for each in quotes} | {each.instrument.broker for each in greeks}:
        numbers = instrument_numbers(sqlite, broker, priced(quotes, greeks))
        store_market(sqlite, numbers, quotes, greeks)


def held_markets(sqlite: sqlite3.Connection, connection: int) -> frozenset[Market | None]:
    """Where the open positions of a connection trade; `None` among them for those of unknown hours."""
    sql = """SELECT DISTINCT i.instrument_type, i.currency FROM positions p
               JOIN accounts a ON a.id = p.account_id JOIN instruments i ON i.id = p.instrument_id
              WHERE a.connection_id = ? AND p.status = 'open'"""
    found = sqlite.execute(sql, (connection,))
    return frozenset(market_of(InstrumentType(kind), currency) for kind, currency in found)


def read_sessions(sqlite: sqlite3.Connection) -> Iterator[TradingSession]:
    """The known trading sessions, by market and date."""
    sql = 'SELECT market, "on", opens_at, closes_at, is_early_close FROM trading_sessions ORDER BY market, "on"'
    for market, on, opens_at, closes_at, is_early_close in sqlite.execute(sql).fetchall():
        yield TradingSession(
            date.fromisoformat(on),
            datetime.fromisoformat(opens_at),
            datetime.fromisoformat(closes_at),
            bool(is_early_close),
            Market(market),
        )


def store_sessions(sqlite: sqlite3.Connection, sessions: Iterable[TradingSession]) -> None:
    """Replace the known trading sessions."""
    sqlite.execute("DELETE FROM trading_sessions")
    sqlite.executemany(
        'INSERT INTO trading_sessions (market, "on", opens_at, closes_at, is_early_close) VALUES (?, ?, ?, ?, ?)',
        [
            (
                each.market,
                date_text(each.on),
                instant_text(each.opens_at),
                instant_text(each.closes_at),
                int(each.is_early_close),
            )
            for each in sessions
        ],
    )
