"""A course of figures in one line of blocks, each line by its own least and greatest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cotrader_tui.domain.text import UNKNOWN
from cotrader_tui.tui.present.position_columns import COURSE
from cotrader_tui.tui.present.text import Piece, Rows

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-~^"
GAP = " "
"""Where nothing is known."""
READING = Piece("reading…")


def sparkline(points: Sequence[float | None], *, is_ascii: bool = False) -> str:
    """A character for each of `points`, a gap for one that is unknown; `–` where all are. What does not move is in the
    middle."""
    steps = ASCII if is_ascii else BLOCKS
    known = [point for point in points if point is not None]
    if not known:
        return UNKNOWN
    least, span = min(known), max(known) - min(known)

    def height(point: float) -> int:
        share = (point - least) / span if span > 0 else 0.5
        return min(int(share * len(steps)), len(steps) - 1)

    return "".join(GAP if point is None else steps[height(point)] for point in points)


class RowsWithCourses:
    """Rows of positions with how their marks went."""

    def __init__(self, rows: Rows, marks: Mapping[int, Sequence[float | None]] | None, *, is_ascii: bool) -> None:
        """`marks` by the ids of positions; `None` while they are read."""
        self.keys = rows.keys
        self._rows, self._marks, self._is_ascii = rows, marks, is_ascii

    def cells(self, key: str) -> Mapping[str, Piece]:
        cells = self._rows.cells(key)
        return {**cells, COURSE.key: self._course(int(key))} if key.isdigit() else cells

    def _course(self, position: int) -> Piece:
        if self._marks is None:
            return READING
        return Piece(sparkline(self._marks.get(position, ()), is_ascii=self._is_ascii))
