"""What a person sees in a terminal, and what nobody should."""

from __future__ import annotations

import re

from tests.terminal.conftest import has_book
from tests.terminal.emulator import Terminal

TERMS = ("xterm", "xterm-256color", "tmux-256color", "screen", "linux")
_STRAY = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # control characters
    r"|\[[<>=?]|\$p|\d+;\d+[A-Za-z]|\[\d*[A-Zmu]"  # the rest of a control sequence
    r"|\](?:0|2|52);|[A-Za-z0-9+/]{40,}"  # of a title, of a copy
)
"""Text of escape sequences that a terminal did not understand."""
_NORMAL_DOWN, _APPLICATION_DOWN = "\x1b[B", "\x1bOB"
"""The key as terminals send it in their two modes."""


def stray(text: str) -> list[str]:
    """Pieces of escape sequences in a picture."""
    return _STRAY.findall(text)


def is_filled(text: str, columns: int) -> bool:
    """Whether the book is there, from its first row to its totals and from the left edge to the right."""
    reaches_edge = any(len(line) == columns and line[-1] in "╮─" for line in text.splitlines())
    return reaches_edge and "AAPL" in text and "Totals" in text


def rows(text: str) -> list[str]:
    """The names of the positions in a picture of the wide book, from the top."""
    lines = [line.strip("│ ") for line in text.splitlines() if line.startswith("│")]
    return [re.split(r"\s{3,}", line)[0].strip() for line in lines[1:]]


def walk_about(terminal: Terminal) -> None:
    """Look at the book, go down with both kinds of arrow, into the third position and out of it."""
    text = terminal.wait_for(lambda text: has_book(text) and "Totals" in text)
    assert stray(text) == []
    name = " ".join(rows(text)[2].split()[:2])
    terminal.press(_NORMAL_DOWN)
    terminal.press(_APPLICATION_DOWN)
    terminal.press("\r")
    text = terminal.wait_for(lambda text: "Net cost" in text and name in " ".join(text.splitlines()[2].split()))
    assert stray(text) == []
    terminal.press("q")
    terminal.wait_for("Avg open")
