"""From rows of the database to domain values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from itertools import accumulate, pairwise, starmap
from typing import Any, NamedTuple

from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.market import Greeks, MarkSource, Quote, Source
from cotrader_tui.domain.portfolio import Account, AccountBook, Leg
from cotrader_tui.domain.positions import DatedAmount, Entry, Position, PositionStatus, RealizedSource
from cotrader_tui.domain.sync import (
    Connection,
    ConnectionStatus,
    RunStatus,
    StreamState,
    StreamStatus,
    SyncCounts,
    SyncError,
    SyncKind,
    SyncRun,
    Trigger,
)
from cotrader_tui.errors import ErrorKind
from cotrader_tui.store.codec import date_value, decimal_value, instant_from, instant_value

Row = Sequence[Any]
Part = tuple[Any, ...]
"""Consecutive columns of a row."""

INSTRUMENT_COLUMNS = (
    "broker, key, symbol, instrument_type, underlying, underlying_key, multiplier, currency, option_type, strike, "
    "expiration, expires_at, streamer_symbol, is_adjusted"
)
POSITION_COLUMNS = (
    "id, status, quantity, average_open_price, previous_close, day_base, realized_pnl, realized_source, "
    "realized_since_open, realized_since_open_on, realized_day_gain, realized_day_gain_on, opened_at, closed_at, "
    "last_synced_at, orphaned_since"
)
ENTRY_COLUMNS = (
    "entry_at, entry_underlying_price, entry_delta, entry_gamma, entry_theta, entry_vega, entry_rho, entry_iv, "
    "entry_greeks_as_of, entry_greeks_source"
)
QUOTE_COLUMNS = "mark, mark_source, bid, ask, last, previous_close, source, received_at, is_halted"
GREEKS_COLUMNS = "delta, gamma, theta, vega, rho, iv, source, as_of, received_at"
BALANCE_COLUMNS = (
    "currency, net_liquidating_value, cash_balance, buying_power, maintenance_requirement, position_values, "
    "exchange_rates, received_at, open_pnl, day_pnl, position_count"
)
RUN_COLUMNS = (
    "id, cycle, trigger, sync_type, status, started_at, completed_at, positions_added, positions_updated, "
    "positions_closed, positions_unchanged, quarantined, transactions_added, orders_synced, error_kind, error_message, "
    "hint"
)
CONNECTION_COLUMNS = (
    "name, broker, label, status, sync_enabled, sync_interval, last_sync_at, last_sync_status, last_error_kind, "
    "last_error_message, last_error_hint, consecutive_failures, is_delayed, sync_kinds, stream_state, stream_message, "
    "stream_since, stream_overflow, next_sync_at"
)


def qualified(columns: str, alias: str) -> str:
    """`columns`, each with the table's alias before it."""
    return ", ".join(f"{alias}.{column.strip()}" for column in columns.split(","))


def width(columns: str) -> int:
    """How many columns a list names."""
    return columns.count(",") + 1


_LASTING = 1 << 15
"""How many values that stay the same from one read to the next are kept, ready made."""

# A cache finds an enum's member ten times faster than the enum itself does, and a leg has eight.
_instrument_type, _option_type = cache(InstrumentType), cache(OptionType)
_source, _mark_source = cache(Source), cache(MarkSource)
_position_status, _realized_source = cache(PositionStatus), cache(RealizedSource)
_account_id = lru_cache(_LASTING)(AccountId)


@lru_cache(_LASTING)
def instrument_from(row: Part) -> Instrument:
    broker, key, symbol, kind, underlying, underlying_key, multiplier, currency, option_type, strike, *rest = row
    expiration, expires_at, streamer_symbol, is_adjusted = rest
    return Instrument(
        id=InstrumentId(broker, key),
        symbol=symbol,
        type=_instrument_type(kind),
        underlying=underlying,
        multiplier=Decimal(multiplier),
        currency=currency,
        underlying_id=None if underlying_key is None else InstrumentId(broker, underlying_key),
        option_type=None if option_type is None else _option_type(option_type),
        strike=decimal_value(strike),
        expiration=date_value(expiration),
        expires_at=instant_value(expires_at),
        streamer_symbol=streamer_symbol,
        is_adjusted=bool(is_adjusted),
    )


def _dated(amount: str | None, on: str | None) -> DatedAmount | None:
    return None if amount is None or on is None else DatedAmount(Decimal(amount), date.fromisoformat(on))


@lru_cache(_LASTING)
def _entry(row: Part, instrument: InstrumentId) -> Entry | None:
    at, price, delta, gamma, theta, vega, rho, iv, as_of, source = row
    if at is None:
        return None
    greeks = None
    if as_of is not None:
        greeks = greeks_from((delta, gamma, theta, vega, rho, iv, source, as_of, at), instrument)
    return Entry(greeks, decimal_value(price), instant_from(at))


def position_from(row: Row, account: AccountId, instrument: Instrument, entry: Part | None = None) -> Position:
    """A position from its own columns and, where it is wanted, from those of its entry."""
    (number, status, quantity, average, close, day_base, realized, source, since, since_on, gain, gain_on,
     opened_at, closed_at, last_synced_at, orphaned_since) = row  # fmt: skip
    return Position(
        number,
        account,
        instrument,
        _position_status(status),
        Decimal(quantity),
        None if average is None else Decimal(average),
        None if close is None else Decimal(close),
        None if realized is None else Decimal(realized),
        None if source is None else _realized_source(source),
        None if since is None else _dated(since, since_on),
        None if gain is None else _dated(gain, gain_on),
        instant_from(opened_at),
        None if closed_at is None else instant_from(closed_at),
        instant_from(last_synced_at),
        None if orphaned_since is None else instant_from(orphaned_since),
        None if entry is None else _entry(entry, instrument.id),
        None if day_base is None else Decimal(day_base),
    )


def quote_from(row: Row, instrument: InstrumentId) -> Quote | None:
    mark, mark_source, bid, ask, last, previous_close, source, received_at, is_halted = row
    if received_at is None:
        return None
    return Quote(
        instrument,
        None if mark is None else Decimal(mark),
        None if mark_source is None else _mark_source(mark_source),
        instant_from(received_at),
        _source(source),
        None if bid is None else Decimal(bid),
        None if ask is None else Decimal(ask),
        None if last is None else Decimal(last),
        None if previous_close is None else Decimal(previous_close),
        bool(is_halted),
    )


def greeks_from(row: Row, instrument: InstrumentId) -> Greeks | None:
    delta, gamma, theta, vega, rho, iv, source, as_of, received_at = row
    if as_of is None:
        return None
    return Greeks(
        instrument, delta, gamma, theta, vega, rho, iv, instant_from(as_of), instant_from(received_at), _source(source)
    )


class Underlying(NamedTuple):
    """What moves the prices of other instruments."""

    symbol: str
    type: InstrumentType
    quote: Quote | None


def underlying_from(row: Row) -> tuple[InstrumentId, Underlying]:
    """An underlying, by its id, from broker, key, symbol, type and quote."""
    broker, key, symbol, kind, *quote = row
    instrument = InstrumentId(broker, key)
    return instrument, Underlying(symbol, _instrument_type(kind), quote_from(quote, instrument))


_WIDTHS = map(width, (INSTRUMENT_COLUMNS, POSITION_COLUMNS, ENTRY_COLUMNS, QUOTE_COLUMNS, GREEKS_COLUMNS))
_INSTRUMENT, _POSITION, _ENTRY, _QUOTE, _GREEKS = starmap(slice, pairwise(accumulate(_WIDTHS, initial=2)))


def leg_from(row: Part, underlyings: Mapping[InstrumentId, Underlying]) -> Leg:
    """A leg from connection, account number, instrument, position, entry, quote and Greeks."""
    instrument = instrument_from(row[_INSTRUMENT])
    key = instrument.underlying_id
    above = None if key is None else underlyings.get(key)
    return Leg(
        position_from(row[_POSITION], _account_id(instrument.id.broker, row[1]), instrument, row[_ENTRY]),
        row[0],
        quote_from(row[_QUOTE], instrument.id),
        greeks_from(row[_GREEKS], instrument.id),
        None if above is None else above.quote,
        None if above is None else above.symbol,
        None if above is None else above.type,
    )


def account_from(row: Row) -> AccountBook:
    """An account from connection, broker, number, nickname, currency, is_included, last_synced_at, balances."""
    connection, broker, number, nickname, base_currency, is_included, last_synced_at, *balances = row
    return AccountBook(
        account=Account(AccountId(broker, number), nickname, base_currency),
        connection=connection,
        balances=_balances(balances),
        last_synced_at=instant_value(last_synced_at),
        is_included=bool(is_included),
    )


def _balances(row: Row) -> Balances | None:
    currency, net_liquidating_value, cash, buying_power, maintenance, values, rates, received_at, *totals = row
    if received_at is None:
        return None
    return Balances(
        currency=currency,
        net_liquidating_value=decimal_value(net_liquidating_value),
        cash_balance=decimal_value(cash),
        buying_power=decimal_value(buying_power),
        maintenance_requirement=decimal_value(maintenance),
        received_at=instant_from(received_at),
        position_values=tuple(Decimal(value) for value in json.loads(values)),
        exchange_rates={name: Decimal(rate) for name, rate in json.loads(rates).items()},
        open_pnl=decimal_value(totals[0]),
        day_pnl=decimal_value(totals[1]),
        position_count=totals[2],
    )


def error_from(kind: str | None, message: str | None, hint: str | None) -> SyncError | None:
    if message is None:
        return None
    return SyncError(None if kind is None else ErrorKind(kind), message, hint or "")


def run_from(row: Row) -> SyncRun:
    """A run from connection, broker, account number, then the run's own columns."""
    connection, broker, account, number, cycle, trigger, sync_type, status, started_at, completed_at, *rest = row
    added, updated, closed, unchanged, quarantined, transactions, orders, kind, message, hint = rest
    return SyncRun(
        id=number,
        cycle=cycle,
        connection=connection,
        broker=broker,
        account=account,
        trigger=Trigger(trigger),
        sync_type=sync_type,
        status=RunStatus(status),
        started_at=instant_from(started_at),
        completed_at=instant_value(completed_at),
        counts=SyncCounts(added, updated, closed, unchanged, quarantined, transactions, orders),
        error=error_from(kind, message, hint),
    )


def connection_from(row: Row) -> Connection:
    """A connection from its columns, then whether a run of it is under way."""
    name, broker, label, status, enabled, interval, last_at, last_status, kind, message, hint, failures, *rest = row
    is_delayed, kinds, *stream, next_sync_at, running = rest
    return Connection(
        name=name,
        broker=broker,
        label=label,
        status=ConnectionStatus(status),
        sync_enabled=bool(enabled),
        sync_interval=timedelta(seconds=interval),
        last_sync_at=instant_value(last_at),
        last_sync_status=None if last_status is None else RunStatus(last_status),
        last_sync_error=error_from(kind, message, hint),
        consecutive_failures=failures,
        is_syncing=bool(running),
        is_delayed=bool(is_delayed),
        sync_kinds=frozenset(SyncKind(kind) for kind in kinds.split(",") if kind),
        stream=_stream(stream),
        next_sync_at=instant_value(next_sync_at),
    )


def _stream(row: Row) -> StreamStatus | None:
    state, message, since, overflow = row
    return None if state is None else StreamStatus(StreamState(state), instant_from(since), message or "", overflow)
