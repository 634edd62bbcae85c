"""From two pictures, the one sent and the one meant, to the fewest bytes between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, count
from operator import ne
from typing import Any, NamedTuple

from cotrader_tui.tui.diff_cells import RIGHT_HALF, UNKNOWN, Line, Pens, Picture
from cotrader_tui.tui.diff_pen import switch

_CHEAPER_THAN_A_MOVE = 4
"""So many unchanged cells are rewritten rather than jumped over; `ESC [ 5 C` is four bytes."""
_MOST_BACKSPACES = 3
_MOST_TO_GROUP = 400
"""More pieces than these are sent top to bottom, without looking for a cheaper order."""
_MOVE_BYTES = 8
_ERASE = "\x1b[K"
"""From the cursor to the end of the line. With the plain pen it leaves the same on every terminal: others fill with
the pen's background only where they have back colour erase."""
_PLAIN_PEN = 0
_WORTH_ERASING = 8
"""Blanks; with a move and a switch of pen, to erase them takes about as many bytes."""
_FIRST_EMOJI = "\U0001f000"

Position = tuple[int, int] | None
"""Line and column from 0; `None` when the terminal's cursor may be anywhere."""


class Piece(NamedTuple):
    """Neighbouring cells of one line in one pen."""

    line: int
    start: int
    pen: int
    text: str
    end: int
    is_certain: bool
    """Whether every terminal takes as many cells for it as Textual does."""


def move(origin: Position, target: tuple[int, int]) -> str:
    """The cheapest way to put the cursor on `target`."""
    line, column = target
    if origin == target:
        return ""
    absolute = f"\x1b[{line + 1};{column + 1}H" if column else f"\x1b[{line + 1}H" if line else "\x1b[H"
    if origin is None or line < origin[0]:
        return absolute
    down, right = line - origin[0], column - origin[1]
    ways = [absolute]
    if not column and down < 2:
        ways.append("\r" + "\n" * down)
    vertical = "" if not down else "\x1b[B" if down == 1 else f"\x1b[{down}B"
    if right >= 0:
        ways.append(vertical + ("" if not right else "\x1b[C" if right == 1 else f"\x1b[{right}C"))
    elif -right <= _MOST_BACKSPACES:
        ways.append(vertical + "\b" * -right)
    if not down:
        ways.append(f"\x1b[{column + 1}G")
    return min(ways, key=len)


class DiffScreen:
    """What the terminal shows beside what it is meant to show."""

    def __init__(self) -> None:
        self.pens = Pens()
        self.meant = Picture(self.pens)
        self._sent: dict[int, Line] = {}
        self._pen: int | None = None
        self._at: Position = None
        self._switches: dict[tuple[int | None, int], str] = {}

    @property
    def is_up_to_date(self) -> bool:
        """Whether nothing was read since the last `changes` that took everything."""
        return not self.meant.touched and not self._rest()

    def forget_sent(self) -> None:
        """The terminal may show anything: what is meant is due again, all of it."""
        self._sent.clear()
        self._pen = self._at = None
        self.meant.touch_all()

    def forget(self) -> None:
        """Neither what is shown nor what is meant is known."""
        self.meant.forget()
        self.forget_sent()

    def changes(self, most: int | None = None) -> str:
        """What to send so that the terminal shows what is meant.

        With `most`, only so many lines that about as many bytes come out; the others stay due.
        """
        pieces: list[Piece] = []
        size = 0
        for number in sorted(self.meant.touched):
            if most is not None and size >= most:
                break
            found = list(self._line_pieces(number, *self.meant.touched.pop(number)))
            size += sum(len(piece.text) + _MOVE_BYTES for piece in found)
            pieces += found
        output, self._pen, self._at = self._cheapest(pieces)
        if not self.meant.touched and (rest := self._rest()):
            output += rest
            self._at = self.meant.cursor
        return output

    def _rest(self) -> str:
        """The move to where the cursor is to rest. Textual rests it at the top left where nobody types."""
        return move(self._at, self.meant.cursor) if any(self.meant.cursor) else ""

    def _line_pieces(self, number: int, first: int, last: int) -> Iterator[Piece]:
        """The pieces of a line that differ between two columns; they then count as sent."""
        line = self.meant.lines[number]
        sent = self._sent.setdefault(number, Line())
        sent.reach(len(line.texts))
        runs = changed_runs(line, sent, first, last)
        blank = blank_end(line, runs, self.meant.width)
        for start, end in runs:
            yield from _pieces(number, line, start, min(end, blank))
            sent.texts[start:end] = line.texts[start:end]
            sent.pens[start:end] = line.pens[start:end]
        if blank < self.meant.width:
            yield Piece(number, blank, _PLAIN_PEN, _ERASE, blank, is_certain=True)
            sent.texts[blank:] = line.texts[blank:]
            sent.pens[blank:] = line.pens[blank:]

    def _cheapest(self, pieces: Sequence[Piece]) -> tuple[str, int | None, Position]:
        in_order = self._encoded(pieces)
        if not 1 < len(pieces) <= _MOST_TO_GROUP:
            return in_order
        # A true colour costs some 19 bytes to switch to, a move at most 8: group by pen, the current one first.
        grouped = sorted(pieces, key=lambda piece: (piece.pen != self._pen, self._look(piece.pen), piece[:2]))
        return min(in_order, self._encoded(grouped), key=lambda each: len(each[0]))

    def _look(self, pen: int) -> tuple[str, str]:
        return self.pens[pen].background, self.pens[pen].foreground

    def _encoded(self, pieces: Iterable[Piece]) -> tuple[str, int | None, Position]:
        output: list[str] = []
        pen, at = self._pen, self._at
        for piece in pieces:
            output.append(move(at, (piece.line, piece.start)))
            if pen != piece.pen:
                output.append(self._switch(pen, piece.pen))
                pen = piece.pen
            output.append(piece.text)
            # Behind the last column a terminal's cursor stands on or after it, as it likes.
            is_sure = piece.is_certain and piece.end < self.meant.width
            at = (piece.line, piece.end) if is_sure else None
        return "".join(output), pen, at

    def _switch(self, old: int | None, new: int) -> str:
        if (old, new) not in self._switches:
            self._switches[old, new] = switch(None if old is None else self.pens[old], self.pens[new])
        return self._switches[old, new]


def changed_runs(line: Line, sent: Line, first: int, last: int) -> list[tuple[int, int]]:
    """Start and end of what differs from `first` to `last`; short gaps are closed, wide characters whole."""
    runs: list[tuple[int, int]] = []
    for column in _changed(line, sent, first, last):
        if runs and (column == runs[-1][1] or _is_worth_rewriting(line, runs[-1][1], column)):
            runs[-1] = runs[-1][0], column + 1
        else:
            runs.append((column, column + 1))
    return [_whole(line, start, end) for start, end in runs]


def blank_end(line: Line, runs: Sequence[tuple[int, int]], width: int) -> int:
    """The first column to erase the line from; `width` where that is not worth it, or not all behind is plain blank."""
    if not runs or len(line.texts) != width or line.texts[-1] != " " or runs[-1][1] - runs[-1][0] < _WORTH_ERASING:
        return width
    begin = width
    while begin and line.texts[begin - 1] == " " and line.pens[begin - 1] == _PLAIN_PEN:
        begin -= 1
    changed = sum(max(0, end - max(start, begin)) for start, end in runs)
    first = next((max(start, begin) for start, end in runs if end > begin), width)
    return first if changed >= _WORTH_ERASING else width


def _changed(line: Line, sent: Line, first: int, last: int) -> list[int]:
    """The known cells that differ."""
    found = _differing(line.texts[first:last], sent.texts[first:last])
    if other := _differing(line.pens[first:last], sent.pens[first:last]):
        found = sorted({*found, *other})
    return [first + at for at in found if line.texts[first + at] != UNKNOWN]


def _differing(left: list[Any], right: list[Any]) -> list[int]:
    if left == right:
        return []
    return list(compress(count(), map(ne, left, right)))


def _whole(line: Line, start: int, end: int) -> tuple[int, int]:
    """A run with all of the wide characters and clusters at its ends; a terminal may have joined them, as in flags."""
    while start and (line.texts[start] == RIGHT_HALF or not _is_certain(line.texts[start - 1])):
        start -= 1
    while end < len(line.texts) and (line.texts[end] == RIGHT_HALF or not _is_certain(line.texts[end])):
        end += 1
    return start, end


def _is_worth_rewriting(line: Line, start: int, end: int) -> bool:
    """Whether the unchanged cells from `start` to `end` cost less than a move over them."""
    if end - start > _CHEAPER_THAN_A_MOVE or len(set(line.pens[start - 1 : end + 1])) > 1:
        return False
    return all(text.isascii() and text not in (UNKNOWN, RIGHT_HALF) for text in line.texts[start:end])


def _pieces(number: int, line: Line, start: int, end: int) -> Iterator[Piece]:
    """A run, cut where the pen changes and behind characters whose width terminals do not agree on."""
    begin = start
    for column in range(start, end):
        following = column + 1
        is_last = following == end
        is_certain = _is_certain(_character(line, column))
        is_cut = not is_certain and not is_last and _is_certain(_character(line, following))
        if is_last or is_cut or line.pens[following] != line.pens[column]:
            yield Piece(number, begin, line.pens[begin], "".join(line.texts[begin:following]), following, is_certain)
            begin = following


def _character(line: Line, column: int) -> str:
    """What stands in a cell, also in the right half of it."""
    return line.texts[column - 1] if column and line.texts[column] == RIGHT_HALF else line.texts[column]


def _is_certain(text: str) -> bool:
    """Clusters and emoji are as wide as the terminal's own tables have them."""
    return len(text) <= 1 and text < _FIRST_EMOJI
