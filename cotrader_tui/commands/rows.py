"""Domain values as flat rows with the keys of the command-line contract, in its order.

Values keep their types: decimals exact, instants aware, unknown `None`. Money is in the row's currency.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from cotrader_tui.analytics.coverage import Coverage
from cotrader_tui.analytics.exposure import UnderlyingExposure
from cotrader_tui.analytics.greeks import position_greeks
from cotrader_tui.analytics.pnl import day_pnl, market_value, open_pnl
from cotrader_tui.analytics.totals import PnlTotals
from cotrader_tui.domain.checks import Figure
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import AccountBook, Leg, PortfolioSnapshot
from cotrader_tui.domain.sync import Connection, StreamStatus, SyncKind, SyncRun
from cotrader_tui.domain.text import visible

Value = str | int | float | Decimal | date | datetime | None
Row = dict[str, Value]

POSITION_KEYS = (
    *("connection", "broker", "account", "symbol", "underlying", "instrument_type", "option_type", "strike"),
    *("expiration", "dte", "multiplier", "currency", "quantity", "average_open_price", "mark", "mark_source"),
    *("previous_close", "market_value", "open_pnl", "day_pnl", "realized_pnl", "realized_source", "delta", "gamma"),
    *("theta", "vega", "iv", "greeks_source", "greeks_as_of", "status", "opened_at", "closed_at", "last_synced_at"),
    "is_halted",
)
UNDERLYING_KEYS = (
    *("underlying", "currency", "price", "legs", "legs_with_greeks", "delta", "gamma", "theta", "vega"),
    *("delta_dollars", "market_value", "open_pnl", "day_pnl", "oldest_greeks_as_of", "positions"),
    *("positions_with_open_pnl", "positions_with_day_pnl", "legs_with_model_greeks"),
    *("naked_calls", "naked_puts", "naked_accounts"),
)
ACCOUNT_KEYS = (
    *("connection", "broker", "account", "nickname", "base_currency", "net_liquidating_value", "cash_balance"),
    *("buying_power", "maintenance_requirement", "open_pnl", "day_pnl", "positions", "as_of"),
    *("positions_with_open_pnl", "positions_with_day_pnl"),
    *("reconciled_at", "net_liquidating_value_difference", "open_pnl_difference", "day_pnl_difference"),
    *("positions_difference", "agrees_with_broker"),
)
CONNECTION_KEYS = (
    *("connection", "broker", "status", "sync_enabled", "sync_interval", "last_sync_at", "last_sync_status"),
    *("last_sync_message", "consecutive_failures", "accounts", "label", "sync_kinds"),
    *("stream_state", "stream_since", "stream_message", "stream_overflow"),
)
SYNC_LOG_KEYS = (
    *("id", "connection", "broker", "account", "trigger", "sync_type", "status", "started_at", "completed_at"),
    *("duration_ms", "positions_added", "positions_updated", "positions_closed", "positions_unchanged"),
    *("transactions_added", "orders_synced", "quarantined", "error_kind", "error_message", "hint"),
)

AMOUNT_KEYS = frozenset(
    {"quantity", "average_open_price", "market_value", "open_pnl", "day_pnl", "realized_pnl"}
    | {"delta", "gamma", "theta", "vega", "delta_dollars", "naked_calls", "naked_puts"}
    | {"net_liquidating_value", "cash_balance", "buying_power", "maintenance_requirement"}
    | {"net_liquidating_value_difference", "open_pnl_difference", "day_pnl_difference"}
)
"""What privacy hides: money, quantities, average open prices and Greeks of positions."""


def position_row(leg: Leg, now: datetime) -> Row:
    """One open or closed position at `now`; its Greeks are the position's."""
    position, instrument = leg.position, leg.position.instrument
    today = exchange_date(now)
    greeks = position_greeks(leg, now)
    return {
        "connection": leg.connection,
        "broker": position.account.broker,
        "account": position.account.number,
        "symbol": instrument.symbol,
        "underlying": instrument.underlying,
        "instrument_type": instrument.type,
        "option_type": instrument.option_type,
        "strike": instrument.strike,
        "expiration": instrument.expiration,
        "dte": instrument.days_to_expiration(today),
        "multiplier": instrument.multiplier,
        "currency": instrument.currency,
        "quantity": position.quantity,
        "average_open_price": position.average_open_price,
        "mark": None if leg.quote is None else leg.quote.mark,
        "mark_source": None if leg.quote is None else leg.quote.mark_source,
        "previous_close": _previous_close(leg),
        "market_value": market_value(leg),
        "open_pnl": open_pnl(leg),
        "day_pnl": day_pnl(leg, today),
        "realized_pnl": position.realized_pnl,
        "realized_source": position.realized_source,
        "delta": greeks.delta,
        "gamma": greeks.gamma,
        "theta": greeks.theta,
        "vega": greeks.vega,
        "iv": greeks.iv,
        "greeks_source": greeks.source,
        "greeks_as_of": greeks.as_of,
        "status": position.status,
        "opened_at": position.opened_at,
        "closed_at": position.closed_at,
        "last_synced_at": position.last_synced_at,
        "is_halted": None if leg.quote is None else leg.quote.is_halted,
    }


def _previous_close(leg: Leg) -> Decimal | None:
    """The price day P&L of a position held overnight starts from: the position's own, else its quote's."""
    if leg.position.previous_close is not None:
        return leg.position.previous_close
    return None if leg.quote is None else leg.quote.previous_close


def underlying_row(exposure: UnderlyingExposure, coverage: Coverage) -> Row:
    """One underlying in one currency. `positions…` say how many positions its sums of money cover.

    `naked_calls` and `naked_puts` count short contracts that nothing covers in all accounts together; `naked_accounts`
    is a text with commas between of the accounts in which something is naked by itself. Unknown is null.
    """
    naked = coverage.naked_accounts
    return {
        "underlying": exposure.underlying,
        "currency": exposure.currency,
        "price": exposure.price,
        "legs": exposure.legs,
        "legs_with_greeks": exposure.legs_with_greeks,
        "delta": exposure.delta,
        "gamma": exposure.gamma,
        "theta": exposure.theta,
        "vega": exposure.vega,
        "delta_dollars": exposure.delta_dollars,
        "market_value": exposure.market_value.value,
        "open_pnl": exposure.open_pnl.value,
        "day_pnl": exposure.day_pnl.value,
        "oldest_greeks_as_of": exposure.oldest_greeks_as_of,
        "positions": exposure.open_pnl.of,
        "positions_with_open_pnl": exposure.open_pnl.known,
        "positions_with_day_pnl": exposure.open_pnl.of - exposure.day_pnl.missing,
        "legs_with_model_greeks": exposure.legs_with_model_greeks,
        "naked_calls": coverage.overall.calls,
        "naked_puts": coverage.overall.puts,
        "naked_accounts": None if naked is None else ",".join(visible(account.number) for account in naked),
    }


def account_row(book: AccountBook, pnl: PnlTotals) -> Row:
    """One account; money in its base currency. `positions_with…` say how many positions its P&L covers.

    The last keys are of its last reconciliation: our figures less the broker's, null where one of them is unknown, and
    whether all that could be compared agree within their tolerances.
    """
    balances = book.balances
    apart = {} if book.checks is None else {check.figure: check.difference for check in book.checks.checks}
    return {
        "connection": book.connection,
        "broker": book.account.id.broker,
        "account": book.account.id.number,
        "nickname": book.account.nickname,
        "base_currency": book.account.base_currency,
        "net_liquidating_value": None if balances is None else balances.net_liquidating_value,
        "cash_balance": None if balances is None else balances.cash_balance,
        "buying_power": None if balances is None else balances.buying_power,
        "maintenance_requirement": None if balances is None else balances.maintenance_requirement,
        "open_pnl": None if pnl.without_rate else pnl.open_pnl.value,
        "day_pnl": None if pnl.without_rate else pnl.day_pnl.value,
        "positions": pnl.positions,
        "as_of": _as_of(book),
        "positions_with_open_pnl": pnl.open_pnl.known,
        "positions_with_day_pnl": pnl.positions - pnl.day_pnl.missing,
        "reconciled_at": None if book.checks is None else book.checks.at,
        "net_liquidating_value_difference": apart.get(Figure.NET_LIQUIDATING_VALUE),
        "open_pnl_difference": apart.get(Figure.OPEN_PNL),
        "day_pnl_difference": apart.get(Figure.DAY_PNL),
        "positions_difference": apart.get(Figure.POSITIONS),
        "agrees_with_broker": None if book.checks is None else book.checks.agrees,
    }


def _as_of(book: AccountBook) -> datetime | None:
    """The age of the oldest figures in the row: a sync may have landed without balances."""
    if book.balances is None or book.last_synced_at is None:
        return book.last_synced_at
    return min(book.balances.received_at, book.last_synced_at)


def connection_row(connection: Connection, snapshot: PortfolioSnapshot, stream: StreamStatus | None = None) -> Row:
    """One connection; `sync_interval` in seconds, `accounts` those the broker lists, `label` DEMO, SANDBOX and such.

    `sync_kinds` is a text with commas between: positions, transactions, orders. `stream` is how its market data does
    between syncs; its keys are null where it has none, or where no engine runs that would know.
    """
    error = connection.last_sync_error
    return {
        "connection": connection.name,
        "broker": connection.broker,
        "status": connection.status,
        "sync_enabled": connection.sync_enabled,
        "sync_interval": _seconds(connection.sync_interval),
        "last_sync_at": connection.last_sync_at,
        "last_sync_status": connection.last_sync_status,
        "last_sync_message": None if error is None else error.message,
        "consecutive_failures": connection.consecutive_failures,
        "accounts": sum(book.connection == connection.name and book.is_included for book in snapshot.accounts),
        "label": connection.label,
        "sync_kinds": ",".join(kind for kind in SyncKind if kind in connection.sync_kinds),
        "stream_state": None if stream is None else stream.state,
        "stream_since": None if stream is None else stream.since,
        "stream_message": None if stream is None else stream.message or None,
        "stream_overflow": None if stream is None else stream.overflow,
    }


def _seconds(interval: timedelta) -> int | float:
    seconds = interval.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def sync_log_row(run: SyncRun) -> Row:
    """One sync run of positions, transactions or orders, as `sync_type` says; what it is not about it counts as 0."""
    counts, error, duration = run.counts, run.error, run.duration
    return {
        "id": run.id,
        "connection": run.connection,
        "broker": run.broker,
        "account": run.account,
        "trigger": run.trigger,
        "sync_type": run.sync_type,
        "status": run.status,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "duration_ms": None if duration is None else duration // timedelta(milliseconds=1),
        "positions_added": counts.added,
        "positions_updated": counts.updated,
        "positions_closed": counts.closed,
        "positions_unchanged": counts.unchanged,
        "transactions_added": counts.transactions_added,
        "orders_synced": counts.orders_synced,
        "quarantined": counts.quarantined,
        "error_kind": None if error is None else error.kind,
        "error_message": None if error is None else error.message,
        "hint": None if error is None else error.hint or None,
    }
