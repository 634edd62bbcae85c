"""The file: private, in WAL mode, one view for other programs, one engine at a time."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.domain.instruments import InstrumentType
from cotrader_tui.domain.sync import RunStatus, SyncKind, Trigger
from cotrader_tui.errors import ErrorKind, StoreError, StoreMissingError
from cotrader_tui.store.lease import Lease, is_held, lock_path
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync
from cotrader_tui.store.writer import Writer
from tests.builders import NOW, account, coin, future, instrument, option, quote, share
from tests.sync.support import MINUTE, DiskBook, answer, failure, holding


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "book.db"


@pytest.fixture
def book(path: Path) -> Iterator[DiskBook]:
    book = DiskBook(path)
    yield book
    book.close()


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_database_is_private_with_all_its_companions(book: DiskBook) -> None:
    book.sync(answer(holding(share(), "1")))
    assert _mode(book.path.parent) == 0o700
    names = ("book.db", "book.db-wal", "book.db-shm")
    assert {name: _mode(book.path.with_name(name)) for name in names} == dict.fromkeys(names, 0o600)


def test_a_folder_that_exists_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Writer(tmp_path / "book.db").close()
    assert _mode(tmp_path) == 0o755


def test_it_is_in_wal_mode_and_its_foreign_keys_hold(book: DiskBook) -> None:
    with closing(sqlite3.connect(book.path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        book.writer.begin_cycle(99, Trigger.MANUAL, NOW)


def test_times_of_sync_are_indexed(book: DiskBook) -> None:
    with closing(sqlite3.connect(book.path)) as other:
        plan = other.execute("EXPLAIN QUERY PLAN SELECT id FROM positions WHERE last_synced_at < 'x'").fetchall()
    assert "USING COVERING INDEX" in plan[0][3]


def test_one_instrument_cannot_be_open_twice_in_an_account(book: DiskBook) -> None:
    book.sync(answer(holding(share(), "1")))
    with closing(sqlite3.connect(book.path)) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute(
            """INSERT INTO positions (account_id, instrument_id, status, quantity, opened_at, last_synced_at)
               SELECT account_id, instrument_id, status, quantity, opened_at, last_synced_at FROM positions"""
        )


# The view for other programs


def test_the_public_view_tells_open_positions_in_real_numbers(book: DiskBook) -> None:
    held = [
        (share("AAPL"), "100", "54.50", "52.79"),
        (option("AAPL", "250"), "-2", "7.47", "5.05"),
        (future("/MYMM6", "/MYM", "0.5"), "1", "44000", "44010"),
        (instrument("./ESM6 E3A", InstrumentType.FUTURE_OPTION, multiplier="50"), "1", "10", None),
        (coin(), "0.00012345", "64000", "65000"),
        (instrument("US912810", InstrumentType.BOND), "5", None, "99"),
    ]
    book.sync(
        answer(
            *(holding(each, quantity, average) for each, quantity, average, _ in held),
            holding(share("GONE"), "3"),
            quotes=[quote(each, mark) for each, _, _, mark in held],
        )
    )
    book.later().sync(answer(*(holding(each, quantity, average) for each, quantity, average, _ in held)))
    with closing(sqlite3.connect(book.path)) as other:
        found = other.execute("SELECT * FROM broker_positions ORDER BY rowid")
        names = [column[0] for column in found.description]
        rows = found.fetchall()
    assert names == [
        *("symbol", "account_number", "quantity", "average_price", "current_price", "unrealized_pnl"),
        *("position_type", "last_updated", "data_source"),
    ]
    at = "2026-03-10T15:31:00.000000+00:00"
    assert sorted(rows, key=lambda row: str(row[6])) == [
        ("BTC/USD", "5WT00001", 0.00012345, 64000.0, 65000.0, pytest.approx(0.12345), "crypto", at, "tastytrade"),
        ("/MYMM6", "5WT00001", 1.0, 44000.0, 44010.0, 5.0, "future", at, "tastytrade"),
        ("./ESM6 E3A", "5WT00001", 1.0, 10.0, None, None, "future_option", at, "tastytrade"),
        (held[1][0].symbol, "5WT00001", -2.0, 7.47, 5.05, pytest.approx(484.0), "option", at, "tastytrade"),
        ("US912810", "5WT00001", 5.0, None, 99.0, None, "other", at, "tastytrade"),
        ("AAPL", "5WT00001", 100.0, 54.5, 52.79, pytest.approx(-171.0), "stock", at, "tastytrade"),
    ]


# Requests


def test_asking_twice_queues_one_cycle_and_asking_while_it_runs_one_more(book: DiskBook) -> None:
    (first,) = request_sync(book.path, NOW)
    assert request_sync(book.path, NOW) == (first,)
    assert book.writer.waiting_requests() == {book.number}
    cycle = book.writer.begin_cycle(book.number, Trigger.MANUAL, NOW)
    assert book.writer.waiting_requests() == frozenset()
    (second,) = request_sync(book.path, NOW)
    assert second != first
    assert request_sync(book.path, NOW) == (second,)
    assert book.writer.waiting_requests() == {book.number}
    with Reader(book.path) as reader:
        assert reader.finished_request(first) is None
    assert cycle > 0


def test_a_request_wakes_only_the_connections_it_names(book: DiskBook) -> None:
    other = book.writer.ensure_connection("second", "demo", "DEMO", MINUTE)
    assert request_sync(book.path, NOW, ["nobody"]) == ()
    assert len(request_sync(book.path, NOW, ["second"])) == 1
    assert book.writer.waiting_requests() == {other}
    assert len(request_sync(book.path, NOW)) == 2


def test_a_request_never_makes_a_database(path: Path) -> None:
    with pytest.raises(StoreMissingError):
        request_sync(path, NOW)
    assert not path.exists()


# Taking over


def test_taking_over_closes_the_runs_left_behind_and_takes_their_requests_again(book: DiskBook) -> None:
    (asked,) = request_sync(book.path, NOW)
    book.writer.begin_cycle(book.number, Trigger.MANUAL, NOW)
    assert book.read().connections[0].is_syncing
    book.writer.take_over(NOW + MINUTE)
    (run,) = book.runs()
    assert (run.status, run.completed_at) == (RunStatus.FAILED, NOW + MINUTE)
    assert run.error is not None
    assert (run.error.kind, run.error.message) == (
        ErrorKind.INTERNAL,
        "The program ended in the middle of this sync.",
    )
    assert not book.read().connections[0].is_syncing
    assert book.writer.waiting_requests() == {book.number}
    lease = book.read().lease
    assert lease is not None
    assert lease.since == NOW + MINUTE
    with Reader(book.path) as reader:
        assert reader.finished_request(asked) is None


def test_a_new_cycle_of_one_connection_leaves_the_runs_of_another_alone(book: DiskBook) -> None:
    other = book.writer.ensure_connection("second", "demo", "", MINUTE)
    book.writer.begin_cycle(other, Trigger.MANUAL, NOW)
    book.writer.begin_cycle(book.number, Trigger.MANUAL, NOW)
    assert {run.status for run in book.runs()} == {RunStatus.RUNNING}


# Connections


def test_a_configured_connection_is_refreshed_and_keeps_its_history(book: DiskBook) -> None:
    book.sync_as_engine(answer(holding(share(), "1")))
    again = book.writer.ensure_connection(book.config.name, "tastytrade", "SANDBOX", 2 * MINUTE)
    (connection,) = book.read().connections
    assert again == book.number
    assert (connection.label, connection.sync_interval, connection.last_sync_at) == ("SANDBOX", 2 * MINUTE, NOW)


def test_a_connection_keeps_what_of_it_is_synced_and_is_enabled_by_its_positions(book: DiskBook) -> None:
    def known(*kinds: SyncKind) -> tuple[bool, frozenset[SyncKind]]:
        book.writer.ensure_connection(book.config.name, "tastytrade", "", MINUTE, kinds)
        (connection,) = book.read().connections
        return connection.sync_enabled, connection.sync_kinds

    assert known(SyncKind.ORDERS, SyncKind.POSITIONS) == (True, frozenset({SyncKind.POSITIONS, SyncKind.ORDERS}))
    assert known(SyncKind.TRANSACTIONS) == (False, frozenset({SyncKind.TRANSACTIONS}))
    assert known() == (False, frozenset())


def test_a_failed_cycle_moves_the_status_and_not_the_time_it_last_landed(book: DiskBook) -> None:
    book.sync_as_engine(answer(holding(share(), "1")))
    book.later().sync_as_engine(failure())
    (connection,) = book.read().connections
    assert (connection.last_sync_at, connection.last_sync_status, connection.consecutive_failures) == (
        NOW,
        RunStatus.FAILED,
        1,
    )
    assert connection.last_sync_error is not None
    assert connection.last_sync_error.kind is ErrorKind.NETWORK


def test_the_same_symbol_in_two_accounts_is_two_positions(book: DiskBook) -> None:
    one, two = account("A1"), account("A2")
    book.sync(answer(holding(share(), "1"), of=one), answer(holding(share(), "2"), of=two))
    book.later().sync(answer(of=one), answer(holding(share(), "2"), of=two))
    assert [(each.account.number, each.quantity) for each in book.open()] == [("A2", Decimal(2))]


def test_properties_are_kept(book: DiskBook) -> None:
    assert book.writer.property_value("demo_epoch") is None
    book.writer.set_property("demo_epoch", "one")
    book.writer.set_property("demo_epoch", "two")
    with Reader(book.path) as reader:
        assert reader.property_value("demo_epoch") == "two"
        assert reader.snapshot(NOW.date()).is_demo


def test_reading_the_runs_newest_first_with_a_limit(book: DiskBook) -> None:
    for _ in range(3):
        book.later().sync(answer())
    with Reader(book.path) as reader:
        assert [run.started_at for run in reader.runs(2)] == [NOW + 3 * MINUTE, NOW + 2 * MINUTE]
        cycle = reader.runs(1)[0].cycle
        assert [run.cycle for run in reader.cycle(cycle)] == [cycle]


def test_a_book_that_synced_empty_has_synced(book: DiskBook) -> None:
    with Reader(book.path) as reader:
        assert not reader.has_synced()
        book.sync(answer())
        assert reader.has_synced()


# The lease


def test_one_holder_at_a_time_and_looking_disturbs_nobody(path: Path) -> None:
    path.parent.mkdir()
    with Lease(path) as first, Lease(path) as second:
        assert not is_held(path)
        assert first.acquire()
        assert first.acquire()
        assert not second.acquire()
        assert is_held(path)
        first.release()
        assert not is_held(path)
        assert second.acquire()
    assert not is_held(path)
    assert _mode(lock_path(path)) == 0o600


def test_a_lease_without_a_folder_is_refused_in_words(path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Lease(path).acquire()


def test_replacing_figures_of_an_account_in_another_currency_is_kept(book: DiskBook) -> None:
    euro = replace(share("SAP"), currency="EUR")
    book.sync(answer(holding(euro, "3")))
    assert book.open()[0].instrument.currency == "EUR"
