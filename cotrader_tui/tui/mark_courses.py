"""How the marks of positions went lately: read in a thread, now and then, and only while somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.apart import Apart

SPAN = timedelta(hours=24)
_EVERY = timedelta(minutes=1)

Marks = Mapping[int, tuple[float | None, ...]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MarkCourses:
    """Keeps what was read last. Use it on the loop only."""

    marks: Marks | None = None
    """By the ids of open positions, oldest first, `None` for a gap; `None` until they are read for the first time."""

    def __init__(self, then: Callable[[], None], on_trouble: Callable[[Exception], None]) -> None:
        """`then` is called when there are new ones, `on_trouble` with what keeps them from being read, once."""
        self._then, self._on_trouble = then, on_trouble
        self._apart: Apart[Marks] = Apart(self._fail)
        self._asked: tuple[datetime, int] | None = None
        self._has_failed = False

    def look(self, database: Path, now: datetime, points: int) -> None:
        """Have so many `points` read of the last 24 hours, unless that was a moment ago."""
        if self._asked is not None and self._asked[1] == points and timedelta(0) <= now - self._asked[0] < _EVERY:
            return
        self._asked = now, points
        self._apart.run(lambda: _read(database, now, points), self._keep)

    def _keep(self, marks: Marks) -> None:
        self.marks, self._has_failed = marks, False
        self._then()

    def _fail(self, error: Exception) -> None:
        is_new = not self._has_failed
        self._keep({})
        self._has_failed = True
        if is_new:
            self._on_trouble(error)


def _read(database: Path, now: datetime, points: int) -> Marks:
    step = SPAN / points
    until = now + (_EPOCH - now) % step  # so that what is past stays where it is from one look to the next
    with Reader(database) as reader:
        return reader.recent_marks(until, step, points)
