"""Files in every bad state: a sentence with the next step, nothing lost, the last figures still readable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.sync import RunStatus
from cotrader_tui.errors import CorruptStoreError, StoreError, StoreLockedError, StoreMissingError
from cotrader_tui.store.connect import open_for_reading
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync
from cotrader_tui.store.writer import Writer
from tests.builders import NOW, quote, share
from tests.store.support import damage, ordinary_folder, ordinary_user
from tests.sync.support import DiskBook, answer, holding

AAPL = share("AAPL")


def _synced(path: Path) -> Path:
    book = DiskBook(path)
    book.sync(answer(holding(AAPL, "100"), quotes=[quote(AAPL, "52.79")]))
    book.close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return _synced(tmp_path / "book.db")


def _quantities(path: Path) -> tuple[list[Decimal], bool]:
    """What a reader sees, and whether it is a frozen copy."""
    with Reader(path) as reader:
        snapshot = reader.snapshot(exchange_date(NOW))
    assert snapshot.is_frozen is reader.is_frozen
    return [leg.position.quantity for leg in snapshot.legs], snapshot.is_frozen


WHOLE = ([Decimal(100)], False)
FROZEN = ([Decimal(100)], True)


def _ask(path: Path) -> object:
    return request_sync(path, NOW)


OPENERS = pytest.mark.parametrize("open_", [Writer, Reader, _ask])


# No database yet


@pytest.mark.parametrize("open_", [Reader, _ask])
def test_a_file_that_is_not_there_or_empty_is_no_database_yet(tmp_path: Path, open_: Callable[[Path], object]) -> None:
    absent, empty, blank = (tmp_path / name for name in ("absent.db", "empty.db", "blank.db"))
    empty.touch()
    with closing(sqlite3.connect(blank)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert blank.stat().st_size > 0
    for each in (absent, empty, blank):
        with pytest.raises(StoreMissingError) as caught:
            open_(each)
        assert "cotrader sync" in caught.value.hint
    assert not absent.exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made") as caught:
        Writer(tmp_path / "file" / "book.db")
    assert "COTRADER_DB" in caught.value.hint


def test_a_folder_in_the_place_of_the_database_is_told(tmp_path: Path) -> None:
    for open_ in (Writer, Reader):
        with pytest.raises(StoreError) as caught:
            open_(tmp_path)
        assert caught.value.hint


# Not ours, or damaged


@OPENERS
def test_garbage_is_told_and_left_alone(tmp_path: Path, open_: Callable[[Path], object]) -> None:
    path = tmp_path / "book.db"
    path.write_bytes(b"these are my notes, not a database\n" * 400)
    before = path.read_bytes()
    with pytest.raises(CorruptStoreError) as caught:
        open_(path)
    assert "db restore" in caught.value.hint
    assert path.read_bytes() == before


@OPENERS
@pytest.mark.parametrize("version", [0, 1])
def test_a_database_of_another_program_is_told_and_left_alone(
    tmp_path: Path, open_: Callable[[Path], object], version: int
) -> None:
    path = tmp_path / "book.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(CorruptStoreError, match="some other program"):
        open_(path)
    assert path.read_bytes() == before


def test_a_database_cut_short_is_told(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    for open_ in (Writer, Reader):
        with pytest.raises(CorruptStoreError):
            open_(path)


def test_a_damaged_table_is_told_when_it_is_read(path: Path) -> None:
    damage(path, "positions")
    with Reader(path) as reader, pytest.raises(CorruptStoreError) as caught:
        reader.snapshot(exchange_date(NOW))
    assert "db restore" in caught.value.hint


# Read-only


@pytest.fixture
def shared() -> Iterator[Path]:
    """A synced database in a folder that an ordinary user may only read."""
    with ordinary_folder() as folder:
        path = _synced(folder / "book.db")
        path.chmod(0o644)
        folder.chmod(0o555)
        yield path


def test_a_read_only_folder_is_read_as_a_frozen_copy(shared: Path) -> None:
    with ordinary_user():
        assert _quantities(shared) == FROZEN


def test_commits_still_in_the_log_are_part_of_the_frozen_copy(shared: Path) -> None:
    """As an engine leaves them that was killed: log there, its index gone."""
    shared.parent.chmod(0o755)
    folder = shared.parent
    book = DiskBook(shared)
    book.sync(answer(holding(AAPL, "70")))
    log, file = (shared.with_name("book.db-wal").read_bytes(), shared.read_bytes())
    book.close()
    shared.write_bytes(file)
    shared.with_name("book.db-wal").write_bytes(log)
    folder.chmod(0o555)
    with ordinary_user():
        assert _quantities(shared) == ([Decimal(70)], True)
        copy = open_for_reading(shared)
        assert copy.folder is not None
        left = Path(copy.folder.name)
        copy.close()
        assert not left.exists()


def test_a_read_only_folder_is_not_written(shared: Path) -> None:
    with ordinary_user():
        for open_ in (Writer, _ask):
            with pytest.raises(StoreError) as caught:
                open_(shared)
            assert "writable" in caught.value.hint or "permissions" in caught.value.hint
        assert _quantities(shared) == FROZEN


def test_a_read_only_file_is_read_and_not_written(shared: Path) -> None:
    shared.parent.chmod(0o777)
    shared.chmod(0o444)
    with ordinary_user():
        assert _quantities(shared)[0] == [Decimal(100)]
        for open_ in (Writer, _ask):
            with pytest.raises(StoreError) as caught:
                open_(shared)
            assert caught.value.hint


def test_a_file_that_may_not_be_read_is_told(shared: Path) -> None:
    shared.chmod(0o600)
    with ordinary_user(), pytest.raises(StoreError, match="cannot be opened") as caught:
        Reader(shared)
    assert "cotrader doctor" in caught.value.hint


# Full


def test_a_full_disk_is_told_and_the_last_figures_stay(path: Path) -> None:
    book = DiskBook(path)
    pages = book.writer._sqlite.execute("PRAGMA page_count").fetchone()[0]
    book.writer._sqlite.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own way to have no room
    many = answer(*(holding(share(f"S{number:04}"), "1") for number in range(3000)))
    outcome = book.later().sync(many)
    assert outcome.status is RunStatus.FAILED
    assert outcome.error is not None
    assert outcome.error.message == f"The disk is full: {path} cannot be written."
    assert "Free some space" in outcome.error.hint
    assert _quantities(path) == WHOLE
    book.writer._sqlite.execute("PRAGMA max_page_count = 1000000")
    assert book.later().sync(many).status is RunStatus.SUCCESS
    assert len(book.open()) == 3000
    book.close()


# Locked


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with Writer(path, busy_seconds=0.01) as writer:
        yield writer


def test_a_database_another_program_writes_to_is_told_and_readable(path: Path, writer: Writer) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLockedError) as caught:
            writer.set_property("key", "value")
        assert caught.value.message == f"The database {path} is locked by another program."
        assert "Nothing is lost" in caught.value.hint
        assert _quantities(path) == WHOLE
    writer.set_property("key", "value")
    assert writer.property_value("key") == "value"


def test_a_database_held_exclusively_is_told_when_it_is_opened(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("INSERT INTO properties VALUES ('a', 'b')")
        other.execute("COMMIT")
        with pytest.raises(StoreLockedError):
            Writer(path, busy_seconds=0.01)
    assert _quantities(path) == WHOLE


def test_a_failed_write_leaves_no_transaction_open(writer: Writer) -> None:
    def half_done() -> None:
        with writer.transaction():
            writer._sqlite.execute("INSERT INTO properties VALUES ('half', 'done')")
            raise ZeroDivisionError("something unexpected in the middle")

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert writer.property_value("half") is None
    writer.set_property("whole", "done")
    assert writer.property_value("whole") == "done"
