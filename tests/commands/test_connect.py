"""`cotrader connect` and `disconnect`: checked before anything is stored, wiped before it is forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cotrader_tui.bootstrap import check_connection
from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.commands.connect import gather, read_fields
from cotrader_tui.config import Options, process_settings
from cotrader_tui.connecting import disconnect
from cotrader_tui.connections_file import leaving_mark, read_connections, store_connection
from cotrader_tui.errors import BrokerError, ConfigError, StoreError
from cotrader_tui.store.lease import Lease
from cotrader_tui.store.writer import Writer
from tests.commands.conftest import Finished, Home, RunCommand
from tests.end_to_end.conftest import Machine, eventually
from tests.secret_store.keyrings import MemoryKeyring, in_place, no_keyring
from tests.standin.faults import Fault
from tests.standin.payloads import equity_row
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TOKEN_PATH, TastytradeStandin
from tests.terminal.emulator import Terminal

CANARY = "canary"
"""Stands in the client secret, the refresh token and every token the stand-in gives out."""


@pytest.fixture
def broker() -> Iterator[TastytradeStandin]:
    with TastytradeStandin() as standin:
        standin.change(lambda book: book.add_account("5WT00001", [equity_row("XQZ1", 3, "10.00", "11.00")]))
        yield standin


@pytest.fixture
def other_broker() -> Iterator[TastytradeStandin]:
    with TastytradeStandin() as standin:
        standin.change(lambda book: book.add_account("5WT00002", [equity_row("XQZ2", 5, "20.00", "21.00")]))
        yield standin


@dataclass
class Desk:
    """The command line of somebody with or without a keyring; every output is kept."""

    home: Home
    run_command: RunCommand
    monkeypatch: pytest.MonkeyPatch
    finished: list[Finished] = field(default_factory=list)

    def run(self, *arguments: str) -> Finished:
        self.finished.append(self.run_command(*arguments))
        return self.finished[-1]

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.run(*arguments, "--json").out)
        return rows

    def connect(self, broker: TastytradeStandin, *arguments: str, **environ: str) -> Finished:
        """Connect with the grant in the environment of this one command."""
        grant = {"TASTYTRADE_CLIENT_SECRET": CLIENT_SECRET, "TASTYTRADE_REFRESH_TOKEN": REFRESH_TOKEN}
        with self.monkeypatch.context() as environment:
            for name, value in {**grant, "TASTYTRADE_API_URL": broker.url, **environ}.items():
                environment.setenv(name, value)
            return self.run("connect", "tastytrade", *arguments)

    @property
    def root(self) -> Path:
        return self.home.here.parent

    @property
    def kept(self) -> list[str]:
        """The files of the configuration folder."""
        return sorted(path.name for path in self.home.config.iterdir()) if self.home.config.exists() else []

    def places_with_a_canary(self) -> list[str]:
        files = [path for path in self.root.rglob("*") if path.is_file()]
        found = [str(path) for path in files if CANARY.encode() in path.read_bytes()]
        return found + [text for each in self.finished for text in (each.out, each.err) if CANARY in text]


@pytest.fixture
def keyring() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    with in_place(backend):
        yield backend


@pytest.fixture
def headless() -> Iterator[None]:
    with in_place(no_keyring()):
        yield


@pytest.fixture
def desk(home: Home, cotrader: RunCommand, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in ("TASTYTRADE_API_URL", "TASTYTRADE_SANDBOX", "TASTYTRADE_ACCOUNT_NUMBER", "COTRADER_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    made = Desk(home, cotrader, monkeypatch)
    yield made
    assert made.places_with_a_canary() == []


# Connecting


def test_a_connection_is_kept_in_the_keyring_and_syncs_without_the_environment(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    finished = desk.connect(broker)
    assert finished.code == 0, finished.err
    assert "tastytrade is connected; the broker lists 5WT00001." in finished.err
    assert "the system keyring" in finished.err
    assert desk.kept == ["connections.json"]
    assert list(keyring.kept) == [("cotrader", "tastytrade")]
    assert desk.run("sync").code == 0
    assert [row["symbol"] for row in desk.rows("positions")] == ["XQZ1"]
    assert desk.run("doctor").code == 0


@pytest.mark.usefixtures("headless")
@pytest.mark.parametrize("passphrase", [None, "canary correct horse"])
def test_without_a_keyring_it_is_kept_in_an_encrypted_file(
    passphrase: str | None, desk: Desk, broker: TastytradeStandin
) -> None:
    if passphrase is not None:
        desk.monkeypatch.setenv("COTRADER_PASSPHRASE", passphrase)
    assert str(desk.home.config / "secrets.json") in desk.connect(broker).err
    assert desk.kept == ["connections.json", "secrets.json", *([] if passphrase else ["secrets.key"])]
    assert desk.run("sync").code == 0
    assert [row["symbol"] for row in desk.rows("positions")] == ["XQZ1"]


def test_several_of_the_same_broker_stand_beside_each_other(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin, other_broker: TastytradeStandin
) -> None:
    assert desk.connect(broker, "--name", "ira").code == 0
    assert desk.connect(other_broker, "--name", "joint").code == 0
    assert desk.run("sync").code == 0
    found = [(row["connection"], row["account"], row["symbol"]) for row in desk.rows("positions")]
    assert found == [("ira", "5WT00001", "XQZ1"), ("joint", "5WT00002", "XQZ2")]


def test_a_refused_grant_stores_nothing(desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin) -> None:
    broker.refuse_grant()
    finished = desk.connect(broker)
    assert (finished.code, "Nothing is stored." in finished.err) == (4, True)
    assert (desk.kept, keyring.kept) == ([], {})


def test_an_account_the_broker_does_not_list_stores_nothing(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    finished = desk.connect(broker, TASTYTRADE_ACCOUNT_NUMBER="5WT00001,5WT00009")
    assert finished.code == 2
    assert "lists no account 5WT00009" in finished.err
    assert (desk.kept, keyring.kept) == ([], {})


def test_a_broker_that_does_not_answer_is_waited_for_so_long_and_no_longer(broker: TastytradeStandin) -> None:
    broker.fail(TOKEN_PATH, Fault.hang())
    secrets = {"client_secret": Secret(CLIENT_SECRET), "refresh_token": Secret(REFRESH_TOKEN)}
    config = ConnectionConfig("ira", "tastytrade", options={"api_url": broker.url}, secrets=secrets)
    begin = time.monotonic()
    with pytest.raises(BrokerError, match=r"did not answer within 0\.3 s"):
        check_connection(config, within=0.3)
    assert time.monotonic() - begin < 10  # the first import of the SDK included


def test_connecting_again_replaces_the_grant(desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin) -> None:
    desk.connect(broker)
    broker.client_secret, broker.refresh_token = "canary-second-secret", "canary-second-token"
    assert desk.run("sync").code == 4
    renewed = {"TASTYTRADE_CLIENT_SECRET": broker.client_secret, "TASTYTRADE_REFRESH_TOKEN": broker.refresh_token}
    assert desk.connect(broker, **renewed).code == 0
    assert desk.run("sync").code == 0


def test_an_account_that_another_connection_syncs_is_told(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    desk.connect(broker, "--name", "ira")
    desk.run("sync")
    assert "Account 5WT00001 is already synced by ira" in desk.connect(broker, "--name", "again").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("etrade",), "no broker 'etrade'"),
        (("demo",), "no broker 'demo'"),
        (("tastytrade", "--name", "a b"), "cannot be named"),
        (("tastytrade", "--name", "../x"), "cannot be named"),
        (("tastytrade", "--name", "ibkr"), "belongs to a connection to ibkr"),
        (("tastytrade",), "TASTYTRADE_CLIENT_SECRET is missing"),
        (("ibkr",), "IBKR_PORT is missing"),
    ],
)
def test_what_cannot_be_connected_is_told(
    arguments: tuple[str, ...], words: str, desk: Desk, keyring: MemoryKeyring
) -> None:
    finished = desk.run("connect", *arguments)
    assert finished.code == 2
    assert words in finished.err
    assert desk.kept == []


def test_the_demo_is_not_connected(desk: Desk) -> None:
    assert (desk.run("--demo", "connect", "tastytrade").code, desk.kept) == (2, [])


def test_interactive_brokers_is_reached_before_it_is_kept(desk: Desk, keyring: MemoryKeyring) -> None:
    desk.monkeypatch.setenv("IBKR_PORT", "1")
    finished = desk.run("connect", "ibkr", "--name", "paper")
    assert (finished.code, desk.kept) == (4, [])


# Asking


@dataclass
class Person:
    """Somebody at a terminal who answers everything, and remembers what was asked and whether it was shown."""

    shown: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def ask(self, question: str) -> str:
        self.shown.append(question)
        return " 7497\n"

    def ask_secret(self, question: str) -> str:
        self.hidden.append(question)
        return f"typed-{len(self.hidden)} "


def test_only_what_is_missing_is_asked_and_secrets_are_not_shown() -> None:
    person = Person()
    answers = gather("tastytrade", {"TT_SECRET": "told", "TASTYTRADE_SANDBOX": "1"}, person)
    assert answers.secrets == {"client_secret": Secret("told"), "refresh_token": Secret("typed-1")}
    assert answers.definition == {"broker": "tastytrade", "sandbox": "1"}
    assert (len(person.hidden), person.shown) == (1, [])


def test_a_setting_that_is_no_secret_is_shown_while_it_is_typed() -> None:
    person = Person()
    answers = gather("ibkr", {}, person)
    assert (answers.definition, answers.secrets) == ({"broker": "ibkr", "port": "7497"}, {})
    assert (len(person.shown), person.hidden) == (1, [])


def test_an_empty_answer_is_no_answer() -> None:
    class Silent(Person):
        def ask_secret(self, question: str) -> str:
            return " "

    with pytest.raises(ConfigError, match="TASTYTRADE_CLIENT_SECRET is missing"):
        gather("tastytrade", {}, Silent())


# Fields on standard input


def test_fields_go_before_the_environment_and_nobody_is_asked() -> None:
    person = Person()
    fields = {"refresh_token": "given", "sandbox": "0", "sync_interval": "120", "orders": "0"}
    environ = {"TT_SECRET": "told", "TT_REFRESH": "told", "TASTYTRADE_SANDBOX": "1"}
    answers = gather("tastytrade", environ, person, fields)
    assert answers.secrets == {"client_secret": Secret("told"), "refresh_token": Secret("given")}
    assert answers.definition == {"broker": "tastytrade", "sandbox": "0", "sync_interval": "120", "orders": "0"}
    assert (person.hidden, person.shown) == ([], [])


def test_fields_are_texts_numbers_and_flags() -> None:
    fields = read_fields(StringIO('{"port": 7497, "host": " box ", "orders": false, "account": null, "client_id": ""}'))
    assert fields == {"port": "7497", "host": "box", "orders": "0"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a JSON object"),
        ("canary", "not a JSON object"),
        ('["canary"]', "not a JSON object"),
        ('{"client_secret": ["canary"]}', "'client_secret' on standard input is no text"),
    ],
)
def test_what_makes_no_fields_is_told_without_repeating_it(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refusal:
        read_fields(StringIO(text))
    assert "canary" not in str(refusal.value)


def test_a_field_the_broker_does_not_have_is_told_by_its_name() -> None:
    with pytest.raises(ConfigError, match="has no 'client_token'") as refusal:
        gather("tastytrade", {}, None, {"client_token": "canary"})
    assert "canary" not in str(refusal.value)


def test_a_connection_is_made_from_standard_input_alone(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    fields = {"client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN, "api_url": broker.url, "positions": True}
    desk.monkeypatch.setattr(sys, "stdin", StringIO(json.dumps(fields)))
    finished = desk.run("connect", "tastytrade", "--name", "ira", "--stdin-json")
    assert finished.code == 0, finished.err
    assert list(keyring.kept) == [("cotrader", "ira")]
    stored = read_connections(desk.home.config)["ira"]
    assert {**stored, "connected_at": ""} == {
        "broker": "tastytrade",
        "api_url": broker.url,
        "positions": "1",
        "connected_at": "",
    }
    desk.monkeypatch.setattr(sys, "stdin", StringIO("{}"))
    assert "TASTYTRADE_CLIENT_SECRET is missing" in desk.run("connect", "tastytrade", "--stdin-json").err


def test_connecting_again_keeps_the_interval_and_the_switches(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    desk.connect(broker, "--name", "ira")
    before = read_connections(desk.home.config)["ira"]
    store_connection(desk.home.config, "ira", {**before, "sync_interval": 120, "positions": False, "sandbox": True})
    desk.connect(broker, "--name", "ira")
    after = read_connections(desk.home.config)["ira"]
    assert (after["sync_interval"], after["positions"], "sandbox" in after) == (120, False, False)
    assert after["connected_at"] > before["connected_at"]
    told = desk.run("sync")
    assert (told.code, "The positions of ira are switched off." in told.err) == (2, True)


# Syncing


@pytest.mark.usefixtures("headless")
def test_lost_secrets_fail_their_own_connection_and_no_other(
    desk: Desk, broker: TastytradeStandin, other_broker: TastytradeStandin
) -> None:
    desk.connect(broker, "--name", "ira")
    desk.connect(other_broker, "--name", "joint")
    stored = json.loads((desk.home.config / "secrets.json").read_text())
    del stored["secrets"]["ira"]
    (desk.home.config / "secrets.json").write_text(json.dumps(stored))
    finished = desk.run("sync")
    assert finished.code == 3
    assert "The secrets of ira are not in" in finished.err
    runs = {row["connection"]: (row["status"], row["error_kind"]) for row in desk.rows("sync-log")}
    assert runs == {"ira": ("failed", "auth"), "joint": ("success", None)}


def test_reading_loads_neither_the_keyring_nor_the_cryptography(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine")
    folder = machine.root / "config" / "cotrader"
    folder.mkdir(parents=True)
    (folder / "connections.json").write_text('{"ira": {"broker": "tastytrade"}}')
    program = """
import sys
from cotrader_tui.cli import main
codes = [int(main([command])) for command in ("positions", "connections", "paths")]
print(codes, sorted({"keyring", "cryptography", "tastytrade"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=machine.environment,
        cwd=machine.here,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[5, 5, 0] []"


# Disconnecting


def states(desk: Desk) -> dict[str, str]:
    return {row["connection"]: row["status"] for row in desk.rows("connections")}


@pytest.mark.parametrize("where", ["keyring", "file"])
def test_disconnecting_wipes_the_secrets_and_keeps_the_history(
    where: str, desk: Desk, broker: TastytradeStandin
) -> None:
    backend = MemoryKeyring()
    with in_place(backend if where == "keyring" else no_keyring()):
        desk.connect(broker, "--name", "ira")
        desk.run("sync")
        finished = desk.run("disconnect", "ira")
        assert finished.code == 0, finished.err
        assert "my.tastytrade.com" in finished.err
        assert (backend.kept, desk.kept) == ({}, ["connections.json"])
        assert json.loads((desk.home.config / "connections.json").read_text()) == {}
        assert states(desk) == {"ira": "revoked"}
        assert [row["symbol"] for row in desk.rows("positions", "--all")] == ["XQZ1"]
        assert [row["sync_type"] for row in desk.rows("sync-log")].count("positions") == 1
        assert desk.run("sync").code == 2
        assert broker.refused_writes == []


def test_a_disconnected_connections_accounts_leave_the_totals(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin, other_broker: TastytradeStandin
) -> None:
    desk.connect(broker, "--name", "ira")
    desk.connect(other_broker, "--name", "joint")
    desk.run("sync")
    assert [row["underlying"] for row in desk.rows("underlyings")] == ["XQZ1", "XQZ2"]
    desk.run("disconnect", "ira")
    assert [row["underlying"] for row in desk.rows("underlyings")] == ["XQZ2"]


def test_connecting_again_makes_it_active(desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin) -> None:
    desk.connect(broker, "--name", "ira")
    desk.run("sync")
    desk.run("disconnect", "ira")
    assert desk.connect(broker, "--name", "ira").code == 0
    assert desk.run("sync").code == 0
    assert states(desk) == {"ira": "active"}
    assert [row["underlying"] for row in desk.rows("underlyings")] == ["XQZ1"]


def test_connecting_again_forgets_what_was_refused_before(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    desk.connect(broker, "--name", "ira")
    broker.refuse_grant()
    desk.run("sync")
    desk.run("sync")
    assert states(desk) == {"ira": "expired"}
    desk.run("disconnect", "ira")
    broker.heal()
    desk.connect(broker, "--name", "ira")
    broker.refuse_grant()
    desk.run("sync")
    assert [(row["status"], row["consecutive_failures"]) for row in desk.rows("connections")] == [("active", 1)]


def test_an_engine_that_does_not_let_go_keeps_the_secrets_and_doing_it_again_goes_on(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin, other_broker: TastytradeStandin
) -> None:
    desk.connect(broker, "--name", "ira")
    desk.connect(other_broker, "--name", "joint")
    desk.run("sync")
    with Lease(desk.home.data / "cotrader.db") as lease:
        assert lease.acquire()
        with pytest.raises(StoreError, match=r"did not let go of ira within 0\.2 s.*secrets are not wiped") as refusal:
            disconnect(process_settings(Options()), "ira", within=0.2)
        assert "cotrader disconnect ira" in refusal.value.hint
        assert ("cotrader", "ira") in keyring.kept
        again = desk.connect(broker, "--name", "ira")
        assert (again.code, "half disconnected" in again.err) == (2, True)
        assert "takes it up" in desk.connect(other_broker, "--name", "joint").err
    told = desk.run("doctor")
    assert told.code == 2
    assert "Run `cotrader disconnect ira` again." in told.out
    assert desk.run("sync").code == 0
    assert states(desk) == {"ira": "active", "joint": "active"}
    assert desk.run("disconnect", "ira").code == 0
    assert list(keyring.kept) == [("cotrader", "joint")]
    assert states(desk) == {"ira": "revoked", "joint": "active"}
    assert desk.run("doctor").code == 0


def test_an_engine_that_answers_is_waited_for_and_only_then_the_secrets_go(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    desk.connect(broker, "--name", "ira")
    desk.run("sync")
    database = desk.home.data / "cotrader.db"

    def answer() -> None:
        with Lease(database) as lease, Writer(database) as writer:
            assert lease.acquire()
            holding.set()
            eventually(lambda: "ira" in process_settings(Options()).leaving, "it is marked")
            kept_until_then.extend(keyring.kept)
            writer.revoke("ira", leaving_mark(read_connections(desk.home.config)["ira"]))
            done.wait(10)

    holding, done, kept_until_then = threading.Event(), threading.Event(), list[tuple[str, str]]()
    engine = threading.Thread(target=answer)
    engine.start()
    try:
        assert holding.wait(10)
        assert desk.run("disconnect", "ira").code == 0
    finally:
        done.set()
        engine.join()
    assert kept_until_then == [("cotrader", "ira")]
    assert keyring.kept == {}
    assert states(desk) == {"ira": "revoked"}


def test_an_answer_to_an_earlier_disconnection_is_not_taken_for_this_one(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    desk.connect(broker, "--name", "ira")
    desk.run("sync")
    database = desk.home.data / "cotrader.db"
    with Lease(database) as lease, Writer(database) as writer:
        assert lease.acquire()
        writer.revoke("ira", "the mark of another time")
        with pytest.raises(StoreError, match="did not let go"):
            disconnect(process_settings(Options()), "ira", within=0.2)
    assert ("cotrader", "ira") in keyring.kept


def test_a_keyring_that_does_not_answer_keeps_it_connected(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    desk.connect(broker, "--name", "ira")
    with in_place(no_keyring()):
        finished = desk.run("disconnect", "ira")
    assert (finished.code, "cannot be wiped" in finished.err) == (2, True)
    assert desk.run("disconnect", "ira").code == 0
    assert keyring.kept == {}


def test_a_connection_of_the_environment_is_not_disconnected_but_told_how(
    desk: Desk, keyring: MemoryKeyring, broker: TastytradeStandin
) -> None:
    with desk.monkeypatch.context() as environment:
        environment.setenv("TASTYTRADE_CLIENT_SECRET", CLIENT_SECRET)
        environment.setenv("TASTYTRADE_REFRESH_TOKEN", REFRESH_TOKEN)
        finished = desk.run("disconnect", "tastytrade")
    assert finished.code == 2
    assert "comes from the environment" in finished.err
    assert "TASTYTRADE_" in finished.err


def test_an_unknown_connection_is_not_disconnected(desk: Desk, keyring: MemoryKeyring) -> None:
    finished = desk.run("disconnect", "ira")
    assert (finished.code, "no stored connection ira" in finished.err) == (2, True)


# Around it


@pytest.mark.usefixtures("headless")
@pytest.mark.parametrize("name", ["connections.json", "secrets.json", "secrets.key"])
def test_the_doctor_warns_of_files_that_others_can_read(name: str, desk: Desk, broker: TastytradeStandin) -> None:
    desk.connect(broker)
    (desk.home.config / name).chmod(0o640)
    finished = desk.run("doctor")
    assert finished.code == 2
    assert f"chmod 600 {desk.home.config / name}" in finished.out


def test_nothing_of_the_secret_is_left_when_the_vendors_library_repeats_it(
    tmp_path: Path, broker: TastytradeStandin
) -> None:
    """As processes: connected at a terminal that shows no secret, then a library put before the real one crashes."""
    machine = Machine(tmp_path / "machine", {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"})
    machine.environ["TASTYTRADE_API_URL"] = broker.url
    command = [sys.executable, "-m", "cotrader_tui", "connect", "tastytrade", "--name", "ira"]
    with Terminal(command, machine.environment, machine.here) as terminal:
        for question, answer in (("CLIENT_SECRET)", CLIENT_SECRET), ("REFRESH_TOKEN)", REFRESH_TOKEN)):
            terminal.wait_for(question)
            terminal.press(f"{answer}\n")
        assert CANARY not in terminal.wait_for("Its secrets are in")
        assert terminal.process.wait(30) == 0
    vendor = machine.root / "vendor" / "tastytrade" / "__init__.py"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("import os\nraise RuntimeError(' '.join(os.environ[name] for name in ('ECHO_1', 'ECHO_2')))\n")
    machine.environ |= {"PYTHONPATH": str(vendor.parents[1]), "ECHO_1": CLIENT_SECRET, "ECHO_2": REFRESH_TOKEN}
    answers = [machine.run(*arguments) for arguments in (("sync",), ("daemon",), ("doctor",))]
    assert [answer.code for answer in answers] == [1, 1, 1]
    files = [path for path in machine.root.rglob("*") if path.is_file()]
    assert [str(path) for path in files if CANARY.encode() in path.read_bytes()] == []
    assert "RuntimeError: **** ****" in "".join(path.read_text() for path in files if path.name == "cotrader.log")
    assert CANARY not in "".join(answer.out + answer.err for answer in answers)
