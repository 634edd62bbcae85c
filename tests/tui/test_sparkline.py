"""The column that draws how a mark went over the last day, from what the syncs kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.arrange.arrangement import Arrangement
from cotrader_tui.tui.mark_courses import MarkCourses
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.as_text import ExportFormat, Seen
from cotrader_tui.tui.present.position_columns import COURSE
from cotrader_tui.tui.present.sparkline import ASCII, BLOCKS, sparkline
from cotrader_tui.tui.present.text import Column, Piece
from cotrader_tui.tui.screens.positions import PositionsScreen
from tests.builders import NOW
from tests.store.test_courses import sync, told
from tests.tui.book import book, make_app, settled, shown, table_of, tell
from tests.tui.test_details import until

HOUR = timedelta(hours=1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Shares that rose, with nothing stored between nine and three hours ago; the call is held since an hour ago."""
    path = tmp_path / "book.db"
    for hours, mark in ((13, "220"), (11, "222"), (3, "226"), (1, "228")):
        sync(path, NOW - hours * HOUR, told("9000", mark, has_call=hours == 1))
    return path


@asynccontextmanager
async def opened(
    database: Path, *, is_ascii: bool = False, width: int | None = None, is_watching: bool = True
) -> AsyncIterator[Pilot[Any]]:
    app = make_app(database=database, options=ScreenOptions(is_ascii=is_ascii, is_watching=is_watching))
    async with app.run_test(size=(140, 30)) as pilot:
        if is_watching:
            await until(pilot, "AAPL")
        else:
            await settled(pilot)
            await tell(pilot, book())
        widths = {} if width is None else {COURSE.key: width}
        screen_of(pilot).rearrange(Arrangement(columns=("symbol", "course", "mark"), widths=widths))
        await settled(pilot)
        yield pilot


def screen_of(pilot: Pilot[Any]) -> PositionsScreen:
    assert isinstance(pilot.app.screen, PositionsScreen)
    return pilot.app.screen


async def drawn(pilot: Pilot[Any], symbol: str) -> str:
    """What the column says of a position, once it is read."""
    for _ in range(250):
        table = table_of(pilot)
        rows = {table.get_cell(key, "symbol").text: table.get_cell(key, "course").text for key in table.model.keys}
        if "reading…" not in rows.values():
            return next(text for name, text in rows.items() if symbol in name)
        await pilot.pause(0.02)
    raise AssertionError("it is never read")


async def test_a_mark_is_drawn_in_blocks_with_what_is_not_stored_left_out(database: Path) -> None:
    async with opened(database) as pilot:
        assert await drawn(pilot, "AAPL  shares") == "     ▁▃   ▇█"
        assert await drawn(pilot, "KO") == "     ▅▅   ▅▅"
        assert (await drawn(pilot, "APR17")).strip() == "▅"


async def test_in_ascii_it_is_drawn_without_blocks(database: Path) -> None:
    async with opened(database, is_ascii=True) as pilot:
        text = await drawn(pilot, "AAPL  shares")
        assert text.isascii()
        assert text.split() == ["_.", "~^"]


async def test_a_wider_column_draws_more_points(database: Path) -> None:
    async with opened(database, width=24) as pilot:
        text = await drawn(pilot, "AAPL  shares")
        assert len(text) == 24
        assert len(text.split()) == 4


async def test_what_was_never_stored_is_unknown(database: Path) -> None:
    async with opened(database, is_watching=False) as pilot:
        # Its positions are others than those of the database, whose ids go up to 3.
        assert await drawn(pilot, "TSLA") == "–"


async def test_a_database_that_cannot_be_read_leaves_it_unknown_and_says_so_once(tmp_path: Path) -> None:
    async with opened(tmp_path / "none.db", is_watching=False) as pilot:
        assert await drawn(pilot, "AAPL") == "–"
        assert len(pilot.app._notifications) == 1


async def test_nothing_is_read_while_the_column_is_not_shown() -> None:
    async with shown(book()) as pilot:
        assert screen_of(pilot)._courses._asked is None


async def test_it_is_read_once_a_minute_and_for_a_new_width(database: Path) -> None:
    reads: list[int] = []
    done: list[Exception] = []
    async with shown(book()) as pilot:
        courses = MarkCourses(lambda: reads.append(len(courses.marks or ())), done.append)
        for seconds, points in ((0, 12), (1, 12), (59, 12), (60, 12), (61, 20), (-5, 20)):
            courses.look(database, NOW + timedelta(seconds=seconds), points)
            for _ in range(50):
                await pilot.pause(0.005)
        assert reads == [3, 3, 3, 3]  # at 0, at 60, for the width, and for a clock that was set back
        assert not done


async def test_it_cannot_be_sorted_by(database: Path) -> None:
    async with opened(database) as pilot:
        before = table_of(pilot).model.keys
        screen_of(pilot).rearrange(replace(screen_of(pilot).arrangement, sort="course"))
        await settled(pilot)
        assert table_of(pilot).model.keys == before


def test_of_each_span_the_last_snapshot_is_read(database: Path) -> None:
    with Reader(database) as reader:
        marks = reader.recent_marks(NOW, 4 * HOUR, 4)
    assert marks[1] == (220.0, 222.0, None, 228.0)
    assert marks[2] == (61.0, 61.0, None, 61.0)


def test_a_picture_is_not_taken_away_as_text() -> None:
    columns = (Column("symbol", "Symbol", 8, 0, is_text=True), COURSE)

    class Cells:
        def cells(self, key: str) -> dict[str, Piece]:
            return {"symbol": Piece(key), "course": Piece("▁▂▃")}

    assert Seen.of(columns, Cells(), ["KO"]).written(ExportFormat.CSV) == "symbol\nKO\n"


@given(st.lists(st.none() | st.floats(-1e9, 1e9)), st.booleans())
def test_every_known_point_has_a_mark_by_its_height(points: list[float | None], is_ascii: bool) -> None:
    steps, text = ASCII if is_ascii else BLOCKS, sparkline(points, is_ascii=is_ascii)
    known = [point for point in points if point is not None]
    if not known:
        assert text == "–"
        return
    assert len(text) == len(points)
    for point, mark in zip(points, text, strict=True):
        assert (mark == " ") == (point is None)
    if min(known) < max(known):
        assert text[points.index(min(known))] == steps[0]
        assert text[points.index(max(known))] == steps[-1]
