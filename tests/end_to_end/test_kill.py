"""`kill -9` at random moments of a sync: the database is whole, each account as before or as after, never between."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Machine
from tests.standin.payloads import Json, balances_payload, equity_row
from tests.standin.tastytrade import TastytradeStandin

ROUNDS = 50
SEED = 20_261_118
ACCOUNTS = ("5WT00001", "5WT00002", "5WT00003")
POSITIONS = 120
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
    """A book in which every figure tells its generation. Of two symbols one is held by turns, so that some open and
    close in every sync."""

    def rows() -> list[Json]:
        quantity, price = generation + 1, f"{generation + 1}.00"
        held = [equity_row(f"S{number:03d}", quantity, price, price) for number in range(POSITIONS)]
        return [*held, equity_row(f"TURN{generation % 2}", quantity, price, price)]

    for account in ACCOUNTS:
        balances = balances_payload(f"{generation}.25", "1.00")
        standin.change(lambda book, number=account, money=balances: book.add_account(number, rows(), money))  # type: ignore[misc]


def _generations(connection: sqlite3.Connection, account: str) -> set[int]:
    """The generations that an account's figures tell of, wherever they stand; one, if nothing is in between."""
    found = {
        int(row[0]) - 1
        for row in connection.execute(
            "SELECT p.quantity FROM positions p JOIN accounts a ON a.id = p.account_id"
            " WHERE a.number = ? AND p.status = 'open'",
            (account,),
        )
    }
    return found


def _look(database: Path) -> dict[str, set[int]]:
    ...
