"""Credentials that would be recognised anywhere: after every kind of run they stand in `.env` and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Answer, Machine, ends, eventually
from tests.end_to_end.test_tastytrade import expiration
from tests.standin.faults import Fault
from tests.standin.payloads import changed, equity_row, greeks_event, option_row
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TOKEN_PATH, TastytradeStandin

CANARY = "canary"
"""Stands in the client secret, the refresh token, the password and every token the stand-in gives out."""

ECHO = f"{CLIENT_SECRET} {REFRESH_TOKEN}"


@dataclass
class Run:
    """A machine whose every output is kept."""

    machine: Machine
    standin: TastytradeStandin
    answers: list[Answer] = field(default_factory=list)

    def command(self, *arguments: object) -> Answer:
        self.answers.append(self.machine.run(*arguments))
        return self.answers[-1]

    def places_with_a_canary(self) -> list[str]:
        """Files below the machine's folders, and outputs of commands, in which a credential stands."""
        files = [path for path in self.machine.root.rglob("*") if path.is_file() and path.name != ".env"]
        found = [str(path) for path in files if CANARY.encode() in path.read_bytes()]
        return found + [text for each in self.answers for text in (each.out, each.err) if CANARY in text]


@pytest.fixture
def run(machine: Machine, standin: TastytradeStandin) -> Iterator[Run]:
    put = option_row("KO", expiration(), "P", 60, -2, "7.47", "5.05")
    odd = changed(equity_row("XQZ1", 3, "10.00", "11.00"), instrument_type="Prediction Market")
    standin.change(lambda book: book.add_account("5WT00001", [put, odd]))
    standin.change(lambda book: book.greeks.update({put["streamer-symbol"]: greeks_event(-0.3)}))
    machine.grant(standin)
    with (machine.here / ".env").open("a") as file:
        file.write("TASTYTRADE_USERNAME=ada\nTASTYTRADE_PASSWORD=canary-password\n")
    machine.environ["COTRADER_SYNC_INTERVAL"] = "3600"
    made = Run(machine, standin)
    yield made
    assert (machine.here / ".env").read_text().count(CANARY) == 3
    assert made.places_with_a_canary() == []


FAULTS: dict[str, Callable[[TastytradeStandin], object]] = {
    "nothing": lambda standin: standin.heal(),
    "refused grant": lambda standin: standin.refuse_grant(),
    "refused grant that repeats it": lambda standin: standin.fail(
        TOKEN_PATH, Fault.json({"error_code": "invalid_grant", "error_description": ECHO}, 400)
    ),
    "token answer without a token": lambda standin: standin.fail(TOKEN_PATH, Fault.json({"echo": ECHO})),
    "token answer of another kind": lambda standin: standin.fail(
        TOKEN_PATH, Fault.json({"access_token": {"value": REFRESH_TOKEN}, "expires_in": ECHO})
    ),
    "token answer that is no JSON": lambda standin: standin.fail(TOKEN_PATH, Fault.body(ECHO)),
    "500 that repeats it": lambda standin: standin.fail("/customers/*", Fault.body(f"<html>{ECHO}</html>", 500)),
    "400 that repeats it": lambda standin: standin.fail("/customers/*", Fault.body(ECHO, 400)),
    "answer that is no JSON": lambda standin: standin.fail("/accounts/*", Fault.body(ECHO)),
    "access token refused": lambda standin: standin.fail("/accounts/*", Fault.status(401)),
}


def test_a_daemon_leaves_no_credential_whatever_the_broker_answers(run: Run) -> None:
    daemon = run.machine.start("daemon")
    eventually(lambda: run.machine.database.exists(), "the database is made")
    assert run.command("sync").code == 3
    assert run.standin.sockets, "the quote token was used"
    for arrange in FAULTS.values():
        run.standin.expire_tokens()
        arrange(run.standin)
        run.command("sync", "--json")
        run.standin.heal()
    for command in ("positions", "connections", "sync-log", "doctor"):
        run.command(command)
    assert (run.machine.data / "cotrader.db-wal").exists()
    daemon.terminate()
    assert ends(daemon, 4) == 0
    assert len(run.standin.access_tokens) > 1
    assert {path.name for path in run.machine.data.iterdir()} >= {"cotrader.db", "cotrader.db.lock"}
    log = "".join(path.read_text() for path in run.machine.root.rglob("cotrader.log"))
    assert "answered 500" in log


def test_a_crash_in_the_vendors_library_leaves_no_credential_in_its_traceback(run: Run) -> None:
    """A library put before the real one fails with the credentials in its message."""
    vendor = _written(
        run.machine.root / "vendor" / "tastytrade" / "__init__.py",
        "from pathlib import Path\nraise RuntimeError(Path('.env').read_text())\n",
    )
    run.machine.environ["PYTHONPATH"] = str(vendor.parents[1])
    for command in (("sync",), ("daemon",), ("doctor",)):
        assert run.command(*command).code == 1, command
    log = "".join(path.read_text() for path in run.machine.root.rglob("cotrader.log"))
    assert log.count("Traceback") == 3
    assert "TASTYTRADE_REFRESH_TOKEN=****" in log


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path
