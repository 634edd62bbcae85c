"""Screen 6, and the transactions in the detail of a position."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.domain.orders import KnownOrder, Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import RunStatus, SyncCounts, SyncError, SyncKind
from cotrader_tui.domain.text import MASK
from cotrader_tui.domain.transactions import Transaction, TransactionKind
from cotrader_tui.errors import ErrorKind
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from tests import builders
from tests.builders import ACCOUNT, BROKER, NOW
from tests.commands.books import hundred_shares
from tests.commands.test_history import TellingBroker
from tests.tui.book import IRA, MARGIN, book, settled, shown, table_of, text_of, texts
from tests.tui.test_details import opened

CALL, PUT = "AAPL  260417C00250000", "AAPL  260417P00200000"
SINGLE = Order(
    MARGIN, "7001", OrderStatus.WORKING, OrderKind.LIMIT, "USD", (OrderLeg(CALL, Decimal(2), Decimal(1)),),
    "gtc", "AAPL", Decimal("2.55"), None, NOW - timedelta(days=3), NOW - timedelta(hours=1),
)  # fmt: skip
SPREAD = replace(
    SINGLE, key="7002", account=IRA, limit_price=Decimal("-1.1"),
    legs=(OrderLeg(CALL, Decimal(-1), Decimal(0)), OrderLeg(PUT, Decimal(1), Decimal(0))),
)  # fmt: skip
STOP = replace(
    SINGLE, key="7003", status=OrderStatus.RECEIVED, kind=OrderKind.TRAILING_STOP, underlying="KO", limit_price=None,
    stop_price=Decimal("57.5"), legs=(OrderLeg("KO", Decimal(-310), Decimal(0)),), time_in_force="gtc_ext",
)  # fmt: skip
FILLED = replace(SINGLE, key="6900", status=OrderStatus.FILLED, underlying="TSLA")
SEEN = NOW - timedelta(seconds=75)


def ordered(*orders: KnownOrder | Order) -> PortfolioSnapshot:
    known = [each if isinstance(each, KnownOrder) else KnownOrder(each, BROKER, SEEN) for each in orders]
    return replace(book(), orders=tuple(known))


GONE = KnownOrder(replace(SINGLE, key="6800", underlying="IWM"), BROKER, SEEN, NOW)
ALL = ordered(SINGLE, SPREAD, STOP, FILLED, GONE)


async def test_orders_stand_with_their_legs_prices_and_states() -> None:
    async with shown(ALL, size=(160, 40)) as pilot:
        await pilot.press("6")
        await settled(pilot)
        rows = [texts(pilot, at) for at in range(5)]
        assert rows[0] == [
            "AAPL", "+2 AAPL APR17 250 C", "limit", "2.55", "–", "1/2", "gtc", "● working", "5WT00001", "10:30:00",
            "1m",
        ]  # fmt: skip
        assert rows[1][1:4] == ["-1 AAPL APR17 250 C, +1 AAPL APR17 200 P", "limit", "-1.10"]
        assert (rows[2][1], rows[2][3], rows[2][4], rows[2][6]) == ("-310 KO", "–", "57.50", "gtc ext")
        assert [row[7] for row in rows] == ["● working", "● working", "○ received", "✓ filled", "? not listed"]
        assert "5 orders · READ-ONLY" in text_of(pilot)
        assert next(each.label for each in table_of(pilot).visible_columns if each.key == "in_force") == "TIF"


async def test_privacy_hides_how_much_and_at_what_price() -> None:
    async with shown(ALL, size=(160, 40)) as pilot:
        await pilot.press("6", "p")
        await settled(pilot)
        first, spread, stop, *_ = (texts(pilot, at) for at in range(5))
        assert (first[1], first[3], first[5]) == (f"+{MASK} AAPL APR17 250 C", MASK, MASK)
        assert (spread[3], stop[4]) == (MASK, MASK)
        assert not any(secret in text_of(pilot) for secret in ("2.55", "1.10", "57.50", "310"))


async def test_a_small_terminal_keeps_what_it_is_and_how_it_stands() -> None:
    async with shown(ALL, size=(80, 24)) as pilot:
        await pilot.press("6")
        await settled(pilot)
        kept = {column.key for column in table_of(pilot).visible_columns}
        assert kept >= {"underlying", "legs", "status", "limit"}
        assert all(word in text_of(pilot).replace("\n", " ") for word in ("1 Positions", "5 Stat", "6 Orders"))


async def test_an_order_follows_its_key_when_it_ends() -> None:
    async with shown(ordered(SINGLE, STOP), size=(160, 40)) as pilot:
        await pilot.press("6")
        await settled(pilot)
        keys = list(table_of(pilot).model.keys)
        assert keys == [f"{BROKER} {MARGIN.number} 7001", f"{BROKER} {MARGIN.number} 7003"]


async def test_no_orders_is_a_sentence_that_says_what_is_switched_off() -> None:
    async with shown(ordered()) as pilot:
        await pilot.press("6")
        await settled(pilot)
        words = " ".join(text_of(pilot).split())
        assert "No orders." in words
        assert "The orders of tastytrade are switched off." in words
        assert "READ-ONLY" in words


async def test_hostile_symbols_are_data() -> None:
    hostile = replace(SINGLE, underlying="[b]X\x1b[2J", legs=(OrderLeg("[red]\u202eY", Decimal(1), None),))
    async with shown(ordered(hostile), size=(160, 40)) as pilot:
        await pilot.press("6")
        await settled(pilot)
        row = texts(pilot, 0)
        assert (row[0], row[1], row[5]) == ("[b]X␛[2J", "+1 [red]\\u202eY", "–")


# The sync log


@pytest.mark.parametrize(
    ("kind", "status", "counts", "error", "expected"),
    [
        ("transactions", RunStatus.SUCCESS, SyncCounts(transactions_added=3), None, "transactions: 3 added."),
        ("orders", RunStatus.SUCCESS, SyncCounts(orders_synced=2), None, "orders: 2 listed."),
        ("orders", RunStatus.FAILED, SyncCounts(), SyncError(ErrorKind.BROKER, "No.", "Wait."), "orders: No. Wait."),
    ],
)
async def test_the_sync_log_says_what_a_run_was_of(
    kind: str, status: RunStatus, counts: SyncCounts, error: SyncError | None, expected: str
) -> None:
    run = replace(builders.sync_run(9, status, counts=counts, error=error), sync_type=kind)
    async with shown(replace(book(), runs=(run,))) as pilot:
        await pilot.press("3")
        await settled(pilot)
        assert texts(pilot, 0)[-1] == expected
        assert "0" not in texts(pilot, 0)[6:9]
        await pilot.press("enter")
        await settled(pilot)
        assert kind.capitalize() in text_of(pilot)
        assert "unchanged" not in text_of(pilot)


# Transactions of a position


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A hundred shares that were bought in two parts, and something else that was traded."""
    path = tmp_path / "book.db"
    bought = Transaction(
        ACCOUNT, "1", NOW - timedelta(days=2), TransactionKind.TRADE, "Bought 60", "USD", "AAPL", "AAPL",
        Decimal(60), Decimal("54.4"), Decimal("-0.11"), Decimal("-3264.11"),
    )  # fmt: skip
    more = replace(bought, key="2", at=NOW, quantity=Decimal(40), price=Decimal("54.65"), amount=Decimal("-2186.11"))
    other = replace(bought, key="3", symbol="KO", amount=Decimal("-77777"))
    unsure = Transaction(ACCOUNT, "4", NOW - timedelta(days=1), TransactionKind.DIVIDEND, "", "USD", "AAPL")
    broker = TellingBroker([hundred_shares()], (bought, more, other, unsure), ())
    config = ConnectionConfig(BROKER, BROKER, sync_kinds=frozenset(SyncKind))
    with Writer(path) as writer:
        asyncio.run(Engine(writer, [(config, broker)], lambda: NOW).sync_once())
    return path


async def test_a_position_shows_its_own_transactions_newest_first(database: Path) -> None:
    async with opened(database, "enter", first="AAPL  shares") as pilot:
        lines = [line.split() for line in text_of(pilot).splitlines() if " trade " in line or " dividend " in line]
        told = [[word for word in line if word not in "│┃▎█▁"] for line in lines]
        assert told[0][:6] == ["11:30:00", "trade", "40", "54.65", "-0.11", "-2,186.11"]
        assert told[1][3:8] == ["dividend", "–", "–", "–", "–"]
        assert told[2][3:8] == ["trade", "60", "54.40", "-0.11", "-3,264.11"]
        assert "77,777" not in text_of(pilot)


async def test_privacy_hides_the_amounts_of_transactions(database: Path) -> None:
    async with opened(database, "p", "enter", first="AAPL  shares") as pilot:
        line = next(line for line in text_of(pilot).splitlines() if " trade " in line)
        assert line.count(MASK) == 4
        assert "2,186" not in text_of(pilot)
