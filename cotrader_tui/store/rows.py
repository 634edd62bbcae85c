"""From rows of the database to domain values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

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
from cotrader_tui.store.codec import date_value, decimal_value, instant_value

Row = Sequence[Any]

INSTRUMENT_COLUMNS = (
    "broker, key, symbol, instrument_type, underlying, underlying_key, multiplier, currency, option_type, strike, "
    "expiration, expires_at, streamer_symbol, is_adjusted"
)
POSITION_COLUMNS = (
    "id, status, quantity, average_open_price, previous_close, day_base, realized_pnl, realized_source, "
    "realized_since_open, realized_since_open_on, realized_day_gain, realized_day_gain_on, opened_at, closed_at, "
    "last_synced_at, orphaned_since, entry_at, entry_underlying_price, entry_delta, entry_gamma, entry_theta, "
    "entry_vega, entry_rho, entry_iv, entry_greeks_as_of, entry_greeks_source"
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
    "stream_since, stream_overflow"
)


def qualified(columns: str, alias: str) -> str:
    """`columns`, each with the table's alias before it."""
    return ", ".join(f"{alias}.{column.strip()}" for column in columns.split(","))


def width(columns: str) -> int:
    """How many columns a list names."""
    return columns.count(",") + 1


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def instrument_from(row: Row) -> Instrument:
    broker, key, symbol, kind, underlying, underlying_key, multiplier, currency, option_type, strike, *rest = row
    expiration, expires_at, streamer_symbol, is_adjusted = rest
    return Instrument(
        id=InstrumentId(broker, key),
        symbol=symbol,
        type=InstrumentType(kind),
        underlying=underlying,
        multiplier=Decimal(multiplier),
        currency=currency,
        underlying_id=None if underlying_key is None else InstrumentId(broker, underlying_key),
        option_type=None if option_type is None else OptionType(option_type),
        strike=decimal_value(strike),
        expiration=date_value(expiration),
        expires_at=instant_value(expires_at),
        streamer_symbol=streamer_symbol,
        is_adjusted=bool(is_adjusted),
    )


def _dated(amount: str | None, on: str | None) -> DatedAmount | None:
    day = date_value(on)
    return None if amount is None or day is None else DatedAmount(Decimal(amount), day)


def _entry(row: Row, instrument: InstrumentId) -> Entry | None:
    at, price, delta, gamma, theta, vega, rho, iv, as_of, source = row
    if at is None:
        return None
    greeks = None
    if as_of is not None:
        greeks = Greeks(
            instrument, delta, gamma, theta, vega, rho, iv, _instant(as_of), _instant(at), source=Source(source)
        )
    return Entry(greeks, decimal_value(price), _instant(at))


def position_from(row: Row, account: AccountId, instrument: Instrument) -> Position:
    number, status, quantity, average, close, day_base, realized, source, since, since_on, gain, gain_on, *rest = row
    opened_at, closed_at, last_synced_at, orphaned_since, *entry = rest
    return Position(
        id=number,
        account=account,
        instrument=instrument,
        status=PositionStatus(status),
        quantity=Decimal(quantity),
        average_open_price=decimal_value(average),
        previous_close=decimal_value(close),
        day_base=decimal_value(day_base),
        realized_pnl=decimal_value(realized),
        realized_source=None if source is None else RealizedSource(source),
        realized_since_open=_dated(since, since_on),
        realized_day_gain=_dated(gain, gain_on),
        opened_at=_instant(opened_at),
        closed_at=instant_value(closed_at),
        last_synced_at=_instant(last_synced_at),
        orphaned_since=instant_value(orphaned_since),
        entry=_entry(entry, instrument.id),
    )


def quote_from(row: Row, instrument: InstrumentId) -> Quote | None:
    mark, mark_source, bid, ask, last, previous_close, source, received_at, is_halted = row
    if received_at is None:
        return None
    return Quote(
        instrument=instrument,
        mark=decimal_value(mark),
        mark_source=None if mark_source is None else MarkSource(mark_source),
        received_at=_instant(received_at),
        source=Source(source),
        bid=decimal_value(bid),
        ask=decimal_value(ask),
        last=decimal_value(last),
        previous_close=decimal_value(previous_close),
        is_halted=bool(is_halted),
    )


def greeks_from(row: Row, instrument: InstrumentId) -> Greeks | None:
    delta, gamma, theta, vega, rho, iv, source, as_of, received_at = row
    if as_of is None:
        return None
    return Greeks(
        instrument, delta, gamma, theta, vega, rho, iv, _instant(as_of), _instant(received_at), Source(source)
    )


def leg_from(row: Row) -> Leg:
    """A leg from connection, account number, instrument, position, quote, Greeks, the underlying's quote and symbol."""
    connection, number = row[:2]
    at = 2
    parts: list[Row] = []
    for columns in (INSTRUMENT_COLUMNS, POSITION_COLUMNS, QUOTE_COLUMNS, GREEKS_COLUMNS, QUOTE_COLUMNS):
        parts.append(row[at : at + width(columns)])
        at += width(columns)
    instrument = instrument_from(parts[0])
    underlying = instrument.underlying_id
    return Leg(
        position=position_from(parts[1], AccountId(instrument.id.broker, number), instrument),
        connection=connection,
        quote=quote_from(parts[2], instrument.id),
        greeks=greeks_from(parts[3], instrument.id),
        underlying_quote=None if underlying is None else quote_from(parts[4], underlying),
        underlying_symbol=row[at],
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
        received_at=_instant(received_at),
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
        started_at=_instant(started_at),
        completed_at=instant_value(completed_at),
        counts=SyncCounts(added, updated, closed, unchanged, quarantined, transactions, orders),
        error=error_from(kind, message, hint),
    )


def connection_from(row: Row) -> Connection:
    """A connection from its columns, then whether a run of it is under way."""
    name, broker, label, status, enabled, interval, last_at, last_status, kind, message, hint, failures, *rest = row
    is_delayed, kinds, *stream, running = rest
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
    )


def _stream(row: Row) -> StreamStatus | None:
    state, message, since, overflow = row
    return None if state is None else StreamStatus(StreamState(state), _instant(since), message or "", overflow)
