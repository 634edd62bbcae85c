"""Prices from `/market-data/by-type`: what to ask for, and how a mark is chosen. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from cotrader_tui.brokers.tastytrade.instruments import TYPES, instrument_id
from cotrader_tui.brokers.tastytrade.parse import items_of
from cotrader_tui.brokers.tastytrade.rows import MarketDataRow
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import MarkSource, Quote

SYMBOLS_PER_CALL = 100
"""The interface's limit over all types together."""

_PARAMETERS = {
    InstrumentType.INDEX: "index",
    InstrumentType.EQUITY: "equity",
    InstrumentType.EQUITY_OPTION: "equity-option",
    InstrumentType.FUTURE: "future",
    InstrumentType.FUTURE_OPTION: "future-option",
    InstrumentType.CRYPTOCURRENCY: "cryptocurrency",
}


@dataclass(frozen=True, slots=True)
class MarketDataAnswer:
    quotes: tuple[Quote, ...]
    unreadable: int
    """Rows that do not say what they are about."""


def market_data_calls(instruments: Collection[Instrument]) -> list[list[tuple[str, str]]]:
    """The query parameters of each call needed; instruments the interface has no prices for are left out."""
    wanted = {(_PARAMETERS[each.type], each.symbol) for each in instruments if each.type in _PARAMETERS}
    ordered = sorted(wanted)
    return [ordered[start : start + SYMBOLS_PER_CALL] for start in range(0, len(ordered), SYMBOLS_PER_CALL)]


def parse_market_data(body: Mapping[str, Any], received_at: datetime) -> MarketDataAnswer:
    """One quote a row; without a usable price its mark is unknown.

    Raises:
        UnreadableError: `data.items` is no list.
    """
    quotes: list[Quote] = []
    unreadable = 0
    for raw in items_of(body):
        try:
            row = MarketDataRow.model_validate(raw)
        except ValidationError:
            unreadable += 1
            continue
        kind = TYPES.get(row.instrument_type)
        if kind is None:
            unreadable += 1
            continue
        quotes.append(_quote(instrument_id(kind, row.symbol), kind, row, received_at))
    return MarketDataAnswer(tuple(quotes), unreadable)


def _quote(instrument: InstrumentId, kind: InstrumentType, row: MarketDataRow, received_at: datetime) -> Quote:
    mark, source = _index_mark(row) if kind is InstrumentType.INDEX else _mark(row)
    return Quote(
        instrument=instrument,
        mark=mark,
        mark_source=source,
        received_at=received_at,
        bid=row.bid,
        ask=row.ask,
        last=row.last,
        previous_close=row.prev_close,
        is_halted=_is_halted(row),
    )


def _mark(row: MarketDataRow) -> tuple[Decimal | None, MarkSource | None]:
    """The broker's mark, else the middle of a real market (a bid of 0 is one), else last, else close."""
    if row.mark is not None:
        return row.mark, MarkSource.BROKER
    if row.bid is not None and row.ask is not None and row.ask >= row.bid and row.ask > 0 and not _is_halted(row):
        return (row.bid + row.ask) / 2, MarkSource.MID
    return _last_or_close(row.last, row.close, row.prev_close)


def _index_mark(row: MarketDataRow) -> tuple[Decimal | None, MarkSource | None]:
    """An index has no market of its own: its `mark` is the middle of a wide synthetic quote, `last` is its level.

    A level of 0 means that there is none.
    """
    return _last_or_close(row.last or None, row.close or None, row.prev_close or None)


def _last_or_close(
    last: Decimal | None, close: Decimal | None, previous_close: Decimal | None
) -> tuple[Decimal | None, MarkSource | None]:
    if last is not None:
        return last, MarkSource.LAST
    newest_close = close if close is not None else previous_close
    return (None, None) if newest_close is None else (newest_close, MarkSource.CLOSE)


def _is_halted(row: MarketDataRow) -> bool:
    """Halted now: said so, or a halt began (−1 is none) and has not ended."""
    if row.is_trading_halted is not None:
        return row.is_trading_halted
    return row.halt_start_time not in {None, Decimal(-1)} and row.halt_end_time in {None, Decimal(-1)}
