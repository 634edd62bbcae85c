"""One book of several brokers: reference rates, the broker's own totals, streams, switches, transactions, orders."""

from __future__ import annotations

from sqlite_utils import Database

from cotrader_tui.store.schema.tables import table


def add_one_book(db: Database) -> None:
    """Add their tables and columns."""
    _add_to_connections(db)
    _add_to_balances(db)
    _add_to_market(db)
    _create_transactions(db)
    _create_orders(db)
    table(db, "sync_runs").add_column("transactions_added", int, not_null_default=0)
    table(db, "sync_runs").add_column("orders_synced", int, not_null_default=0)
    db.execute("CREATE INDEX running_runs ON sync_runs (connection_id) WHERE status = 'running'")


def _add_to_connections(db: Database) -> None:
    connections = table(db, "connections")
    connections.add_column("sync_kinds", str, not_null_default="positions")
    connections.add_column("stream_state", str)
    connections.add_column("stream_message", str)
    connections.add_column("stream_since", str)
    connections.add_column("stream_overflow", int, not_null_default=0)


def _add_to_balances(db: Database) -> None:
    balances = table(db, "balances")
    balances.add_column("open_pnl", str)
    balances.add_column("day_pnl", str)
    balances.add_column("position_count", int)
    table(db, "account_snapshots").add_column("day_pnl", str)
    table(db, "account_checks").create(
        {
            "account_id": int,
            "figure": str,
            "at": str,
            "ours": str,
            "brokers": str,
            "tolerance": str,
            "position_symbol": str,
            "position_difference": str,
        },
        pk=("account_id", "figure"),
        foreign_keys=[("account_id", "accounts", "id")],
        not_null={"at", "tolerance"},
        strict=True,
    )


def _add_to_market(db: Database) -> None:
    table(db, "quotes").add_column("is_halted", int, not_null_default=0)
    table(db, "reference_rates").create(
        {"currency": str, "per_euro": str, "on": str}, pk="currency", not_null={"per_euro", "on"}, strict=True
    )
    table(db, "trading_sessions").drop()
    table(db, "trading_sessions").create(
        {"market": str, "on": str, "opens_at": str, "closes_at": str, "is_early_close": int},
        pk=("market", "on"),
        not_null={"opens_at", "closes_at", "is_early_close"},
        strict=True,
    )


def _create_transactions(db: Database) -> None:
    table(db, "transactions").create(
        {
            "id": int,
            "account_id": int,
            "key": str,
            "at": str,
            "kind": str,
            "description": str,
            "symbol": str,
            "underlying": str,
            "quantity": str,
            "price": str,
            "fees": str,
            "amount": str,
            "currency": str,
        },
        pk="id",
        foreign_keys=[("account_id", "accounts", "id")],
        not_null={"account_id", "key", "at", "kind", "description", "currency"},
        strict=True,
    )
    table(db, "transactions").create_index(["account_id", "key"], unique=True)
    table(db, "transactions").create_index(["account_id", "at"])


def _create_orders(db: Database) -> None:
    table(db, "orders").create(
        {
            "id": int,
            "account_id": int,
            "key": str,
            "status": str,
            "kind": str,
            "time_in_force": str,
            "underlying": str,
            "limit_price": str,
            "stop_price": str,
            "currency": str,
            "legs": str,
            "placed_at": str,
            "updated_at": str,
            "seen_at": str,
            "gone_at": str,
        },
        pk="id",
        foreign_keys=[("account_id", "accounts", "id")],
        not_null={"account_id", "key", "status", "kind", "currency", "legs", "seen_at"},
        strict=True,
    )
    table(db, "orders").create_index(["account_id", "key"], unique=True)
