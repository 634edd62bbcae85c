"""`cotrader transactions` and `cotrader orders`: their rows, which of them, and what is said beside them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cotrader_tui.brokers.base import AccountResult, ConnectionConfig, Listing
from cotrader_tui.commands import history
from cotrader_tui.commands.history import ORDER_KEYS, TRANSACTION_KEYS
from cotrader_tui.commands.output import Format
from cotrader_tui.config import Settings
from cotrader_tui.domain.orders import Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.sync import SyncKind
from cotrader_tui.domain.text import MASK
from cotrader_tui.domain.transactions import Transaction, TransactionKind
from cotrader_tui.errors import ConfigError
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from tests.builders import ACCOUNT, BROKER, NOW, account
from tests.commands.books import ToldBroker, answer, hundred_shares, settings, sync
from tests.commands.conftest import Home, RunCommand

CALL = "AAPL  260417C00250000"
SALE = Transaction(
    ACCOUNT, "811", NOW - timedelta(hours=1), TransactionKind.TRADE, "Sold 2 @ 6.20", "USD", CALL, "AAPL",
    Decimal(-2), Decimal("6.20"), Decimal("-2.26"), Decimal("1237.74"),
)  # fmt: skip
INTEREST = Transaction(ACCOUNT, "700", NOW - timedelta(days=9), TransactionKind.INTEREST, "Interest", "USD")
SPREAD = Order(
    ACCOUNT, "7001", OrderStatus.WORKING, OrderKind.LIMIT, "USD",
    (OrderLeg(CALL, Decimal(2), Decimal(1)), OrderLeg("AAPL", Decimal(-100), None)),
    "gtc", "AAPL", Decimal("-1.10"), None, NOW - timedelta(days=2), NOW,
)  # fmt: skip
DONE = replace(SPREAD, key="6999", status=OrderStatus.FILLED, legs=SPREAD.legs[:1])


class TellingBroker(ToldBroker):
    """Also tells each account's transactions and orders."""

    def __init__(
        self, results: Sequence[AccountResult], booked: Sequence[Transaction], listed: Sequence[Order]
    ) -> None:
        super().__init__(results)
        self._booked = booked
        self._listed = listed

    async def transactions(self, account: Account, since: datetime) -> Listing[Transaction]:
        return Listing(tuple(each for each in self._booked if each.account == account.id))

    async def orders(self, account: Account) -> Listing[Order]:
        return Listing(tuple(each for each in self._listed if each.account == account.id))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A book of two accounts in which something was traded and something is ordered."""
    path = tmp_path / "data" / "cotrader.db"
    other = account("5WT00002")
    of_other = [replace(SALE, account=other.id, key="812", at=NOW), replace(SPREAD, account=other.id, key="7002")]
    results = (hundred_shares(), hundred_shares(of=other))
    broker = TellingBroker(results, (SALE, INTEREST, of_other[0]), (SPREAD, DONE, of_other[1]))  # type: ignore[arg-type]
    config = ConnectionConfig(BROKER, BROKER, sync_kinds=frozenset(SyncKind))
    with Writer(path) as writer:
        asyncio.run(Engine(writer, [(config, broker)], lambda: NOW).sync_once())
    return path


Ask = Callable[..., tuple[int, str, str]]


def ask_transactions(told: Settings, form: Format = Format.JSON, limit: int = 50) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = history.transactions(told, form, limit, NOW, out, err)
    return code, out.getvalue(), err.getvalue()


def ask_orders(
    told: Settings, form: Format = Format.JSON, *, everything: bool = False, now: datetime = NOW
) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = history.orders(told, form, now, out, err, everything=everything)
    return code, out.getvalue(), err.getvalue()


def rows(answer: tuple[int, str, str]) -> list[dict[str, Any]]:
    found = json.loads(answer[1], parse_float=str, parse_int=str)
    assert isinstance(found, list)
    return found


def test_a_transaction_is_a_row_with_its_signs(database: Path) -> None:
    row = next(each for each in rows(ask_transactions(settings(database))) if each["key"] == "811")
    assert tuple(row) == TRANSACTION_KEYS
    assert row == {
        "connection": BROKER, "broker": BROKER, "account": ACCOUNT.number, "at": "2026-03-10T14:30:00+00:00",
        "kind": "trade", "symbol": CALL, "underlying": "AAPL", "quantity": "-2", "price": "6.20", "fees": "-2.26",
        "amount": "1237.74", "currency": "USD", "description": "Sold 2 @ 6.20", "key": "811",
    }  # fmt: skip


def test_transactions_come_newest_first_as_many_as_asked_for(database: Path) -> None:
    assert [row["key"] for row in rows(ask_transactions(settings(database)))] == ["812", "811", "700"]
    assert [row["key"] for row in rows(ask_transactions(settings(database), limit=1))] == ["812"]


def test_what_is_unknown_is_null(database: Path) -> None:
    interest = rows(ask_transactions(settings(database)))[-1]
    assert {key for key, value in interest.items() if value is None} == {
        *("symbol", "underlying", "quantity", "price", "fees", "amount")
    }


def test_an_order_is_a_row_for_each_leg(database: Path) -> None:
    first, second, *_ = rows(ask_orders(settings(database, account=ACCOUNT.number)))
    assert tuple(first) == ORDER_KEYS
    assert first == {
        "connection": BROKER, "broker": BROKER, "account": ACCOUNT.number, "key": "7001", "status": "working",
        "is_working": True, "kind": "limit", "time_in_force": "gtc", "underlying": "AAPL", "limit_price": "-1.10",
        "stop_price": None, "currency": "USD", "leg": "1", "legs": "2", "symbol": CALL, "quantity": "2",
        "filled": "1", "placed_at": "2026-03-08T15:30:00+00:00", "updated_at": "2026-03-10T15:30:00+00:00",
        "seen_at": "2026-03-10T15:30:00+00:00", "gone_at": None,
    }  # fmt: skip
    assert (second["leg"], second["quantity"], second["filled"]) == ("2", "-100", None)


def test_working_orders_come_first_and_ended_ones_of_today_follow(database: Path) -> None:
    found = rows(ask_orders(settings(database)))
    assert [row["is_working"] for row in found] == [True] * 4 + [False]
    tomorrow = ask_orders(settings(database), now=NOW + timedelta(days=1))
    assert {row["status"] for row in rows(tomorrow)} == {"working"}
    later = ask_orders(settings(database), now=NOW + timedelta(days=1), everything=True)
    assert len(rows(later)) == 5


def test_an_account_narrows_both_and_an_unknown_one_is_refused(database: Path) -> None:
    told = settings(database, account="5WT00002")
    assert [row["key"] for row in rows(ask_transactions(told))] == ["812"]
    assert {row["key"] for row in rows(ask_orders(told))} == {"7002"}
    for ask in (ask_transactions, ask_orders):
        with pytest.raises(ConfigError, match="no account 9"):
            ask(settings(database, account="9"))


def test_privacy_hides_amounts_own_prices_and_the_words_they_stand_in(database: Path) -> None:
    told = settings(database, is_private=True)
    text = "".join(ask(told)[1] for ask in (ask_transactions, ask_orders))
    assert not any(secret in text for secret in ("6.20", "1237.74", "2.26", "1.10", '"-2"', "-100", "Sold"))
    (first, *_) = rows(ask_orders(told))
    assert [first[key] for key in ("quantity", "limit_price", "stop_price")] == [MASK, MASK, None]
    assert first["symbol"] == CALL


@pytest.mark.parametrize(("ask", "keys"), [(ask_transactions, TRANSACTION_KEYS), (ask_orders, ORDER_KEYS)])
def test_csv_and_the_table_have_the_same_keys(database: Path, ask: Ask, keys: tuple[str, ...]) -> None:
    header, *lines = csv.reader(io.StringIO(ask(settings(database), Format.CSV)[1]))
    assert tuple(header) == keys
    assert lines
    assert ask(settings(database), Format.TEXT)[1].split()[: len(keys)] == list(keys)


@pytest.mark.parametrize("ask", [ask_transactions, ask_orders])
def test_a_synced_account_without_any_is_told(tmp_path: Path, ask: Ask) -> None:
    sync(tmp_path / "cotrader.db", answer())
    code, out, err = ask(settings(tmp_path / "cotrader.db"), Format.TEXT)
    assert (code, out) == (0, "")
    assert err.startswith("There is nothing to list.\n")


@pytest.mark.parametrize(("ask", "keys"), [(ask_transactions, TRANSACTION_KEYS), (ask_orders, ORDER_KEYS)])
def test_before_the_first_sync_there_is_nothing(tmp_path: Path, ask: Ask, keys: tuple[str, ...]) -> None:
    told = settings(tmp_path / "data" / "cotrader.db")
    code, out, err = ask(told)
    assert (code, out) == (5, "[]\n")
    assert "There is no database" in err
    Writer(told.database).close()
    code, out, err = ask(told, Format.CSV)
    assert (code, out) == (5, ",".join(keys) + "\n")
    assert "Nothing has been synced yet." in err


def test_a_connection_that_does_not_sync_them_is_named(tmp_path: Path) -> None:
    told = settings(tmp_path / "data" / "cotrader.db")
    sync(told.database, hundred_shares())
    code, out, err = ask_orders(told)
    assert (code, out) == (0, "[]\n")
    assert "Connection tastytrade does not sync its orders: they are switched off." in err


def test_the_commands_are_there(home: Home, cotrader: RunCommand) -> None:
    for command in (("transactions", "--json", "--limit", "3"), ("orders", "--all")):
        finished = cotrader(*command)
        assert finished.code == 5, finished.err


def test_the_demo_trades_orders_and_tells_so(home: Home, cotrader: RunCommand) -> None:
    assert cotrader("--demo", "sync").code == 0
    found = json.loads(cotrader("--demo", "orders", "--json").out)
    assert {row["account"] for row in found} == {"DEMO01", "DEMO02"}
    assert all(row["is_working"] for row in found)
    log = json.loads(cotrader("--demo", "sync-log", "--json").out)
    assert {row["sync_type"] for row in log} == {"positions", "transactions", "orders"}
    assert sum(row["orders_synced"] for row in log) == 2
    (stats,) = json.loads(cotrader("--demo", "stats", "--json").out)
    assert stats["cycles"] == 1, "only cycles of positions count"


def test_a_sync_prints_the_runs_of_positions_only(home: Home, cotrader: RunCommand) -> None:
    printed = json.loads(cotrader("--demo", "sync", "--json").out)
    assert {row["sync_type"] for row in printed} == {"positions"}
