"""A backup is whole, private and overwrites nothing; a restore is all or nothing and keeps what was there."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from cotrader_tui.errors import (
    ConfigError,
    CorruptStoreError,
    NewerSchemaError,
    StoreError,
    StoreLockedError,
    StoreMissingError,
)
from cotrader_tui.store.backup import back_up, check_database, restore
from cotrader_tui.store.lease import Lease
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.version import SCHEMA_VERSION
from cotrader_tui.store.writer import Writer
from tests.builders import NOW

INTERVAL = timedelta(seconds=60)
KEPT = "cotrader.db.before-restore-20260310T153000Z"


def names(path: Path) -> list[str]:
    """The connections in a database: what tells one file from another here."""
    with Reader(path) as reader:
        return [connection.name for connection in reader.connections()]


def make(path: Path, *connections: str, demo: bool = False) -> Path:
    with Writer(path) as writer:
        for name in connections:
            writer.ensure_connection(name, "tastytrade", "", INTERVAL)
        if demo:
            writer.set_property("demo_epoch", NOW.isoformat())
    return path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return make(tmp_path / "cotrader.db", "present")


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return make(tmp_path / "backup.db", "former")


def leftovers(folder: Path) -> set[str]:
    """Files that nobody asked for; a reader may leave an empty log and its index beside any database."""
    known = {"cotrader.db", "cotrader.db.lock", "backup.db", KEPT}
    return {path.name.removesuffix("-wal").removesuffix("-shm") for path in folder.iterdir()} - known


@pytest.fixture
def engine(database: Path) -> Iterator[Writer]:
    """An engine that holds the lease and has written to the log only."""
    with Lease(database) as lease, Writer(database) as writer:
        assert lease.acquire()
        writer.take_over(NOW)
        writer.ensure_connection("later", "tastytrade", "", INTERVAL)
        yield writer


def test_a_backup_has_everything_committed_while_an_engine_runs(database: Path, engine: Writer, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    with engine.transaction():
        back_up(database, target)
    assert names(target) == ["later", "present"]
    assert check_database(target) == SCHEMA_VERSION
    assert target.stat().st_mode & 0o777 == 0o600
    assert not target.with_name("copy.db.part").exists()


def test_a_backup_overwrites_nothing(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_bytes(b"precious")
    with pytest.raises(StoreError, match="exists"):
        back_up(database, target)
    assert target.read_bytes() == b"precious"


def test_a_backup_of_nothing_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError):
        back_up(tmp_path / "none.db", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_into_a_missing_folder_is_told_in_words(database: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        back_up(database, tmp_path / "none" / "copy.db")


def test_a_failed_backup_leaves_no_file(database: Path, tmp_path: Path) -> None:
    damage(database)
    with pytest.raises(StoreError):
        back_up(database, tmp_path / "copy.db")
    assert leftovers(tmp_path) == set()


def damage(path: Path) -> None:
    """Overwrite everything but the first page."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))


def test_a_restore_brings_the_backup_and_keeps_what_was_there(database: Path, backup: Path, tmp_path: Path) -> None:
    kept = restore(database, backup, NOW, is_demo=False)
    assert kept == tmp_path / KEPT
    assert not {"cotrader.db-wal", "cotrader.db-shm"} & {path.name for path in tmp_path.iterdir()}
    assert names(database) == ["former"]
    assert names(kept) == ["present"]
    assert names(backup) == ["former"]
    assert {path.stat().st_mode & 0o777 for path in (database, kept)} == {0o600}
    assert leftovers(tmp_path) == set()


def test_what_is_kept_includes_commits_a_killed_engine_left_in_the_log(
    database: Path, backup: Path, tmp_path: Path
) -> None:
    with Writer(database) as writer:
        writer.ensure_connection("in the log", "tastytrade", "", INTERVAL)
        for suffix in ("", "-wal"):
            (tmp_path / f"killed.db{suffix}").write_bytes((tmp_path / f"cotrader.db{suffix}").read_bytes())
    killed = tmp_path / "killed.db"
    kept = restore(killed, backup, NOW, is_demo=False)
    assert kept is not None
    assert names(killed) == ["former"]
    assert names(kept) == ["in the log", "present"]
    assert not killed.with_name("killed.db-wal").exists()


def test_the_restored_database_can_be_written(database: Path, backup: Path) -> None:
    restore(database, backup, NOW, is_demo=False)
    make(database, "new")
    assert names(database) == ["former", "new"]


def test_a_backup_can_be_restored_where_no_database_is(tmp_path: Path, backup: Path) -> None:
    database = tmp_path / "fresh" / "cotrader.db"
    assert restore(database, backup, NOW, is_demo=False) is None
    assert names(database) == ["former"]
    assert database.parent.stat().st_mode & 0o777 == 0o700


def test_a_damaged_database_is_replaced_and_kept(database: Path, backup: Path, tmp_path: Path) -> None:
    database.write_bytes(b"no database at all" * 1000)
    kept = restore(database, backup, NOW, is_demo=False)
    assert kept is not None
    assert kept.read_bytes().startswith(b"no database")
    assert names(database) == ["former"]
    assert leftovers(tmp_path) == set()


def test_a_restore_waits_for_no_engine_and_names_it(database: Path, engine: Writer, backup: Path) -> None:
    with pytest.raises(StoreError, match=f"pid {os.getpid()}"):
        restore(database, backup, NOW, is_demo=False)
    assert names(database) == ["later", "present"]


def test_a_restore_does_not_pull_the_file_from_under_a_screen(database: Path, backup: Path, tmp_path: Path) -> None:
    with Reader(database) as screen:
        screen.connections()
        with pytest.raises(StoreLockedError, match="another program"):
            restore(database, backup, NOW, is_demo=False)
    assert names(database) == ["present"]
    assert leftovers(tmp_path) == set()


def unusable(kind: str, path: Path) -> type[StoreError]:
    """Make `path` a file that is no backup; returns the error it must raise."""
    if kind == "missing":
        return StoreError
    if kind == "foreign":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE songs (id)")
        return CorruptStoreError
    if kind == "text":
        path.write_text("positions: none\n" * 500)
        return CorruptStoreError
    make(path, "former")
    if kind == "damaged":
        damage(path)
        return CorruptStoreError
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    return NewerSchemaError


@pytest.mark.parametrize("kind", ["missing", "foreign", "text", "damaged", "newer"])
def test_what_is_no_backup_is_refused_and_nothing_changes(kind: str, database: Path, tmp_path: Path) -> None:
    source = tmp_path / "backup.db"
    error = unusable(kind, source)
    with pytest.raises(error):
        restore(database, source, NOW, is_demo=False)
    assert names(database) == ["present"]
    assert leftovers(tmp_path) == set()


def test_the_database_is_not_its_own_backup(database: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(database)
    with pytest.raises(StoreError, match="is the database itself"):
        restore(database, tmp_path / "link.db", NOW, is_demo=False)


@pytest.mark.parametrize("is_demo", [True, False])
def test_demo_and_real_accounts_do_not_replace_each_other(is_demo: bool, tmp_path: Path, database: Path) -> None:
    source = make(tmp_path / "other.db", "other", demo=not is_demo)
    with pytest.raises(ConfigError):
        restore(database, source, NOW, is_demo=is_demo)
    assert names(database) == ["present"]


def test_two_restores_in_one_second_lose_nothing(database: Path, backup: Path, tmp_path: Path) -> None:
    restore(database, backup, NOW, is_demo=False)
    with pytest.raises(StoreError):
        restore(database, backup, NOW, is_demo=False)
    assert names(tmp_path / KEPT) == ["present"]
    assert names(database) == ["former"]
