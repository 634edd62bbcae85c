"""The demo broker's own figures are ours, at every age of a demo: after fills, overnight, over a weekend, rolled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cotrader_tui.analytics.reconciliation import reconcile_account
from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.brokers.demo.book import ACCOUNTS, GENERATION
from cotrader_tui.brokers.demo.client import DemoBroker
from cotrader_tui.brokers.demo.market import Market
from cotrader_tui.domain.checks import Check, Figure
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.sync import Trigger
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.cycle import run_cycle
from tests.sync.fakes import ManualClock

FRIDAY = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


def synced(path: Path, seed: int, epoch: datetime, ages: Iterable[timedelta]) -> list[tuple[timedelta, Check]]:
    """Every check of every account, of a demo synced at these ages."""
    clock, config, found = ManualClock(epoch), ConnectionConfig("demo", "demo"), []
    broker = DemoBroker(Market(seed, epoch), clock)
    with Writer(path) as writer, Reader(path) as reader:
        number = writer.ensure_connection("demo", "demo", "DEMO", config.sync_interval)
        for age in ages:
            clock.now = epoch + age
            asyncio.run(run_cycle(writer, broker, config, number, Trigger.SCHEDULED, clock, checker=reconcile_account))
            books = reader.snapshot(exchange_date(clock.now)).accounts
            fresh = [book.checks for book in books if book.checks is not None and book.checks.at == clock.now]
            found += [(age, check) for checks in fresh for check in checks.checks]
    return found


@pytest.mark.parametrize("seed", [7, 23])
def test_every_figure_agrees_from_the_first_sync_over_fills_and_a_weekend(tmp_path: Path, seed: int) -> None:
    """But for the day P&L of what was closed and purged between two syncs, of which nobody tells us."""
    ages = [*(each * 2 * _MINUTE for each in range(7)), *(each * 7 * _HOUR for each in range(1, 12))]
    found = synced(tmp_path / "demo.db", seed, FRIDAY, ages)
    assert len({age for age, _ in found}) == len(ages)
    assert len(found) >= (len(ages) * len(ACCOUNTS) - 1) * len(Figure), "at most one account failed (simulated)"
    assert [(age, check) for age, check in found if check.agrees is False] == []
    assert {check.figure for _, check in found if check.agrees is None} <= {Figure.DAY_PNL}
    assert all(check.agrees for age, check in found if age < _HOUR)


def test_on_the_day_the_book_is_rolled_only_the_day_pnl_is_unknown(tmp_path: Path) -> None:
    ages = [each * 6 * _HOUR for each in range(3)] + [GENERATION - _HOUR, GENERATION + _HOUR, GENERATION + 26 * _HOUR]
    found = synced(tmp_path / "demo.db", 7, FRIDAY, ages)
    assert {check.agrees for _, check in found} <= {True, None}
    unknown = {check.figure for age, check in found if check.agrees is None}
    assert unknown == {Figure.DAY_PNL}
    assert {check.brokers for age, check in found if age == GENERATION + _HOUR and check.figure is Figure.DAY_PNL} == {
        None
    }
