"""What `cotrader keys` says of what a terminal sends."""

from __future__ import annotations

import pytest

from cotrader_tui.tui.key_reader import KeyReader
from cotrader_tui.tui.keymap import DEFAULT_KEYMAP, Keymap


def lines(*sent: bytes, keymap: Keymap = DEFAULT_KEYMAP) -> list[list[str]]:
    """The parts of each line for `sent`, chunk by chunk."""
    reader = KeyReader(keymap)
    found = [line for chunk in sent for line in reader.feed(chunk)]
    return [[part.strip() for part in line.split("  ") if part.strip()] for line in found]


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (b"r", ["r", "r", "sync: Sync now"]),
        (b"G", ["G", "G", "bottom: Last row"]),
        (b"?", ["?", "?", "help: Help", "question_mark"]),
        (b" ", ["space", "\\x20", "no action"]),
        (b"\x04", ["ctrl+d", "\\x04", "half_down: Half a page down"]),
        (b"\r", ["enter", "\\r", "detail: Detail"]),
        (b"\x1b[A", ["up", "\\x1b[A", "up: Up"]),
        (b"\x1bOA", ["up", "\\x1bOA", "up: Up"]),
        (b"\x1b[5~", ["pageup", "\\x1b[5~", "page_up: A page up"]),
        (b"\t", ["tab", "\\t", "no action"]),
        (b"\x1b[Z", ["shift+tab", "\\x1b[Z", "no action"]),
        ("é".encode(), ["é", "\\xc3\\xa9", "no action"]),
        (b"\x1b[13;5u", ["ctrl+enter", "\\x1b[13;5u", "no action (ctrl+enter is sent by few terminals)"]),
        (b"\x01", ["ctrl+a", "\\x01", "no action (ctrl+a may not arrive (screen's own key))"]),
    ],
)
def test_a_key_is_told_with_its_name_its_bytes_and_its_action(sent: bytes, line: list[str]) -> None:
    assert lines(sent) == [[part for part in line if part]]


def test_a_key_that_comes_in_pieces_is_one() -> None:
    assert lines(b"\x1b", b"[", b"A") == [["up", "\\x1b[A", "up: Up"]]
    assert lines(b"\xc3", b"\xa9")[0][0] == "é"


def test_a_persons_keymap_counts() -> None:
    keymap = Keymap({**DEFAULT_KEYMAP.keys, "sync": ("f5",)})
    assert lines(b"r", b"\x1b[15~", keymap=keymap) == [["r", "r", "no action"], ["f5", "\\x1b[15~", "sync: Sync now"]]


@pytest.mark.parametrize(
    ("sent", "is_done"), [(b"qq", True), (b"\x03\x03", True), (b"q", False), (b"qxq", False), (b"q\x03", False)]
)
def test_the_same_ending_key_twice_in_a_row_ends_it(sent: bytes, is_done: bool) -> None:
    reader = KeyReader(DEFAULT_KEYMAP)
    for character in sent:
        list(reader.feed(bytes([character])))
    assert reader.is_done is is_done
