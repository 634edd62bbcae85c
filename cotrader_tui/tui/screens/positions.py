"""Screen 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.tui.arrange.grammar import Field
from cotrader_tui.tui.arrange.legs import FIELDS
from cotrader_tui.tui.arrange.plan import Plan
from cotrader_tui.tui.arrange.positions import arranged_positions
from cotrader_tui.tui.mark_courses import MarkCourses
from cotrader_tui.tui.present import positions
from cotrader_tui.tui.present.groups import LegGroup
from cotrader_tui.tui.present.position_columns import COURSE, EXTRA_COLUMNS
from cotrader_tui.tui.present.sparkline import RowsWithCourses
from cotrader_tui.tui.present.states import BookState
from cotrader_tui.tui.present.subjects import PositionSubject, Subject, UnderlyingSubject
from cotrader_tui.tui.present.text import Column
from cotrader_tui.tui.screens.position_detail import PositionDetail
from cotrader_tui.tui.screens.tables import Page, TableScreen, totals_of_some
from cotrader_tui.tui.screens.underlying_detail import UnderlyingDetail


class PositionsScreen(TableScreen):
    """Every open position."""

    area = "positions"
    columns: Sequence[Column] = positions.COLUMNS
    noun = ("position", "positions")
    more_columns = EXTRA_COLUMNS
    has_details = True
    can_group = True

    def __init__(self) -> None:
        super().__init__()
        self._groups: Mapping[str, LegGroup] = {}
        self._courses = MarkCourses(self._show_courses, lambda error: self.book_app.tell_problem(str(error)))

    @property
    def fields(self) -> Mapping[str, Field]:
        return FIELDS

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        drawn = next((column for column in self.table.visible_columns if column.key == COURSE.key), None)
        if drawn is not None:
            self._courses.look(self.book_app.database, now, drawn.width)
        super().show_book(snapshot, now, at_once=at_once)

    def _show_courses(self) -> None:
        if self.is_attached:
            self.bring_up_to_date()

    def page(self, snapshot: PortfolioSnapshot, now: datetime, plan: Plan) -> Page:
        own = positions.columns_for(snapshot, now)
        plan = replace(plan, columns=plan.arrangement.chosen(own, (*own, *self.more_columns)))
        found = arranged_positions(snapshot, now, self.figures, plan)
        self._groups, rows = found.groups, found.rows
        if any(column.key == COURSE.key for column in plan.columns):
            rows = RowsWithCourses(rows, self._courses.marks, is_ascii=self.book_app.options.is_ascii)
        count, of = len(found.shown.legs), len(snapshot.legs)
        totals = positions.totals(self.book_app.totals(found.shown, now), self.figures)
        if plan.filter:
            totals = totals_of_some(totals, "symbol", count, of)
        return Page(rows, count, of, totals, (), plan)

    def _show_page(self, page: Page, *, at_once: bool) -> None:
        symbol = page.plan.columns[0]
        if symbol.key not in page.plan.arrangement.widths:
            self.columns = (symbol, *self.columns[1:])
        super()._show_page(page, at_once=at_once)

    def group_of(self, key: str | None) -> str | None:
        if key is None or key in self._groups:
            return key
        return next((name for name, each in self._groups.items() if key in map(_key, each.legs)), None)

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        return self.empty_or(super().state(snapshot, now), snapshot, now)

    def explained(self) -> Subject | None:
        """The position under the cursor; on a group's line its underlying, if it is one's."""
        key = self.table.cursor_key if self._is_ready and self.table.display else None
        if key is None:
            return None
        group = self._groups.get(key)
        if group is None:
            return PositionSubject(int(key), self.focused_column)
        return None if group.underlying is None else UnderlyingSubject(*group.underlying, self.focused_column)

    def open_row(self, key: str) -> None:
        group = self._groups.get(key)
        if group is None:
            self.app.push_screen(PositionDetail(int(key)))
        elif group.underlying is not None:
            self.app.push_screen(UnderlyingDetail(*group.underlying))
        else:
            self.fold()


def _key(leg: Leg) -> str:
    return str(leg.position.id)
