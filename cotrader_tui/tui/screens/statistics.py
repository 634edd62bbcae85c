"""Screen 5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from textual import on, work
from textual.worker import Worker

from cotrader_tui.analytics.statistics import CycleStatistics, cycle_statistics
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import RunLog
from cotrader_tui.errors import StoreError
from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.messages import DetailTrouble, StatisticsRead
from cotrader_tui.tui.present import statistics
from cotrader_tui.tui.present.states import BookState, Trouble, trouble_line
from cotrader_tui.tui.present.text import Piece, Row
from cotrader_tui.tui.screens.tables import TableScreen

_EVERY = timedelta(seconds=30)
"""How often the sync log is read while the screen can be seen."""


class StatisticsScreen(TableScreen):
    """How often the cycles of each connection landed, and how long they took."""

    area = "statistics"
    columns = statistics.COLUMNS
    noun = ("connection", "connections")

    def __init__(self) -> None:
        super().__init__()
        self._found: Mapping[str, CycleStatistics] = {}
        self._trouble = ""
        self._asked_at: datetime | None = None
        self._read_at: datetime | None = None
        self._reading: Worker[None] | None = None

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        is_idle = self._reading is None or self._reading.is_finished
        is_due = self._asked_at is None or not timedelta(0) <= now - self._asked_at < _EVERY
        if snapshot is not None and is_idle and (at_once or is_due):
            self._asked_at = now
            self._reading = self._read()
        super().show_book(snapshot, now, at_once=at_once)

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        return statistics.rows(snapshot.connections, self._found, now)

    def totals(self, snapshot: PortfolioSnapshot, now: datetime) -> Mapping[str, Piece]:
        return {"connection": statistics.footing(self._read_at, self._trouble, now)}

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        return None if snapshot is not None and snapshot.runs else super().state(snapshot, now)

    @work(thread=True, group="statistics", exit_on_error=False)
    def _read(self) -> None:
        try:
            with Reader(self.book_app.database) as reader:
                logs, connections = reader.run_logs(), reader.connections()
        except StoreError as error:
            self.post_message(DetailTrouble(Trouble(error.message, error.hint)))
            return
        found = {each.name: cycle_statistics(logs.get(each.name, RunLog())) for each in connections}
        self.post_message(StatisticsRead(found))

    @on(StatisticsRead)
    def _keep(self, message: StatisticsRead) -> None:
        self._found, self._trouble, self._read_at = message.found, "", self.book_app.clock()
        self.bring_up_to_date()

    @on(DetailTrouble)
    def _keep_trouble(self, message: DetailTrouble) -> None:
        self._trouble = trouble_line(message.trouble)[0].text
        self.bring_up_to_date()
