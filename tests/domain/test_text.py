"""Text from a broker cannot move the cursor, hide or reorder anything."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.domain.text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("AAPL  260417C00250000", "AAPL  260417C00250000"),
        ("Müller & 会社 – 5 %", "Müller & 会社 – 5 %"),
        ("[red]x[/]", "[red]x[/]"),
        ("\x1b[2J", "␛[2J"),
        ("a\tb\r\n", "a␉b␍␊"),
        ("\x7f\x00", "␡␀"),
        ("\x9b31m", "\\x9b31m"),
        ("A\u202eB\u200bC", "A\\u202eB\\u200bC"),
        ("\u2028", "\\u2028"),
        ("\U000e0041", "\\ue0041"),
    ],
)
def test_controls_become_marks_and_the_rest_stays(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_invisible_is_left(text: str) -> None:
    assert {unicodedata.category(character) for character in visible(text)}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
