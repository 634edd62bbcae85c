"""What `cotrader sync` says, and the exit code its runs come to."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.commands.sync import exit_code, report
from cotrader_tui.domain.sync import RunStatus, SyncCounts, SyncError
from cotrader_tui.errors import ConfigError, ErrorKind
from tests.builders import sync_run
from tests.commands.books import settings

SUCCESS, PARTIAL, FAILED = RunStatus.SUCCESS, RunStatus.PARTIAL, RunStatus.FAILED
TOLD = settings(Path("cotrader.db"))


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ((SUCCESS,), 0),
        ((SUCCESS, SUCCESS), 0),
        ((PARTIAL,), 3),
        ((SUCCESS, PARTIAL), 3),
        ((SUCCESS, FAILED), 3),
        ((PARTIAL, FAILED), 3),
        ((FAILED,), 4),
        ((FAILED, FAILED), 4),
        ((), 4),
    ],
)
def test_the_exit_code_of_a_cycle(statuses: tuple[RunStatus, ...], code: int) -> None:
    assert exit_code([sync_run(status=status) for status in statuses]) == code


def test_a_run_is_a_sentence_on_stdout_and_its_error_on_stderr() -> None:
    error = SyncError(ErrorKind.PAYLOAD, "One row \x1b[2J could not be read.", "See the log.")
    run = sync_run(status=PARTIAL, counts=SyncCounts(added=1, unchanged=3, quarantined=1), error=error)
    out, err = io.StringIO(), io.StringIO()
    assert report(TOLD, [run], as_json=False, out=out, err=err) == 3
    assert out.getvalue() == (
        "tastytrade 5WT00001: partial in 1.2 s; positions: 1 added, 0 updated, 0 closed, 3 unchanged, 1 unreadable.\n"
    )
    assert err.getvalue() == "tastytrade 5WT00001: One row ␛[2J could not be read. See the log.\n"


def test_a_full_sync_is_called_so() -> None:
    out = io.StringIO()
    report(TOLD, [sync_run()], is_full=True, as_json=False, out=out, err=io.StringIO())
    assert out.getvalue().startswith("tastytrade 5WT00001: full sync, success in 1.2 s; positions:")


def test_json_holds_the_rows_of_the_sync_log() -> None:
    out, err = io.StringIO(), io.StringIO()
    report(TOLD, [sync_run(7)], as_json=True, out=out, err=err)
    (row,) = json.loads(out.getvalue())
    assert (row["id"], row["status"], row["duration_ms"], err.getvalue()) == (7, "success", 1250, "")


def test_an_account_narrows_the_rows_and_the_exit_code() -> None:
    runs = [sync_run(1), sync_run(2, FAILED, account="B")]
    out = io.StringIO()
    narrowed = replace(TOLD, account="5WT00001")
    assert report(narrowed, runs, as_json=True, out=out, err=io.StringIO()) == 0
    assert [row["id"] for row in json.loads(out.getvalue())] == [1]


def test_a_failed_log_in_is_told_whatever_the_account() -> None:
    runs = [sync_run(status=FAILED, account=None)]
    assert report(replace(TOLD, account="9"), runs, as_json=True, out=io.StringIO(), err=io.StringIO()) == 4


def test_an_account_that_was_not_synced_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no account 9.*5WT00001"):
        report(replace(TOLD, account="9"), [sync_run()], as_json=True, out=io.StringIO(), err=io.StringIO())


def test_the_label_of_a_connection_is_told() -> None:
    err = io.StringIO()
    labelled = replace(TOLD, connections=(ConnectionConfig("tastytrade", "tastytrade", label="SANDBOX"),))
    report(labelled, [sync_run()], as_json=True, out=io.StringIO(), err=err)
    assert err.getvalue() == "Connection tastytrade: SANDBOX.\n"
