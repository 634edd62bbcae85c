"""The demo as processes: it syncs, its figures add up, separate commands continue one market."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Machine, Row
from tests.standin.tastytrade import TastytradeStandin

READING = ("positions", "underlyings", "accounts", "connections", "sync-log")


@pytest.fixture(scope="module")
def demo(shared_machine: Machine) -> Machine:
    """A machine on which the demo was synced once, with a real database and a broker configured that it must ignore."""
    shared_machine.environ |= {
        "COTRADER_DB": str(shared_machine.root / "real.db"),
        "TASTYTRADE_CLIENT_SECRET": "x",
        "TASTYTRADE_REFRESH_TOKEN": "y",
        "TASTYTRADE_API_URL": "http://127.0.0.1:9",
    }
    answer = shared_machine.run("--demo", "sync")
    assert answer.code == 0, answer
    return shared_machine


def test_a_sync_lands_every_account_in_the_demos_own_database(demo: Machine) -> None:
    runs = demo.rows("--demo", "sync-log")
    assert {run["status"] for run in runs} == {"success"}
    assert {run["connection"] for run in runs} == {"demo"}
    assert len({run["account"] for run in runs}) == 3
    assert (demo.data / "demo.db").exists()
    assert not (demo.root / "real.db").exists()


def _is_sum(row: Row, key: str, parts: list[Row]) -> bool:
    known = [Decimal(part[key]) for part in parts if part[key] is not None]
    return bool(row[key] == sum(known, Decimal(0)))


def test_positions_carry_value_and_profit_by_their_own_figures(demo: Machine) -> None:
    positions = demo.rows("--demo", "positions")
    assert len(positions) > 30
    for row in positions:
        size = row["quantity"] * row["multiplier"]
        assert row["market_value"] == row["mark"] * size
        assert row["open_pnl"] == (row["mark"] - row["average_open_price"]) * size
        assert (row["status"], row["broker"]) == ("open", "demo")


def test_every_account_agrees_with_its_broker(demo: Machine) -> None:
    for row in demo.rows("--demo", "accounts"):
        assert (row["agrees_with_broker"], row["positions_difference"]) == (True, 0)
        assert abs(row["net_liquidating_value_difference"]) <= Decimal("0.01")


def test_underlyings_and_accounts_are_sums_of_the_positions(demo: Machine) -> None:
    """Read one after the other without a sync in between: they show one and the same moment."""
    positions = demo.rows("--demo", "positions")
    underlyings, accounts = demo.rows("--demo", "underlyings"), demo.rows("--demo", "accounts")
    for row in underlyings:
        legs = [each for each in positions if each["underlying"] == row["underlying"]]
        assert row["legs"] == len(legs)
        assert _is_sum(row, "market_value", legs)
        assert _is_sum(row, "open_pnl", legs)
        if any(each["delta"] is not None for each in legs):
            assert float(row["delta"]) == pytest.approx(sum(float(each["delta"] or 0) for each in legs))
    assert {row["underlying"] for row in underlyings} == {row["underlying"] for row in positions}
    for row in accounts:
        legs = [each for each in positions if each["account"] == row["account"]]
        assert row["positions"] == len(legs)
        assert _is_sum(row, "open_pnl", legs)


def test_separate_processes_continue_one_market(demo: Machine) -> None:
    before = {(row["account"], row["symbol"]): row["opened_at"] for row in demo.rows("--demo", "positions")}
    epoch = _property(demo.data / "demo.db", "demo_epoch")
    answer = demo.run("--demo", "sync", "--json")
    assert answer.code == 0, answer
    assert sum(run["positions_added"] for run in answer.rows) <= 2, "a market that goes on opens little in seconds"
    assert _property(demo.data / "demo.db", "demo_epoch") == epoch
    after = {(row["account"], row["symbol"]): row["opened_at"] for row in demo.rows("--demo", "positions")}
    kept = before.keys() & after.keys()
    assert len(kept) >= len(before) - 2
    assert {key: before[key] for key in kept} == {key: after[key] for key in kept}


def _property(database: Path, key: str) -> str:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        value: str = connection.execute("SELECT value FROM properties WHERE key = ?", (key,)).fetchone()[0]
    finally:
        connection.close()
    return value


def test_the_demo_may_have_a_new_file_and_come_back_to_it(demo: Machine) -> None:
    other = demo.root / "other" / "mine.db"
    assert demo.run("--demo", "--db", other, "sync").code == 0
    assert len(demo.rows("--demo", "--db", other, "positions")) > 30
    assert demo.run("--demo", "--db", other, "sync").code == 0


def test_the_demo_never_touches_a_real_book(demo: Machine, standin: TastytradeStandin) -> None:
    """The real book's connection is refused, which still makes the database one of real accounts."""
    real = demo.root / "really.db"
    demo.environ["TASTYTRADE_API_URL"] = standin.url
    assert demo.run("--db", real, "sync").code == 4
    before = _tables(real)
    for command in ("sync", "daemon", "positions"):
        answer = demo.run("--demo", "--db", real, command)
        assert (answer.code, answer.out) == (2, ""), command
        assert str(real) in answer.err
    assert _tables(real) == before


def test_a_real_sync_never_touches_the_demos_database(demo: Machine) -> None:
    answer = demo.run("--db", demo.data / "demo.db", "sync")
    assert answer.code == 2
    assert "demo" in answer.err
    assert {row["broker"] for row in demo.rows("--demo", "connections")} == {"demo"}


def _tables(database: Path) -> list[tuple[str, int]]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [(name, connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in sorted(names)]
    finally:
        connection.close()


@pytest.mark.parametrize("command", READING)
def test_reading_before_a_sync_says_so_and_makes_no_database(machine: Machine, command: str) -> None:
    as_json = machine.run("--demo", command, "--json")
    assert (as_json.code, as_json.rows) == (5, [])
    assert len(as_json.err.strip()) > 10
    as_csv = machine.run("--demo", command, "--csv")
    assert as_csv.code == 5
    assert "connection" in as_csv.out or command == "underlyings"
    assert len(as_csv.out.splitlines()) == 1
    assert not list(machine.root.rglob("*.db*"))
