"""A chart of stored figures over time. The only file that knows plotext."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from textual import events
from textual.widgets import Static

_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Series:
    """Figures over time, oldest first."""

    title: str
    points: tuple[tuple[datetime, float], ...]


def draw(series: Series, width: int, height: int, ticks: Sequence[str]) -> str:
    """The chart as lines of plain text; `ticks` are the labels of the first, middle and last point.

    plotext keeps one global figure: call it from one thread only.
    """
    import plotext

    points = series.points[:: max(1, len(series.points) // _MOST_POINTS)]
    start = points[0][0]
    seconds = [(at - start).total_seconds() for at, _ in points]
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, height)
    plotext.title(series.title)
    plotext.plot(seconds, [value for _, value in points], marker="braille")
    plotext.xticks([0, seconds[-1] / 2, seconds[-1]], list(ticks))
    return str(plotext.uncolorize(plotext.build()))


class Chart(Static):
    """Draws one series in its own size; with fewer than two points it says so instead."""

    def __init__(self, title: str) -> None:
        super().__init__(markup=False)
        self._series = Series(title, ())
        self._ticks: tuple[str, ...] = ()
        self._excuse = ""

    def show(self, series: Series, ticks: Sequence[str]) -> None:
        if (series, tuple(ticks), "") != (self._series, self._ticks, self._excuse):
            self._series, self._ticks, self._excuse = series, tuple(ticks), ""
            self._redraw()

    def show_nothing(self, excuse: str) -> None:
        """A sentence in place of the chart."""
        if excuse != self._excuse:
            self._excuse = excuse
            self._redraw()

    def on_resize(self, _: events.Resize) -> None:
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        if self._excuse or len(self._series.points) < 2:
            self.update(f"{self._series.title}\n{self._excuse or 'The chart begins with the second sync.'}")
        elif width > 20 and height > 4:
            self.update(draw(self._series, width, height, self._ticks))
