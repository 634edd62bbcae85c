"""What the diff sends, and what it leaves alone."""

from __future__ import annotations

import itertools

import pytest

from cotrader_tui.tui.diff_output import move
from cotrader_tui.tui.diff_pen import PLAIN, Pen, applied, switch
from cotrader_tui.tui.diff_stream import SYNC_END, SYNC_START, DiffStream
from tests.tui.live.terminals import Emulator

_SIZE = (20, 6)


class Wire:
    """A stream and the terminal behind it, which takes a piece when told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.terminal = Emulator(*_SIZE)
        self.stream = DiffStream(lambda data: self.sent.append(data.decode()), lambda: _SIZE)
        self.stream.start()

    def show(self, frame: str) -> None:
        self.stream.write(SYNC_START)
        self.stream.write(f"{frame}\x1b[1;1H")
        self.stream.write(SYNC_END)
        self.stream.flush()

    def take(self, seconds: float = 0.0) -> str:
        """The terminal takes everything; returns what it was."""
        taken = ""
        while self.sent:
            data = "".join(self.sent)
            self.sent.clear()
            self.terminal.feed(data)
            taken += data
            self.stream.written(seconds)
        return taken


def test_the_same_frame_again_sends_nothing() -> None:
    wire = Wire()
    wire.show("\x1b[1;1H\x1b[31mred\x1b[0m plain")
    assert wire.take() == "\x1b[H\x1b[0;31mred\x1b[m plain"
    wire.show("\x1b[1;1H\x1b[31mred\x1b[0m plain")
    assert wire.take() == ""
    assert wire.stream.is_drained()


def test_only_what_differs_is_sent() -> None:
    wire = Wire()
    wire.show("\x1b[1;1H1,204.55  1,204.55")
    wire.take()
    wire.show("\x1b[1;1H1,204.55  1,904.55")
    assert wire.take() == "\x1b[13G9"
    assert wire.terminal.text()[0] == "1,204.55  1,904.55"


def test_while_the_terminal_is_busy_only_the_newest_is_kept() -> None:
    wire = Wire()
    for number in range(100, 200):
        wire.show(f"\x1b[2;1H{number}")
        assert not wire.stream.is_drained()
    assert wire.sent == ["\x1b[2H\x1b[m100"]
    assert wire.take() == "\x1b[2H\x1b[m100\b\b99"
    assert wire.terminal.text()[1] == "199"


def test_a_slow_terminal_gets_small_pieces() -> None:
    wire = Wire()
    wire.show("\x1b[1;1Hx")
    wire.take(seconds=1)
    stream = DiffStream(lambda data: wire.sent.append(data.decode()), lambda: (300, 50))
    stream.start()
    stream.written(1.0)
    stream.write("".join(f"\x1b[{line};1H{'abcdefghij' * 30}" for line in range(1, 51)))
    stream.flush()
    assert 1_000 < len(wire.sent[-1]) < 3_000
    stream.written(1.0)
    assert "\x1b[1;1H" not in wire.sent[-1]
    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    "aside",
    [
        "\x07",
        "\x1b]0;a title\x07",
        "\x1b]52;c;aGVsbG8=\x07",
        "\x1bP\x1b]52;c;aGVs\x1b\\\x1bPbG8=\x07\x1b\\",
        "\x1b[?1000h",
        "\x1b[>25u",
        "\x1b[?2026$p",
    ],
)
def test_what_says_nothing_about_cells_goes_through_and_changes_nothing(aside: str) -> None:
    wire = Wire()
    wire.show("\x1b[1;1Hhello")
    wire.take()
    wire.stream.write(aside)
    assert wire.take() == aside
    wire.show("\x1b[1;1Hhello")
    assert wire.take() == ""


def test_what_is_not_understood_goes_through_in_its_place_and_nothing_is_known_behind_it() -> None:
    wire = Wire()
    wire.show("\x1b[1;1H\x1b[31mbefore\x1b[0m")
    wire.show("\x1b[2;1Hwaiting")
    unknown = "\x1b[2J\x1b[1;1Helsewhere"
    wire.stream.write(unknown)
    sent = wire.take()
    assert sent.index("waiting") < sent.index(unknown)
    assert wire.terminal.text() == ["elsewhere", "", "", "", "", ""]
    wire.show("\x1b[1;1H\x1b[31mbefore\x1b[0m\x1b[2;1Hwaiting")
    assert "before" in wire.take()
    assert wire.terminal.text()[:2] == ["beforeere", "waiting"]


@pytest.mark.parametrize("text", ["世界", "👩\u200d👩\u200d👧", "e\u0301", "☎\ufe0f", "🇩🇪", "a世b"])
def test_wide_and_combined_characters_are_sent_whole_and_what_follows_stays_in_place(text: str) -> None:
    wire = Wire()
    wire.show("\x1b[1;1Habcdefghijklm")
    wire.take()
    wire.show(f"\x1b[1;3H{text}\x1b[1;12HX")
    sent = wire.take()
    assert text in sent
    meant = Emulator(*_SIZE)
    meant.feed(f"\x1b[1;1Habcdefghijklm\x1b[1;3H{text}\x1b[1;12HX")
    assert wire.terminal.text() == meant.text()
    wire.show("\x1b[1;1Habcdefghijklm")
    wire.take()
    assert wire.terminal.text()[0] == "abcdefghijklm"


def test_a_line_that_ends_in_plain_blanks_is_erased_from_there() -> None:
    wire = Wire()
    wire.show("\x1b[1;1H" + "x" * 20)
    wire.take()
    wire.show("\x1b[1;1H" + "xx".ljust(20))
    assert wire.take() == "\x1b[1;3H\x1b[K"
    assert wire.terminal.text()[0] == "xx"
    wire.show("\x1b[1;1Hxx" + " " * 17 + "y")
    assert wire.take() == "\x1b[17Cy"


@pytest.mark.parametrize("pen", ["\x1b[44m", "\x1b[4m", "\x1b[7m", "\x1b[31m"])
def test_blanks_that_are_not_plain_are_written(pen: str) -> None:
    wire = Wire()
    wire.show("\x1b[1;1H" + "x" * 20)
    wire.take()
    wire.show(f"\x1b[1;1H{pen}" + " " * 20)
    assert " " * 20 in wire.take()


def test_some_blanks_are_written_and_those_in_the_middle_too() -> None:
    wire = Wire()
    wire.show("\x1b[1;1H" + "x" * 20)
    wire.take()
    wire.show("\x1b[1;1H" + "x" * 15 + " " * 5)
    assert wire.take() == "\x1b[1;16H" + " " * 5
    wire.show("\x1b[1;1H" + "x" + " " * 18 + "x")
    assert " " * 14 in wire.take()
    assert wire.terminal.text()[0] == "x" + " " * 18 + "x"


def test_a_terminal_that_shows_something_else_meanwhile_gets_everything_again() -> None:
    wire = Wire()
    wire.show("\x1b[1;1Hhello\x1b[6;1Hlast")
    wire.take()
    wire.stream.stop()
    wire.show("\x1b[1;1Hnewer")
    assert wire.take() == "\x1b[m"
    wire.terminal.feed("\x1b[2J\x1b[3;3Hshell $")
    wire.stream.start()
    wire.take()
    assert wire.terminal.text()[0] == "newer"
    assert wire.terminal.text()[5] == "last"


def test_redraw_sends_everything_again() -> None:
    wire = Wire()
    wire.show("\x1b[1;1Hhello")
    wire.take()
    wire.stream.redraw()
    assert "hello" in wire.take()


def test_nothing_is_drawn_outside_a_terminal_that_has_shrunk() -> None:
    wire = Wire()
    wire.stream.resized()
    wire.show("\x1b[1;1H" + "x" * 40 + "\x1b[9;1Hbelow")
    sent = wire.take()
    assert sent.count("x") == _SIZE[0]
    assert "below" not in sent


def test_pens_are_read_as_a_terminal_reads_them() -> None:
    assert applied(PLAIN, "1;38;2;1;2;3;48;5;7") == Pen("38;2;1;2;3", "48;5;7", frozenset({1}))
    assert applied(Pen("31", "41", frozenset({1, 2, 7})), "22;39") == Pen("", "41", frozenset({7}))
    assert applied(Pen("31"), "") == applied(Pen("31"), "0") == PLAIN
    assert applied(PLAIN, "38;2;1") is None
    assert applied(PLAIN, "10") is None


def test_a_switch_of_pen_leads_to_the_pen_by_any_way() -> None:
    pens = [
        PLAIN,
        Pen("31"),
        Pen("38;2;9;8;7", "48;5;3", frozenset({1})),
        Pen("38;2;9;8;7", "48;5;3", frozenset({2, 7})),
        Pen("", "100", frozenset({1, 2, 4})),
    ]
    for old, new in itertools.product([None, *pens], pens):
        sequence = switch(old, new)
        reached = old or Pen("35", "45", frozenset({1, 3}))
        if sequence:
            found = applied(reached, sequence.removeprefix("\x1b[").removesuffix("m"))
            assert found is not None
            reached = found
        assert reached == new


def test_a_move_leads_to_its_target_by_any_way() -> None:
    places = list(itertools.product(range(4), (0, 1, 2, 5, 9, 13)))
    for origin, target in itertools.product(places, places):
        terminal = Emulator(20, 6)
        terminal.feed(f"\x1b[{origin[0] + 1};{origin[1] + 1}H" + move(origin, target))
        assert terminal.cursor == target
        assert len(move(origin, target)) <= len(move(None, target))
