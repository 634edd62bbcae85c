"""Writing instruments and their latest market data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, Quote, TradingSession
from cotrader_tui.store.codec import date_text, decimal_text, instant_text
from cotrader_tui.store.rows import GREEKS_COLUMNS, INSTRUMENT_COLUMNS, QUOTE_COLUMNS, width


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


def instrument_numbers(sqlite: sqlite3.Connection, broker: str) -> dict[InstrumentId, int]:
    """The row number of every known instrument of a broker."""
    found = sqlite.execute("SELECT key, id FROM instruments WHERE broker = ?", (broker,))
    return {InstrumentId(broker, key): number for key, number in found}


def store_instruments(
    sqlite: sqlite3.Connection, broker: str, instruments: Iterable[Instrument]
) -> dict[InstrumentId, int]:
    """Know these instruments, and return the row numbers of all of the broker's."""
    known = {
        (row[0], row[1]): tuple(row)
        for row in sqlite.execute(f"SELECT {INSTRUMENT_COLUMNS} FROM instruments WHERE broker = ?", (broker,))
    }
    fresh = {row[:2]: row for row in map(_instrument_row, instruments)}
    changed = [row for key, row in fresh.items() if known.get(key) != row]
    sqlite.executemany(_UPSERT_INSTRUMENT, changed)
    return instrument_numbers(sqlite, broker)


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
    known_quotes = [quote for quote in quotes if quote.instrument in numbers and quote.mark is not None]
    sqlite.executemany(_UPSERT_QUOTE, [(numbers[quote.instrument], *_quote_row(quote)) for quote in known_quotes])
    known_greeks = [each for each in greeks if each.instrument in numbers and _is_known(each)]
    sqlite.executemany(_UPSERT_GREEKS, [(numbers[each.instrument], *_greeks_row(each)) for each in known_greeks])


def _is_known(greeks: Greeks) -> bool:
    return any(each is not None for each in (greeks.delta, greeks.gamma, greeks.theta, greeks.vega))


def _quote_row(quote: Quote) -> tuple[Any, ...]:
    return (
        decimal_text(quote.mark),
        quote.mark_source,
        decimal_text(quote.bid),
        decimal_text(quote.ask),
        decimal_text(quote.last),
        decimal_text(quote.previous_close),
        quote.source,
        instant_text(quote.received_at),
        int(quote.is_halted),
    )


def _greeks_row(greeks: Greeks) -> tuple[Any, ...]:
    return (
        greeks.delta,
        greeks.gamma,
        greeks.theta,
        greeks.vega,
        greeks.rho,
        greeks.iv,
        greeks.source,
        instant_text(greeks.as_of),
        instant_text(greeks.received_at),
    )


def update_market(sqlite: sqlite3.Connection, quotes: Iterable[Quote], greeks: Iterable[Greeks]) -> None:
    """Replace the latest market data of instruments already known; others are ignored."""
    quotes, greeks = list(quotes), list(greeks)
    for broker in {each.instrument.broker for each in quotes} | {each.instrument.broker for each in greeks}:
        numbers = instrument_numbers(sqlite, broker)
        store_market(sqlite, numbers, quotes, greeks)


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
