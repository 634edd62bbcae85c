"""The watcher tells of every commit, of trouble in words, and ends at once."""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from textual.message import Message

from cotrader_tui.domain.clock import Clock
from cotrader_tui.store.writer import Writer
from cotrader_tui.tui.messages import SnapshotRead, StoreTrouble
from cotrader_tui.tui.store_watcher import StoreWatcher
from tests.builders import NOW
from tests.commands.books import answer, hundred_shares, sync
from tests.tui.book import Watch

POLL = timedelta(milliseconds=10)


class Inbox:
    """What the watcher told, in order."""

    def __init__(self) -> None:
        self._told: queue.Queue[Message] = queue.Queue()

    def post(self, message: Message) -> bool:
        self._told.put(message)
        return True

    def book(self) -> SnapshotRead:
        message = self._told.get(timeout=5)
        assert isinstance(message, SnapshotRead), message
        return message

    def trouble(self) -> StoreTrouble:
        message = self._told.get(timeout=5)
        assert isinstance(message, StoreTrouble), message
        return message

    def is_quiet(self) -> bool:
        """Whether nothing is told within ten looks."""
        try:
            self._told.get(timeout=0.1)
        except queue.Empty:
            return True
        return False


@contextmanager
def watching(path: Path, clock: Clock = lambda: NOW) -> Iterator[Inbox]:
    inbox = Inbox()
    watcher = StoreWatcher(path, clock, inbox.post, POLL)
    watcher.start()
    try:
        yield inbox
    finally:
        watcher.stop()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


def test_a_commit_is_told_and_silence_is_not(database: Path) -> None:
    sync(database, hundred_shares())
    with watching(database) as inbox:
        assert len(inbox.book().snapshot.legs) == 1
        assert inbox.is_quiet()
        with Writer(database) as writer:
            writer.set_property("seen", "1")
        assert len(inbox.book().snapshot.legs) == 1


def test_legs_that_a_commit_did_not_touch_are_told_again_as_the_very_same(database: Path) -> None:
    sync(database, hundred_shares())
    with watching(database) as inbox:
        (before,) = inbox.book().snapshot.legs
        with Writer(database) as writer:
            writer.set_property("seen", "1")
        (after,) = inbox.book().snapshot.legs
    assert after is before


def test_a_database_that_does_not_exist_yet_is_missing_then_read(database: Path) -> None:
    with watching(database) as inbox:
        assert inbox.trouble().trouble.is_missing
        assert inbox.is_quiet()
        sync(database, hundred_shares())
        seen = inbox.book()
        while not seen.snapshot.legs:
            seen = inbox.book()
        assert seen.snapshot.legs[0].position.quantity == Decimal(100)


def test_a_file_that_is_no_database_is_said_in_words(database: Path) -> None:
    database.write_text("this is not a database" * 100)
    with watching(database) as inbox:
        trouble = inbox.trouble().trouble
        assert "damaged or is not a database" in trouble.message
        assert trouble.hint
        assert not trouble.is_missing


def test_a_file_put_in_its_place_is_read_anew(database: Path, tmp_path: Path) -> None:
    sync(database, hundred_shares())
    other = tmp_path / "other.db"
    sync(other, answer())
    with Writer(other) as writer:
        writer.set_property("moved", "1")
    with watching(database) as inbox:
        assert len(inbox.book().snapshot.legs) == 1
        for name in ("book.db-wal", "book.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        other.rename(database)
        assert inbox.book().snapshot.legs == ()


def test_the_exchanges_next_day_is_read_anew(database: Path) -> None:
    sync(database, hundred_shares())
    watch = Watch()
    with watching(database, watch) as inbox:
        inbox.book()
        watch.forward(24 * 3600)
        inbox.book()
        assert inbox.is_quiet()


def test_values_that_cannot_be_shown_become_trouble_and_the_watch_goes_on(database: Path) -> None:
    sync(database, hundred_shares())

    def write(quantity: str) -> None:
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE positions SET quantity = ?", (quantity,))
        connection.close()

    with watching(database) as inbox:
        inbox.book()
        write("a lot")
        assert "holds something that cannot be shown" in inbox.trouble().trouble.message
        write("7")
        assert inbox.book().snapshot.legs[0].position.quantity == Decimal(7)


def test_stopping_does_not_wait_for_the_next_look(database: Path) -> None:
    watcher = StoreWatcher(database, lambda: NOW, Inbox().post, timedelta(seconds=30))
    watcher.start()
    began = time.monotonic()
    watcher.stop()
    watcher.stop()
    assert time.monotonic() - began < 0.5


def test_it_ends_when_the_app_takes_no_more_messages(database: Path) -> None:
    watcher = StoreWatcher(database, lambda: NOW, lambda _: False, POLL)
    watcher.start()
    deadline = time.monotonic() + 5
    while watcher.is_alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not watcher.is_alive
