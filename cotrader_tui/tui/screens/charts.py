"""Charts over time: what `C` opens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from textual import on, work
from textual.containers import Grid, VerticalScroll
from textual.message import Message
from textual.widget import Widget

from cotrader_tui.domain.courses import Courses
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.errors import StoreError
from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.messages import CoursesRead, DetailTrouble
from cotrader_tui.tui.present.charts import SPANS, ChartPage, counted, page, title
from cotrader_tui.tui.present.header import WIDE
from cotrader_tui.tui.present.states import Trouble, trouble_line
from cotrader_tui.tui.present.times import moment
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.widgets.chart import Chart, Series
from cotrader_tui.tui.widgets.lines import Paragraphs

_POINTS_PER_CELL = 2
"""Of braille; more cannot be seen."""


class ChartsPane(VerticalScroll):
    """Scrolls up and down; left and right choose another span."""

    class SpanMoved(Message):
        """Another span is wanted: so many further."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def action_scroll_left(self) -> None:
        self.post_message(self.SpanMoved(-1))

    def action_scroll_right(self) -> None:
        self.post_message(self.SpanMoved(+1))


class ChartsScreen(BookScreen):
    """Net liq and day P&L of the portfolio, or the Greeks of an underlying, over a span of time."""

    opened_by = "charts"
    AUTO_FOCUS = "ChartsPane"

    def __init__(self, underlying: tuple[str, str] | None) -> None:
        """The charts of an underlying and currency, or of the portfolio shown."""
        super().__init__()
        self._underlying = underlying
        self._span = 0
        self._courses: Courses | None = None
        self._read_for: tuple[object, ...] | None = None

    def compose_body(self) -> Iterator[Widget]:
        with ChartsPane(id="panel"):
            yield Grid(id="grid")
            yield Paragraphs(id="notes")

    @on(ChartsPane.SpanMoved)
    def _move_span(self, message: ChartsPane.SpanMoved) -> None:
        self._span = max(0, min(self._span + message.by, len(SPANS) - 1))
        self.bring_up_to_date()

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        if snapshot is None or not self.size.width:
            return
        panel = self.query_one("#panel")
        # A narrow panel has no lower border to say it on.
        hint = " · left, right: another" if self.size.width < WIDE else ""
        self.entitle(f"{title(self._underlying, snapshot)} · {SPANS[self._span].name}{hint}")
        panel.border_subtitle = " left, right: another span "
        newest = tuple(book.last_synced_at for book in snapshot.accounts)
        if (newest, self._span) != self._read_for:
            self._read_for = newest, self._span
            self._read(counted(snapshot), now, self._span, self.size.width * _POINTS_PER_CELL)
        self._show(snapshot, now)

    @work(thread=True, group="charts", exclusive=True, exit_on_error=False)
    def _read(self, accounts: tuple[AccountId, ...], now: datetime, span: int, points: int) -> None:
        try:
            with Reader(self.book_app.database) as reader:
                self.post_message(CoursesRead(span, self._courses_of(reader, accounts, now, span, points)))
        except StoreError as error:
            self.post_message(DetailTrouble(Trouble(error.message, error.hint)))

    def _courses_of(
        self, reader: Reader, accounts: tuple[AccountId, ...], now: datetime, span: int, points: int
    ) -> Courses:
        back = SPANS[span].back
        oldest = reader.oldest_snapshot() or now
        since = oldest if back is None else max(now - back, oldest)
        step = max((now - since) / points, timedelta(seconds=1))
        if self._underlying is None:
            return Courses(step, accounts=reader.account_courses(accounts, since, step))
        return Courses(step, positions=reader.position_courses(accounts, self._underlying, since, step))

    @on(CoursesRead)
    def _keep(self, message: CoursesRead) -> None:
        if message.span != self._span:
            return
        self._courses = message.courses
        snapshot = self.book_app.snapshot
        if snapshot is not None:
            self._show(snapshot, self.book_app.clock())

    @on(DetailTrouble)
    def _tell(self, message: DetailTrouble) -> None:
        self.query_one("#notes", Paragraphs).show([trouble_line(message.trouble)])

    def _show(self, snapshot: PortfolioSnapshot, now: datetime) -> None:
        if self._courses is None:
            return
        found: ChartPage = page(self._underlying, self._courses, snapshot, now, self.figures)
        grid = self.query_one("#grid", Grid)
        missing = len(found.charts) - len(grid.children)
        if missing > 0:
            grid.mount_all(Chart("", is_ascii=self.book_app.options.is_ascii) for _ in range(missing))
        for place, chart in enumerate(grid.query(Chart).results(Chart)):
            chart.display = place < len(found.charts)
            if not chart.display:
                continue
            facts = found.charts[place]
            if facts.excuse:
                chart.show_nothing(facts.excuse, facts.title)
            else:
                chart.show(Series(facts.title, facts.points), lambda at: moment(at, self.book_app.clock()))
        self.query_one("#notes", Paragraphs).show(found.notes)
