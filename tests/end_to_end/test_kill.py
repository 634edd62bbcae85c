"""`kill -9` at random moments of a sync: the database is whole, each account as before or as after, never between."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Machine
from tests.standin.book import Book
from tests.standin.payloads import Json, balances_payload, equity_row
from tests.standin.tastytrade import TastytradeStandin

ROUNDS = 50
SEED = 20_261_118
ACCOUNTS = ("5WT00001", "5WT00002", "5WT00003")
POSITIONS = 60
"""In each account: enough that landing takes a good part of a sync."""


@dataclass
class Driver:
    """Syncs in children that can be killed."""

    process: subprocess.Popen[str]

    def sync(self) -> tuple[float, int]:
        """How long a whole sync took, and its exit code."""
        return self._ask("sync")

    def kill_after(self, seconds: float) -> int:
        """The exit code of a sync that was killed after so long, −9, or another if it was faster."""
        return self._ask(f"kill {seconds:.6f}")[1]

    def _ask(self, command: str) -> tuple[float, int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        took, code = self.process.stdout.readline().split()
        return float(took), int(code)


@pytest.fixture
def driver(machine: Machine, standin: TastytradeStandin) -> Iterator[Driver]:
    machine.grant(standin)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.kill_driver"],
        cwd=machine.here,
        env={**machine.environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Driver(process)
        assert process.stdin is not None
        process.stdin.close()


def _deal(standin: TastytradeStandin, generation: int) -> None:
    """A book in which every figure tells its generation. One position is new in each, so that in every sync one opens
    and one closes."""
    for account in ACCOUNTS:
        balances = balances_payload(f"{generation}.25", "1.00")
        standin.change(partial(Book.add_account, number=account, rows=_rows(account, generation), balances=balances))


def _rows(account: str, generation: int) -> list[Json]:
    names = [*(f"{account[-1]}S{number:03d}" for number in range(POSITIONS)), f"{account[-1]}NEW{generation}"]
    return [equity_row(name, generation, f"{generation}.5", f"{generation}.75") for name in names]


@dataclass(frozen=True)
class State:
    """What a database tells of one account."""

    generation: int
    landings: int


def _look(database: Path) -> dict[str, State]:
    """What is stored, which must be whole."""
    with closing(sqlite3.connect(f"file:{database}?mode=rw", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return {account: _state(connection, account) for account in ACCOUNTS}


def _state(connection: sqlite3.Connection, account: str) -> State:
    """The one generation of which every figure of the account tells, and how often it landed."""

    def ask(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql, (account,)).fetchall()

    positions = ask(
        """SELECT i.symbol, p.quantity, p.average_open_price, q.mark, p.last_synced_at FROM positions p
             JOIN accounts a ON a.id = p.account_id JOIN instruments i ON i.id = p.instrument_id
             LEFT JOIN quotes q ON q.instrument_id = i.id WHERE p.status = 'open' AND a.number = ?"""
    )
    ((money, synced_at),) = ask(
        """SELECT b.net_liquidating_value, a.last_synced_at FROM balances b
             JOIN accounts a ON a.id = b.account_id WHERE a.number = ?"""
    )
    generation = int(Decimal(money))
    assert sorted(positions) == sorted(
        (row["symbol"], str(generation), f"{generation}.5", f"{generation}.75", synced_at)
        for row in _rows(account, generation)
    )
    ((closed,),) = ask(
        """SELECT count(*) FROM positions p
             JOIN accounts a ON a.id = p.account_id WHERE p.status = 'closed' AND a.number = ?"""
    )
    landings = [
        ask(f"SELECT {what} FROM {table} t JOIN accounts a ON a.id = t.account_id WHERE {which} a.number = ?")
        for what, table, which in (
            ("t.net_liquidating_value", "account_snapshots", ""),
            ("t.id", "sync_runs", "t.status = 'success' AND t.sync_type = 'positions' AND"),
        )
    ]
    assert len(landings[0]) == len(landings[1])
    assert landings[0][-1] == (f"{generation}.25",)
    ((history,),) = ask(
        """SELECT count(*) FROM position_snapshots s JOIN positions p ON p.id = s.position_id
             JOIN accounts a ON a.id = p.account_id WHERE s.quantity != '0' AND a.number = ?"""
    )
    assert history == len(landings[0]) * len(positions)
    assert closed == generation - 1
    return State(generation, len(landings[0]))


def _runs(database: Path, status: str) -> list[tuple[int, str | None, str | None]]:
    """Number, end and kind of error of the runs in this status."""
    sql = "SELECT id, completed_at, error_kind FROM sync_runs WHERE status = ?"
    with closing(sqlite3.connect(f"file:{database}?mode=rw", uri=True)) as connection:
        return connection.execute(sql, (status,)).fetchall()


def test_a_killed_sync_leaves_each_account_as_before_or_as_after(
    machine: Machine, standin: TastytradeStandin, driver: Driver
) -> None:
    chance = random.Random(SEED)
    _deal(standin, 1)
    assert driver.sync()[1] == 0
    _deal(standin, 2)
    duration, code = driver.sync()
    assert code == 0
    killed, interrupted = 0, 0
    for generation in range(3, 3 + ROUNDS):
        before = _look(machine.database)
        assert {state.generation for state in before.values()} == {generation - 1}
        _deal(standin, generation)
        killed += driver.kill_after(chance.uniform(0, duration)) == -9
        states = _look(machine.database)
        for account, state in states.items():
            is_after = state.generation == generation
            assert state == (State(generation, before[account].landings + 1) if is_after else before[account])
        orphaned = {number for number, *_ in _runs(machine.database, "running")}
        interrupted += bool(orphaned)
        assert driver.sync()[1] == 0
        assert _runs(machine.database, "running") == []
        closed = {number: rest for number, *rest in _runs(machine.database, "failed")}
        assert orphaned <= closed.keys()
        assert all(end is not None and kind == "internal" for end, kind in closed.values())
    # The moments were worth something: most kills met a sync, many of them in its middle.
    assert killed > ROUNDS / 2
    assert interrupted > ROUNDS / 5
