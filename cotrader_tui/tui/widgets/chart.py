"""A chart of stored figures over time. The only file that knows plotext."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from textual import events
from textual.widgets import Static

_MOST_POINTS = 400
_TOO_FEW = "The chart begins with the second sync."
_FRAME = str.maketrans({"─": "-", "│": "|"} | dict.fromkeys("┌┐└┘├┤┬┴┼", "+"))


@dataclass(frozen=True, slots=True)
class Series:
    """Figures over time, oldest first."""

    title: str
    points: tuple[tuple[datetime, float], ...]


Label = Callable[[datetime], str]
"""Says a point in time below a chart."""


def draw(series: Series, width: int, height: int, label: Label, *, is_ascii: bool = False) -> str:
    """The chart as lines of plain text, below it the first, the middle and the last point in time.

    `is_ascii`: without braille and box drawing. plotext keeps one global figure: call it from one thread only.
    """
    import plotext

    points = _thinned(series.points)
    start, end = points[0][0], points[-1][0]
    seconds = [(at - start).total_seconds() for at, _ in points]
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, height)
    plotext.title(series.title)
    plotext.plot(seconds, [value for _, value in points], marker="*" if is_ascii else "braille")
    middle = start + (end - start) / 2
    plotext.xticks([0, seconds[-1] / 2, seconds[-1]], [label(at) for at in (start, middle, end)])
    drawn = str(plotext.uncolorize(plotext.build()))
    return drawn.translate(_FRAME) if is_ascii else drawn


def _thinned(points: Sequence[tuple[datetime, float]]) -> Sequence[tuple[datetime, float]]:
    """Not many more than can be seen; the last always."""
    every = max(1, len(points) // _MOST_POINTS)
    kept = points[::every]
    return kept if kept[-1] == points[-1] else (*kept, points[-1])


class Chart(Static):
    """Draws one series in its own size; with fewer than two points it says so instead."""

    def __init__(self, title: str, *, is_ascii: bool = False) -> None:
        super().__init__(markup=False)
        self._series = Series(title, ())
        self._label: Label = str
        self._excuse = ""
        self._is_ascii = is_ascii

    def show(self, series: Series, label: Label) -> None:
        """Draw `series`; `label` says the points in time below it."""
        self._label = label
        if (series, "") != (self._series, self._excuse):
            self._series, self._excuse = series, ""
            self._redraw()

    def show_nothing(self, excuse: str, title: str | None = None) -> None:
        """A sentence in place of the chart."""
        series = Series(self._series.title if title is None else title, ())
        if (series, excuse) != (self._series, self._excuse):
            self._series, self._excuse = series, excuse
            self._redraw()

    def on_resize(self, _: events.Resize) -> None:
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        if self._excuse or len(self._series.points) < 2:
            self.update(f"{self._series.title}\n{self._excuse or _TOO_FEW}")
        elif width > 20 and height > 4:
            self.update(draw(self._series, width, height, self._label, is_ascii=self._is_ascii))
