"""One cycle: what the sync log says, what lands, and what never closes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import AccountResult, BrokerSnapshot
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.positions import EventKind, RealizedSource
from cotrader_tui.domain.sync import ConnectionStatus, RunStatus, SyncCounts, Trigger
from cotrader_tui.errors import BrokerError, CorruptStoreError, ErrorKind, StoreLockedError
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.requests import request_sync
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.cycle import CycleOutcome, run_cycle
from tests.builders import NOW, account, greeks, option, quote, share
from tests.store.support import damage
from tests.sync.fakes import ManualClock, ScriptedBroker, Step, never, run_skipping
from tests.sync.support import (
    MINUTE,
    SOMETHING_VALUED,
    DiskBook,
    answer,
    config,
    failure,
    holding,
    network_error,
    unreadable,
)

AAPL = share("AAPL")
CALL = option("AAPL", "250")
ONE, TWO, THREE = account("A1"), account("A2"), account("A3")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DiskBook]:
    book = DiskBook(tmp_path / "book.db")
    yield book
    book.close()


# What the sync log says


def test_a_cycle_writes_one_run_per_account_under_one_number(book: DiskBook) -> None:
    outcome = book.sync(answer(holding(AAPL, "100"), of=ONE), answer(of=TWO))
    runs = book.runs()
    assert [(run.account, run.status, run.cycle) for run in runs] == [
        ("A1", RunStatus.SUCCESS, outcome.number),
        ("A2", RunStatus.SUCCESS, outcome.number),
    ]
    assert [run.counts for run in runs] == [SyncCounts(added=1), SyncCounts()]
    assert {run.trigger for run in runs} == {Trigger.SCHEDULED}
    assert all(run.completed_at == NOW and run.error is None for run in runs)
    assert outcome == CycleOutcome(outcome.number, RunStatus.SUCCESS, None, is_grant_refused=False)


def test_a_failed_log_in_is_one_row_of_the_connection(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100")))
    broker = ScriptedBroker((), accounts=network_error(is_grant_refused=True))
    outcome = run_skipping(run_cycle(book.writer, broker, book.config, book.number, Trigger.MANUAL, book.clock))
    run = book.runs()[-1]
    assert (run.account, run.status, run.trigger) == (None, RunStatus.FAILED, Trigger.MANUAL)
    assert run.error is not None
    assert (run.error.kind, run.error.message, run.error.hint) == (
        ErrorKind.AUTH,
        "The grant was refused.",
        "Make a new one.",
    )
    assert (outcome.status, outcome.is_grant_refused) == (RunStatus.FAILED, True)
    assert book.quantities() == {"AAPL": Decimal(100)}
    assert all(each.is_included for each in book.read().accounts)


def test_one_account_of_three_failing_leaves_the_others_whole(book: DiskBook) -> None:
    book.sync(*(answer(holding(AAPL, "100"), of=each) for each in (ONE, TWO, THREE)))
    book.later()
    outcome = book.sync(
        answer(holding(AAPL, "90"), of=ONE), failure("A2"), answer(of=THREE), accounts=[ONE, TWO, THREE]
    )
    assert [(run.account, run.status) for run in book.runs()[-3:]] == [
        ("A1", RunStatus.SUCCESS),
        ("A2", RunStatus.FAILED),
        ("A3", RunStatus.SUCCESS),
    ]
    assert outcome.status is RunStatus.PARTIAL
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.NETWORK
    assert {each.account.number: each.quantity for each in book.open()} == {"A1": Decimal(90), "A2": Decimal(100)}
    landed_at = {each.account.id.number: each.last_synced_at for each in book.read().accounts}
    assert landed_at == {"A1": NOW + MINUTE, "A2": NOW, "A3": NOW + MINUTE}


def test_a_cycle_failed_only_if_no_account_landed(book: DiskBook) -> None:
    assert book.sync(failure("A1"), failure("A2"), accounts=[ONE, TWO]).status is RunStatus.FAILED


@pytest.mark.parametrize(
    ("raised", "kind"),
    [(network_error(), ErrorKind.NETWORK), (ZeroDivisionError("secret-token"), ErrorKind.INTERNAL)],
)
def test_whatever_a_broker_raises_becomes_rows_and_closes_nothing(
    book: DiskBook, raised: BaseException, kind: ErrorKind
) -> None:
    book.sync(answer(holding(AAPL, "100")))
    outcome = book.later().sync(raised)
    run = book.runs()[-1]
    assert (outcome.status, run.status) == (RunStatus.FAILED, RunStatus.FAILED)
    assert run.account == account().id.number
    assert run.error is not None
    assert run.error.kind is kind
    assert run.error.hint
    assert "secret-token" not in run.error.message
    assert book.quantities() == {"AAPL": Decimal(100)}


def test_a_broker_that_never_answers_is_given_up_after_the_budget(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100")))
    broker = ScriptedBroker(never)
    run_skipping(run_cycle(book.writer, broker, book.config, book.number, Trigger.SCHEDULED, book.clock))
    run = book.runs()[-1]
    assert run.status is RunStatus.FAILED
    assert run.error is not None
    assert (run.error.kind, run.error.message) == (ErrorKind.NETWORK, "tastytrade did not answer within 100 s.")
    assert book.quantities() == {"AAPL": Decimal(100)}


class _SlowToList(ScriptedBroker):
    async def accounts(self) -> tuple[Account, ...]:
        await asyncio.sleep(30)
        return await super().accounts()


def test_the_fetch_is_told_what_is_left_of_the_budget(book: DiskBook) -> None:
    broker = _SlowToList([answer()])
    run_skipping(run_cycle(book.writer, broker, book.config, book.number, Trigger.SCHEDULED, book.clock))
    assert timedelta(seconds=69) < broker.budgets[0] <= timedelta(seconds=70)


def test_an_account_the_broker_forgets_to_answer_for_failed(book: DiskBook) -> None:
    outcome = book.sync(answer(of=ONE), accounts=[ONE, TWO])
    assert [(run.account, run.status) for run in book.runs()] == [
        ("A1", RunStatus.SUCCESS),
        ("A2", RunStatus.FAILED),
    ]
    assert outcome.status is RunStatus.PARTIAL


def test_an_account_nobody_asked_for_is_left_out(book: DiskBook) -> None:
    outcome = book.sync(answer(of=ONE), answer(holding(AAPL, "1"), of=TWO), accounts=[ONE])
    assert outcome.status is RunStatus.SUCCESS
    assert (book.open(), len(book.runs())) == ([], 1)


# Accounts


def run(book: DiskBook, broker: ScriptedBroker, numbers: frozenset[str] = frozenset()) -> CycleOutcome:
    wanted = config(account_filter=numbers)
    return run_skipping(run_cycle(book.writer, broker, wanted, book.number, Trigger.SCHEDULED, book.clock))


def test_only_accounts_of_the_filter_are_fetched_and_the_others_leave_the_totals(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100"), of=ONE), answer(holding(AAPL, "50"), of=TWO))
    broker = ScriptedBroker([answer(holding(AAPL, "60"), of=TWO)], accounts=[ONE, TWO])
    run(book, broker, frozenset({"A2"}))
    assert broker.wanted == [("A2",)]
    assert {each.account.id.number: each.is_included for each in book.read().accounts} == {"A1": False, "A2": True}
    assert {each.account.number: each.quantity for each in book.open()} == {"A1": Decimal(100), "A2": Decimal(60)}


def test_a_filter_that_matches_no_account_is_a_failure_of_the_connection(book: DiskBook) -> None:
    outcome = run(book, ScriptedBroker((), accounts=[ONE]), frozenset({"A9"}))
    assert outcome.error is not None
    assert outcome.error.message == "tastytrade lists none of the accounts A9."
    assert book.runs()[-1].account is None


def test_an_account_no_longer_listed_leaves_the_totals_but_stays(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100"), of=ONE), answer(of=TWO))
    book.later().sync(answer(of=TWO))
    books = {each.account.id.number: each for each in book.read().accounts}
    assert not books["A1"].is_included
    assert books["A1"].last_synced_at == NOW
    assert [each.account.number for each in book.open()] == ["A1"]
    book.later().sync(answer(holding(AAPL, "100"), of=ONE), answer(of=TWO))
    assert all(each.is_included for each in book.read().accounts)


def test_a_broker_that_lists_no_account_failed(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100"), of=ONE))
    outcome = run(book, ScriptedBroker((), accounts=[]))
    assert outcome.status is RunStatus.FAILED
    assert all(each.is_included for each in book.read().accounts)
    assert len(book.open()) == 1


# What lands


def test_an_unreadable_row_is_kept_raw_and_its_position_flagged(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100"), holding(CALL, "1")))
    bad = answer(holding(CALL, "2"), quarantined=[unreadable("AAPL")])
    outcome = book.later().sync(bad)
    run = book.runs()[-1]
    assert (outcome.status, run.status, run.counts) == (
        RunStatus.PARTIAL,
        RunStatus.PARTIAL,
        SyncCounts(updated=1, quarantined=1),
    )
    assert run.error is not None
    assert run.error.kind is ErrorKind.PAYLOAD
    assert "AAPL: Its quantity is no number." in run.error.message
    with Reader(book.path) as reader:
        assert reader.quarantined(run.id) == (("AAPL", "Its quantity is no number.", '{"quantity": "many"}'),)
    kept = next(each for each in book.open() if each.instrument.symbol == "AAPL")
    assert (kept.quantity, kept.orphaned_since, kept.last_synced_at) == (Decimal(100), NOW + MINUTE, NOW)

    book.later().sync(bad)
    kept = next(each for each in book.open() if each.instrument.symbol == "AAPL")
    assert kept.orphaned_since == NOW + MINUTE, "since when, not how long"
    with Reader(book.path) as reader:
        kinds = [event.kind for event in reader.events(kept.id)]
    assert kinds == [EventKind.OPENED, EventKind.ORPHANED]

    book.later().sync(answer(holding(AAPL, "100"), holding(CALL, "2")))
    assert [each.orphaned_since for each in book.open()] == [None, None]


def test_a_whole_life_of_a_position_in_the_store(book: DiskBook) -> None:
    def meet(quantity: str, mark: str) -> None:
        book.later().sync(answer(holding(CALL, quantity, "5"), quotes=[quote(CALL, mark)]))

    for quantity, mark in (("2", "5"), ("4", "5"), ("3", "6"), ("-1", "7")):
        meet(quantity, mark)
    first, second = book.closed()[0], book.open()[0]
    with Reader(book.path) as reader:
        life = [(e.kind, e.quantity_before, e.quantity_after, e.realized_pnl) for e in reader.events(first.id)]
        reopened = [(e.kind, e.quantity_after) for e in reader.events(second.id)]
    assert life == [
        (EventKind.OPENED, Decimal(0), Decimal(2), None),
        (EventKind.INCREASED, Decimal(2), Decimal(4), None),
        (EventKind.REDUCED, Decimal(4), Decimal(3), Decimal(100)),
        (EventKind.FLIPPED, Decimal(3), Decimal(0), Decimal(600)),
    ]
    assert reopened == [(EventKind.OPENED, Decimal(-1))]
    assert (first.realized_pnl, first.realized_source) == (Decimal(700), RealizedSource.ESTIMATED)
    assert (first.closed_at, second.opened_at) == (NOW + 4 * MINUTE, NOW + 4 * MINUTE)
    assert [run.counts for run in book.runs()][-1] == SyncCounts(added=1, closed=1)


def test_a_closed_position_that_is_bought_again_is_a_new_row(book: DiskBook) -> None:
    for quantity in ("1", "0", "1"):
        book.later().sync(answer(holding(AAPL, quantity)))
    assert len(book.closed()) == 1
    assert len(book.open()) == 1
    assert book.open()[0].opened_at == NOW + 3 * MINUTE


def test_the_suspicion_is_stored_and_a_failed_fetch_does_not_confirm_it(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100")))
    empty = answer(balances=SOMETHING_VALUED)
    assert book.later().sync(empty).status is RunStatus.PARTIAL
    assert book.later().sync(network_error()).status is RunStatus.FAILED
    assert book.quantities() == {"AAPL": Decimal(100)}
    assert book.later().sync(empty).status is RunStatus.SUCCESS
    assert book.quantities() == {}


def test_a_suspicion_that_is_not_repeated_is_forgotten(book: DiskBook) -> None:
    whole, empty = answer(holding(AAPL, "100"), balances=SOMETHING_VALUED), answer(balances=SOMETHING_VALUED)
    for each in (whole, empty, whole, empty):
        book.later().sync(each)
    assert book.quantities() == {"AAPL": Decimal(100)}


def test_greeks_at_entry_are_those_of_the_first_sync_and_are_never_overwritten(book: DiskBook) -> None:
    first = greeks(CALL, delta=0.40)
    row = holding(CALL, "1")
    book.sync(answer(row, greeks=[first], quotes=[quote(AAPL, "251.10")], underlyings=[AAPL]))
    later = replace(greeks(CALL, delta=0.55), as_of=NOW + MINUTE)
    book.later().sync(answer(row, greeks=[later], quotes=[quote(AAPL, "260")], underlyings=[AAPL]))
    leg = book.read().legs[0]
    assert leg.greeks == later
    assert leg.position.entry is not None
    assert leg.position.entry.greeks == replace(first, received_at=NOW)
    assert (leg.position.entry.underlying_price, leg.position.entry.at) == (Decimal("251.10"), NOW)


def test_greeks_that_did_not_arrive_at_entry_are_not_made_up_later(book: DiskBook) -> None:
    book.sync(answer(holding(CALL, "1")))
    book.later().sync(answer(holding(CALL, "1"), greeks=[greeks(CALL)]))
    entry = book.open()[0].entry
    assert entry is not None
    assert (entry.greeks, entry.underlying_price, entry.at) == (None, None, NOW)


def test_the_last_good_quote_greeks_and_balances_are_kept_with_their_time(book: DiskBook) -> None:
    good = answer(holding(CALL, "1"), quotes=[quote(CALL, "5")], greeks=[greeks(CALL)], balances=SOMETHING_VALUED)
    book.sync(good)
    nothing = replace(greeks(CALL, None, None, None, None, None), as_of=NOW + MINUTE)
    book.later().sync(answer(holding(CALL, "1"), quotes=[quote(CALL, None)], greeks=[nothing], balances=None))
    leg, books = book.read().legs[0], book.read().accounts[0]
    assert leg.quote == quote(CALL, "5")
    assert leg.greeks == greeks(CALL)
    assert books.balances == SOMETHING_VALUED
    assert books.last_synced_at == NOW + MINUTE


# The store refuses


def _hold(path: Path) -> sqlite3.Connection:
    """Another program in the middle of a write."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_a_row_that_cannot_be_written_undoes_the_whole_account_and_no_other(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100"), of=ONE), answer(holding(AAPL, "50"), of=TWO))
    bad = answer(holding(AAPL, "90"), holding(CALL, "1"), holding(CALL, "2"), of=ONE)  # one instrument twice
    outcome = book.later().sync(bad, answer(holding(AAPL, "40"), of=TWO))
    assert outcome.status is RunStatus.PARTIAL
    failed = book.runs()[-2]
    assert (failed.account, failed.status, failed.counts) == ("A1", RunStatus.FAILED, SyncCounts())
    assert failed.error is not None
    assert failed.error.kind is ErrorKind.STORE
    assert {each.account.number: each.quantity for each in book.open()} == {"A1": Decimal(100), "A2": Decimal(40)}
    assert {each.account.id.number: each.last_synced_at for each in book.read().accounts}["A1"] == NOW


def test_a_figure_that_is_no_number_never_lands(book: DiskBook) -> None:
    outcome = book.sync(answer(holding(AAPL, "NaN")))
    assert outcome.status is RunStatus.FAILED
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.INTERNAL
    assert book.open() == []


class _Interrupting(ScriptedBroker):
    """Lets another program take the database while it answers."""

    def __init__(self, path: Path, *steps: Step) -> None:
        super().__init__(*steps)
        self.path = path
        self.other: sqlite3.Connection | None = None
        self.has_taken_it = asyncio.Event()

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        self.other = _hold(self.path)
        self.has_taken_it.set()
        return await super().fetch(accounts, budget)


def test_a_cycle_whose_end_cannot_be_written_is_closed_by_the_next_one(tmp_path: Path) -> None:
    path, clock = tmp_path / "book.db", ManualClock()
    with Writer(path, busy_seconds=0.01) as writer:
        number = writer.ensure_connection("tastytrade", "tastytrade", "", MINUTE)
        (asked,) = request_sync(path, NOW)
        broker = _Interrupting(path, [answer(holding(AAPL, "100"))])
        with pytest.raises(StoreLockedError):
            run_skipping(run_cycle(writer, broker, config(), number, Trigger.MANUAL, clock))
        with Reader(path) as reader:
            assert [run.status for run in reader.runs(9)] == [RunStatus.RUNNING]
            assert reader.finished_request(asked) is None
            assert broker.other is not None
            broker.other.close()
            clock.advance(MINUTE)
            cycle = writer.begin_cycle(number, Trigger.SCHEDULED, clock())
            newest, left = reader.runs(9)
    assert (newest.status, left.status, left.completed_at) == (RunStatus.RUNNING, RunStatus.FAILED, NOW + MINUTE)
    assert left.error is not None
    assert left.error.kind is ErrorKind.INTERNAL
    with Writer(path) as writer:
        _end(writer, number, cycle)
    with Reader(path) as reader:
        assert reader.finished_request(asked) == cycle, "whoever asked is answered by the next cycle"


def _end(writer: Writer, number: int, cycle: int) -> None:
    writer.end_cycle(
        number,
        cycle,
        status=RunStatus.SUCCESS,
        error=None,
        is_delayed=False,
        connection_status=ConnectionStatus.ACTIVE,
        failures=0,
        grant_refusals=0,
        next_sync_at=NOW,
        now=NOW,
    )


def test_a_damaged_database_ends_the_cycle(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "1")))
    book.close()
    damage(book.path, "positions")
    broker = ScriptedBroker([answer(holding(AAPL, "1"))])
    with Writer(book.path) as writer, pytest.raises(CorruptStoreError):
        run_skipping(run_cycle(writer, broker, book.config, book.number, Trigger.MANUAL, book.clock))


# Cancelled


async def _cancel_in_the_middle(book: DiskBook) -> None:
    reached = asyncio.Event()

    async def hang() -> tuple[BrokerSnapshot, ...]:
        reached.set()
        await asyncio.Event().wait()
        return ()

    broker = ScriptedBroker(hang, accounts=[ONE, TWO])
    task = asyncio.create_task(run_cycle(book.writer, broker, book.config, book.number, Trigger.SCHEDULED, book.clock))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_cancelled_cycle_closes_its_runs_as_failed(book: DiskBook) -> None:
    book.sync(answer(holding(AAPL, "100"), of=ONE), answer(of=TWO))
    asyncio.run(_cancel_in_the_middle(book))
    runs = book.runs()[-2:]
    assert {run.status for run in runs} == {RunStatus.FAILED}
    assert {run.error.kind for run in runs if run.error} == {ErrorKind.INTERNAL}
    assert book.quantities() == {"AAPL": Decimal(100)}


def test_an_end_does_not_wait_for_a_locked_database(tmp_path: Path) -> None:
    path = tmp_path / "book.db"

    async def cancel(writer: Writer, number: int) -> None:
        broker = _Interrupting(path, never)
        task = asyncio.create_task(run_cycle(writer, broker, config(), number, Trigger.SCHEDULED, ManualClock()))
        await broker.has_taken_it.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert broker.other is not None
        broker.other.close()

    with Writer(path, busy_seconds=0.01) as writer:
        number = writer.ensure_connection("tastytrade", "tastytrade", "", MINUTE)
        run_skipping(cancel(writer, number))


def test_a_brokers_error_without_a_hint_gets_one(book: DiskBook) -> None:
    outcome = book.sync(BrokerError(ErrorKind.BROKER, "It said no."))
    assert outcome.error is not None
    assert outcome.error.hint
