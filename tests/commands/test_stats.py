"""`cotrader stats`: a row per connection over the runs that are kept."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cotrader_tui.brokers.base import AccountFailure
from cotrader_tui.commands.output import Format
from cotrader_tui.commands.stats import STATS_KEYS, report
from cotrader_tui.config import Settings
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind
from cotrader_tui.store.writer import Writer
from tests.builders import NOW, account
from tests.commands.books import hundred_shares, settings, sync
from tests.commands.conftest import Home, RunCommand

REFUSED = BrokerError(ErrorKind.NETWORK, "No answer from the broker.", "It is tried again.")


def ask(told: Settings, form: Format = Format.JSON) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = report(told, form, NOW, out, err)
    return code, out.getvalue(), err.getvalue()


def rows(told: Settings) -> list[dict[str, Any]]:
    found = json.loads(ask(told)[1])
    assert isinstance(found, list)
    return found


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "cotrader.db"


def test_whole_partial_and_failed_cycles_are_counted(database: Path) -> None:
    minute = timedelta(minutes=1)
    sync(database, hundred_shares())
    sync(database, hundred_shares(), AccountFailure(account("5WT00002"), REFUSED), now=NOW + minute)
    sync(database, error=REFUSED, now=NOW + 2 * minute)
    (row,) = rows(settings(database))
    assert tuple(row) == STATS_KEYS
    assert [row[key] for key in STATS_KEYS[:6]] == ["tastytrade", "tastytrade", 3, 1, 1, 1]
    assert row["success_rate"] == 2 / 3
    assert row["last_error"] == "No answer from the broker."
    assert row["last_error_at"] == "2026-03-10T15:32:00+00:00"
    assert (row["duration_mean_ms"], row["duration_p95_ms"]) == (0, 0)


def test_every_connection_has_a_row(database: Path) -> None:
    sync(database, hundred_shares(), name="tastytrade")
    sync(database, error=REFUSED, name="second")
    found = {row["connection"]: row["success_rate"] for row in rows(settings(database))}
    assert found == {"second": 0.0, "tastytrade": 1.0}


def test_what_nothing_is_known_of_is_null(database: Path) -> None:
    sync(database, hundred_shares())
    (row,) = rows(settings(database))
    assert (row["last_error"], row["last_error_at"]) == (None, None)


def test_an_account_does_not_narrow_it_and_an_unknown_one_is_refused(database: Path) -> None:
    sync(database, hundred_shares(), hundred_shares(of=account("5WT00002")))
    (row,) = rows(settings(database, account="5WT00002"))
    assert (row["cycles"], row["succeeded"]) == (1, 1)
    with pytest.raises(ConfigError, match="no account 9"):
        ask(settings(database, account="9"))


def test_before_the_first_sync_there_is_nothing_and_no_database_is_made(database: Path) -> None:
    code, out, err = ask(settings(database))
    assert (code, out) == (5, "[]\n")
    assert "There is no database" in err
    assert not database.parent.exists()
    assert ask(settings(database), Format.CSV)[1] == ",".join(STATS_KEYS) + "\n"


def test_a_database_without_a_run_has_no_data_yet(database: Path) -> None:
    Writer(database).close()
    code, out, err = ask(settings(database))
    assert (code, out) == (5, "[]\n")
    assert "Nothing has been synced yet." in err


def test_the_command_prints_json_csv_and_a_table(cotrader: RunCommand, home: Home) -> None:
    sync(home.data / "cotrader.db", hundred_shares())
    (as_json,) = json.loads(cotrader("stats", "--json").out)
    (as_csv,) = csv.DictReader(io.StringIO(cotrader("stats", "--csv").out))
    assert as_csv == {key: "" if value is None else str(value) for key, value in as_json.items()}
    assert tuple(cotrader("stats").out.split()[: len(STATS_KEYS)]) == STATS_KEYS
