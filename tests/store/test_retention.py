"""How long history is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cotrader_tui.domain.clock import EXCHANGE_ZONE, exchange_date
from cotrader_tui.domain.sync import Trigger
from cotrader_tui.store.codec import instant_text
from cotrader_tui.store.requests import request_sync
from tests.builders import share
from tests.sync.moving_book import MovingBook
from tests.sync.support import DAY, DiskBook, answer, holding, unreadable

NOW = datetime(2026, 6, 10, 15, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DiskBook]:
    book = DiskBook(tmp_path / "book.db", NOW - 200 * DAY)
    book.sync(answer(holding(share("AAPL"), "1"), holding(share("MSFT"), "1")))
    with closing(sqlite3.connect(book.path)) as connection, connection:
        connection.execute("DELETE FROM position_snapshots")
        connection.execute("DELETE FROM account_snapshots")
    yield book
    book.close()


def fill(book: DiskBook, instants: list[datetime]) -> None:
    with closing(sqlite3.connect(book.path)) as connection, connection:
        for position in (1, 2):
            connection.executemany(
                "INSERT INTO position_snapshots (position_id, taken_at, quantity) VALUES (?, ?, '1')",
                [(position, instant_text(at)) for at in instants],
            )
        connection.executemany(
            "INSERT INTO account_snapshots (account_id, taken_at) VALUES (1, ?)",
            [(instant_text(at),) for at in instants],
        )


def kept(book: DiskBook, table: str = "position_snapshots WHERE position_id = 2") -> list[datetime]:
    with closing(sqlite3.connect(book.path)) as connection:
        found = connection.execute(f"SELECT taken_at FROM {table} ORDER BY taken_at").fetchall()
    return [datetime.fromisoformat(text) for (text,) in found]


def every(step: timedelta, start: datetime, end: datetime) -> list[datetime]:
    return [start + number * step for number in range(int((end - start) / step))]


def test_two_days_are_kept_whole_then_the_last_of_each_quarter_of_an_hour(book: DiskBook) -> None:
    edge = datetime(2026, 6, 8, 15, 30, tzinfo=UTC)  # two days before NOW
    fill(book, every(MINUTE, edge - timedelta(hours=1), edge + timedelta(minutes=10)))
    removed = book.writer.thin(NOW)
    expected = [edge + timedelta(minutes=minutes) for minutes in (-46, -31, -16, -1, *range(10))]
    assert kept(book) == expected
    assert kept(book, "position_snapshots WHERE position_id = 1") == expected
    assert kept(book, "account_snapshots") == expected
    assert removed == 3 * (70 - len(expected)) + 1, "and the sync run of 200 days ago"


def test_after_thirty_days_the_last_of_each_new_york_date_stays_for_ever(book: DiskBook) -> None:
    start = datetime(2025, 12, 1, 5, tzinfo=UTC)  # midnight in New York, in winter
    fill(book, every(timedelta(hours=1), start, NOW))
    book.writer.thin(NOW)
    edge = exchange_date(NOW - 30 * DAY)
    daily = [at for at in kept(book) if exchange_date(at) < edge]
    assert [at.astimezone(EXCHANGE_ZONE).hour for at in daily] == [23] * len(daily)
    assert len({exchange_date(at) for at in daily}) == len(daily) == (edge - exchange_date(start)).days
    assert len([at for at in kept(book) if exchange_date(at) == edge]) == 24, "hourly ones are kept within thirty days"


def test_a_day_of_the_clock_change_is_one_day(book: DiskBook) -> None:
    spring, autumn = datetime(2026, 3, 8, 4, 30, tzinfo=UTC), datetime(2025, 11, 2, 3, 30, tzinfo=UTC)
    for start in (spring, autumn):
        fill(book, every(timedelta(minutes=30), start, start + timedelta(hours=28)))
    book.writer.thin(NOW)
    dates = [exchange_date(at) for at in kept(book)]
    assert len(dates) == len(set(dates)) == 6


def test_thinning_again_removes_nothing(book: DiskBook) -> None:
    fill(book, every(timedelta(minutes=7), NOW - 40 * DAY, NOW))
    assert book.writer.thin(NOW) > 0
    before = kept(book)
    assert book.writer.thin(NOW) == 0
    assert kept(book) == before


def test_what_was_thinned_is_not_gone_through_again_unless_the_clock_is_set_back(book: DiskBook) -> None:
    late = every(MINUTE, NOW - 5 * DAY, NOW - 5 * DAY + timedelta(minutes=30))
    book.writer.thin(NOW)
    fill(book, late)
    book.writer.thin(NOW + DAY)
    assert kept(book) == late
    book.writer.thin(NOW)
    assert kept(book) == [late[14], late[29]]


def test_synced_and_thinned_as_the_engine_does_each_position_keeps_the_stated_rows(tmp_path: Path) -> None:
    """Two days of rows, both ends counted, and one for each quarter of an hour before."""
    book, moving = DiskBook(tmp_path / "moving.db", NOW - timedelta(days=2, hours=6)), MovingBook(3)
    while book.clock.now < NOW:
        for _ in range(6):
            book.later(timedelta(minutes=10)).sync(moving.answer(book.clock.now))
        book.writer.thin(book.clock.now)
    with closing(sqlite3.connect(book.path)) as connection:
        counts = connection.execute("SELECT count(*) FROM position_snapshots GROUP BY position_id").fetchall()
    book.close()
    assert counts == [(6 * 4 + 48 * 6 + 1,)] * 3


def test_a_daily_close_once_kept_is_never_lost(book: DiskBook) -> None:
    closes = [datetime(2026, 4, day, 3, 59, tzinfo=UTC) for day in range(2, 30)]  # 23:59 in New York
    fill(book, sorted(closes + [at - timedelta(hours=5) for at in closes]))
    for day in range(0, 60, 3):
        book.writer.thin(datetime(2026, 5, 1, tzinfo=UTC) + day * DAY)
        assert set(closes) <= set(kept(book))
    assert kept(book) == closes


def test_sync_runs_are_kept_ninety_days_and_events_for_ever(book: DiskBook) -> None:
    book.clock.now = NOW - 91 * DAY
    book.sync(answer(holding(share("MSFT"), "2"), quarantined=[unreadable("AAPL")]))
    book.clock.now = NOW - 89 * DAY
    recent = book.sync(answer(holding(share("MSFT"), "2"), quarantined=[unreadable("AAPL")]))
    assert _count(book, "quarantined_rows") == 2
    book.writer.thin(NOW)
    assert [run.cycle for run in book.runs()] == [recent.number]
    assert _count(book, "quarantined_rows") == 1
    assert _count(book, "position_events") == 4, "two opened, one increased, one orphaned"


def test_served_requests_go_with_their_runs_and_waiting_ones_stay(book: DiskBook) -> None:
    request_sync(book.path, NOW - 100 * DAY)
    book.clock.now = NOW - 100 * DAY
    book.sync_as_engine(answer(), trigger=Trigger.MANUAL)
    request_sync(book.path, NOW - 95 * DAY)
    book.writer.thin(NOW)
    assert _count(book, "sync_requests") == 1
    assert book.writer.waiting_requests() == {book.number}


def _count(book: DiskBook, table: str) -> int:
    with closing(sqlite3.connect(book.path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
