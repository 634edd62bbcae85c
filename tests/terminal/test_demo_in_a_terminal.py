"""The whole program in a real terminal: keys pressed, sizes changed, the plug pulled."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from cotrader_tui.store.lease import is_held
from tests.terminal.conftest import Open, has_book, until


def test_a_demo_from_nothing_to_the_end(opened: Open, database: Path) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    terminal.press("2")
    terminal.wait_for("Underlying")
    terminal.press("3")
    terminal.wait_for("success")
    terminal.press("r")
    terminal.wait_for("manual")
    terminal.press("\r")
    terminal.wait_for("Sync run")
    terminal.press("\x1b")
    terminal.wait_for("Trigger   Status")
    terminal.press("4")
    terminal.wait_for("Roth IRA")
    terminal.press("1")
    terminal.wait_for("Avg open")
    terminal.press("\r")
    terminal.wait_for("Net cost")
    terminal.press("q")
    terminal.wait_for("Avg open")
    terminal.press("?")
    terminal.wait_for("Half a page down")
    terminal.press("\x1b")
    terminal.wait_for(has_book)
    terminal.press("q")
    until(lambda: terminal.process.poll() is not None, 5)
    assert terminal.process.returncode == 0
    until(lambda: not is_held(database), 5)


def test_privacy_hides_amounts_and_keeps_market_prices(opened: Open) -> None:
    terminal = opened()
    text = terminal.wait_for(has_book)
    amount = re.search(r"NLV ([\d,]+)\.\d\d", text)
    assert amount is not None
    terminal.press("p")
    text = terminal.wait_for("PRIVACY")
    assert amount[1] not in text
    assert re.search(r"NLV [\d,]+", text) is None
    assert "ET" in text


@pytest.mark.parametrize(("columns", "lines"), [(60, 20), (80, 24)])
def test_a_small_terminal_shows_a_position_whole(opened: Open, columns: int, lines: int) -> None:
    text = opened(columns, lines).wait_for("AAPL")
    row = next(line for line in text.splitlines() if "AAPL" in line)
    assert re.search(r"AAPL\s.*\s-?\d+\s.*\d+\.\d\d\s.*[+-][\d,]+\.\d\d", row), row


def test_resizing_keeps_the_book(opened: Open) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    for columns, lines in ((80, 24), (200, 50), (60, 20), (120, 40)):
        terminal.resize(columns, lines)
        terminal.wait_for(lambda text: "AAPL" in text or "SPY" in text)
    terminal.press("q")
    until(lambda: terminal.process.poll() is not None, 5)


def test_the_screen_is_drawn_anew_after_another_program_wrote_over_it(opened: Open) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    terminal.press("4")
    terminal.wait_for("Roth IRA")
    terminal.scribble("wall: the machine goes down at noon")
    terminal.wait_for("at noon")
    terminal.press("\x0c")
    terminal.wait_for(lambda text: "at noon" not in text and "Roth IRA" in text)


def test_a_second_screen_shows_the_same_book_and_takes_over(opened: Open, database: Path) -> None:
    first = opened()
    first.wait_for(has_book)
    second = opened()
    second.wait_for(has_book)
    second.wait_for("synced by pid")
    first.press("q")
    until(lambda: first.process.poll() is not None, 5)
    second.wait_for(lambda text: "synced by pid" not in text, seconds=15)
    until(lambda: is_held(database), 15)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_screen_and_its_engine(opened: Open, database: Path, name: str) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    terminal.process.send_signal(signal.Signals[name])
    assert until(lambda: terminal.process.poll() is not None, 5) < 2
    until(lambda: not is_held(database), 5)


def test_a_killed_screen_takes_its_engine_along(opened: Open, database: Path) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    terminal.process.kill()
    terminal.process.wait(5)
    until(lambda: not is_held(database), 5)


def test_a_vanished_terminal_ends_the_program(opened: Open, database: Path) -> None:
    terminal = opened()
    terminal.wait_for(has_book)
    terminal.vanish()
    until(lambda: terminal.process.poll() is not None, 5)
    until(lambda: not is_held(database), 5)
