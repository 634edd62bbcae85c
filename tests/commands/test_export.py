"""`cotrader export`: the same rows as the commands of those names, as CSV, JSON or Markdown, to stdout or a file."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import pytest

from cotrader_tui.domain.markdown import markdown_table
from tests.commands.books import hundred_shares, sync
from tests.commands.conftest import Home, RunCommand

TABLES = ("positions", "underlyings", "accounts", "transactions", "orders")


@pytest.fixture
def database(home: Home) -> Path:
    path = home.data / "cotrader.db"
    sync(path, hundred_shares())
    return path


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("table", TABLES)
def test_it_writes_what_the_command_of_that_name_prints(table: str, cotrader: RunCommand) -> None:
    assert cotrader("export", table, "--format", "json").out == cotrader(table, "--json").out
    assert cotrader("export", table).out == cotrader(table, "--csv").out


@pytest.mark.usefixtures("database")
def test_markdown_has_the_keys_as_its_header_and_figures_to_the_right(cotrader: RunCommand) -> None:
    header, rule, row = cotrader("export", "positions", "--format", "markdown").out.splitlines()
    keys, rules, cells = ([part.strip() for part in line.strip("|").split("|")] for line in (header, rule, row))
    said = dict(zip(keys, zip(rules, cells, strict=True), strict=True))
    assert said["symbol"] == ("---", "AAPL")
    assert said["open\\_pnl"] == ("---:", "-171.00")
    assert said["option\\_type"] == ("---", "")


def test_text_in_markdown_is_shown_and_not_interpreted() -> None:
    lines = list(markdown_table(["a|b"], [["*x* <b> [l](u) `c` \\"]], [False]))
    assert lines == ["| a\\|b |", "| --- |", "| \\*x\\* \\<b\\> \\[l\\](u) \\`c\\` \\\\ |"]


@pytest.mark.usefixtures("database")
def test_a_file_is_written_whole_and_for_its_owner_only(cotrader: RunCommand, home: Home) -> None:
    file = home.here / "book.csv"
    file.write_text("what was there before")
    finished = cotrader("export", "positions", "--output", file)
    assert (finished.code, finished.out) == (0, "")
    assert "book.csv is written" in finished.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (row,) = csv.DictReader(file.open(encoding="utf-8"))
    assert row["open_pnl"] == "-171.00"


@pytest.mark.usefixtures("database")
def test_privacy_and_the_account_asked_for_hold(cotrader: RunCommand) -> None:
    assert "-171.00" not in cotrader("--privacy", "export", "positions", "--format", "markdown").out
    assert cotrader("--account", "9", "export", "positions").code == 2


@pytest.mark.usefixtures("database")
def test_closed_positions_come_with_all(cotrader: RunCommand, database: Path) -> None:
    sync(database, hundred_shares("MSFT"))
    symbols = [row["symbol"] for row in json.loads(cotrader("export", "positions", "--format", "json", "--all").out)]
    assert {"AAPL", "MSFT"} == set(symbols)


def test_without_data_no_file_is_written_and_it_exits_5(cotrader: RunCommand, home: Home) -> None:
    finished = cotrader("export", "positions", "--output", home.here / "none.csv")
    assert finished.code == 5
    assert not (home.here / "none.csv").exists()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", ["nowhere/book.csv", "."])
def test_a_place_that_cannot_be_written_is_refused_in_words(cotrader: RunCommand, name: str) -> None:
    finished = cotrader("export", "positions", "--output", name)
    assert (finished.code, finished.out) == (2, "")
