"""One cycle of one connection: fetch every account, reconcile, land each in one transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cotrader_tui.brokers.base import (
    AccountFailure,
    AccountResult,
    Broker,
    BrokerSnapshot,
    ConnectionConfig,
    LearningBroker,
)
from cotrader_tui.domain.changes import Reconciliation, StoredAccount
from cotrader_tui.domain.checks import Check, Checker, Figure, LandedAccount
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.sync import RunStatus, SyncCounts, SyncError, Trigger
from cotrader_tui.errors import BrokerError, CorruptStoreError, ErrorKind, StoreError
from cotrader_tui.store.garbage import collection_paused
from cotrader_tui.store.landing import Landing
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.reconcile import reconcile, repeated

log = logging.getLogger(__name__)

CYCLE_BUDGET = timedelta(seconds=100)
_KEPT = "The last figures stay, with their age; the next sync tries again."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to."""

    status: RunStatus
    error: SyncError | None = None
    is_grant_refused: bool = False
    is_delayed: bool = False


@dataclass(frozen=True, slots=True)
class CycleOutcome:
    """What a whole cycle came to: failed if no account landed, partial if not all landed whole."""

    number: int
    status: RunStatus
    error: SyncError | None
    is_grant_refused: bool
    is_delayed: bool = False
    """Whether some of the market data came delayed."""
    is_full: bool = False
    """Whether it was to fetch everything anew."""


class _Runs:
    """The runs of one cycle that have not ended yet."""

    def __init__(self, writer: Writer, clock: Clock, cycle: int) -> None:
        self._writer = writer
        self._clock = clock
        self.cycle = cycle
        self.by_account: dict[AccountId, int] = {}
        self._open = {cycle}

    def begin(self, listed: tuple[Account, ...], wanted: tuple[Account, ...]) -> None:
        self.by_account = self._writer.begin_accounts(self.cycle, listed, wanted)
        self._open = set(self.by_account.values()) | self._open

    def ended(self, run: int) -> None:
        self._open.discard(run)

    def fail(self, run: int, error: SyncError) -> None:
        self._writer.finish_run(run, RunStatus.FAILED, SyncCounts(), error, self._clock())
        self.ended(run)

    def fail_open(self, error: SyncError) -> None:
        for run in sorted(self._open):
            self.fail(run, error)


async def run_cycle(
    writer: Writer,
    broker: Broker,
    config: ConnectionConfig,
    connection: int,
    trigger: Trigger,
    clock: Clock,
    budget: timedelta = CYCLE_BUDGET,
    checker: Checker | None = None,
    *,
    is_full: bool = False,
) -> CycleOutcome:
    """Sync one connection once, within `budget`. A fault becomes the outcome and rows of the sync log.

    Everything is fetched anew where `is_full` or one of the requests it serves says so.
    A `checker` compares each account's figures with the broker's own; what it finds changes no figure.

    Raises:
        StoreError: not even the failure could be written; the next cycle closes the open runs.
        CorruptStoreError: the database is damaged.
        asyncio.CancelledError: the engine stops; the open runs are closed as failed.
    """
    runs = _Runs(writer, clock, writer.begin_cycle(connection, trigger, clock()))
    is_full = writer.is_full(runs.cycle) or is_full
    if is_full and isinstance(broker, LearningBroker):
        broker.forget()
    outcome = await _run(writer, broker, config, runs, clock, budget, checker)
    return replace(outcome, is_full=is_full)


async def _run(
    writer: Writer,
    broker: Broker,
    config: ConnectionConfig,
    runs: _Runs,
    clock: Clock,
    budget: timedelta,
    checker: Checker | None,
) -> CycleOutcome:
    try:
        results = await _fetch(broker, config, runs, budget)
    except asyncio.CancelledError:
        _close_cancelled(runs)
        raise
    except BrokerError as error:
        runs.fail_open(_in_words(error))
        return CycleOutcome(runs.cycle, RunStatus.FAILED, _in_words(error), error.is_grant_refused)
    except StoreError:
        raise
    except Exception:
        log.exception("The sync of %s failed inside the program", config.name)
        failure = _internal(config.name)
        runs.fail_open(failure)
        return CycleOutcome(runs.cycle, RunStatus.FAILED, failure, is_grant_refused=False)
    return _settle_all(writer, runs, results, config.name, clock, checker)


def _close_cancelled(runs: _Runs) -> None:
    """Close the open runs; if the store refuses, whoever syncs next closes them: an end must not wait for it."""
    try:
        runs.fail_open(SyncError(ErrorKind.INTERNAL, "The program was asked to end in the middle of this sync.", _KEPT))
    except StoreError as error:
        log.warning("The open runs of cycle %d could not be closed: %s", runs.cycle, error)


def _in_words(error: BrokerError) -> SyncError:
    return SyncError(error.kind, error.message, error.hint or _KEPT)


def _internal(place: str) -> SyncError:
    return SyncError(
        ErrorKind.INTERNAL,
        f"A fault of this program while syncing {place}.",
        "The log file has the details; please report it.",
    )


async def _fetch(broker: Broker, config: ConnectionConfig, runs: _Runs, budget: timedelta) -> tuple[AccountResult, ...]:
    loop = asyncio.get_running_loop()
    end = loop.time() + budget.total_seconds()
    try:
        async with asyncio.timeout_at(end):
            listed = await broker.accounts()
            wanted = _wanted(listed, config)
            runs.begin(listed, wanted)
            return await broker.fetch(wanted, timedelta(seconds=end - loop.time()))
    except TimeoutError as error:
        seconds = budget.total_seconds()
        raise BrokerError(ErrorKind.NETWORK, f"{config.name} did not answer within {seconds:g} s.", _KEPT) from error


def _wanted(listed: tuple[Account, ...], config: ConnectionConfig) -> tuple[Account, ...]:
    if not listed:
        raise BrokerError(
            ErrorKind.BROKER, f"{config.name} lists no accounts.", "Check that the grant belongs to the right log-in."
        )
    chosen = config.account_filter
    wanted = tuple(account for account in listed if not chosen or account.id.number in chosen)
    if not wanted:
        raise BrokerError(
            ErrorKind.BROKER,
            f"{config.name} lists none of the accounts {', '.join(sorted(chosen))}.",
            "Check the setting that names its accounts; leave it out to sync every account.",
        )
    return wanted


def _settle_all(
    writer: Writer,
    runs: _Runs,
    results: Iterable[AccountResult],
    name: str,
    clock: Clock,
    checker: Checker | None,
) -> CycleOutcome:
    """Settle every wanted account once, whatever the broker made of the list."""
    by_account = {result.account.id: result for result in results}
    outcomes = []
    for account, run in runs.by_account.items():
        result = by_account.get(account)
        if result is not None:
            outcomes.append(_settle(writer, runs, run, result, clock, checker))
        else:
            failure = SyncError(ErrorKind.BROKER, f"{name} gave no answer for account {account.number}.", _KEPT)
            runs.fail(run, failure)
            outcomes.append(Outcome(RunStatus.FAILED, failure))
    return _summary(runs.cycle, outcomes)


def _settle(
    writer: Writer, runs: _Runs, run: int, result: AccountResult, clock: Clock, checker: Checker | None
) -> Outcome:
    """Land one account's answer, or write down why it did not come."""
    if isinstance(result, AccountFailure):
        error = _in_words(result.error)
        runs.fail(run, error)
        return Outcome(RunStatus.FAILED, error, result.error.is_grant_refused)
    try:
        outcome = _land(writer, run, result, clock, checker)
    except CorruptStoreError:
        raise
    except StoreError as error:
        failure = SyncError(ErrorKind.STORE, error.message, error.hint)
    except Exception:
        log.exception("Account %s could not be landed", result.account.id.number)
        failure = _internal(f"account {result.account.id.number}")
    else:
        runs.ended(run)
        return outcome
    runs.fail(run, failure)
    return Outcome(RunStatus.FAILED, failure)


@collection_paused()
def _land(writer: Writer, run: int, snapshot: BrokerSnapshot, clock: Clock, checker: Checker | None) -> Outcome:
    now = clock()
    with writer.transaction():
        known = writer.known_positions(snapshot.account.id)
        stored = writer.stored_account(snapshot.account.id, now, repeated(known, snapshot))
        changes = reconcile(stored, snapshot, now)
        checks, found = _compare(checker, stored, changes, snapshot, now)
        error = _shortcomings(snapshot, changes, (*snapshot.notes, *found))
        status = RunStatus.SUCCESS if error is None or error.kind is None else RunStatus.PARTIAL
        writer.land(
            Landing(
                run=run,
                account=snapshot.account.id,
                instruments=(*(holding.instrument for holding in snapshot.holdings), *snapshot.underlyings),
                quotes=snapshot.quotes,
                greeks=snapshot.greeks,
                balances=snapshot.balances,
                quarantined=tuple((row.symbol, row.reason, row.raw) for row in snapshot.quarantined),
                status=status,
                error=error,
                now=now,
                checks=checks,
            ),
            changes,
        )
    return Outcome(status, error, is_delayed=snapshot.is_delayed)


def _compare(
    checker: Checker | None, stored: StoredAccount, changes: Reconciliation, snapshot: BrokerSnapshot, now: datetime
) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """The account's figures against the broker's, none where those could not be read; and what to say of them."""
    if checker is None or snapshot.balances is None:
        return (), ()
    landed = LandedAccount(
        account=snapshot.account.id,
        stored=stored,
        changes=changes,
        holdings=snapshot.holdings,
        quotes=snapshot.quotes,
        balances=snapshot.balances,
        unread=tuple(row.symbol for row in snapshot.quarantined),
        now=now,
    )
    try:
        checks = checker(landed)
    except Exception:
        log.exception("The figures of account %s could not be compared", snapshot.account.id.number)
        return (), ("A fault of this program: the figures were not compared with the broker's; see the log file.",)
    return checks, tuple(map(_disagreement, (check for check in checks if check.agrees is False)))


_FIGURES = {
    Figure.NET_LIQUIDATING_VALUE: "net liquidating value",
    Figure.OPEN_PNL: "open P&L",
    Figure.DAY_PNL: "day P&L",
    Figure.POSITIONS: "number of positions",
}


def _disagreement(check: Check) -> str:
    """Without the amount, which the sync log could not hide."""
    return f"Our {_FIGURES[check.figure]} is not the broker's ({check.position_symbol or 'no single position'})."


def _shortcomings(snapshot: BrokerSnapshot, changes: Reconciliation, notes: tuple[str, ...]) -> SyncError | None:
    """Why a landed answer is not whole, in one row; without a kind what else is worth saying, `None` if nothing is."""
    if not changes.notes:
        return SyncError(None, " ".join(notes), "") if notes else None
    is_unreadable = bool(snapshot.quarantined) or not snapshot.is_complete
    kind = ErrorKind.PAYLOAD if is_unreadable else ErrorKind.BROKER
    hint = "Everything else landed."
    if is_unreadable:
        hint = "Everything else landed; `enter` on this line shows the rows that could not be read."
    return SyncError(kind, " ".join((*changes.notes, *notes)), hint)


def _summary(cycle: int, outcomes: Iterable[Outcome]) -> CycleOutcome:
    outcomes = list(outcomes)
    statuses = {outcome.status for outcome in outcomes}
    status = statuses.pop() if len(statuses) == 1 else RunStatus.PARTIAL
    errors = (outcome.error for outcome in outcomes if outcome.status is not RunStatus.SUCCESS)
    error = next((error for error in errors if error is not None), None)
    is_refused = status is RunStatus.FAILED and any(outcome.is_grant_refused for outcome in outcomes)
    return CycleOutcome(cycle, status, error, is_refused, any(outcome.is_delayed for outcome in outcomes))
