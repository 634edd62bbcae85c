"""The book stands on the terminal before the screen is loaded, and gives way to it without a gap."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

from tests.terminal.conftest import Open, has_book, until
from tests.terminal.emulator import UNKNOWN_TO_THE_EMULATOR, Terminal

OPENING = "opening…"
SLOW_START = """
import os, sys, threading
from cotrader_tui.tui.glance import Glance
with Glance(2) as glance:
    glance.show(["a book"])
    print("shown", file=sys.stderr)
    {then}
"""


@pytest.fixture
def with_book(opened: Open) -> Open:
    """The demo has been there before."""
    before = opened()
    before.wait_for(has_book)
    before.press("q")
    until(lambda: before.process.poll() is not None, 5)
    return opened


def pictures(output: bytes) -> Iterator[str]:
    """What the terminal showed at each of the cursor's moves."""
    screen = pyte.Screen(140, 40)
    stream = pyte.ByteStream(screen)
    for piece in re.split(rb"(?=\x1b\[[0-9;]*H)", UNKNOWN_TO_THE_EMULATOR.sub(b"", output)):
        stream.feed(piece)
        yield "\n".join(screen.display)


def test_the_book_never_leaves_the_terminal_while_the_screen_takes_over(with_book: Open) -> None:
    terminal = with_book()
    terminal.wait_for(lambda text: "AAPL" in text and OPENING in text)
    terminal.wait_for(lambda text: OPENING not in text and "Help" in text)
    shown = [("AAPL" in picture, OPENING in picture) for picture in pictures(terminal.output)]
    since = shown.index((True, True))
    assert shown[-1] == (True, False)
    assert [number for number, (has_rows, _) in enumerate(shown) if number > since and not has_rows] == []


def test_a_key_pressed_before_the_screen_is_there_is_taken_and_not_echoed(with_book: Open) -> None:
    terminal = with_book()
    terminal.wait_for(OPENING)
    terminal.press("4")
    text = terminal.wait_for(lambda text: "Roth IRA" in text and OPENING not in text)
    assert "Help" in text


def slow_start(then: str, environ: dict[str, str], folder: Path) -> Terminal:
    return Terminal([sys.executable, "-c", SLOW_START.format(then=then)], environ, folder)


@pytest.mark.parametrize(
    "then", ["raise ValueError('it broke')", "os.kill(os.getpid(), 15)", "os.kill(os.getpid(), 1)"]
)
def test_the_terminal_is_given_back_as_it_was_if_the_screen_does_not_come(
    then: str, environ: dict[str, str], tmp_path: Path
) -> None:
    with slow_start(then, environ, tmp_path) as terminal:
        until(lambda: terminal.process.poll() is not None, 10)
        until(lambda: terminal.is_given_back, 5)
        assert terminal.process.returncode != 0
        assert terminal.is_echoing


def test_meanwhile_nothing_is_echoed_and_no_key_ends_it(environ: dict[str, str], tmp_path: Path) -> None:
    with slow_start("threading.Event().wait()", environ, tmp_path) as terminal:
        terminal.wait_for("shown")
        assert not terminal.is_echoing
        terminal.press("\x03\x1aq")
        terminal.process.send_signal(signal.SIGTERM)
        until(lambda: terminal.process.poll() is not None, 10)
        assert terminal.process.returncode == 128 + signal.SIGTERM
