"""The program in tmux and in GNU screen: detached and seen elsewhere, copied from, and ended with its session."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal.conftest import has_book, until
from tests.terminal.emulator import Terminal
from tests.terminal.multiplexers import GnuScreen, Tmux
from tests.terminal.pictures import TERMS, is_filled, stray, walk_about
from tests.terminal.processes import NEEDS_PROC, environ_of, is_closed, ours

pytestmark = NEEDS_PROC
DEMO = [sys.executable, "-m", "cotrader_tui", "--demo"]
AT_ONCE = 2.0
"""Seconds: one to end in, and one more for a busy machine."""


@pytest.fixture
def in_tmux(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], Tmux]]:
    made: list[Tmux] = []

    def server(term: str = "tmux-256color") -> Tmux:
        made.append(Tmux(environ, tmp_path, term))
        return made[-1]

    yield server
    for each in made:
        each.end()


@pytest.fixture
def in_screen(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], GnuScreen]]:
    made: list[GnuScreen] = []

    def session(term: str = "screen") -> GnuScreen:
        made.append(GnuScreen(environ, tmp_path, term))
        return made[-1]

    yield session
    for each in made:
        each.end()


def is_gone(terminal: Terminal) -> bool:
    return terminal.process.poll() is not None


@pytest.mark.parametrize("term", TERMS)
def test_the_book_is_readable_in_tmux_in_whatever_terminal_it_plays(
    in_tmux: Callable[[str], Tmux], tmp_path: Path, term: str
) -> None:
    tmux = in_tmux(term)
    terminal = tmux.start(DEMO)
    walk_about(terminal)
    assert stray(tmux.picture) == []
    assert {environ_of(pid)["TERM"] for pid in ours(tmp_path)} == {term}


@pytest.mark.parametrize("term", ["xterm", "linux"])
def test_a_session_of_tmux_is_left_and_seen_again_elsewhere(
    in_tmux: Callable[[], Tmux], tmp_path: Path, term: str
) -> None:
    tmux = in_tmux()
    first = tmux.start(DEMO)
    first.wait_for(has_book)
    first.press("\x02d")
    until(lambda: is_gone(first), 5)
    assert len(ours(tmp_path)) == 2, "the screen and its engine go on"
    second = tmux.attach(80, 24, term)
    second.wait_for(lambda text: is_filled(text, 80))
    second.resize(160, 45)
    text = second.wait_for(lambda text: is_filled(text, 160))
    assert stray(text) == []
    second.press("3")
    second.wait_for("Trigger")


def test_a_copy_in_tmux_is_in_its_buffer_and_in_the_terminal(in_tmux: Callable[[], Tmux]) -> None:
    tmux = in_tmux()
    terminal = tmux.start(DEMO)
    terminal.wait_for(has_book)
    terminal.press("Y")
    until(lambda: bool(terminal.copied), 10)
    assert terminal.copied == [tmux.tell("show-buffer")]
    assert len(terminal.copied[0].splitlines()) > 30


def test_a_session_of_tmux_that_is_killed_takes_the_screen_and_its_engine_along(
    in_tmux: Callable[[], Tmux], tmp_path: Path, database: Path
) -> None:
    tmux = in_tmux()
    tmux.start(DEMO).wait_for(has_book)
    tmux.tell("kill-session", "-t", "book")
    assert until(lambda: not ours(tmp_path), 10) < AT_ONCE
    assert is_closed(database)


def test_what_a_shell_in_tmux_is_given_back_is_clean(in_tmux: Callable[[], Tmux]) -> None:
    """tmux answers what the program asks of its terminal; no answer may end up at the prompt."""
    tmux = in_tmux()
    terminal = tmux.start(["env", "PS1=ready> ", "/bin/sh"])
    terminal.wait_for("ready>")
    terminal.press(f"{' '.join(DEMO)}\r")
    terminal.wait_for(has_book)
    terminal.press("q")
    terminal.wait_for(lambda text: "AAPL" not in text and text.count("ready>") == 2)
    terminal.press("echo $((20 + 22))\r")
    terminal.wait_for(lambda text: text.count("ready>") == 3)
    shown = [line for line in tmux.picture.splitlines() if line]
    assert shown[-3:] == ["ready> echo $((20 + 22))", "42", "ready>"]
    assert "".join(shown[:-3]) == f"ready> {' '.join(DEMO)}"
    assert tmux.tell("display", "-p", "#{alternate_on}#{mouse_any_flag}#{cursor_flag}#{wrap_flag}").strip() == "0011"


@pytest.mark.parametrize("term", ["screen", "xterm", "linux"])
def test_the_book_is_readable_in_gnu_screen_in_whatever_terminal_it_plays(
    in_screen: Callable[[str], GnuScreen], tmp_path: Path, term: str
) -> None:
    terminal = in_screen(term).start(DEMO)
    walk_about(terminal)
    # Where there is such a type, GNU screen makes screen.xterm-256color of its own.
    assert {environ_of(pid)["TERM"].split(".")[0] for pid in ours(tmp_path)} == {term}


def test_a_session_of_gnu_screen_is_left_and_seen_again_elsewhere(
    in_screen: Callable[[], GnuScreen], tmp_path: Path
) -> None:
    session = in_screen()
    first = session.start(DEMO)
    first.wait_for(has_book)
    first.press("\x01d")
    until(lambda: is_gone(first), 5)
    assert len(ours(tmp_path)) == 2, "the screen and its engine go on"
    second = session.attach(80, 24, "xterm")
    second.wait_for(lambda text: is_filled(text, 80))
    second.resize(160, 45)
    text = second.wait_for(lambda text: is_filled(text, 160))
    assert stray(text) == []


def test_a_copy_in_gnu_screen_is_in_the_terminal_and_not_in_the_picture(in_screen: Callable[[], GnuScreen]) -> None:
    terminal = in_screen().start(DEMO)
    terminal.wait_for(has_book)
    terminal.press("Y")
    until(lambda: bool(terminal.copied), 10)
    assert len(terminal.copied[0].splitlines()) > 30
    text = terminal.wait_for("was sent to terminal")
    assert stray(text) == []
    assert has_book(text)


def test_a_gnu_screen_that_quits_takes_the_screen_and_its_engine_along(
    in_screen: Callable[[], GnuScreen], tmp_path: Path, database: Path
) -> None:
    session = in_screen()
    session.start(DEMO).wait_for(has_book)
    session.tell("quit")
    assert until(lambda: not ours(tmp_path), 10) < AT_ONCE
    assert is_closed(database)
