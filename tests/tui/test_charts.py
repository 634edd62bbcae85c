"""`C`: the portfolio and an underlying over time, from what the syncs kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from cotrader_tui.domain.courses import AccountCourse, AccountPoint, Courses
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Account, AccountBook
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.charts import page
from cotrader_tui.tui.present.figures import Figures
from tests import builders
from tests.builders import BROKER, NOW
from tests.store.test_courses import sync, told
from tests.tui.book import book, make_app, settled, tell, text_of
from tests.tui.test_details import until

HOUR = timedelta(hours=1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A year-old sync, three of the last hour, and one just now without the call."""
    path = tmp_path / "book.db"
    sync(path, NOW - timedelta(days=300), told("9000", "180", delta=0.1))
    for place, ago in enumerate((HOUR, HOUR / 2, HOUR / 6)):
        sync(path, NOW - ago, told(f"100{place}0", "226", delta=0.20 + place / 50))
    sync(path, NOW - timedelta(seconds=8), told("10030", "229", has_call=False))
    return path


@asynccontextmanager
async def opened(
    database: Path, *keys: str, size: tuple[int, int] = (140, 60), is_ascii: bool = False
) -> AsyncIterator[Pilot[Any]]:
    app = make_app(database=database, options=ScreenOptions(is_ascii=is_ascii))
    async with app.run_test(size=size) as pilot:
        await until(pilot, "AAPL")
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
            await pilot.app.workers.wait_for_complete()
            await settled(pilot)
        yield pilot


async def test_c_draws_what_the_portfolio_is_worth_and_its_day(database: Path) -> None:
    async with opened(database, "C") as pilot:
        await until(pilot, "Net liq in USD, 1 account")
        words = text_of(pilot)
        assert "All accounts · 1 day" in words
        assert "Day P&L in USD, 1 account" in words
        assert "10030" in words
        assert "10:30:00" in words
        assert "Net liq with deposits and withdrawals" in words


async def test_on_an_underlying_its_greeks_with_the_legs_of_each_point(database: Path) -> None:
    async with opened(database, "2", "C") as pilot:
        await until(pilot, "Delta Δ")
        words = text_of(pilot)
        assert "AAPL USD · 1 day" in words
        assert "2 of 2 legs with Greeks: 3 points" in words
        assert "1 of 1 leg with Greeks: 1 point" in words
        assert "a model's are not stored" in words


async def test_right_and_left_choose_the_span(database: Path) -> None:
    async with opened(database, "C", "right", "l", "right", "right", "right") as pilot:
        assert "· all " in text_of(pilot)
        await until(pilot, "2025-05-14")
        await pilot.press("left", "left", "left", "left")
        await settled(pilot)
        assert "· 1 day " in text_of(pilot)


async def test_in_a_narrow_terminal_one_stands_below_the_other_and_they_scroll(database: Path) -> None:
    async with opened(database, "C", size=(80, 24)) as pilot:
        await until(pilot, "Net liq in USD")
        assert "left, right: another" in text_of(pilot)
        await pilot.press("G")
        await settled(pilot)
        assert "Day P&L in USD, 1 account" in text_of(pilot)
        assert "Lines join what was stored." in text_of(pilot)


async def test_in_ascii_there_is_no_braille(database: Path) -> None:
    async with opened(database, "C", is_ascii=True) as pilot:
        await until(pilot, "Net liq in USD")
        chart = "\n".join(line[2:-2] for line in text_of(pilot).splitlines()[4:14])
        assert "*" in chart
        assert chart.isascii()


@pytest.fixture
def new_database(tmp_path: Path) -> Path:
    """Two syncs, a minute apart."""
    path = tmp_path / "new.db"
    sync(path, NOW - timedelta(seconds=75), told("5000", "226"))
    sync(path, NOW - timedelta(seconds=15), told("5060", "227"))
    return path


async def test_the_first_minutes_are_a_chart_already(new_database: Path) -> None:
    async with opened(new_database, "C") as pilot:
        await until(pilot, "5060")


async def test_privacy_hides_the_charts(database: Path) -> None:
    async with opened(database, "p", "C") as pilot:
        await until(pilot, "Hidden in privacy.")
        assert "10030" not in text_of(pilot)


async def test_c_closes_them_again(database: Path) -> None:
    async with opened(database, "C", "C") as pilot:
        assert len(pilot.app.screen_stack) == 1


async def test_a_new_sync_is_drawn(database: Path) -> None:
    async with opened(database, "C") as pilot:
        await until(pilot, "10030")
        await asyncio.to_thread(sync, database, NOW - timedelta(seconds=2), told("12500", "230", has_call=False))
        await until(pilot, "12500")


async def test_a_store_that_cannot_be_read_is_said() -> None:
    async with make_app().run_test(size=(140, 40)) as pilot:
        await tell(pilot, book())
        await pilot.press("C")
        await until(pilot, "There is no database at /nonexistent/book.db yet.")


def test_currencies_do_not_add_up() -> None:
    euro = AccountId(BROKER, "5WT00002")
    books = [
        builders.account_book(),
        AccountBook(Account(euro, "", "EUR"), BROKER, replace(builders.balances(), currency="EUR"), NOW),
    ]
    points = (AccountPoint(NOW, Decimal(100), None),)
    courses = Courses(HOUR, accounts=(AccountCourse(builders.ACCOUNT, points), AccountCourse(euro, points)))
    found = page(None, courses, builders.snapshot(accounts=books), NOW, Figures())
    assert [each.title for each in found.charts] == [
        "Net liq in EUR, 1 account",
        "Day P&L in EUR, 1 account",
        "Net liq in USD, 1 account",
        "Day P&L in USD, 1 account",
    ]
    assert found.charts[0].points == ((NOW, 100.0),)
    assert found.charts[0].excuse == "One point is stored of this span; a chart begins with two."
    assert found.charts[1].excuse == "Nothing is stored of this span."
