"""What charts read of the store: stretches of time, the accounts and underlying asked for, day P&L as it was kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.analytics.reconciliation import reconcile_account
from cotrader_tui.brokers.base import BrokerSnapshot, ConnectionConfig
from cotrader_tui.domain.positions import Holding
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from tests.builders import ACCOUNT, BROKER, NOW, account, balances, greeks, option, quote, share
from tests.commands.books import ToldBroker, answer

HOUR = timedelta(hours=1)
CALL = option("AAPL", "245")


def told(worth: str, mark: str, *, delta: float = 0.24, has_call: bool = True) -> BrokerSnapshot:
    """An account with ten shares and, perhaps, a short call on them."""
    shares = Holding(share("AAPL"), Decimal(10), Decimal(200), previous_close=Decimal(225))
    call = Holding(CALL, Decimal(-1), Decimal("4.85"), previous_close=Decimal("3.42"))
    other = Holding(share("KO"), Decimal(5), Decimal(60), previous_close=Decimal(60))
    held = (shares, other, *([call] if has_call else []))
    quotes = [quote(share("AAPL"), mark), quote(share("KO"), "61"), quote(CALL, "3.10")]
    return replace(answer(*held, quotes=quotes, greeks=[greeks(CALL, delta)]), balances=balances(worth, "1"))


def sync(path: Path, now: datetime, result: BrokerSnapshot) -> None:
    broker = ToldBroker([replace(result, fetched_at=now)])
    with Writer(path) as writer:
        engine = Engine(writer, [(ConnectionConfig(BROKER, BROKER), broker)], lambda: now, checker=reconcile_account)
        asyncio.run(engine.sync_once())


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Four syncs: an hour, half an hour and ten minutes ago, and now, when the call was closed."""
    path = tmp_path / "book.db"
    sync(path, NOW - HOUR, told("10000", "226", delta=0.20))
    sync(path, NOW - HOUR / 2, told("10010", "227", delta=0.22))
    sync(path, NOW - HOUR / 6, told("10020", "228", delta=0.24))
    sync(path, NOW, told("10030", "229", has_call=False))
    return path


def test_of_each_stretch_the_last_is_read(book: Path) -> None:
    with Reader(book) as reader:
        (every,) = reader.account_courses([ACCOUNT], NOW - 2 * HOUR, timedelta(seconds=1))
        (hourly,) = reader.account_courses([ACCOUNT], NOW - 2 * HOUR, HOUR)
        assert reader.oldest_snapshot() == NOW - HOUR
    assert [int(each.net_liquidating_value or 0) for each in every.points] == [10000, 10010, 10020, 10030]
    # 14:30; 15:00, 15:20 and 15:30
    assert [(each.at, int(each.net_liquidating_value or 0)) for each in hourly.points] == [
        (NOW - HOUR, 10000),
        (NOW, 10030),
    ]


def test_only_what_is_asked_for_is_read(book: Path) -> None:
    with Reader(book) as reader:
        (late,) = reader.account_courses([ACCOUNT], NOW - HOUR / 4, timedelta(seconds=1))
        other = account("5WT00009").id
        assert reader.account_courses([other], NOW - 2 * HOUR, HOUR) == ()
        assert reader.position_courses([other], ("AAPL", "USD"), NOW - 2 * HOUR, HOUR) == ()
        assert reader.position_courses([ACCOUNT], ("AAPL", "EUR"), NOW - 2 * HOUR, HOUR) == ()
    assert [each.at for each in late.points] == [NOW - HOUR / 6, NOW]


def test_day_pnl_is_kept_as_the_sync_worked_it_out(book: Path) -> None:
    with Reader(book) as reader:
        (course,) = reader.account_courses([ACCOUNT], NOW - 2 * HOUR, timedelta(seconds=1))
    # First seen today, hence from the average open price: 10 × (226 − 200) + 5 × (61 − 60) − 100 × (3.10 − 4.85)
    assert course.points[0].day_pnl == Decimal("440")


def test_positions_closed_meanwhile_are_in_the_course_of_their_underlying(book: Path) -> None:
    with Reader(book) as reader:
        found = reader.position_courses([ACCOUNT], ("AAPL", "USD"), NOW - 2 * HOUR, timedelta(seconds=1))
    shares, call = found
    assert shares.instrument.symbol == "AAPL"
    assert len(shares.points) == 4
    assert call.closed_at == NOW
    assert [each.delta for each in call.points] == [0.20, 0.22, 0.24]


def test_a_store_without_snapshots_has_no_oldest(tmp_path: Path) -> None:
    Writer(tmp_path / "new.db").close()
    with Reader(tmp_path / "new.db") as reader:
        assert reader.oldest_snapshot() is None
