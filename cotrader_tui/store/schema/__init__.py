"""The schema as append-only migrations. A migration that has shipped is never edited."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from cotrader_tui.store.schema.m001 import create_book
from cotrader_tui.store.schema.m002 import add_day_base_and_rates
from cotrader_tui.store.schema.m003 import add_one_book

MIGRATIONS = Migrations("cotrader")


@MIGRATIONS()
def m001_book(db: Database) -> None:
    create_book(db)
    db.execute("PRAGMA user_version = 1")


@MIGRATIONS()
def m002_day_base_and_rates(db: Database) -> None:
    add_day_base_and_rates(db)
    db.execute("PRAGMA user_version = 2")


@MIGRATIONS()
def m003_one_book(db: Database) -> None:
    add_one_book(db)
    db.execute("PRAGMA user_version = 3")
