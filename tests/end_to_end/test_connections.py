"""Connections made, changed and ended while the engine runs, with the stand-in in the broker's place."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Answer, Machine, ends, eventually
from tests.standin.payloads import equity_row
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TastytradeStandin
from tests.terminal.emulator import Terminal

CANARY = "canary"
"""Stands in the client secret, the refresh token and every token the stand-in gives out."""


@pytest.fixture
def standin() -> Iterator[TastytradeStandin]:
    with TastytradeStandin() as server:
        server.change(lambda book: book.add_account("5WT00001", [equity_row("XQZ1", 3, "10.00", "11.00")]))
        yield server


@pytest.fixture
def other() -> Iterator[TastytradeStandin]:
    with TastytradeStandin() as server:
        server.change(lambda book: book.add_account("5WT00002", [equity_row("XQZ2", 5, "20.00", "21.00")]))
        yield server


class Desk:
    """A machine without a keyring, on which connections are made from standard input; every output is kept."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.answers: list[Answer] = []

    @property
    def stored(self) -> Path:
        return self.machine.root / "config" / "cotrader" / "connections.json"

    @property
    def secrets(self) -> set[str]:
        path = self.stored.with_name("secrets.json")
        return set(json.loads(path.read_text())["secrets"]) if path.exists() else set()

    def run(self, *arguments: object) -> Answer:
        self.answers.append(self.machine.run(*arguments))
        return self.answers[-1]

    def connect(self, standin: TastytradeStandin, name: str) -> Answer:
        fields = {"client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN, "api_url": standin.url}
        command = [sys.executable, "-m", "cotrader_tui", "connect", "tastytrade", "--name", name, "--stdin-json"]
        done = subprocess.run(
            command,
            cwd=self.machine.here,
            env=self.machine.environment,
            input=json.dumps(fields),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.answers.append(Answer(done.returncode, done.stdout, done.stderr))
        return self.answers[-1]

    def edit(self, name: str, **keys: Any) -> None:  # noqa: ANN401 - as JSON has them
        stored = json.loads(self.stored.read_text())
        stored[name].update(keys)
        self.stored.write_text(json.dumps(stored))

    def states(self) -> dict[str, str]:
        return {row["connection"]: row["status"] for row in self.machine.rows("connections")}

    def symbols(self) -> list[str]:
        return [row["symbol"] for row in self.machine.rows("positions")] if self.machine.database.exists() else []

    def places_with_a_canary(self) -> list[str]:
        files = [path for path in self.machine.root.rglob("*") if path.is_file()]
        found = [str(path) for path in files if CANARY.encode() in path.read_bytes()]
        return found + [text for each in self.answers for text in (each.out, each.err) if CANARY in text]


@pytest.fixture
def desk(machine: Machine) -> Iterator[Desk]:
    machine.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    machine.environ["COTRADER_SYNC_INTERVAL"] = "3600"
    made = Desk(machine)
    yield made
    assert made.places_with_a_canary() == []


def test_a_daemon_takes_connections_up_and_lets_go_of_them_without_a_restart(
    desk: Desk, standin: TastytradeStandin, other: TastytradeStandin
) -> None:
    assert desk.connect(standin, "ira").code == 0
    daemon = desk.machine.start("daemon")
    eventually(lambda: desk.machine.database.exists() and desk.run("sync").code == 0, "the first one is synced")

    told = desk.connect(other, "joint")
    assert (told.code, "takes it up" in told.err) == (0, True)
    eventually(lambda: desk.symbols() == ["XQZ1", "XQZ2"], "the second one's positions are there")

    desk.edit("joint", sync_interval=120, positions=False)
    eventually(lambda: not _row(desk, "joint")["sync_enabled"], "the second one is paused")
    assert (_row(desk, "joint")["sync_interval"], _row(desk, "joint")["sync_kinds"]) == (120, "transactions,orders")

    gone = desk.run("disconnect", "ira")
    assert (gone.code, "its history stays" in gone.err) == (0, True)
    assert desk.states() == {"ira": "revoked", "joint": "active"}
    assert desk.secrets == {"joint"}
    assert list(json.loads(desk.stored.read_text())) == ["joint"]
    assert {row["connection"] for row in desk.machine.rows("sync-log", "--all")} == {"ira", "joint"}

    assert desk.connect(standin, "ira").code == 0
    eventually(lambda: desk.states()["ira"] == "active", "it is back")
    assert daemon.poll() is None
    daemon.terminate()
    assert ends(daemon, 4) == 0


def _row(desk: Desk, name: str) -> dict[str, Any]:
    return next(row for row in desk.machine.rows("connections") if row["connection"] == name)


def test_from_the_welcome_screen_to_a_book_and_back_without_leaving_it(desk: Desk, standin: TastytradeStandin) -> None:
    """Nothing is configured; the first connection is made in the form, disconnected there, and made again."""
    desk.machine.environ["TASTYTRADE_API_URL"] = standin.url
    command = [sys.executable, "-m", "cotrader_tui"]
    with Terminal(command, desk.machine.environment, desk.machine.here) as terminal:
        pictures = [terminal.wait_for("Welcome to cotrader.")]
        _choose(terminal, "Connect tastytrade")
        terminal.wait_for("Name of the connection")
        _type_secrets(terminal, "wrong", REFRESH_TOKEN)
        pictures.append(terminal.wait_for("Nothing is stored."))
        _type_secrets(terminal, CLIENT_SECRET, REFRESH_TOKEN)
        pictures.append(terminal.wait_for("is connected; the broker lists 5WT00001"))
        terminal.press("\x1b")
        pictures.append(terminal.wait_for("XQZ1", 60))
        _choose(terminal, "Disconnect tastytrade")
        terminal.wait_for("y disconnects it")
        terminal.press("y")
        pictures.append(terminal.wait_for("is disconnected: what was kept to log in is wiped"))
        terminal.press("\x1b")
        terminal.wait_for(lambda text: "is disconnected" not in text)
        assert desk.states() == {"tastytrade": "revoked"}
        assert desk.secrets == set()
        terminal.press("q")
        assert terminal.process.wait(10) == 0
    assert [picture for picture in pictures if CANARY in picture] == []


def _choose(terminal: Terminal, words: str) -> None:
    terminal.press(":")
    terminal.wait_for("Search for commands")
    terminal.press(words)
    terminal.wait_for(lambda text: text.count(words) >= 2)  # what is typed, and the hit
    terminal.press("\r")


def _type_secrets(terminal: Terminal, *secrets: str) -> None:
    """Type them; `enter` leads to the next field that is missing."""
    for label, secret in zip(("The OAuth application's secret", "The grant's refresh token"), secrets, strict=True):
        terminal.press("\r")
        terminal.wait_for(f"Still missing: {label}.")
        terminal.press(secret)
        terminal.wait_for("\u2022" * len(secret))
    terminal.press("\r")
