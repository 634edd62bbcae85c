"""Writing instruments and their latest market data."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar

from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import Greeks, Market, Quote, TradingSession, market_of
from cotrader_tui.store.codec import date_text, decimal_text, instant_text
from cotrader_tui.store.memory import Memory
from cotrader_tui.store.rows import GREEKS_COLUMNS, INSTRUMENT_COLUMNS, QUOTE_COLUMNS, instrument_from, qualified, width


def _replacing(table: str, key: str, columns: str) -> str:
    """An upsert of `columns` by `key`."""
    names = [column.strip() for column in columns.split(",") if column.strip() not in key.split(", ")]
    marks = ", ".join("?" * (width(columns) if key in columns else width(columns) + 1))
    every = columns if key in columns else f"{key}, {columns}"
    updates = ", ".join(f"{name} = excluded.{name}" for name in names)
    return f"INSERT INTO {table} ({every}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {updates}"


_UPSERT_INSTRUMENT = _replacing("instruments", "broker, key", INSTRUMENT_COLUMNS)

_AMONG = "FROM json_each(?) wanted CROSS JOIN instruments i ON i.broker = ? AND i.key = wanted.value"
"""CROSS: look each wanted one up, however few there are beside all that were ever known."""


def know_numbers(sqlite: sqlite3.Connection, memory: Memory, wanted: Iterable[InstrumentId]) -> None:
    """Give `memory` the row numbers of those of `wanted` that it lacks and that are known instruments."""
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for broker, key in itertools.filterfalse(memory.numbers.__contains__, wanted):
        missing[broker].append(key)
    for broker, keys in missing.items():
        found = sqlite.execute(f"SELECT i.key, i.id {_AMONG}", (json.dumps(keys), broker))
        memory.numbers.update((InstrumentId(broker, key), number) for key, number in found)


def store_instruments(sqlite: sqlite3.Connection, broker: str, instruments: Iterable[Instrument]) -> bool:
    """Know these instruments as they are now; returns whether one that was known has changed."""
    wanted = {each.id: each for each in instruments}
    keys = json.dumps([each.key for each in wanted])
    found = sqlite.execute(f"SELECT {qualified(INSTRUMENT_COLUMNS, 'i')} {_AMONG}", (keys, broker))
    known = {each.id: each for each in map(instrument_from, found)}
    changed = [each for each in wanted.values() if known.get(each.id) != each]
    sqlite.executemany(_UPSERT_INSTRUMENT, map(_instrument_row, changed))
    return any(each.id in known for each in changed)


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


def store_market(sqlite: sqlite3.Connection, memory: Memory, quotes: Iterable[Quote], greeks: Iterable[Greeks]) -> None:
    """Replace the latest market data of instruments already known; others are ignored.

    The last good ones are kept: a quote without a mark replaces none, nor do Greeks without any sensitivity.
    """
    _store(sqlite, _QUOTES, memory, (quote for quote in quotes if quote.mark is not None))
    _store(sqlite, _GREEKS, memory, filter(_is_known, greeks))


T = TypeVar("T", bound=Quote | Greeks)


@dataclass(frozen=True, slots=True)
class _Latest(Generic[T]):
    """How the latest value of each instrument is written."""

    table: str
    figures: Callable[[T], tuple[object, ...]]
    times: Callable[[T], tuple[datetime, ...]]
    row: Callable[[int, T], tuple[object, ...]]
    replace: str
    receive: str
    """What is enough where only the times have moved on."""


def _store(sqlite: sqlite3.Connection, latest: _Latest[T], memory: Memory, values: Iterable[T]) -> None:
    known = memory.figures[latest.table]
    strange: list[T] = []
    changed: list[tuple[object, ...]] = []
    repeated: defaultdict[tuple[datetime, ...], list[int]] = defaultdict(list)
    for value in values:
        number = memory.numbers.get(value.instrument)
        if number is None:
            strange.append(value)
            continue
        figures = latest.figures(value)
        if known.get(number) == figures:
            repeated[latest.times(value)].append(number)
        else:
            known[number] = figures
            changed.append(latest.row(number, value))
    received = ((*map(instant_text, times), json.dumps(numbers)) for times, numbers in repeated.items())
    sqlite.executemany(latest.receive, received)  # first: of what is told twice the changed figures have their own time
    sqlite.executemany(latest.replace, changed)
    if strange:
        know_numbers(sqlite, memory, (value.instrument for value in strange))
        _store(sqlite, latest, memory, [value for value in strange if value.instrument in memory.numbers])


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


_AMONG_NUMBERS = "WHERE instrument_id IN (SELECT value FROM json_each(?))"
_QUOTES: _Latest[Quote] = _Latest(
    table="quotes",
    figures=attrgetter("mark", "mark_source", "bid", "ask", "last", "previous_close", "source", "is_halted"),
    times=lambda quote: (quote.received_at,),
    row=_quote_row,
    replace=_replacing("quotes", "instrument_id", QUOTE_COLUMNS),
    receive=f"UPDATE quotes SET received_at = ? {_AMONG_NUMBERS}",
)
_GREEKS: _Latest[Greeks] = _Latest(
    table="greeks",
    figures=attrgetter("delta", "gamma", "theta", "vega", "rho", "iv", "source"),
    times=attrgetter("as_of", "received_at"),
    row=_greeks_row,
    replace=_replacing("greeks", "instrument_id", GREEKS_COLUMNS),
    receive=f"UPDATE greeks SET as_of = ?, received_at = ? {_AMONG_NUMBERS}",
)


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
