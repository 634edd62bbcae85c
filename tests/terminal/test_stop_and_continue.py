"""Stopped by SIGTSTP and brought back, as a shell does it, and told to go on without having been stopped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.conftest import Open, has_book, until
from tests.terminal.emulator import Terminal
from tests.terminal.processes import NEEDS_PROC, at_home, is_closed, is_stopped, ours
from tests.terminal.tools import needed

pytestmark = NEEDS_PROC


@pytest.fixture
def shell(environ: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    """An interactive shell with job control, and the demo in its foreground."""
    command = [needed("bash", "bash"), "--norc", "--noprofile", "-i"]
    (tmp_path / "inputrc").write_text("set enable-bracketed-paste off\n")  # the shell's own would be taken for ours
    told = {"PS1": "ready> ", "INPUTRC": str(tmp_path / "inputrc")}
    with Terminal(command, {**environ, **told}, tmp_path) as terminal:
        terminal.wait_for("ready>")
        terminal.press(f"{sys.executable} -m cotrader_tui --demo\r")
        terminal.wait_for(has_book)
        yield terminal


def screen_of(home: Path) -> int:
    return next(pid for pid, words in ours(home).items() if "daemon" not in words)


def is_usable(terminal: Terminal) -> None:
    """A shell has the terminal back: it answers, and what is typed can be seen."""
    until(lambda: terminal.is_given_back, 5)
    terminal.press("echo $((20 + 22))\r")
    terminal.wait_for(lambda text: "echo $((20 + 22))" in text and "\n42\n" in text, 5)


def test_the_terminal_is_given_back_while_stopped_and_the_book_is_there_again_after_it(
    shell: Terminal, tmp_path: Path
) -> None:
    os.kill(screen_of(tmp_path), signal.SIGTSTP)
    shell.wait_for("Stopped")
    is_usable(shell)
    assert len(ours(tmp_path)) == 2, "the engine goes on"
    shell.press("fg\r")
    shell.wait_for(lambda text: has_book(text) and "ready>" not in text)
    shell.press("2")
    shell.wait_for("Underlying")
    shell.press("q")
    shell.wait_for("ready>")
    is_usable(shell)


def test_in_the_background_it_stays_stopped_and_off_the_screen(shell: Terminal, tmp_path: Path) -> None:
    os.kill(screen_of(tmp_path), signal.SIGTSTP)
    shell.wait_for("Stopped")
    shell.press("bg\r")
    shell.press("wait\r")
    shell.wait_for(lambda text: text.count("Stopped") >= 2)
    is_usable(shell)
    shell.press("fg\r")
    shell.wait_for(lambda text: has_book(text) and "ready>" not in text)
    shell.press("q")
    shell.wait_for("ready>")
    is_usable(shell)


@pytest.mark.parametrize("before", [signal.SIGSTOP, signal.SIGCONT])
def test_going_on_without_having_left_the_screen_changes_nothing(
    shell: Terminal, tmp_path: Path, before: signal.Signals
) -> None:
    """SIGSTOP cannot be heard, and service managers send SIGCONT to whatever they end."""
    pid = screen_of(tmp_path)
    os.kill(pid, before)
    if before is signal.SIGSTOP:
        shell.wait_for("Stopped")
        shell.press("fg\r")
    else:
        os.kill(pid, signal.SIGCONT)
    shell.press("2")
    shell.wait_for(lambda text: "Underlying" in text and "ready>" not in text)
    shell.press("q")
    shell.wait_for("ready>")
    is_usable(shell)


def test_a_terminal_that_vanishes_while_it_is_stopped_ends_it(shell: Terminal, tmp_path: Path, database: Path) -> None:
    os.kill(screen_of(tmp_path), signal.SIGTSTP)
    shell.wait_for("Stopped")
    shell.vanish()
    until(lambda: not at_home(tmp_path), 10)
    assert is_closed(database)


def test_asked_to_end_while_it_is_stopped_it_ends_once_it_goes_on(opened: Open, tmp_path: Path, database: Path) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    terminal.process.send_signal(signal.SIGTSTP)
    until(lambda: is_stopped(terminal.process.pid), 10)
    until(lambda: terminal.is_given_back, 5)
    for number in (signal.SIGTERM, signal.SIGCONT):
        terminal.process.send_signal(number)
    assert until(lambda: terminal.process.poll() is not None, 10) < 2
    until(lambda: not at_home(tmp_path), 5)
    until(lambda: terminal.is_given_back, 5)
    assert is_closed(database)
