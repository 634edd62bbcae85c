"""`cotrader db backup` and `cotrader db restore` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands.books import answer, hundred_shares, sync
from tests.commands.conftest import Home, RunCommand


def test_a_backup_brings_the_positions_back(cotrader: RunCommand, home: Home, tmp_path: Path) -> None:
    database, file = home.data / "cotrader.db", tmp_path / "copy.db"
    sync(database, hundred_shares())
    made = cotrader("db", "backup", file)
    assert (made.code, made.out) == (0, "")
    sync(database, answer())
    sync(database, answer())
    assert json.loads(cotrader("positions", "--json").out) == []

    restored = cotrader("db", "restore", file)

    assert (restored.code, restored.out) == (0, "")
    assert "before-restore" in restored.err
    (row,) = json.loads(cotrader("positions", "--json").out)
    assert (row["symbol"], row["open_pnl"]) == ("AAPL", -171)


def test_a_backup_to_a_relative_file_lies_in_the_working_directory(cotrader: RunCommand, home: Home) -> None:
    sync(home.data / "cotrader.db", hundred_shares())
    assert cotrader("db", "backup", "copy.db").code == 0
    assert (home.here / "copy.db").exists()
    refused = cotrader("db", "backup", "copy.db")
    assert refused.code == 1
    assert "overwrites nothing" in refused.err


def test_a_backup_of_nothing_says_so(cotrader: RunCommand, tmp_path: Path) -> None:
    finished = cotrader("db", "backup", tmp_path / "copy.db")
    assert finished.code == 1
    assert "There is no database" in finished.err


def test_a_demo_backup_stays_out_of_the_real_database(cotrader: RunCommand, tmp_path: Path, home: Home) -> None:
    assert cotrader("--demo", "sync").code == 0
    assert cotrader("--demo", "db", "backup", tmp_path / "demo-copy.db").code == 0
    finished = cotrader("db", "restore", tmp_path / "demo-copy.db")
    assert finished.code == 2
    assert "--demo" in finished.err
    assert not (home.data / "cotrader.db").exists()
    assert cotrader("--demo", "db", "restore", tmp_path / "demo-copy.db").code == 0
