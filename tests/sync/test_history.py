"""Transactions and orders beside the cycles: when they are fetched, what their faults do and do not do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from cotrader_tui.brokers.base import AccountResult, Listing, QuarantinedRow
from cotrader_tui.domain.orders import Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.sync import Connection, ConnectionStatus, RunStatus, SyncKind, SyncRun, Trigger
from cotrader_tui.domain.transactions import Transaction, TransactionKind
from cotrader_tui.errors import BrokerError, ErrorKind
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from cotrader_tui.sync.history import AGAIN_AFTER, FIRST_REACH, OVERLAP, PASS_BUDGET
from tests.builders import ACCOUNT, NOW, account, option
from tests.sync.fakes import LoopClock, ScriptedBroker, Step, run_skipping
from tests.sync.support import answer, config, holding, network_error

T = TypeVar("T")

CALL = option("AAPL", "250")
HELD = [answer(holding(CALL, "1"))]
MORE = [answer(holding(CALL, "2"))]
ALL = frozenset(SyncKind)
FILL = Transaction(ACCOUNT, "811", NOW - timedelta(days=3), TransactionKind.TRADE, "Bought 1", "USD", CALL.symbol)
ORDER = Order(ACCOUNT, "7001", OrderStatus.WORKING, OrderKind.LIMIT, "USD", (OrderLeg("KO", Decimal(1), Decimal(0)),))
BAD = QuarantinedRow("KO", "Its id is missing.", "{}")


class HistoryScript(ScriptedBroker):
    """A scripted broker with transactions and orders; an exception is raised, a number of seconds is waited first."""

    def __init__(self, *steps: Step, accounts: Sequence[Account] | None = None) -> None:
        super().__init__(*steps, accounts=accounts)
        self.booked: Listing[Transaction] | BaseException = Listing((FILL,))
        self.listed_orders: Listing[Order] | BaseException = Listing((ORDER,))
        self.seconds = 0.0
        self.asked: list[tuple[str, str]] = []
        """What was fetched of which account, in order."""
        self.since: list[datetime] = []

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        self.asked.append(("positions", ""))
        return await super().fetch(accounts, budget)

    async def transactions(self, account: Account, since: datetime) -> Listing[Transaction]:
        self.since.append(since)
        return await self._answer("transactions", account, self.booked)

    async def orders(self, account: Account) -> Listing[Order]:
        return await self._answer("orders", account, self.listed_orders)

    async def _answer(self, what: str, account: Account, given: Listing[T] | BaseException) -> Listing[T]:
        with self._alone():
            self.asked.append((what, account.id.number))
            await asyncio.sleep(self.seconds)
            if isinstance(given, BaseException):
                raise given
            return given

    def count(self, what: str) -> int:
        return sum(asked == what for asked, _ in self.asked)


class Stage:
    """An engine with one connection, on a loop whose sleeps take no time."""

    def __init__(self, path: Path, broker: ScriptedBroker, kinds: frozenset[SyncKind], interval: timedelta) -> None:
        self.path = path
        self.clock = LoopClock()
        self.stop = asyncio.Event()
        self.writer = Writer(path)
        of = config("c0", sync_kinds=kinds, sync_interval=interval)
        self.engine = Engine(self.writer, [(of, broker)], self.clock)

    def runs(self, kind: SyncKind) -> list[SyncRun]:
        """Oldest first."""
        with Reader(self.path) as reader:
            return [run for run in reversed(reader.runs(1000)) if run.sync_type == kind]

    def connection(self) -> Connection:
        with Reader(self.path) as reader:
            return reader.connections()[0]

    async def ask(self) -> None:
        request_sync(self.path, self.clock())
        await asyncio.sleep(5)


def play(
    path: Path,
    broker: ScriptedBroker,
    scene: Callable[[Stage], Awaitable[None]],
    kinds: frozenset[SyncKind] = ALL,
    interval: float = 60,
) -> None:
    async def run() -> None:
        stage = Stage(path, broker, kinds, timedelta(seconds=interval))
        task = asyncio.create_task(stage.engine.run(stage.stop))
        try:
            await scene(stage)
        finally:
            stage.stop.set()
            try:
                await task
            finally:
                stage.writer.close()

    run_skipping(run())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


# When


def test_orders_come_with_every_cycle_and_transactions_every_quarter_of_an_hour(path: Path) -> None:
    broker = HistoryScript(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(29.5 * 60)
        assert broker.count("positions") == 30
        assert broker.count("orders") == 30
        assert broker.count("transactions") == 2

    play(path, broker, scene)


def test_with_a_short_interval_orders_come_once_a_minute(path: Path) -> None:
    broker = HistoryScript(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(595)
        assert broker.count("positions") == 40
        assert broker.count("orders") == 10

    play(path, broker, scene, interval=15)


def test_a_cycle_that_changed_a_position_fetches_transactions_at_once(path: Path) -> None:
    broker = HistoryScript(HELD, HELD, MORE, MORE)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(200)
        assert [what for what, _ in broker.asked if what != "orders"] == [
            *("positions", "transactions"), "positions", *("positions", "transactions"), "positions",
        ]  # fmt: skip

    play(path, broker, scene)


def test_a_person_who_asks_for_a_sync_gets_everything(path: Path) -> None:
    broker = HistoryScript(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(10)
        broker.asked.clear()
        await stage.ask()
        assert [what for what, _ in broker.asked] == ["positions", "orders", "transactions"]
        assert stage.runs(SyncKind.ORDERS)[-1].trigger is Trigger.MANUAL

    play(path, broker, scene)


@pytest.mark.parametrize("kind", [SyncKind.ORDERS, SyncKind.TRANSACTIONS])
def test_only_what_is_switched_on_is_fetched(path: Path, kind: SyncKind) -> None:
    broker = HistoryScript(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(10)
        assert {what for what, _ in broker.asked} == {"positions", kind}

    play(path, broker, scene, frozenset({SyncKind.POSITIONS, kind}))


def test_a_broker_without_the_power_is_not_asked(path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await asyncio.sleep(10)
        assert stage.runs(SyncKind.ORDERS) == []
        assert stage.connection().consecutive_failures == 0

    play(path, ScriptedBroker(HELD), scene)


def test_after_a_failed_cycle_the_broker_is_left_alone(path: Path) -> None:
    broker = HistoryScript(network_error())

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(100)
        assert {what for what, _ in broker.asked} == {"positions"}

    play(path, broker, scene)


def test_one_sync_from_the_command_line_fetches_everything_and_tells_of_positions(path: Path) -> None:
    broker = HistoryScript(HELD)

    async def run() -> None:
        stage = Stage(path, broker, ALL, timedelta(seconds=60))
        (outcome,) = await stage.engine.sync_once()
        stage.writer.close()
        assert [what for what, _ in broker.asked] == ["positions", "orders", "transactions"]
        with Reader(path) as reader:
            assert {run.sync_type for run in reader.cycle(outcome.number)} == {SyncKind.POSITIONS}

    run_skipping(run())


def test_a_clock_set_back_does_not_stop_the_passes(path: Path) -> None:
    broker = HistoryScript(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(10)
        stage.clock.jump(timedelta(days=-3))
        await asyncio.sleep(50)
        assert (broker.count("orders"), broker.count("transactions")) == (2, 2)

    play(path, broker, scene)


# What


def test_the_first_pass_reaches_back_a_year_and_later_ones_a_week_before_the_newest(path: Path) -> None:
    broker = HistoryScript(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        await stage.ask()
        assert broker.since[0] == pytest.approx(NOW - FIRST_REACH, abs=timedelta(seconds=5))
        assert broker.since[1] == FILL.at - OVERLAP

    play(path, broker, scene)


def test_each_pass_is_a_row_with_its_counts(path: Path) -> None:
    broker = HistoryScript(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        await stage.ask()
        first, second = stage.runs(SyncKind.TRANSACTIONS)
        assert (first.counts.transactions_added, second.counts.transactions_added) == (1, 0)
        assert (first.status, first.trigger, first.account) == (RunStatus.SUCCESS, Trigger.STARTUP, ACCOUNT.number)
        assert first.counts.unchanged == 0
        assert [run.counts.orders_synced for run in stage.runs(SyncKind.ORDERS)] == [1, 1]
        with Reader(path) as reader:
            assert [each.transaction for each in reader.transactions()] == [FILL]
            assert [each.order for each in reader.orders()] == [ORDER]

    play(path, broker, scene)


def test_rows_that_cannot_be_read_make_the_run_partial_and_are_named(path: Path) -> None:
    broker = HistoryScript(HELD)
    broker.booked = Listing((FILL,), (BAD,) * 12)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        (run,) = stage.runs(SyncKind.TRANSACTIONS)
        assert (run.status, run.counts.quarantined, run.counts.transactions_added) == (RunStatus.PARTIAL, 12, 1)
        assert run.error is not None
        assert run.error.kind is ErrorKind.PAYLOAD
        assert run.error.message.startswith("KO: Its id is missing.")
        assert run.error.message.endswith("And 2 more.")
        with Reader(path) as reader:
            assert len(reader.quarantined(run.id)) == 12

    play(path, broker, scene)


def test_a_note_is_no_failure(path: Path) -> None:
    broker = HistoryScript(HELD)
    broker.listed_orders = Listing((), is_complete=False, notes=("Orders are not readable here.",))

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        (run,) = stage.runs(SyncKind.ORDERS)
        assert run.status is RunStatus.SUCCESS
        assert run.error is not None
        assert (run.error.kind, run.error.message) == (None, "Orders are not readable here.")

    play(path, broker, scene)


# Faults


def test_a_failure_is_a_row_and_nothing_else(path: Path) -> None:
    broker = HistoryScript(HELD)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        broker.listed_orders = BrokerError(ErrorKind.BROKER, "The broker stumbled.", "Wait.")
        for _ in range(6):
            await stage.ask()
        run = stage.runs(SyncKind.ORDERS)[-1]
        assert run.status is RunStatus.FAILED
        assert run.error is not None
        assert (run.error.kind, run.error.message, run.error.hint) == (
            ErrorKind.BROKER, "The broker stumbled.", "Wait.",
        )  # fmt: skip
        connection = stage.connection()
        assert (connection.consecutive_failures, connection.status) == (0, ConnectionStatus.ACTIVE)
        assert connection.last_sync_status is RunStatus.SUCCESS
        assert connection.last_sync_error is None
        with Reader(path) as reader:
            assert reader.orders()[0].is_working, "a failed pass ends no order"
            assert len(reader.transactions()) == 1

    play(path, broker, scene)


def test_a_kind_that_failed_waits_and_the_other_does_not(path: Path) -> None:
    broker = HistoryScript(HELD)
    broker.listed_orders = network_error()

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(AGAIN_AFTER.total_seconds() - 20)
        assert (broker.count("orders"), broker.count("transactions")) == (1, 1)
        broker.listed_orders = Listing(())
        await asyncio.sleep(90)
        assert broker.count("orders") >= 2

    play(path, broker, scene)


def test_one_accounts_failure_leaves_the_other_accounts_alone(path: Path) -> None:
    both = [account("5WT00001"), account("5WT00002")]
    broker = HistoryScript([answer(of=each) for each in both], accounts=both)
    broker.booked = network_error()

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        assert [run.account for run in stage.runs(SyncKind.TRANSACTIONS)] == ["5WT00001", "5WT00002"]
        assert {run.status for run in stage.runs(SyncKind.ORDERS)} == {RunStatus.SUCCESS}
        assert len({run.cycle for run in stage.runs(SyncKind.ORDERS)}) == 1

    play(path, broker, scene)


def test_a_refused_grant_is_not_tried_on_every_account(path: Path) -> None:
    both = [account("5WT00001"), account("5WT00002")]
    broker = HistoryScript([answer(of=each) for each in both], accounts=both)
    broker.booked = network_error(is_grant_refused=True)

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        assert broker.count("transactions") == 1
        assert [run.status for run in stage.runs(SyncKind.TRANSACTIONS)] == [RunStatus.FAILED] * 2
        assert stage.connection().status is ConnectionStatus.ACTIVE

    play(path, broker, scene)


def test_a_broker_that_does_not_answer_is_given_up_in_time_for_the_next_cycles(path: Path) -> None:
    broker = HistoryScript(HELD)
    broker.seconds = 10_000

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(PASS_BUDGET.total_seconds() * 3)
        (run,) = stage.runs(SyncKind.ORDERS)
        assert run.status is RunStatus.FAILED
        assert run.error is not None
        assert (run.error.kind, "60 s" in run.error.message) == (ErrorKind.NETWORK, True)
        assert broker.count("positions") >= 2

    play(path, broker, scene)


def test_a_fault_of_this_program_is_told_and_survived(path: Path) -> None:
    broker = HistoryScript(HELD)
    broker.booked = KeyError("price")

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(100)
        (run,) = stage.runs(SyncKind.TRANSACTIONS)
        assert run.error is not None
        assert run.error.kind is ErrorKind.INTERNAL
        assert broker.count("positions") == 2

    play(path, broker, scene)


def test_an_engine_that_stops_in_the_middle_leaves_no_run_open(path: Path) -> None:
    broker = HistoryScript(HELD)
    broker.seconds = 30

    async def scene(stage: Stage) -> None:
        await asyncio.sleep(5)
        assert stage.connection().is_syncing is False, "positions have landed: what runs is no sync of them"
        assert [run.status for run in stage.runs(SyncKind.ORDERS)] == [RunStatus.RUNNING]

    play(path, broker, scene)
    with Reader(path) as reader:
        (run,) = [run for run in reader.runs(9) if run.sync_type == SyncKind.ORDERS]
    assert run.status is RunStatus.FAILED
    assert run.error is not None
    assert "asked to end" in run.error.message
