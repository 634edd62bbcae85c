"""The schema from blank and from the file of every version there has been."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.errors import NewerSchemaError, StoreError
from cotrader_tui.store import schema
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync
from cotrader_tui.store.version import SCHEMA_VERSION
from cotrader_tui.store.writer import Writer
from tests.builders import NOW, share
from tests.sync.support import DiskBook, answer, holding

VERSIONS = Path(__file__).parent / "versions"
"""One SQL dump per version, made by a program of that version: a small synced book. A new version adds its own."""


def from_dump(version: int, path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((VERSIONS / f"schema-{version}.sql").read_text())
    return path


def _schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_the_version_is_the_number_of_migrations(tmp_path: Path) -> None:
    Writer(tmp_path / "book.db").close()
    with closing(sqlite3.connect(tmp_path / "book.db")) as connection:
        database = Database(connection, execute_plugins=False)
        assert len(schema.MIGRATIONS.applied(database)) == SCHEMA_VERSION
        assert schema.MIGRATIONS.pending(database) == []
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_opening_again_changes_nothing_and_keeps_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    Writer(path).close()
    before = path.read_bytes()
    Writer(path).close()
    assert path.read_bytes() == before
    assert list(tmp_path.glob("*.backup")) == []


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_file_of_every_version_opens_with_its_book_whole(version: int, tmp_path: Path) -> None:
    path = from_dump(version, tmp_path / "old.db")
    Writer(path).close()
    Writer(tmp_path / "blank.db").close()
    assert _schema(path) == _schema(tmp_path / "blank.db")
    with Reader(path) as reader:
        book = reader.snapshot(exchange_date(NOW))
        assert len(reader.events(1)) == 1
    assert [(leg.position.instrument.symbol, leg.position.quantity) for leg in book.legs] == [
        ("AAPL", Decimal(100)),
        ("BTC/USD", Decimal("0.00012345")),
    ]
    assert book.accounts[0].balances is not None
    assert list(tmp_path.glob("*.backup")) == ([] if version == SCHEMA_VERSION else [tmp_path / _copy_name(version)])


def _copy_name(version: int) -> str:
    return f"old.db.schema-{version}.backup"


# The next version, whatever it will bring

NEXT = Migrations("cotrader")
for _known in schema.MIGRATIONS._migrations:
    NEXT(name=_known.name)(_known.fn)


@NEXT()
def m999_next(db: Database) -> None:
    db.execute("ALTER TABLE accounts ADD COLUMN margin_or_cash TEXT")
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


BROKEN = Migrations("cotrader")
for _known in schema.MIGRATIONS._migrations:
    BROKEN(name=_known.name)(_known.fn)


@BROKEN()
def m999_broken(db: Database) -> None:
    db.execute("ALTER TABLE accounts ADD COLUMN margin_or_cash TEXT")
    db.execute("INSERT INTO nowhere VALUES (1)")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    book = DiskBook(tmp_path / "book.db")
    book.sync(answer(holding(share(), "100")))
    book.close()
    return book.path


def test_a_private_copy_of_the_file_is_kept_before_a_migration(path: Path) -> None:
    before = _schema(path)
    Writer(path, migrations=NEXT).close()
    copy = path.with_name(f"book.db.schema-{SCHEMA_VERSION}.backup")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert _schema(copy) == before
    assert _schema(path) != before
    with Reader(copy) as reader:
        assert len(reader.snapshot(exchange_date(NOW)).legs) == 1


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    before = _schema(path)
    with pytest.raises(StoreError, match="no such table: nowhere"):
        Writer(path, migrations=BROKEN)
    assert _schema(path) == before
    with Writer(path) as writer, Reader(path) as reader:
        assert not writer.is_new()
        assert len(reader.snapshot(exchange_date(NOW)).legs) == 1


def test_a_blank_file_whose_first_migration_failed_is_still_blank(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    with pytest.raises(StoreError):
        Writer(path, migrations=BROKEN)
    assert _schema(path) == []
    Writer(path).close()


def test_a_newer_schema_is_refused_by_everyone_and_left_alone(path: Path) -> None:
    Writer(path, migrations=NEXT).close()
    before = path.read_bytes()
    for open_ in (Writer, Reader):
        with pytest.raises(NewerSchemaError, match=f"schema {SCHEMA_VERSION + 1}") as caught:
            open_(path)
        assert "Update cotrader" in caught.value.hint
    with pytest.raises(NewerSchemaError):
        request_sync(path, NOW)
    assert path.read_bytes() == before
