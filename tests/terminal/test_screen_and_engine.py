"""`kill -9` of the engine behind the screen, of a screen before a daemon, and of both: what is left goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cotrader_tui.store.lease import is_held
from tests.terminal.conftest import Open, has_book, until

WITHIN = 20.0


def ask(database: Path, sql: str) -> int:
    """One number out of a database, which must be whole."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (number,) = connection.execute(sql).fetchone()
    return int(number)


def engine(database: Path) -> int:
    """Who said last that it syncs."""
    return ask(database, "SELECT pid FROM sync_lease")


def landed(database: Path) -> int:
    """The newest run that has come to a good end."""
    return ask(database, "SELECT max(id) FROM sync_runs WHERE status IN ('success', 'partial')")


@pytest.fixture
def daemon(environ: dict[str, str], database: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An engine that nobody's screen has started, and its first cycle."""
    process = subprocess.Popen([sys.executable, "-m", "cotrader_tui", "--demo", "daemon"], env=environ, cwd=tmp_path)
    until(lambda: database.exists() and is_held(database), WITHIN)
    yield process
    process.kill()
    process.wait()


def test_the_screen_outlives_its_engine_and_starts_another(opened: Open, database: Path) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    first, runs = engine(database), landed(database)
    os.kill(first, signal.SIGKILL)
    text = terminal.wait_for("exit code -9")
    assert has_book(text), "the last figures stay"
    until(lambda: engine(database) != first and is_held(database), WITHIN)
    until(lambda: landed(database) > runs, WITHIN)
    text = terminal.wait_for(lambda text: "exit code -9" not in text)
    assert has_book(text)
    assert terminal.process.poll() is None
    os.kill(engine(database), 0)


def test_a_daemon_outlives_a_killed_screen(
    opened: Open, database: Path, daemon: subprocess.Popen[bytes], environ: dict[str, str], tmp_path: Path
) -> None:
    terminal = opened()
    terminal.wait_for(f"synced by pid {daemon.pid}")
    terminal.process.kill()
    terminal.process.wait(5)
    runs = landed(database)
    command = [sys.executable, "-m", "cotrader_tui", "--demo", "sync"]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode in (0, 3), done.stderr
    assert landed(database) > runs
    assert (daemon.poll(), engine(database)) == (None, daemon.pid)


def test_a_screen_outlives_a_killed_daemon_and_takes_over(
    opened: Open, database: Path, daemon: subprocess.Popen[bytes]
) -> None:
    terminal = opened()
    terminal.wait_for(lambda text: has_book(text) and f"synced by pid {daemon.pid}" in text)
    runs = landed(database)
    daemon.kill()
    daemon.wait()
    until(lambda: is_held(database) and engine(database) != daemon.pid, WITHIN)
    until(lambda: landed(database) > runs, WITHIN)
    text = terminal.wait_for(lambda text: "synced by pid" not in text)
    assert has_book(text)


def test_the_next_screen_shows_the_book_of_the_two_that_were_killed(opened: Open, database: Path) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    first, runs = engine(database), landed(database)
    for pid in (first, terminal.process.pid):
        os.kill(pid, signal.SIGKILL)
    terminal.process.wait(5)
    until(lambda: not is_held(database), WITHIN)
    opened().wait_for(has_book)
    until(lambda: landed(database) > runs, WITHIN)
    assert engine(database) != first


def test_the_engine_behind_a_screen_lets_it_go_first(opened: Open, database: Path) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    of_the_screen = os.getpriority(os.PRIO_PROCESS, terminal.process.pid)
    assert os.getpriority(os.PRIO_PROCESS, engine(database)) == min(of_the_screen + 10, 19)
