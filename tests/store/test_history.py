"""Transactions and orders in the database: keys, counts, what goes and what stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.orders import KnownOrder, Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.sync import RunStatus, SyncKind, SyncRun, Trigger
from cotrader_tui.domain.transactions import Transaction, TransactionKind
from cotrader_tui.store.history_writing import HistoryLanding
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from tests.builders import ACCOUNT, BROKER, NOW, TODAY, account

OTHER = AccountId(BROKER, "5WT00002")
DAY = timedelta(days=1)

FILL = Transaction(
    ACCOUNT, "811", NOW, TransactionKind.TRADE, "Sold 2 AAPL", "USD", "AAPL", "AAPL",
    Decimal(-2), Decimal("231.4"), Decimal("-0.07"), Decimal("462.73"),
)  # fmt: skip
ORDER = Order(
    ACCOUNT, "7001", OrderStatus.WORKING, OrderKind.LIMIT, "USD", (OrderLeg("AAPL", Decimal(-2), Decimal(0)),),
    "gtc", "AAPL", Decimal("240.10"), None, NOW - DAY, NOW,
)  # fmt: skip


class Shelf:
    """A book with two accounts whose history lands as a pass would have it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = NOW
        self.writer = Writer(path)
        self.connection = self.writer.ensure_connection(BROKER, BROKER, "", timedelta(minutes=1))
        accounts = (account(), Account(OTHER, "Other", "USD"))
        self.writer.begin_accounts(self.writer.begin_cycle(self.connection, Trigger.STARTUP, NOW), accounts, accounts)

    def _begin(self, kind: SyncKind, of: AccountId, bad: int) -> HistoryLanding:
        accounts = [each for each in self.writer.history.accounts(self.connection) if each.id == of]
        runs = self.writer.history.begin(self.connection, kind, Trigger.SCHEDULED, accounts, self.now)
        rows = tuple(("AAPL", "It cannot be read.", "{}") for _ in range(bad))
        return HistoryLanding(runs[of], of, rows, RunStatus.SUCCESS, None, self.now)

    def book(self, *transactions: Transaction, of: AccountId = ACCOUNT) -> SyncRun:
        self.writer.history.land_transactions(self._begin(SyncKind.TRANSACTIONS, of, 0), transactions)
        return self._newest_run()

    def show(self, *orders: Order, is_complete: bool = True, bad: int = 0, of: AccountId = ACCOUNT) -> SyncRun:
        self.writer.history.land_orders(self._begin(SyncKind.ORDERS, of, bad), orders, is_complete=is_complete)
        return self._newest_run()

    def _newest_run(self) -> SyncRun:
        with Reader(self.path) as reader:
            return max(reader.runs(1000), key=lambda run: run.id)

    def transactions(self) -> list[Transaction]:
        with Reader(self.path) as reader:
            return [each.transaction for each in reader.transactions()]

    def orders(self) -> dict[str, KnownOrder]:
        with Reader(self.path) as reader:
            return {each.order.key: each for each in reader.orders()}


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "book.db")
    yield shelf
    shelf.writer.close()


# Transactions


def test_a_transaction_comes_back_exactly(shelf: Shelf) -> None:
    bare = Transaction(ACCOUNT, "812", NOW + DAY, TransactionKind.INTEREST, "", "USD")
    shelf.book(FILL, bare)
    assert shelf.transactions() == [bare, FILL]


def test_only_new_bookings_are_counted_and_a_corrected_one_is_replaced(shelf: Shelf) -> None:
    assert shelf.book(FILL).counts.transactions_added == 1
    corrected = replace(FILL, price=Decimal("231.5"), amount=Decimal("462.93"))
    run = shelf.book(corrected, replace(FILL, key="812"))
    assert (run.counts.transactions_added, run.sync_type, run.account) == (1, "transactions", ACCOUNT.number)
    assert corrected in shelf.transactions()
    assert len(shelf.transactions()) == 2


def test_fees_known_once_stay_known_of_the_same_fill_only(shelf: Shelf) -> None:
    shelf.book(FILL)
    shelf.book(replace(FILL, fees=None, amount=None))
    assert shelf.transactions() == [FILL]
    other = replace(FILL, quantity=Decimal(-3), fees=None, amount=None)
    shelf.book(other)
    assert shelf.transactions() == [other]


def test_the_same_id_in_two_accounts_is_two_bookings(shelf: Shelf) -> None:
    shelf.book(FILL)
    shelf.book(replace(FILL, account=OTHER), of=OTHER)
    assert {each.account for each in shelf.transactions()} == {ACCOUNT, OTHER}


def test_transactions_are_found_by_account_and_symbol_newest_first(shelf: Shelf) -> None:
    shelf.book(FILL, replace(FILL, key="812", at=NOW + DAY), replace(FILL, key="813", symbol="KO"))
    shelf.book(replace(FILL, account=OTHER), of=OTHER)
    with Reader(shelf.path) as reader:
        found = reader.transactions([ACCOUNT], "AAPL")
        assert [each.transaction.key for each in found] == ["812", "811"]
        assert found[0].connection == BROKER
        assert len(reader.transactions(limit=2)) == 2
        assert reader.transactions([]) == ()
        assert len(reader.transactions([ACCOUNT, OTHER])) == 4


def test_the_oldest_and_the_newest_booking_of_an_account_are_known(shelf: Shelf) -> None:
    assert shelf.writer.history.span(ACCOUNT) is None
    shelf.book(FILL, replace(FILL, key="812", at=NOW - DAY))
    assert shelf.writer.history.span(ACCOUNT) == (NOW - DAY, NOW)
    assert shelf.writer.history.span(OTHER) is None


# Orders


def test_an_order_comes_back_exactly(shelf: Shelf) -> None:
    spread = replace(
        ORDER, key="7002", limit_price=Decimal("-1.05"), time_in_force=None, placed_at=None, updated_at=None,
        legs=(OrderLeg("AAPL", None, None), OrderLeg("KO", Decimal("0.5"), Decimal("0.25"))),
    )  # fmt: skip
    run = shelf.show(ORDER, spread)
    assert (run.counts.orders_synced, run.sync_type) == (2, "orders")
    found = shelf.orders()
    assert (found["7001"].order, found["7002"].order) == (ORDER, spread)
    assert (found["7001"].seen_at, found["7001"].connection, found["7001"].is_working) == (NOW, BROKER, True)


def test_an_order_no_longer_listed_is_not_working_and_keeps_its_last_status(shelf: Shelf) -> None:
    shelf.show(ORDER, replace(ORDER, key="7002", status=OrderStatus.FILLED))
    shelf.now += DAY
    shelf.show()
    gone = shelf.orders()["7001"]
    assert (gone.is_working, gone.order.status) == (False, OrderStatus.WORKING)
    assert (gone.seen_at, gone.gone_at) == (NOW, NOW + DAY)
    assert shelf.orders()["7002"].gone_at is None, "that it is filled is known"


def test_an_order_that_is_listed_again_is_working_again(shelf: Shelf) -> None:
    shelf.show(ORDER)
    shelf.now += DAY
    shelf.show()
    shelf.now += DAY
    shelf.show(ORDER)
    assert shelf.orders()["7001"].is_working


@pytest.mark.parametrize(("is_complete", "bad"), [(False, 0), (True, 1)])
def test_a_list_that_may_lack_an_order_ends_none(shelf: Shelf, is_complete: bool, bad: int) -> None:
    shelf.show(ORDER)
    shelf.now += DAY
    run = shelf.show(is_complete=is_complete, bad=bad)
    assert shelf.orders()["7001"].is_working
    assert run.counts.quarantined == bad


def test_the_orders_of_one_account_say_nothing_about_anothers(shelf: Shelf) -> None:
    shelf.show(ORDER)
    shelf.now += DAY
    shelf.show(of=OTHER)
    assert shelf.orders()["7001"].is_working


def test_the_book_has_the_working_orders_and_those_that_ended_today(shelf: Shelf) -> None:
    ended = replace(ORDER, status=OrderStatus.CANCELLED)
    shelf.now -= DAY
    shelf.show(ORDER, replace(ended, key="yesterday"))
    shelf.now += DAY
    shelf.show(ORDER, replace(ended, key="today"))
    with Reader(shelf.path) as reader:
        assert [each.order.key for each in reader.snapshot(TODAY).orders] == ["7001", "today"]
        assert len(reader.orders()) == 3


# Beside the cycles


def test_a_pass_has_a_number_of_its_own_and_is_no_sync_of_the_connection(shelf: Shelf) -> None:
    accounts = shelf.writer.history.accounts(shelf.connection)
    assert [each.id for each in accounts] == [ACCOUNT, OTHER]
    runs = shelf.writer.history.begin(shelf.connection, SyncKind.ORDERS, Trigger.MANUAL, accounts, NOW)
    with Reader(shelf.path) as reader:
        assert [run.id for run in reader.cycle(runs[ACCOUNT])] == sorted(runs.values())
        running = {run.sync_type for run in reader.runs(9) if run.status is RunStatus.RUNNING}
        assert running == {"positions", "orders"}


def test_history_stays_when_runs_are_thinned_and_old_orders_go(shelf: Shelf) -> None:
    shelf.book(FILL)
    shelf.show(ORDER)
    shelf.writer.thin(NOW + timedelta(days=89))
    assert len(shelf.orders()) == 1
    shelf.writer.thin(NOW + timedelta(days=91))
    assert (shelf.transactions(), shelf.orders()) == ([FILL], {})
