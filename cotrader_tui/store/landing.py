"""Writing one account's sync: positions, events, market data, balances, snapshots and the end of its run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.changes import PositionState, Realized, Reconciliation, StoredAccount
from cotrader_tui.domain.checks import Check, Figure
from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.positions import DatedAmount, EventKind, Position
from cotrader_tui.domain.sync import RunStatus, SyncError
from cotrader_tui.store import rows
from cotrader_tui.store.checks import store_checks
from cotrader_tui.store.codec import date_text, decimal_text, instant_text, instant_value
from cotrader_tui.store.market import know_numbers, store_instruments, store_market
from cotrader_tui.store.memory import Memory
from cotrader_tui.store.runs import account_number, finish_run

_REMEMBER_CLOSED = timedelta(days=8)
"""How long a broker may go on listing a closed position with quantity 0, and then some."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Everything of one account's answer that is written beside the changes themselves."""

    run: int
    account: AccountId
    instruments: tuple[Instrument, ...]
    """Of holdings and of their underlyings."""
    quotes: tuple[Quote, ...]
    greeks: tuple[Greeks, ...]
    balances: Balances | None
    quarantined: tuple[tuple[str | None, str, str], ...]
    """Symbol, reason and raw JSON of rows that could not be read."""
    status: RunStatus
    error: SyncError | None
    now: datetime
    checks: tuple[Check, ...] = ()
    """Its figures against the broker's; none leaves the last ones, with their time."""


# What is remembered


def stored_account(
    sqlite: sqlite3.Connection, account: AccountId, now: datetime, repeated: Mapping[InstrumentId, Position]
) -> StoredAccount:
    """See `Writer.stored_account`."""
    number = account_number(sqlite, account)
    known = json.dumps([position.id for position in repeated.values()])
    is_unknown = "p.status = 'open' AND p.id NOT IN (SELECT value FROM json_each(?))"
    opened = _marked_positions(sqlite, number, account, is_unknown, (known,))
    since = instant_text(now - _REMEMBER_CLOSED)
    closed = _marked_positions(sqlite, number, account, "p.status = 'closed' AND p.closed_at >= ?", (since,))
    suspected = sqlite.execute("SELECT suspected_empty_at FROM accounts WHERE id = ?", (number,)).fetchone()[0]
    return StoredAccount(
        open=tuple(position for position, _ in opened),
        last_closed={position.instrument.id: position for position, _ in closed},
        marks={position.instrument.id: Decimal(mark) for position, mark in opened if mark is not None},
        suspected_empty_at=instant_value(suspected),
        repeated=repeated,
    )


def _marked_positions(
    sqlite: sqlite3.Connection, number: int, account: AccountId, where: str, values: tuple[object, ...]
) -> list[tuple[Position, str | None]]:
    """Positions, without their entries, each with the last mark of its instrument."""
    sql = f"""SELECT {rows.qualified(rows.INSTRUMENT_COLUMNS, "i")},
                     {rows.qualified(rows.POSITION_COLUMNS, "p")}, q.mark
                FROM positions p JOIN instruments i ON i.id = p.instrument_id
                LEFT JOIN quotes q ON q.instrument_id = i.id
               WHERE p.account_id = ? AND {where}"""
    first = rows.width(rows.INSTRUMENT_COLUMNS)
    found = [
        (rows.position_from(row[first:-1], account, rows.instrument_from(row[:first])), row[-1])
        for row in sqlite.execute(sql, (number, *values))
    ]
    return sorted(found, key=lambda each: each[0].id)


# Landing


def land(sqlite: sqlite3.Connection, landed: Landing, changes: Reconciliation, memory: Memory) -> None:
    """See `Writer.land`."""
    account = account_number(sqlite, landed.account)
    _write_instruments(sqlite, landed, changes, memory)
    store_market(sqlite, memory, landed.quotes, landed.greeks)
    _confirm(sqlite, changes, landed)
    _write_figures(sqlite, changes)
    _write_changes(sqlite, changes, account, memory, landed)
    _write_balances(sqlite, account, landed.balances, _day_pnl(landed), landed.now)
    store_checks(sqlite, account, landed.checks, landed.now)
    _write_snapshots(sqlite, account, landed.now)
    sqlite.execute(
        "UPDATE accounts SET last_synced_at = ?, suspected_empty_at = ? WHERE id = ?",
        (instant_text(landed.now), instant_text(landed.now) if changes.is_suspected_empty else None, account),
    )
    sqlite.executemany(
        "INSERT INTO quarantined_rows (run_id, symbol, reason, raw) VALUES (?, ?, ?, ?)",
        [(landed.run, *row) for row in landed.quarantined],
    )
    finish_run(sqlite, landed.run, landed.status, changes.counts, landed.error, landed.now)
    memory.keep_positions(landed.account, changes.unchanged)


def _write_instruments(sqlite: sqlite3.Connection, landed: Landing, changes: Reconciliation, memory: Memory) -> None:
    """Know the answer's instruments as they are now, with the row numbers of those that may be new."""
    same = {
        change.state.instrument.id
        for change in changes.changes
        if change.position is not None and change.position.instrument == change.state.instrument
    }
    others = [each for each in landed.instruments if each.id not in changes.unchanged and each.id not in same]
    if store_instruments(sqlite, landed.account.broker, others):
        memory.forget_positions()
    know_numbers(sqlite, memory, (each.id for each in others))


class _Market:
    """The answer's own market data by instrument, for what is written with a new or a closed position."""

    def __init__(self, landed: Landing) -> None:
        self._landed = landed

    @cached_property
    def quotes(self) -> dict[InstrumentId, Quote]:
        return {quote.instrument: quote for quote in self._landed.quotes if quote.mark is not None}

    @cached_property
    def greeks(self) -> dict[InstrumentId, Greeks]:
        return {each.instrument: each for each in self._landed.greeks}

    def mark(self, instrument: InstrumentId | None) -> Decimal | None:
        quote = self.quotes.get(instrument) if instrument is not None else None
        return None if quote is None else quote.mark


def _confirm(sqlite: sqlite3.Connection, changes: Reconciliation, landed: Landing) -> None:
    """Move `last_synced_at` of what the answer confirmed, and flag once what it left in doubt."""
    now = instant_text(landed.now)
    confirmed = [position.id for position in changes.unchanged.values()]
    confirmed += [
        change.position.id
        for change in changes.changes
        if change.position is not None and (change.kind is not None or change.state.quantity != 0)
    ]
    sqlite.execute(
        """UPDATE positions SET last_synced_at = ?, orphaned_since = NULL
            WHERE id IN (SELECT value FROM json_each(?))""",
        (now, json.dumps(confirmed)),
    )
    in_doubt = [position for position in changes.orphaned if position.orphaned_since is None]
    sqlite.executemany("UPDATE positions SET orphaned_since = ? WHERE id = ?", ((now, each.id) for each in in_doubt))
    sqlite.executemany(
        _INSERT_EVENT,
        (
            _event_row(
                landed, each.id, EventKind.ORPHANED, (each.quantity, each.quantity), each.average_open_price, None, None
            )
            for each in in_doubt
        ),
    )


def _write_changes(
    sqlite: sqlite3.Connection, changes: Reconciliation, account: int, memory: Memory, landed: Landing
) -> None:
    """Open and close positions, and write down what happened."""
    market = _Market(landed)
    events: list[tuple[Any, ...]] = []
    for change in changes.changes:
        state = change.state
        if change.position is None:
            number = _insert(sqlite, state, account, memory.numbers[state.instrument.id], landed.now)
            _write_entry(sqlite, number, state.instrument, market, landed.now)
        else:
            number = change.position.id
        if change.kind is None:
            continue
        if state.quantity == 0:
            _close(sqlite, number, landed.now)
        quantities = (change.quantity_before, state.quantity)
        mark = market.mark(state.instrument.id)
        row = _event_row(landed, number, change.kind, quantities, state.average_open_price, mark, change.realized)
        events.append(row)
    sqlite.executemany(_INSERT_EVENT, events)


_STATE_COLUMNS = (
    "quantity, average_open_price, previous_close, day_base, realized_pnl, realized_source, realized_since_open, "
    "realized_since_open_on, realized_day_gain, realized_day_gain_on"
)


def _state_row(state: PositionState) -> tuple[Any, ...]:
    return (
        decimal_text(state.quantity),
        decimal_text(state.average_open_price),
        decimal_text(state.previous_close),
        decimal_text(state.day_base),
        decimal_text(state.realized_pnl),
        state.realized_source,
        *_dated(state.realized_since_open),
        *_dated(state.realized_day_gain),
    )


def _dated(value: DatedAmount | None) -> tuple[str | None, str | None]:
    return (None, None) if value is None else (decimal_text(value.amount), date_text(value.on))


def _insert(sqlite: sqlite3.Connection, state: PositionState, account: int, instrument: int, now: datetime) -> int:
    made = sqlite.execute(
        f"""INSERT INTO positions (account_id, instrument_id, status, opened_at, last_synced_at, {_STATE_COLUMNS})
            VALUES (?, ?, 'open', ?, ?, {", ".join("?" * rows.width(_STATE_COLUMNS))})""",
        (account, instrument, instant_text(state.opened_at), instant_text(now), *_state_row(state)),
    )
    assert made.lastrowid is not None
    return made.lastrowid


_STATE_NAMES = _STATE_COLUMNS.split(", ")
_UPDATE = f"UPDATE positions SET {', '.join(f'{name} = ?' for name in _STATE_NAMES)} WHERE id = ?"
_figures = attrgetter(*(name for name in _STATE_NAMES if not name.endswith("_on")))


def _write_figures(sqlite: sqlite3.Connection, changes: Reconciliation) -> None:
    """Write the figures of known positions, but only where one differs from what is stored."""
    sqlite.executemany(
        _UPDATE,
        [
            (*_state_row(change.state), change.position.id)
            for change in changes.changes
            if change.position is not None and _figures(change.position) != _figures(change.state)
        ],
    )


def _write_entry(
    sqlite: sqlite3.Connection, number: int, instrument: Instrument, market: _Market, now: datetime
) -> None:
    """What the position started from, as of the first sync that saw it."""
    greeks = market.greeks.get(instrument.id)
    sensitivities: tuple[Any, ...] = (None,) * 8
    if greeks is not None:
        sensitivities = (
            greeks.delta,
            greeks.gamma,
            greeks.theta,
            greeks.vega,
            greeks.rho,
            greeks.iv,
            instant_text(greeks.as_of),
            greeks.source,
        )
    sqlite.execute(
        """UPDATE positions SET entry_at = ?, entry_underlying_price = ?, entry_delta = ?, entry_gamma = ?,
                  entry_theta = ?, entry_vega = ?, entry_rho = ?, entry_iv = ?, entry_greeks_as_of = ?,
                  entry_greeks_source = ? WHERE id = ?""",
        (
            instant_text(now),
            decimal_text(market.mark(instrument.underlying_id or instrument.id)),
            *sensitivities,
            number,
        ),
    )


def _close(sqlite: sqlite3.Connection, number: int, now: datetime) -> None:
    """Close a row and keep the last mark with it: its instrument's quote may go on without it."""
    sqlite.execute(
        """UPDATE positions SET status = 'closed', closed_at = ?,
                  closing_mark = (SELECT mark FROM quotes WHERE instrument_id = positions.instrument_id),
                  closing_mark_source = (SELECT mark_source FROM quotes WHERE instrument_id = positions.instrument_id)
            WHERE id = ?""",
        (instant_text(now), number),
    )


_INSERT_EVENT = """
    INSERT INTO position_events (position_id, run_id, at, kind, quantity_before, quantity_after, average_open_price,
           mark, realized_pnl, realized_source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def _event_row(
    landed: Landing,
    number: int,
    kind: EventKind,
    quantities: tuple[Decimal, Decimal],
    average_open_price: Decimal | None,
    mark: Decimal | None,
    realized: Realized | None,
) -> tuple[Any, ...]:
    return (
        number,
        landed.run,
        instant_text(landed.now),
        kind,
        *map(decimal_text, quantities),
        decimal_text(average_open_price),
        decimal_text(mark),
        None if realized is None else decimal_text(realized.amount),
        None if realized is None else realized.source,
    )


def _day_pnl(landed: Landing) -> Decimal | None:
    """Our day P&L of the account in the currency of its balances."""
    return next((check.ours for check in landed.checks if check.figure is Figure.DAY_PNL), None)


def _write_balances(
    sqlite: sqlite3.Connection, account: int, balances: Balances | None, day_pnl: Decimal | None, now: datetime
) -> None:
    if balances is None:
        return
    amounts = (balances.net_liquidating_value, balances.cash_balance, balances.buying_power)
    sqlite.execute(
        f"""INSERT OR REPLACE INTO balances (account_id, {rows.BALANCE_COLUMNS})
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            account,
            balances.currency,
            *map(decimal_text, amounts),
            decimal_text(balances.maintenance_requirement),
            json.dumps([decimal_text(value) for value in balances.position_values]),
            json.dumps({name: decimal_text(rate) for name, rate in balances.exchange_rates.items()}),
            instant_text(balances.received_at),
            decimal_text(balances.open_pnl),
            decimal_text(balances.day_pnl),
            balances.position_count,
        ),
    )
    sqlite.execute(
        """INSERT INTO account_snapshots (account_id, taken_at, net_liquidating_value, cash_balance, buying_power,
                  day_pnl) VALUES (?, ?, ?, ?, ?, ?)""",
        (account, instant_text(now), *map(decimal_text, amounts), decimal_text(day_pnl)),
    )


def _write_snapshots(sqlite: sqlite3.Connection, account: int, now: datetime) -> None:
    """Keep every open position's figures as of this sync."""
    sqlite.execute(
        """
        INSERT INTO position_snapshots (position_id, taken_at, quantity, mark, underlying_price, open_pnl, delta, gamma,
               theta, vega, iv, source, received_at)
        SELECT p.id, ?, p.quantity, q.mark, coalesce(uq.mark, CASE WHEN i.underlying_key IS NULL THEN q.mark END),
               open_pnl(p.quantity, p.average_open_price, q.mark, i.multiplier), g.delta, g.gamma, g.theta, g.vega,
               g.iv, q.source, q.received_at
          FROM positions p JOIN instruments i ON i.id = p.instrument_id
          LEFT JOIN quotes q ON q.instrument_id = i.id
          LEFT JOIN greeks g ON g.instrument_id = i.id
          LEFT JOIN instruments ui ON ui.broker = i.broker AND ui.key = i.underlying_key
          LEFT JOIN quotes uq ON uq.instrument_id = ui.id
         WHERE p.account_id = ? AND p.status = 'open'
        """,
        (instant_text(now), account),
    )


def prepare(sqlite: sqlite3.Connection) -> None:
    """Give the connection that lands the one sum that SQLite cannot do exactly."""
    sqlite.create_function("open_pnl", 4, _open_pnl, deterministic=True)


@lru_cache(1 << 14)
def _open_pnl(quantity: str, average: str | None, mark: str | None, multiplier: str) -> str | None:
    if mark is None or average is None:
        return None
    return decimal_text((Decimal(mark) - Decimal(average)) * Decimal(quantity) * Decimal(multiplier))
