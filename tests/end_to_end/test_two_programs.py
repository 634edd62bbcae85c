"""Two programs on one database: one syncs, the other waits or asks; either may end, and the lease passes on."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Machine, ends, eventually
from tests.standin.faults import Fault
from tests.standin.payloads import equity_row
from tests.standin.tastytrade import TastytradeStandin

EXIT_LEASE_HELD = 75
LEASE_PASSES_ON_WITHIN = 15.0
ENDS_WITHIN = 2.0


def holder(database: Path) -> int | None:
    """The pid of the engine that syncs, as the database tells it."""
    if not database.exists():
        return None
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            row = connection.execute("SELECT pid FROM sync_lease").fetchone()
        except sqlite3.OperationalError:
            return None  # the schema is being made
    return None if row is None else int(row[0])


def syncs(machine: Machine, process: subprocess.Popen[bytes], database: Path) -> None:
    """Wait until `process` is the one that syncs."""
    eventually(lambda: holder(database) == process.pid or process.poll() is not None, "the engine syncs")
    assert process.poll() is None, (machine.root / "started.err").read_text()


def ended_runs(database: Path) -> int:
    """How many sync runs of positions have come to their end."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        sql = "SELECT count(*) FROM sync_runs WHERE status != 'running' AND sync_type = 'positions'"
        count: int = connection.execute(sql).fetchone()[0]
    return count


@pytest.fixture
def demo(machine: Machine) -> Path:
    return machine.data / "demo.db"


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_the_lease_passes_on_when_its_holder_ends(machine: Machine, demo: Path, signal_number: signal.Signals) -> None:
    first = machine.start("--demo", "daemon")
    syncs(machine, first, demo)
    words = machine.root / "second.err"
    second = machine.start("--demo", "daemon", errors=words)
    eventually(lambda: bool(words.read_text()), "the second says that it waits")
    assert f"pid {first.pid}" in words.read_text()
    eventually(lambda: ended_runs(demo) >= 3, "the first has synced")
    landed = ended_runs(demo)
    assert second.poll() is None
    assert holder(demo) == first.pid
    first.send_signal(signal_number)
    began = time.monotonic()
    assert ends(first, ENDS_WITHIN) == (0 if signal_number is signal.SIGTERM else -signal.SIGKILL)
    eventually(lambda: holder(demo) == second.pid, "the second takes over", LEASE_PASSES_ON_WITHIN)
    left = LEASE_PASSES_ON_WITHIN - (time.monotonic() - began)
    eventually(lambda: ended_runs(demo) > landed, "the second syncs", left)
    assert words.read_text().count("\n") == 1


def test_a_second_daemon_that_waits_ends_at_once(machine: Machine, demo: Path) -> None:
    first = machine.start("--demo", "daemon")
    syncs(machine, first, demo)
    words = machine.root / "second.err"
    second = machine.start("--demo", "daemon", errors=words)
    eventually(lambda: bool(words.read_text()), "the second waits")
    second.terminate()
    assert ends(second, ENDS_WITHIN) == 0
    assert holder(demo) == first.pid


def test_a_daemon_under_nohup_outlives_its_terminal(machine: Machine, demo: Path) -> None:
    daemon = machine.start("--demo", "daemon", wrapper=("nohup",))
    syncs(machine, daemon, demo)
    daemon.send_signal(signal.SIGHUP)
    answer = machine.run("--demo", "sync")
    assert answer.code in (0, 3), answer
    assert (daemon.poll(), holder(demo)) == (None, daemon.pid)
    daemon.terminate()
    assert ends(daemon, ENDS_WITHIN) == 0


def test_a_sync_is_served_by_the_engine_that_runs(machine: Machine, demo: Path) -> None:
    daemon = machine.start("--demo", "daemon")
    syncs(machine, daemon, demo)
    eventually(lambda: ended_runs(demo) == 3, "the first cycle")
    answer = machine.run("--demo", "sync", "--json")
    assert answer.code in (0, 3), answer
    assert holder(demo) == daemon.pid
    logged = {row["id"]: row for row in machine.rows("--demo", "sync-log", "--all")}
    assert answer.rows == [logged[row["id"]] for row in answer.rows]
    assert len(answer.rows) == 3
    assert {row["trigger"] for row in answer.rows} == {"manual"}


def test_two_syncs_at_the_same_time_both_get_their_answer(machine: Machine, demo: Path) -> None:
    """As when two cron jobs meet: neither is an engine that would hear the other's request."""
    answers = [machine.root / f"answer-{number}" for number in range(4)]
    processes = [machine.start("--demo", "sync", errors=path) for path in answers]
    assert [ends(process, 30) for process in processes] == [0] * len(answers), [path.read_text() for path in answers]


def test_a_sync_goes_on_by_itself_when_the_engine_dies_on_it(machine: Machine, standin: TastytradeStandin) -> None:
    """The engine hangs in a call that never ends and is killed: nobody will answer the request that waits."""
    standin.change(lambda book: book.add_account("5WT00001", [equity_row("T", 100, "54.50", "52.79")]))
    standin.fail("/customers/me/accounts", Fault.hang(), times=1)
    machine.grant(standin)
    daemon = machine.start("daemon")
    eventually(lambda: bool(standin.requests_to("/customers/me/accounts")), "the daemon hangs in its call")
    words = machine.root / "sync.err"
    asking = machine.start("sync", errors=words)
    eventually(lambda: _waiting(machine.database) == 1, "the request is written")
    daemon.kill()
    assert ends(asking, 30) == 0, words.read_text()
    assert _waiting(machine.database) == 0
    assert [row["status"] for row in machine.rows("sync-log") if row["sync_type"] == "positions"] == [
        *("success", "failed"),
    ]


def _waiting(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        count: int = connection.execute("SELECT count(*) FROM sync_requests WHERE finished_at IS NULL").fetchone()[0]
    return count


# The screen's worker


def test_the_worker_ends_with_its_input(machine: Machine, demo: Path) -> None:
    worker = machine.start("--demo", "daemon", "--until-stdin-closes")
    syncs(machine, worker, demo)
    _close_input(worker)
    assert ends(worker, ENDS_WITHIN) == 0


def test_the_worker_gives_way_to_an_engine_that_is_there(machine: Machine, demo: Path) -> None:
    first = machine.start("--demo", "daemon")
    syncs(machine, first, demo)
    worker = machine.start("--demo", "daemon", "--until-stdin-closes")
    assert ends(worker, 10) == EXIT_LEASE_HELD
    assert holder(demo) == first.pid


@pytest.fixture
def real(machine: Machine, standin: TastytradeStandin) -> Path:
    """A database to be synced with the stand-in, for which the SDK must be imported."""
    machine.grant(standin)
    standin.change(lambda book: book.add_account("5WT00001", [equity_row("T", 100, "54.50", "52.79")]))
    return machine.database


@pytest.mark.parametrize("phase", ["imports the SDK", "imports most of the SDK", "has synced"])
def test_the_worker_ends_with_its_input_also_while_it_imports(machine: Machine, real: Path, phase: str) -> None:
    worker = _reach(machine, phase, "--until-stdin-closes")
    _close_input(worker)
    assert ends(worker, ENDS_WITHIN) == 0


@pytest.mark.parametrize("phase", ["has begun", "imports the SDK", "syncs"])
def test_sigterm_ends_a_daemon_also_while_it_imports(machine: Machine, real: Path, phase: str) -> None:
    daemon = _reach(machine, phase)
    daemon.terminate()
    assert ends(daemon, ENDS_WITHIN) == 0


def test_sigterm_ends_a_daemon_in_the_middle_of_a_sync(
    machine: Machine, real: Path, standin: TastytradeStandin
) -> None:
    standin.fail("*/positions", Fault.hang())
    daemon = machine.start("daemon")
    eventually(lambda: bool(standin.requests_to("*/positions")), "a call hangs")
    daemon.terminate()
    assert ends(daemon, ENDS_WITHIN) == 0
    (run,) = machine.rows("sync-log")
    assert (run["status"], run["error_kind"]) == ("failed", "internal")
    assert "end" in run["error_message"]


def _reach(machine: Machine, phase: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A daemon that has come so far."""
    # Python tells of each module on stderr once it is imported.
    machine.environ["PYTHONPROFILEIMPORTTIME"] = "1"
    process = machine.start("daemon", *arguments)
    told, database = machine.root / "started.err", machine.database
    reached: dict[str, Callable[[], bool]] = {
        "has begun": lambda: "cotrader_tui.running" in told.read_text(),
        "imports the SDK": lambda: "httpx2" in told.read_text(),
        "imports most of the SDK": lambda: "pandas.core" in told.read_text(),
        "syncs": lambda: holder(database) == process.pid,
        "has synced": lambda: _has_synced(database),
    }
    eventually(lambda: process.poll() is not None or reached[phase](), phase)
    assert process.poll() is None
    return process


def _has_synced(database: Path) -> bool:
    if holder(database) is None:
        return False
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT 1 FROM sync_runs WHERE status = 'success'").fetchone() is not None


def _close_input(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
