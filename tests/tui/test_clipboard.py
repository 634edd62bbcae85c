"""How a copy is written to the terminal."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest

from cotrader_tui.tui.clipboard import clipboard_sequence

TABLE = "AAPL  JAN15 250 C\t-3\t4.19\n" * 100
SHORTEST_BUFFER = 700
"""Characters of a control string that every GNU screen keeps."""


@pytest.mark.parametrize(
    "environ",
    [
        {"TERM": "xterm-256color"},
        {"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"},
        {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0", "STY": "7.pts-0.host"},
    ],
    ids=["bare", "tmux", "tmux in screen"],
)
def test_it_is_one_sequence_where_gnu_screen_is_not_next(environ: dict[str, str]) -> None:
    sequence = clipboard_sequence(TABLE, environ)
    assert (sequence[:7], sequence[-1]) == ("\x1b]52;c;", "\a")
    assert b64decode(sequence[7:-1]).decode() == TABLE


@pytest.mark.parametrize("text", ["", "KO", TABLE], ids=["nothing", "a word", "a table"])
def test_gnu_screen_is_given_pieces_that_it_hands_on_whole(text: str) -> None:
    sequence = clipboard_sequence(text, {"TERM": "screen", "STY": "7.pts-0.host"})
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", sequence, re.DOTALL)
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == sequence
    assert "".join(pieces) == clipboard_sequence(text, {})
    assert max(map(len, pieces)) < SHORTEST_BUFFER
