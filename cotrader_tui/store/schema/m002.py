"""A broker's own base of day P&L, its exchange rates, and whether its market data is delayed."""

from __future__ import annotations

from sqlite_utils import Database

from cotrader_tui.store.schema.tables import table


def add_day_base_and_rates(db: Database) -> None:
    """Add their columns."""
    table(db, "positions").add_column("day_base", str)
    table(db, "balances").add_column("exchange_rates", str, not_null_default="{}")
    table(db, "connections").add_column("is_delayed", int, not_null_default=0)
