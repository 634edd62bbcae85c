"""The doctor names what is well and what is not, and the next step, without a secret."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.commands.doctor import Check, examine, reached, report
from cotrader_tui.domain.sync import StreamState, StreamStatus
from cotrader_tui.errors import BrokerError, ErrorKind
from cotrader_tui.store.lease import Lease
from cotrader_tui.store.version import SCHEMA_VERSION
from cotrader_tui.store.writer import Writer
from tests.builders import NOW
from tests.commands.books import answer, hundred_shares, settings, sync
from tests.commands.conftest import Home, RunCommand
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TastytradeStandin

CANARY = "canary-51c0d"
GRANT = ConnectionConfig(
    "tastytrade",
    "tastytrade",
    "SANDBOX",
    timedelta(seconds=30),
    account_filter=frozenset({"5WT00001"}),
    secrets={"x": Secret(CANARY)},
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "cotrader.db"


def checks(database: Path) -> dict[str, Check]:
    """What the doctor finds with one configured connection, by name; `.env` lies above the database's folder."""
    dotenv = database.parent.parent / ".env"
    told = replace(settings(database), connections=(GRANT,), secrets=(Secret(CANARY),), dotenvs=(dotenv,))
    return {check.name: check for check in examine(told)}


def code(*found: Check) -> int:
    return report(found, as_json=False, out=io.StringIO())


def test_a_fresh_machine_with_a_grant_is_well(database: Path) -> None:
    found = checks(database)
    assert code(*found.values()) == 0
    assert "cotrader sync" in found["database"].hint
    assert not database.parent.exists()


def test_a_synced_database_is_well(database: Path) -> None:
    sync(database, hundred_shares())
    found = checks(database)
    assert code(*found.values()) == 0
    assert f"schema {SCHEMA_VERSION}" in found["database"].message
    assert found["last sync tastytrade"].message.startswith("success; landed 20")
    assert found["last sync tastytrade"].message.endswith(" New York.")


def test_what_is_configured_is_told_without_secrets(database: Path) -> None:
    message = checks(database)["connection tastytrade"].message
    assert message == "tastytrade, every 30 s; syncs positions; accounts 5WT00001; credentials are set; SANDBOX."


@pytest.mark.parametrize(("mode", "is_ok"), [(0o644, False), (0o640, False), (0o600, True)])
def test_secrets_that_others_can_read_are_told(mode: int, is_ok: bool, database: Path, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(f"TASTYTRADE_CLIENT_SECRET={CANARY}\n")
    path.chmod(mode)
    check = checks(database)[".env"]
    assert check.is_ok is is_ok
    assert is_ok or f"chmod 600 {path}" in check.hint
    assert CANARY not in check.message + check.hint


def test_an_open_env_file_without_secrets_is_well(database: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COTRADER_THEME=mono\n")
    (tmp_path / ".env").chmod(0o644)
    assert checks(database)[".env"].is_ok


def test_a_damaged_database_is_told_with_the_way_back(database: Path) -> None:
    sync(database, hundred_shares())
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(database.stat().st_size - 4096))
    check = checks(database)["database"]
    assert (check.is_ok, code(check)) == (False, 1)
    assert "cotrader db restore" in check.hint


def test_a_database_of_another_program_is_told(database: Path) -> None:
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE songs (id)")
    assert "not a cotrader database" in checks(database)["database"].message


def test_a_database_that_others_can_read_is_told(database: Path) -> None:
    sync(database, answer())
    database.chmod(0o644)
    check = checks(database)["permissions"]
    assert not check.is_ok
    assert f"chmod 600 {database}" in check.hint


def test_the_engine_that_holds_the_database_is_named(database: Path) -> None:
    assert "None runs" in checks(database)["engine"].message
    Writer(database).close()
    with Lease(database) as lease, Writer(database) as writer:
        assert lease.acquire()
        writer.take_over(NOW)
        assert f"Pid {os.getpid()}" in checks(database)["engine"].message


@pytest.mark.parametrize(
    ("state", "is_ok"), [(StreamState.LIVE, True), (StreamState.BROKEN, True), (StreamState.REFUSED, False)]
)
def test_a_refused_stream_is_a_fault_and_one_that_mends_itself_is_told(
    database: Path, state: StreamState, is_ok: bool
) -> None:
    sync(database, hundred_shares())
    with Lease(database) as lease, Writer(database) as writer:
        assert lease.acquire()
        writer.store_stream(1, StreamStatus(state, NOW, "What is wrong.", 312))
        check = checks(database)["stream tastytrade"]
        assert (check.is_ok, check.message.startswith(f"{state} since 2026-03-10T15:30:00+00:00.")) == (is_ok, True)
        assert "What is wrong. 312 updates were replaced by newer ones" in check.message
    assert "stream tastytrade" not in checks(database)


def test_a_failed_last_sync_is_told_with_its_hint(database: Path) -> None:
    sync(database, error=BrokerError(ErrorKind.NETWORK, "The broker did not answer.", "Check the network."))
    check = checks(database)["last sync tastytrade"]
    assert (check.is_ok, check.hint, code(check)) == (False, "Check the network.", 4)
    assert "The broker did not answer." in check.message


def test_configuration_outweighs_a_broker_and_a_broker_the_rest() -> None:
    rest = Check("log file", False, "No.")
    (broker,) = reached([("tastytrade", False, "No answer.", "Check the network.")])
    configuration = Check("brokers", False, "No.", exit_code=2)
    assert [code(rest), code(rest, broker), code(rest, broker, configuration)] == [1, 4, 2]


def test_every_demo_check_is_well_and_has_the_same_keys(cotrader: RunCommand) -> None:
    assert cotrader("--demo", "sync").code == 0
    finished = cotrader("--demo", "doctor", "--json")
    rows = json.loads(finished.out)
    assert finished.code == 0, finished.out
    assert {tuple(row) for row in rows} == {("name", "ok", "message", "hint")}
    assert {row["ok"] for row in rows} == {True}
    assert "reach demo" in [row["name"] for row in rows]


def test_nothing_configured_is_a_matter_of_configuration(cotrader: RunCommand) -> None:
    finished = cotrader("doctor")
    assert finished.code == 2
    assert "NOT OK  brokers" in finished.out
    assert "cotrader --demo" in finished.out


def test_a_broken_configuration_file_is_told_and_not_fatal(cotrader: RunCommand, home: Home) -> None:
    home.config.mkdir(parents=True)
    (home.config / "config.toml").write_text("database = [")
    finished = cotrader("doctor", "--json")
    versions, configuration = json.loads(finished.out)
    assert (finished.code, versions["ok"], configuration["ok"]) == (2, True, False)
    assert "config.toml cannot be read" in configuration["message"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("is_refused", "code"), [(False, 0), (True, 4)])
def test_a_broker_is_asked_whether_it_lets_us_in(
    is_refused: bool, code: int, cotrader: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TastytradeStandin() as broker:
        monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", CLIENT_SECRET)
        monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", REFRESH_TOKEN)
        monkeypatch.setenv("TASTYTRADE_API_URL", broker.url)
        if is_refused:
            broker.refuse_grant()
        finished = cotrader("doctor", "--json")
    (check,) = (row for row in json.loads(finished.out) if row["name"] == "reach tastytrade")
    assert (finished.code, check["ok"], finished.err) == (code, not is_refused, "")
    assert bool(check["hint"]) is is_refused
    assert not any(secret in finished.out for secret in (CLIENT_SECRET, REFRESH_TOKEN))
