"""What `enter` leads to: one position, one sync run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from cotrader_tui.brokers.base import BrokerSnapshot, QuarantinedRow
from cotrader_tui.domain.positions import Holding
from cotrader_tui.tui.messages import SnapshotRead
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.widgets.chart import Series, draw
from tests import builders
from tests.builders import NOW, decimal, greeks, option, quote, share
from tests.commands.books import answer, sync
from tests.tui.book import make_app, settled, tell, text_of

HOSTILE = QuarantinedRow("BAD [b]ROW", "its quantity is no number", '{"quantity": "\x1b[2J"}')


def holding(quantity: str, mark: str) -> BrokerSnapshot:
    """A short call on AAPL, marked so, with its share's price."""
    call = option("AAPL", "245")
    held = Holding(call, Decimal(quantity), decimal("4.85"), previous_close=decimal("3.42"))
    prices = [quote(call, mark), quote(share("AAPL"), "228.14")]
    told = answer(held, quotes=prices, greeks=[greeks(call, 0.2412)])
    return replace(told, underlyings=(share("AAPL"),))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three syncs: opened, marked anew, increased; the last with a row that cannot be read."""
    path = tmp_path / "book.db"
    sync(path, holding("-2", "3.60"), now=NOW - timedelta(minutes=20))
    sync(path, holding("-2", "3.30"), now=NOW - timedelta(minutes=10))
    sync(path, replace(holding("-3", "3.10"), quarantined=(HOSTILE,)), now=NOW - timedelta(seconds=8))
    return path


@asynccontextmanager
async def opened(
    database: Path, *keys: str, size: tuple[int, int] = (140, 60), first: str = "AAPL  APR17 245 C"
) -> AsyncIterator[Pilot[Any]]:
    """The app on a database, after some keys, with all that was read in threads shown; `first` is in its first row."""
    async with make_app(database=database, options=ScreenOptions()).run_test(size=size) as pilot:
        await until(pilot, first)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        await pilot.app.workers.wait_for_complete()
        await settled(pilot)
        yield pilot


async def until(pilot: Pilot[Any], words: str) -> None:
    for _ in range(250):
        await pilot.pause(0.02)
        if words in text_of(pilot):
            return
    raise AssertionError(f"{words!r} never appeared:\n{text_of(pilot)}")


async def test_a_position_shows_each_figure_with_formula_inputs_source_and_age(database: Path) -> None:
    async with opened(database, "enter") as pilot:
        words = text_of(pilot)
        for expected in (
            "+ long, - short; broker, 8s ago",
            "mark × quantity × multiplier = 3.10 × -3 × 100",
            "(mark - average open price) × quantity × multiplier = (3.10 - 4.85) × -3 × 100",
            "+525.00",
            "+36.1%",
            "228.14",
            "38 days",
        ):
            assert expected in words, expected


async def test_greeks_at_entry_and_now_are_labelled_with_their_times(database: Path) -> None:
    async with opened(database, "enter") as pilot:
        words = text_of(pilot)
        assert "Delta Δ        +0.2412     +0.2412       -72.4  per $1" in words
        assert "Now: stream, 1m ago." in words
        assert "Entry: first seen 11:10:00 New York, underlying at 228.14." in words


async def test_events_stand_newest_first_and_the_charts_are_drawn(database: Path) -> None:
    async with opened(database, "enter") as pilot:
        lines = text_of(pilot).splitlines()
        events = [line for line in lines if "opened  " in line or "increased" in line]
        assert "increased" in events[0]
        assert "-2 → -3" in events[0]
        assert "0 → -2" in events[1]
        assert any("┌──" in line for line in lines)
        assert any("3.600" in line for line in lines)


async def test_privacy_hides_the_chart_of_amounts(database: Path) -> None:
    async with opened(database, "p", "enter") as pilot:
        words = text_of(pilot)
        assert "Hidden in privacy." in words
        assert "3.600" in words
        assert "-2 → -3" not in words
        assert "525" not in words


@pytest.fixture
def synced_once(tmp_path: Path) -> Path:
    sync(tmp_path / "new.db", holding("-2", "3.60"))
    return tmp_path / "new.db"


async def test_one_sync_is_too_few_for_a_chart(synced_once: Path) -> None:
    async with opened(synced_once, "enter") as pilot:
        assert "The chart begins with the second sync." in text_of(pilot)


async def test_a_position_closed_meanwhile_keeps_its_last_figures(database: Path) -> None:
    async with opened(database, "enter") as pilot:
        snapshot = pilot.app.snapshot  # type: ignore[attr-defined]
        await tell(pilot, replace(snapshot, legs=()))
        words = text_of(pilot)
        assert "This position is no longer open. These are its last figures." in words
        assert "3.10 × -3 × 100" in words


async def test_history_that_cannot_be_read_is_said_in_words(database: Path) -> None:
    app = make_app(database=Path("/nonexistent/book.db"))
    async with app.run_test(size=(140, 60)) as pilot:
        leg = builders.leg(builders.position(share()), "12")
        app.post_message(SnapshotRead(builders.snapshot(leg)))
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, "There is no database at /nonexistent/book.db yet.")


async def test_a_sync_run_shows_its_error_and_the_rows_not_read(database: Path) -> None:
    async with opened(database, "3", "enter") as pilot:
        words = text_of(pilot)
        assert "~ partial" in words
        assert "Rows not read  1" in words
        assert "BAD [b]ROW  its quantity is no number" in words
        assert "␛[2J" in words


async def test_the_first_run_counts_what_it_added(database: Path) -> None:
    async with opened(database, "3", "G", "enter") as pilot:
        words = text_of(pilot)
        assert "✓ success" in words
        assert "1 added, 0 updated, 0 closed, 0 unchanged" in words


def test_the_chart_is_plain_text_of_its_size() -> None:
    points = tuple((NOW + timedelta(minutes=minute), float(minute % 7)) for minute in range(1000))
    lines = draw(Series("Mark", points), 60, 11, "{:%H:%M}".format).splitlines()
    assert len(lines) == 11
    assert all(len(line) <= 60 for line in lines)
    assert "\x1b" not in "".join(lines)


def test_a_flat_chart_and_equal_times_do_not_fail() -> None:
    flat = Series("Mark", ((NOW, 5.0), (NOW, 5.0)))
    assert "Mark" in draw(flat, 60, 11, "{:%H:%M}".format)


def test_a_chart_in_ascii_has_neither_braille_nor_box_drawing() -> None:
    points = tuple((NOW + timedelta(minutes=minute), float(minute % 7)) for minute in range(100))
    drawn = draw(Series("Mark", points), 60, 11, "{:%H:%M}".format, is_ascii=True)
    assert drawn.isascii()
    assert "*" in drawn
    assert "+---" in drawn


def test_a_chart_names_its_first_middle_and_last_moment_however_they_are_spaced() -> None:
    early = tuple((NOW + timedelta(seconds=each), 1.0) for each in range(50))
    last = draw(Series("Mark", (*early, (NOW + timedelta(hours=2), 2.0))), 60, 11, "{:%H:%M}".format).splitlines()[-1]
    assert last.split() == ["15:30", "16:30", "17:30"]


def test_of_many_points_the_newest_is_drawn() -> None:
    points = tuple((NOW + timedelta(minutes=minute), 1.0) for minute in range(1203))
    newest = (NOW + timedelta(minutes=1203), 9.0)
    assert "9.0" in draw(Series("Mark", (*points, newest)), 60, 11, "{:%H:%M}".format)
