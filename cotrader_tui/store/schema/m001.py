"""Connections, accounts, positions and their history, sync runs, requests, the lease, the public view."""

from __future__ import annotations

from sqlite_utils import Database

from cotrader_tui.store.schema.tables import table


def create_book(db: Database) -> None:
    """Make every table of the first version."""
    _create_connections(db)
    _create_accounts(db)
    _create_instruments(db)
    _create_positions(db)
    _create_market(db)
    _create_history(db)
    _create_sync(db)
    _create_public_view(db)


def _create_connections(db: Database) -> None:
    table(db, "connections").create(
        {
            "id": int,
            "name": str,
            "broker": str,
            "label": str,
            "status": str,
            "sync_enabled": int,
            "sync_interval": float,
            "last_sync_at": str,
            "last_sync_status": str,
            "last_error_kind": str,
            "last_error_message": str,
            "last_error_hint": str,
            "consecutive_failures": int,
            "grant_refusals": int,
            "next_sync_at": str,
        },
        pk="id",
        not_null={
            "name",
            "broker",
            "label",
            "status",
            "sync_enabled",
            "sync_interval",
            "consecutive_failures",
            "grant_refusals",
        },
        defaults={"label": "", "status": "active", "sync_enabled": 1, "consecutive_failures": 0, "grant_refusals": 0},
        strict=True,
    )
    table(db, "connections").create_index(["name"], unique=True)


def _create_accounts(db: Database) -> None:
    table(db, "accounts").create(
        {
            "id": int,
            "connection_id": int,
            "broker": str,
            "number": str,
            "nickname": str,
            "base_currency": str,
            "is_included": int,
            "last_synced_at": str,
            "suspected_empty_at": str,
        },
        pk="id",
        foreign_keys=[("connection_id", "connections", "id")],
        not_null={"connection_id", "broker", "number", "nickname", "base_currency", "is_included"},
        defaults={"is_included": 1},
        strict=True,
    )
    table(db, "accounts").create_index(["broker", "number"], unique=True)
    table(db, "balances").create(
        {
            "account_id": int,
            "currency": str,
            "net_liquidating_value": str,
            "cash_balance": str,
            "buying_power": str,
            "maintenance_requirement": str,
            "position_values": str,
            "received_at": str,
        },
        pk="account_id",
        foreign_keys=[("account_id", "accounts", "id")],
        not_null={"currency", "position_values", "received_at"},
        strict=True,
    )


def _create_instruments(db: Database) -> None:
    table(db, "instruments").create(
        {
            "id": int,
            "broker": str,
            "key": str,
            "symbol": str,
            "instrument_type": str,
            "underlying": str,
            "underlying_key": str,
            "multiplier": str,
            "currency": str,
            "option_type": str,
            "strike": str,
            "expiration": str,
            "expires_at": str,
            "streamer_symbol": str,
            "is_adjusted": int,
        },
        pk="id",
        not_null={"broker", "key", "symbol", "instrument_type", "underlying", "multiplier", "currency", "is_adjusted"},
        defaults={"is_adjusted": 0},
        strict=True,
    )
    table(db, "instruments").create_index(["broker", "key"], unique=True)


def _create_positions(db: Database) -> None:
    table(db, "positions").create(
        {
            "id": int,
            "account_id": int,
            "instrument_id": int,
            "status": str,
            "quantity": str,
            "average_open_price": str,
            "previous_close": str,
            "realized_pnl": str,
            "realized_source": str,
            "realized_since_open": str,
            "realized_since_open_on": str,
            "realized_day_gain": str,
            "realized_day_gain_on": str,
            "opened_at": str,
            "closed_at": str,
            "last_synced_at": str,
            "orphaned_since": str,
            "closing_mark": str,
            "closing_mark_source": str,
            "entry_at": str,
            "entry_underlying_price": str,
            "entry_delta": float,
            "entry_gamma": float,
            "entry_theta": float,
            "entry_vega": float,
            "entry_rho": float,
            "entry_iv": float,
            "entry_greeks_as_of": str,
            "entry_greeks_source": str,
        },
        pk="id",
        foreign_keys=[("account_id", "accounts", "id"), ("instrument_id", "instruments", "id")],
        not_null={"account_id", "instrument_id", "status", "quantity", "opened_at", "last_synced_at"},
        strict=True,
    )
    db.execute("CREATE UNIQUE INDEX one_open_position ON positions (account_id, instrument_id) WHERE status = 'open'")
    table(db, "positions").create_index(["last_synced_at"])
    table(db, "positions").create_index(["account_id", "status", "closed_at"])
    table(db, "position_events").create(
        {
            "id": int,
            "position_id": int,
            "run_id": int,
            "at": str,
            "kind": str,
            "quantity_before": str,
            "quantity_after": str,
            "average_open_price": str,
            "mark": str,
            "realized_pnl": str,
            "realized_source": str,
        },
        pk="id",
        foreign_keys=[("position_id", "positions", "id")],
        not_null={"position_id", "run_id", "at", "kind", "quantity_before", "quantity_after"},
        strict=True,
    )
    table(db, "position_events").create_index(["position_id"])


def _create_market(db: Database) -> None:
    table(db, "quotes").create(
        {
            "instrument_id": int,
            "mark": str,
            "mark_source": str,
            "bid": str,
            "ask": str,
            "last": str,
            "previous_close": str,
            "source": str,
            "received_at": str,
        },
        pk="instrument_id",
        foreign_keys=[("instrument_id", "instruments", "id")],
        not_null={"source", "received_at"},
        strict=True,
    )
    table(db, "greeks").create(
        {
            "instrument_id": int,
            "delta": float,
            "gamma": float,
            "theta": float,
            "vega": float,
            "rho": float,
            "iv": float,
            "source": str,
            "as_of": str,
            "received_at": str,
        },
        pk="instrument_id",
        foreign_keys=[("instrument_id", "instruments", "id")],
        not_null={"source", "as_of", "received_at"},
        strict=True,
    )
    table(db, "trading_sessions").create(
        {"on": str, "opens_at": str, "closes_at": str, "is_early_close": int},
        pk="on",
        not_null={"opens_at", "closes_at", "is_early_close"},
        strict=True,
    )


def _create_history(db: Database) -> None:
    table(db, "position_snapshots").create(
        {
            "id": int,
            "position_id": int,
            "taken_at": str,
            "quantity": str,
            "mark": str,
            "underlying_price": str,
            "open_pnl": str,
            "delta": float,
            "gamma": float,
            "theta": float,
            "vega": float,
            "iv": float,
            "source": str,
            "received_at": str,
        },
        pk="id",
        foreign_keys=[("position_id", "positions", "id")],
        not_null={"position_id", "taken_at", "quantity"},
        strict=True,
    )
    table(db, "position_snapshots").create_index(["position_id", "taken_at"])
    table(db, "position_snapshots").create_index(["taken_at"])
    table(db, "account_snapshots").create(
        {
            "id": int,
            "account_id": int,
            "taken_at": str,
            "net_liquidating_value": str,
            "cash_balance": str,
            "buying_power": str,
        },
        pk="id",
        foreign_keys=[("account_id", "accounts", "id")],
        not_null={"account_id", "taken_at"},
        strict=True,
    )
    table(db, "account_snapshots").create_index(["account_id", "taken_at"])
    table(db, "account_snapshots").create_index(["taken_at"])


def _create_sync(db: Database) -> None:
    table(db, "sync_runs").create(
        {
            "id": int,
            "cycle": int,
            "connection_id": int,
            "account_id": int,
            "trigger": str,
            "sync_type": str,
            "status": str,
            "started_at": str,
            "completed_at": str,
            "positions_added": int,
            "positions_updated": int,
            "positions_closed": int,
            "positions_unchanged": int,
            "quarantined": int,
            "error_kind": str,
            "error_message": str,
            "hint": str,
        },
        pk="id",
        foreign_keys=[("connection_id", "connections", "id"), ("account_id", "accounts", "id")],
        not_null={"cycle", "connection_id", "trigger", "sync_type", "status", "started_at"},
        defaults={
            "positions_added": 0,
            "positions_updated": 0,
            "positions_closed": 0,
            "positions_unchanged": 0,
            "quarantined": 0,
        },
        strict=True,
    )
    table(db, "sync_runs").create_index(["started_at"])
    table(db, "sync_runs").create_index(["cycle"])
    table(db, "quarantined_rows").create(
        {"id": int, "run_id": int, "symbol": str, "reason": str, "raw": str},
        pk="id",
        foreign_keys=[("run_id", "sync_runs", "id")],
        not_null={"run_id", "reason", "raw"},
        strict=True,
    )
    table(db, "quarantined_rows").create_index(["run_id"])
    table(db, "sync_requests").create(
        {"id": int, "connection_id": int, "requested_at": str, "cycle": int, "finished_at": str},
        pk="id",
        foreign_keys=[("connection_id", "connections", "id")],
        not_null={"connection_id", "requested_at"},
        strict=True,
    )
    table(db, "sync_lease").create(
        {"id": int, "pid": int, "host": str, "since": str}, pk="id", not_null={"pid", "host", "since"}, strict=True
    )
    table(db, "properties").create({"key": str, "value": str}, pk="key", not_null={"value"}, strict=True)


def _create_public_view(db: Database) -> None:
    db.create_view(
        "broker_positions",
        """
        SELECT i.symbol AS symbol,
               a.number AS account_number,
               CAST(p.quantity AS REAL) AS quantity,
               CAST(p.average_open_price AS REAL) AS average_price,
               CAST(q.mark AS REAL) AS current_price,
               (CAST(q.mark AS REAL) - CAST(p.average_open_price AS REAL))
                   * CAST(p.quantity AS REAL) * CAST(i.multiplier AS REAL) AS unrealized_pnl,
               CASE i.instrument_type
                   WHEN 'equity' THEN 'stock'
                   WHEN 'equity_option' THEN 'option'
                   WHEN 'future' THEN 'future'
                   WHEN 'future_option' THEN 'future_option'
                   WHEN 'cryptocurrency' THEN 'crypto'
                   ELSE 'other'
               END AS position_type,
               p.last_synced_at AS last_updated,
               a.broker AS data_source
          FROM positions p
          JOIN accounts a ON a.id = p.account_id
          JOIN instruments i ON i.id = p.instrument_id
          LEFT JOIN quotes q ON q.instrument_id = p.instrument_id
         WHERE p.status = 'open'
        """,
    )
