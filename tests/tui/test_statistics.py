"""Screen 5: read in a thread when it is shown, again every 30 seconds, and never in the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from textual.pilot import Pilot

from cotrader_tui.brokers.base import AccountFailure
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.errors import BrokerError, ErrorKind
from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.present import statistics
from tests import builders
from tests.builders import NOW, account
from tests.commands.books import hundred_shares, sync
from tests.tui.book import Watch, book, make_app, settled, shown, table_of, tell, text_of

REFUSED = BrokerError(ErrorKind.NETWORK, "No answer from the \x1b[31mbroker.", "It is tried again.")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Of one connection a whole, a partial and a failed cycle, of another a whole one."""
    path = tmp_path / "book.db"
    sync(path, hundred_shares(), now=NOW - 3 * MINUTE)
    sync(path, hundred_shares(), AccountFailure(account("5WT00002"), REFUSED), now=NOW - 2 * MINUTE)
    sync(path, error=REFUSED, now=NOW - MINUTE)
    sync(path, hundred_shares("KO", of=account("U7654321")), name="second", now=NOW)
    return path


def read(database: Path) -> PortfolioSnapshot:
    with Reader(database) as reader:
        return reader.snapshot(exchange_date(NOW))


@asynccontextmanager
async def opened(
    database: Path, *, watch: Watch | None = None, size: tuple[int, int] = (140, 40)
) -> AsyncIterator[Pilot[Any]]:
    app = make_app(database=database, clock=watch or (lambda: NOW))
    async with shown(read(database), app, size) as pilot:
        await pilot.press("5")
        await read_again(pilot)
        yield pilot


async def read_again(pilot: Pilot[Any]) -> None:
    """Wait until a thread that reads has been heard."""
    await settled(pilot)
    await pilot.app.workers.wait_for_complete()
    await settled(pilot)


async def sync_second(database: Path, now: datetime) -> None:
    """One more whole cycle of the second connection."""
    answer = hundred_shares("KO", of=account("U7654321"))
    await to_thread.run_sync(lambda: sync(database, answer, name="second", now=now))


def cell(pilot: Pilot[Any], connection: str, column: str) -> str:
    return table_of(pilot).get_cell(connection, column).text


async def test_each_connection_has_its_counts_durations_and_last_error(database: Path) -> None:
    async with opened(database) as pilot:
        found = [cell(pilot, "tastytrade", column.key) for column in statistics.COLUMNS[2:]]
        assert found == [
            *("60s", "3", "66.7%", "1", "1", "0.0s", "0.0s", "11:29:00"),
            "No answer from the ␛[31mbroker. It is tried again.",
        ]
        assert [cell(pilot, "second", key) for key in ("cycles", "success", "failed", "error")] == [
            *("1", "100.0%", "0", ""),
        ]
        assert "OFFLINE 2m" in cell(pilot, "tastytrade", "state")
        assert "read <5s ago" in text_of(pilot)
        assert "2 connections" in text_of(pilot)


async def test_until_it_is_read_it_says_so(database: Path) -> None:
    rows = statistics.rows(read(database).connections, {}, NOW)
    assert [row.cells["error"].text for row in rows] == ["reading…", "reading…"]
    assert all("cycles" not in row.cells for row in rows)
    assert statistics.footing(None, "", NOW).text == "Reading the sync log…"


async def test_it_is_read_again_after_half_a_minute_and_when_somebody_comes_back(database: Path) -> None:
    watch = Watch()
    async with opened(database, watch=watch) as pilot:
        await sync_second(database, NOW + MINUTE)
        watch.forward(29)
        await tell(pilot, read(database))
        await read_again(pilot)
        assert cell(pilot, "second", "cycles") == "1"
        watch.forward(1)
        await tell(pilot, read(database))
        await read_again(pilot)
        assert cell(pilot, "second", "cycles") == "2"
        await sync_second(database, NOW + 2 * MINUTE)
        await pilot.press("1", "5")
        await read_again(pilot)
        assert cell(pilot, "second", "cycles") == "3"


async def test_it_is_not_read_while_another_screen_is_shown(database: Path) -> None:
    watch = Watch()
    async with opened(database, watch=watch) as pilot:
        await pilot.press("1")
        await sync_second(database, NOW + MINUTE)
        watch.forward(100)
        await tell(pilot, read(database))
        assert list(pilot.app.workers) == []


async def test_a_connection_made_since_says_that_it_is_being_read(database: Path) -> None:
    async with opened(database) as pilot:
        whole = read(database)
        await tell(pilot, replace(whole, connections=(*whole.connections, builders.connection("third"))))
        table_of(pilot).settle(at_once=True)
        assert cell(pilot, "third", "error") == "reading…"


async def test_a_log_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    async with shown(book(), make_app(database=tmp_path / "none.db")) as pilot:
        await pilot.press("5")
        await read_again(pilot)
        assert f"There is no database at {tmp_path / 'none.db'} yet." in text_of(pilot)


async def test_figures_once_read_stay_when_the_log_cannot_be_read_again(database: Path) -> None:
    async with opened(database) as pilot:
        await to_thread.run_sync(database.rename, database.with_suffix(".away"))
        await pilot.press("1", "5")
        await read_again(pilot)
        assert "There is no database" in text_of(pilot)
        assert cell(pilot, "second", "cycles") == "1"


async def test_a_small_terminal_keeps_the_rates_and_the_error(database: Path) -> None:
    async with opened(database, size=(80, 24)) as pilot:
        words = text_of(pilot)
        assert "66.7%" in words
        assert "No answer from the" in words


def test_only_what_never_failed_is_a_hundred_percent() -> None:
    assert statistics._percent(129_999 / 130_000) == "99.9%"
    assert statistics._percent(1.0) == "100.0%"
