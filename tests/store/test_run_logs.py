"""What statistics are made of is read from every run that is kept, and from nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cotrader_tui.analytics.statistics import cycle_statistics
from cotrader_tui.brokers.base import AccountFailure
from cotrader_tui.domain.sync import RunLog, RunStatus, SyncError
from cotrader_tui.errors import BrokerError, ErrorKind
from cotrader_tui.store.codec import instant_text
from cotrader_tui.store.reader import Reader
from tests.builders import NOW, account
from tests.commands.books import hundred_shares, sync

REFUSED = BrokerError(ErrorKind.NETWORK, "No answer from the broker.", "It is tried again.")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


def logs(database: Path) -> dict[str, RunLog]:
    with Reader(database) as reader:
        return reader.run_logs()


def add_run(
    database: Path,
    number: int,
    status: str,
    took: timedelta | None,
    *,
    begun: datetime = NOW,
    cycle: int | None = None,
    error: tuple[str | None, str] | None = None,
    sync_type: str = "positions",
) -> None:
    """Store a run as the engine leaves it; of the first connection, in a cycle of its own unless told otherwise."""
    ended = None if took is None else instant_text(begun + took)
    row = (number, cycle or number, sync_type, status, instant_text(begun), ended, *(error or (None, None)))
    with closing(sqlite3.connect(database)) as sqlite, sqlite:
        sqlite.execute(
            """INSERT INTO sync_runs (id, cycle, connection_id, "trigger", sync_type, status, started_at, completed_at,
                                      error_kind, error_message) VALUES (?, ?, 1, 'scheduled', ?, ?, ?, ?, ?, ?)""",
            row,
        )


def test_every_connection_that_had_a_cycle_has_its_runs(database: Path) -> None:
    sync(database, hundred_shares(), hundred_shares(of=account("5WT00002")))
    sync(database, error=REFUSED, name="second", now=NOW + MINUTE)
    found = logs(database)
    assert {name: [run[1] for run in log.runs] for name, log in found.items()} == {
        "tastytrade": [RunStatus.SUCCESS, RunStatus.SUCCESS],
        "second": [RunStatus.FAILED],
    }
    assert found["tastytrade"].last_error is None
    refusal = SyncError(ErrorKind.NETWORK, REFUSED.message, REFUSED.hint)
    assert (found["second"].last_error, found["second"].last_error_at) == (refusal, NOW + MINUTE)


def test_a_run_takes_milliseconds_also_over_midnight(database: Path) -> None:
    sync(database, hundred_shares())
    night = NOW.replace(hour=23, minute=59, second=59, microsecond=999_600)
    add_run(database, 8, "success", timedelta(milliseconds=1250), begun=night)
    add_run(database, 9, "failed", timedelta(days=3), error=("internal", "The program ended."))
    assert sorted((took, is_internal) for _, _, took, is_internal in logs(database)["tastytrade"].runs) == [
        (0, False),
        (1250, False),
        (259_200_000, True),
    ]


def test_the_last_error_is_the_newest_that_began_and_of_a_cycle_that_has_ended(database: Path) -> None:
    sync(database, hundred_shares())
    add_run(database, 10, "partial", MINUTE, begun=NOW, error=("payload", "One row."))
    add_run(database, 11, "failed", MINUTE, begun=NOW - MINUTE, error=("network", "Begun before."))
    add_run(database, 12, "failed", MINUTE, begun=NOW + MINUTE, error=("network", "Its cycle still runs."))
    add_run(database, 13, "running", None, begun=NOW + MINUTE, cycle=12)
    log = logs(database)["tastytrade"]
    assert log.last_error == SyncError(ErrorKind.PAYLOAD, "One row.", "")
    assert log.last_error_at == NOW + MINUTE
    assert cycle_statistics(log).cycles == 3


def test_of_runs_begun_together_the_later_one_is_the_newest(database: Path) -> None:
    sync(database, hundred_shares(), AccountFailure(account("5WT00002"), REFUSED))
    add_run(database, 100, "failed", MINUTE, cycle=9, error=("network", "The hundredth."))
    add_run(database, 9, "failed", MINUTE, error=("network", "The ninth."))
    error = logs(database)["tastytrade"].last_error
    assert error is not None
    assert error.message == "The hundredth."


def test_a_note_on_a_whole_run_is_no_error(database: Path) -> None:
    sync(database, hundred_shares())
    add_run(database, 9, "success", MINUTE, error=(None, "Delayed data."))
    assert logs(database)["tastytrade"].last_error is None


def test_passes_over_transactions_and_orders_are_no_cycles(database: Path) -> None:
    sync(database, hundred_shares())
    add_run(database, 9, "failed", MINUTE, error=("network", "No orders."), sync_type="orders")
    log = logs(database)["tastytrade"]
    assert (len(log.runs), log.last_error) == (1, None)
