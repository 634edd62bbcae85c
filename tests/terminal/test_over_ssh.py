"""The program over a real ssh: keys, size, copy, and a client that goes away."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.books import hundred_shares, sync
from tests.terminal.conftest import has_book, until
from tests.terminal.emulator import Terminal
from tests.terminal.pictures import TERMS, is_filled, walk_about
from tests.terminal.processes import NEEDS_PROC, at_home, environ_of, is_closed, ours
from tests.terminal.sshd import Sshd

pytestmark = NEEDS_PROC
LogIn = Callable[..., Terminal]
AT_ONCE = 2.0
"""Seconds: one to end in, and one more for a busy machine."""


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("ssh") / "sshd")
    yield server
    server.end()


@pytest.fixture
def log_in(sshd: Sshd, environ: dict[str, str], tmp_path: Path) -> Iterator[LogIn]:
    terminals: list[Terminal] = []

    def log_in(*arguments: str, term: str = "xterm-256color") -> Terminal:
        settings = [f"{name}={value}" for name, value in environ.items()]
        words = [sys.executable, "-m", "cotrader_tui", *(arguments or ["--demo"])]
        command = shlex.join(["env", *settings, *words])
        terminals.append(sshd.open(f"cd {shlex.quote(str(tmp_path))} && exec {command}", term=term))
        return terminals[-1]

    yield log_in
    for terminal in terminals:
        terminal.__exit__(None, None, None)


def test_keys_sizes_copies_and_the_end_are_as_at_home(log_in: LogIn, tmp_path: Path) -> None:
    terminal = log_in()
    terminal.wait_for(has_book)
    terminal.press("2")
    terminal.wait_for("Underlying")
    terminal.press("1")
    terminal.wait_for("Avg open")
    for columns, lines in ((80, 24), (200, 50), (100, 30)):
        terminal.resize(columns, lines)
        terminal.wait_for(lambda text, columns=columns: is_filled(text, columns))  # type: ignore[misc]
    terminal.press("y")
    until(lambda: bool(terminal.copied), 10)
    assert "AAPL" in terminal.copied[0]
    terminal.press("q")
    until(lambda: terminal.process.poll() is not None, 5)
    assert terminal.process.returncode == 0
    until(lambda: terminal.is_given_back, 5)
    until(lambda: not at_home(tmp_path), 5)


@pytest.mark.parametrize("term", TERMS)
def test_the_book_is_readable_in_whatever_terminal_is_named(log_in: LogIn, tmp_path: Path, term: str) -> None:
    terminal = log_in(term=term)
    walk_about(terminal)
    told = [environ_of(pid) for pid in ours(tmp_path)]
    assert {each["TERM"] for each in told} == {term}
    assert not any("COLORTERM" in each for each in told)


@pytest.mark.parametrize("end", ["the client is killed", "its window is closed"])
def test_a_client_that_vanishes_takes_the_screen_and_its_engine_along(
    log_in: LogIn, tmp_path: Path, database: Path, end: str
) -> None:
    terminal = log_in()
    terminal.wait_for(has_book)
    assert len(ours(tmp_path)) == 2, "the screen and its engine"
    vanish(terminal, end)
    assert until(lambda: not at_home(tmp_path), 10) < AT_ONCE
    assert is_closed(database)


@pytest.mark.parametrize("end", ["the client is killed", "its window is closed"])
def test_a_client_that_vanishes_leaves_a_stored_book_whole(log_in: LogIn, tmp_path: Path, end: str) -> None:
    """Nothing is configured here: the screen reads, and starts no engine."""
    book = tmp_path / "book.db"
    sync(book, hundred_shares())
    terminal = log_in("--db", str(book))
    terminal.wait_for("AAPL")
    assert len(ours(tmp_path)) == 1
    vanish(terminal, end)
    assert until(lambda: not at_home(tmp_path), 10) < AT_ONCE
    assert is_closed(book)


def vanish(terminal: Terminal, end: str) -> None:
    if end == "its window is closed":
        terminal.vanish()
    else:
        terminal.process.send_signal(signal.SIGKILL)
