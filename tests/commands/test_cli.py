"""Arguments, exit codes, and what stands on stdout and on stderr."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cotrader_tui import __version__
from cotrader_tui.store.writer import Writer
from tests.commands.books import hundred_shares, sync
from tests.commands.conftest import Home, RunCommand

PROGRAM = [sys.executable, "-m", "cotrader_tui"]
CANARY = "canary-7f3a9"


@pytest.fixture
def database(home: Home) -> Path:
    """The default database, with 100 shares in it."""
    path = home.data / "cotrader.db"
    sync(path, hundred_shares())
    return path


def test_the_version_is_on_stdout(cotrader: RunCommand) -> None:
    assert cotrader("--version").out == f"cotrader {__version__}\n"


def test_help_lists_the_commands_and_not_the_screens_own_option(cotrader: RunCommand) -> None:
    words = cotrader("--help").out
    assert all(name in words for name in ("sync", "daemon", "positions", "sync-log", "doctor", "paths", "db"))
    assert "--until-stdin-closes" not in cotrader("daemon", "--help").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("positions", "--json", "--csv"),
        ("sync-log", "--limit", "0"),
        ("sync-log", "--limit", "many"),
        ("positions", "--limit", "3"),
        ("db",),
        ("--dem", "positions"),
    ],
)
def test_wrong_usage_exits_2_and_prints_nothing_on_stdout(arguments: tuple[str, ...], cotrader: RunCommand) -> None:
    finished = cotrader(*arguments)
    assert (finished.code, finished.out) == (2, "")
    assert "usage:" in finished.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("positions", "--demo"), "--demo goes before the command: cotrader --demo COMMAND"),
        (("accounts", "--account=1"), "--account goes before the command: cotrader --account NUMBER COMMAND"),
        (("accounts", "--nonsense"), "unrecognized arguments: --nonsense"),
    ],
)
def test_a_global_option_behind_the_command_is_told_where_it_goes(
    arguments: tuple[str, ...], said: str, cotrader: RunCommand
) -> None:
    finished = cotrader(*arguments)
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.rstrip().endswith(said)


def test_bare_without_a_terminal_exits_2_in_words(cotrader: RunCommand) -> None:
    finished = cotrader()
    assert (finished.code, finished.out) == (2, "")
    assert "needs a terminal" in finished.err
    assert "cotrader positions" in finished.err


@pytest.mark.parametrize("command", ["sync", "daemon"])
def test_nothing_configured_exits_2_and_says_what_to_do(command: str, cotrader: RunCommand, home: Home) -> None:
    finished = cotrader(command)
    assert finished.code == 2
    assert "TASTYTRADE_CLIENT_SECRET" in finished.err
    assert "cotrader --demo" in finished.err
    assert not home.data.exists()


@pytest.mark.parametrize("command", ["sync", "daemon"])
def test_a_password_without_a_grant_exits_2_and_names_oauth(command: str, cotrader: RunCommand, home: Home) -> None:
    (home.here / ".env").write_text(f"TASTYTRADE_USERNAME=me\nTASTYTRADE_PASSWORD={CANARY}\n")
    finished = cotrader(command)
    assert finished.code == 2
    assert "OAuth" in finished.err
    assert CANARY not in finished.err


def test_a_password_beside_a_grant_is_a_warning_on_stderr(cotrader: RunCommand, home: Home) -> None:
    lines = ("TASTYTRADE_PASSWORD=x1", "TASTYTRADE_CLIENT_SECRET=a1", "TASTYTRADE_REFRESH_TOKEN=b1")
    (home.here / ".env").write_text("\n".join(lines))
    finished = cotrader("paths", "--json")
    assert finished.code == 0
    assert "The grant is used" in finished.err
    assert len(json.loads(finished.out)) == 1


def test_an_unknown_connection_exits_2_with_the_known_ones(cotrader: RunCommand) -> None:
    finished = cotrader("--demo", "sync", "--connection", "ibkr")
    assert finished.code == 2
    assert "There is no connection ibkr." in finished.err
    assert "demo" in finished.err


def test_an_unknown_account_exits_2(cotrader: RunCommand, database: Path) -> None:
    finished = cotrader("--account", "9", "positions", "--json")
    assert (finished.code, finished.out) == (2, "")
    assert "5WT00001" in finished.err


def test_positions_without_a_database_exit_5(cotrader: RunCommand, home: Home) -> None:
    finished = cotrader("positions", "--json")
    assert (finished.code, finished.out) == (5, "[]\n")
    assert "There is no database" in finished.err
    assert not home.data.exists()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("command", ["positions", "underlyings", "accounts", "connections", "sync-log"])
def test_what_is_stored_is_printed_as_json(command: str, cotrader: RunCommand) -> None:
    finished = cotrader(command, "--json")
    assert finished.code == 0
    assert len(json.loads(finished.out)) == 1


@pytest.mark.parametrize("command", ["positions", "underlyings", "accounts", "connections", "sync-log"])
def test_every_reading_command_takes_all(command: str, cotrader: RunCommand) -> None:
    assert cotrader(command, "--csv", "--all").code == 5


def test_db_before_the_command_names_another_database(cotrader: RunCommand, database: Path, tmp_path: Path) -> None:
    assert cotrader("--db", tmp_path / "none.db", "positions", "--json").code == 5
    assert cotrader("--db", database, "positions", "--json").code == 0


def test_privacy_masks_amounts(cotrader: RunCommand, database: Path) -> None:
    assert "-171.00" in cotrader("positions").out
    assert "-171.00" not in cotrader("--privacy", "positions").out


def test_paths_are_told_whether_or_not_they_exist(cotrader: RunCommand, home: Home) -> None:
    expected = {
        "config_file": str(home.config / "config.toml"),
        "database": str(home.data / "cotrader.db"),
        "log_file": str(home.state / "cotrader.log"),
    }
    assert json.loads(cotrader("paths", "--json").out) == [expected]
    assert all(place in cotrader("paths").out for place in expected.values())


def test_a_demo_sync_prints_its_runs_and_is_read_back(cotrader: RunCommand) -> None:
    finished = cotrader("--demo", "sync", "--json")
    runs = json.loads(finished.out)
    assert finished.code == 0
    assert "DEMO" in finished.err
    assert {run["status"] for run in runs} == {"success"}
    assert {run["trigger"] for run in runs} == {"manual"}
    positions = json.loads(cotrader("--demo", "positions", "--json").out)
    assert len(positions) == sum(run["positions_added"] for run in runs)


def test_the_demo_stays_out_of_a_database_of_real_accounts(cotrader: RunCommand, database: Path) -> None:
    before = database.read_bytes()
    for command in ("sync", "positions"):
        finished = cotrader("--demo", "--db", database, command)
        assert (finished.code, finished.out) == (2, "")
    assert database.read_bytes() == before


def test_a_damaged_database_exits_1_with_the_next_step(cotrader: RunCommand, home: Home) -> None:
    home.data.mkdir(parents=True)
    (home.data / "cotrader.db").write_bytes(b"no database at all" * 100)
    finished = cotrader("positions", "--json")
    assert (finished.code, finished.out) == (1, "")
    assert "cotrader db restore" in finished.err


def test_a_sync_into_a_damaged_database_has_failed(cotrader: RunCommand, home: Home) -> None:
    path = home.data / "x.db"
    home.data.mkdir(parents=True)
    path.write_bytes(b"no database at all" * 100)
    finished = cotrader("--demo", "--db", path, "sync", "--json")
    assert (finished.code, finished.out) == (4, "")


def test_the_unexpected_is_one_sentence_and_the_traceback_is_in_the_log(
    cotrader: RunCommand, database: Path, home: Home
) -> None:
    (home.here / ".env").write_text(f"TASTYTRADE_CLIENT_SECRET={CANARY}\nTASTYTRADE_REFRESH_TOKEN=b1\n")
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE instruments SET instrument_type = ?", (f"unheard of {CANARY}",))
    connection.close()
    finished = cotrader("positions", "--json")
    log_file = home.state / "cotrader.log"
    assert (finished.code, finished.out) == (1, "")
    assert len(finished.err.splitlines()) == 1
    assert str(log_file) in finished.err
    assert "Traceback" in log_file.read_text()
    assert CANARY not in finished.err + log_file.read_text()
    assert log_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("database")
def test_a_reader_that_has_gone_ends_it_quietly() -> None:
    end, stdout = os.pipe()
    os.close(end)
    finished = subprocess.run([*PROGRAM, "positions"], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    os.close(stdout)
    assert (finished.returncode, finished.stderr.count("Traceback"), "BrokenPipe" in finished.stderr) == (0, 0, False)


def test_an_interrupt_exits_130_without_a_traceback(home: Home) -> None:
    waiting = home.here / "config.toml"
    os.mkfifo(waiting)
    program = subprocess.Popen([*PROGRAM, "--config", str(waiting), "paths"], stderr=subprocess.PIPE, text=True)
    writer = os.open(waiting, os.O_WRONLY)  # returns once the program is reading it
    program.send_signal(signal.SIGINT)
    _, words = program.communicate(timeout=20)
    os.close(writer)
    assert (program.returncode, words) == (130, "")


def test_an_encoding_without_the_signs_ends_nothing(database: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    finished = subprocess.run([*PROGRAM, "positions"], capture_output=True, text=True, env=environment, check=False)
    assert finished.returncode == 0
    assert "\\u2013" in finished.stdout


def test_reading_loads_nothing_slow(database: Path) -> None:
    program = (
        "import sys; from cotrader_tui.cli import main; code = main(['positions', '--json']);"
        "print('loaded:', *sys.modules, file=sys.stderr); sys.exit(code)"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    slow = {"textual", "pandas", "sqlite_utils", "pydantic", "tastytrade", "stamina", "httpx2", "numpy", "asyncio"}
    loaded = finished.stderr.partition("loaded:")[2].split()
    assert "simplejson" in loaded
    assert slow.isdisjoint(loaded)


def test_old_figures_are_read_while_an_engine_holds_the_database(cotrader: RunCommand, database: Path) -> None:
    with Writer(database) as writer, writer.transaction():
        assert cotrader("positions", "--json").code == 0
