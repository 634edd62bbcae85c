"""Of a large book the cells that can be seen are made in the thread that works it out."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.book import SMALL
from cotrader_tui.tui.present.text import Piece, ReadyRows, Rows
from cotrader_tui.tui.screens.accounts import AccountsScreen
from cotrader_tui.tui.screens.tables import TableScreen
from cotrader_tui.tui.widgets.filter_line import FilterLine
from cotrader_tui.tui.widgets.lines import Lines
from tests import builders
from tests.builders import NOW
from tests.tui.book import book, held, numbered, shown, table_of, tell, text_of
from tests.tui.live.wire import until

MANY = 3 * SMALL


class CountingRows:
    """Rows that note in which thread each was made."""

    def __init__(self, count: int) -> None:
        self.keys: Sequence[str] = tuple(f"k{number}" for number in range(count))
        self.made: list[tuple[str, threading.Thread]] = []

    def cells(self, key: str) -> Mapping[str, Piece]:
        self.made.append((key, threading.current_thread()))
        return {"account": Piece(key)}


class CountingScreen(TableScreen):
    area = "accounts"
    columns = AccountsScreen.columns
    found = CountingRows(MANY)

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Rows:
        return self.found


class CountingApp(CotraderApp):
    MODES = {**CotraderApp.MODES, "accounts": CountingScreen}  # noqa: RUF012 - Textual's own name and type


def large() -> PortfolioSnapshot:
    legs = numbered(*(held(builders.share(f"S{number:04}"), "1", "10", "11") for number in range(MANY)))
    return replace(book(), legs=legs)


async def test_rows_in_sight_are_made_apart_and_the_others_when_they_are_scrolled_to() -> None:
    nowhere, options = Path("/nonexistent/book.db"), ScreenOptions(is_watching=False)
    app = CountingApp(database=nowhere, clock=lambda: NOW, request_sync=None, keeper=None, options=options)
    async with shown(large(), app) as pilot:
        await pilot.press("4")
        await until(lambda: "k9" in text_of(pilot))
        found = CountingScreen.found
        by_the_loop = [key for key, thread in found.made if thread is threading.main_thread()]
        assert len(found.made) >= table_of(pilot).size.height - 1
        assert by_the_loop == []
        await pilot.press("G")
        await until(lambda: f"k{MANY - 1}" in text_of(pilot))


def test_ready_rows_make_each_row_that_was_asked_for_once() -> None:
    rows = CountingRows(5)
    ready = ReadyRows(rows, ["k1", "k3"])
    assert [ready.cells(key)["account"].text for key in ("k1", "k3", "k1", "k4")] == ["k1", "k3", "k1", "k4"]
    assert [key for key, _ in rows.made] == ["k1", "k3", "k4"]
    assert ready.keys is rows.keys


async def test_a_filter_line_that_cannot_be_seen_takes_no_part_in_a_sync() -> None:
    async with shown(book()) as pilot:
        line = pilot.app.screen.query_one(FilterLine)
        before = line.query_one("#filter-count", Lines).visual
        await tell(pilot, replace(book(), legs=book().legs[1:]))
        await until(lambda: "8 positions" in text_of(pilot))
        assert line.query_one("#filter-count", Lines).visual is before
