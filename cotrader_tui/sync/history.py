"""Transactions and orders: passes of their own, between the cycles of a connection and never beside one.

Transactions are fetched every 15 minutes, and right after a cycle in which a position changed. Orders are fetched as
often as positions, but at most about once a minute. Both also when a person asks for a sync; in full: the transactions
from the first that is kept, or from as far back as an account's first ones. A pass follows a cycle that landed; where
one fails, its kind waits five minutes. A failure is told in the sync log and harms nothing else: it does not count
among the connection's failures, and what is stored stays as it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from cotrader_tui.brokers.base import Broker, ConnectionConfig, HistoryBroker, Listing
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.sync import RunStatus, SyncCounts, SyncError, SyncKind, Trigger
from cotrader_tui.errors import BrokerError, ErrorKind, StoreError
from cotrader_tui.store.history_writing import HistoryLanding
from cotrader_tui.store.writer import Writer

log = logging.getLogger(__name__)

T = TypeVar("T")

TRANSACTIONS_EVERY = timedelta(minutes=15)
ORDERS_EVERY = timedelta(seconds=60)
"""At the least: where the connection's interval is longer, that."""
SLACK = timedelta(seconds=10)
"""Cycles come a few seconds early or late: a pass that is due so soon goes with this one."""
AGAIN_AFTER = timedelta(minutes=5)
"""How long a kind waits that failed for some account."""
FIRST_REACH = timedelta(days=365)
"""How far back an account's first transactions are fetched."""
OVERLAP = timedelta(days=7)
"""How far before the newest known transaction it is looked again: some are booked late, some are corrected."""
PASS_BUDGET = timedelta(seconds=60)
"""For all accounts of a connection; its next cycle waits for them."""

_NAMED = 10
"""How many unreadable rows the sync log names; it keeps them all."""
_KEPT = "What is stored stays; the next pass tries again."
_KEPT_IN_FULL = "What is stored stays. Ask for everything again in full: `R`, or `cotrader sync --full`."


@dataclass(slots=True)
class HistorySync:
    """The passes of one connection. Its owner awaits `after_cycle` between two cycles."""

    writer: Writer
    config: ConnectionConfig
    connection: int
    clock: Clock
    _due_at: dict[SyncKind, datetime] = field(default_factory=dict)

    async def after_cycle(self, broker: Broker, cycle: int, trigger: Trigger, *, is_full: bool = False) -> None:
        """The passes that are due after a cycle that landed; `is_full`: all, from the beginning.

        Raises:
            StoreError: the database refused.
            asyncio.CancelledError: the engine stops; the open runs are closed as failed.
        """
        kinds = self.config.sync_kinds & {SyncKind.TRANSACTIONS, SyncKind.ORDERS}
        if not kinds or not isinstance(broker, HistoryBroker):
            return
        due = kinds if is_full or trigger is Trigger.MANUAL else {kind for kind in kinds if self._is_due(kind)}
        if SyncKind.ORDERS in due:
            await self._orders(broker, trigger)
        if SyncKind.TRANSACTIONS in due or (
            SyncKind.TRANSACTIONS in kinds and self.writer.history.has_changed_positions(cycle)
        ):
            await self._transactions(broker, trigger, is_full=is_full)

    def _every(self, kind: SyncKind) -> timedelta:
        return TRANSACTIONS_EVERY if kind is SyncKind.TRANSACTIONS else max(ORDERS_EVERY, self.config.sync_interval)

    def _is_due(self, kind: SyncKind) -> bool:
        """Whether its time has come, is unknown, or is further off than it can be because the clock was set back."""
        due_at = self._due_at.get(kind)
        if due_at is None:
            return True
        left = due_at - self.clock()
        return left <= SLACK or left > max(self._every(kind), AGAIN_AFTER)

    async def _transactions(self, broker: HistoryBroker, trigger: Trigger, *, is_full: bool) -> None:
        history = self.writer.history
        runs = _Runs(self, SyncKind.TRANSACTIONS, trigger, _KEPT_IN_FULL if is_full else _KEPT)

        async def sync(account: Account) -> None:
            listing = await broker.transactions(account, self._since(account.id, is_full=is_full))
            history.land_transactions(runs.landing(account.id, listing), listing.rows)

        await self._pass(runs, sync)

    def _since(self, account: AccountId, *, is_full: bool) -> datetime:
        """From where on the transactions of an account are fetched."""
        span, first = self.writer.history.span(account), self.clock() - FIRST_REACH
        if span is None:
            return first
        oldest, newest = span
        return min(oldest, first) if is_full else newest - OVERLAP

    async def _orders(self, broker: HistoryBroker, trigger: Trigger) -> None:
        runs = _Runs(self, SyncKind.ORDERS, trigger)

        async def sync(account: Account) -> None:
            listing = await broker.orders(account)
            landing = runs.landing(account.id, listing)
            self.writer.history.land_orders(landing, listing.rows, is_complete=listing.is_complete)

        await self._pass(runs, sync)

    async def _pass(self, runs: _Runs, sync: Callable[[Account], Awaitable[None]]) -> None:
        """`sync` each account in turn: calls of one broker never overlap. Whatever fails becomes rows of the log."""
        every, started_at = self._every(runs.kind), self.clock()
        self._due_at[runs.kind] = started_at + max(every, AGAIN_AFTER)
        has_failed = False
        with runs.closed():
            async with asyncio.timeout(PASS_BUDGET.total_seconds()):
                for account in runs.accounts:
                    try:
                        await sync(account)
                        runs.ended(account.id)
                    except BrokerError as error:
                        has_failed = True
                        runs.fail([account.id], runs.in_words(error))
                        if error.is_grant_refused:
                            raise  # for every account: a broker may block whom it goes on refusing
            if not has_failed:
                self._due_at[runs.kind] = started_at + every


class _Runs:
    """The rows of one pass in the sync log."""

    def __init__(self, history: HistorySync, kind: SyncKind, trigger: Trigger, hint: str = _KEPT) -> None:
        """`hint` is the next step where the pass fails."""
        self.kind = kind
        self._hint = hint
        self._writer = history.writer
        self._name = history.config.name
        self._clock = history.clock
        self.accounts = self._writer.history.accounts(history.connection)
        self._open = self._writer.history.begin(history.connection, kind, trigger, self.accounts, self._clock())

    def landing(self, account: AccountId, listing: Listing[T]) -> HistoryLanding:
        """How the run of an account ends that was answered so."""
        error = _shortcomings(listing)
        return HistoryLanding(
            run=self._open[account],
            account=account,
            quarantined=tuple((row.symbol, row.reason, row.raw) for row in listing.quarantined),
            status=RunStatus.PARTIAL if listing.quarantined else RunStatus.SUCCESS,
            error=error,
            now=self._clock(),
        )

    def in_words(self, error: BrokerError) -> SyncError:
        return SyncError(error.kind, error.message, error.hint or self._hint)

    def ended(self, account: AccountId) -> None:
        del self._open[account]

    def fail(self, accounts: Collection[AccountId], error: SyncError) -> None:
        log.warning("The %s of %s: %s", self.kind, self._name, error.message)
        for account in accounts:
            self._writer.finish_run(self._open[account], RunStatus.FAILED, SyncCounts(), error, self._clock())
            self.ended(account)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Whatever ends the pass early is told in every run that is still open."""
        try:
            yield
        except asyncio.CancelledError:
            self._fail_cancelled()
            raise
        except BrokerError as error:
            self._fail_open(self.in_words(error))
        except TimeoutError:
            seconds = PASS_BUDGET.total_seconds()
            message = f"{self._name} did not hand over its {self.kind} within {seconds:g} s."
            self._fail_open(SyncError(ErrorKind.NETWORK, message, self._hint))
        except StoreError:
            raise
        except Exception:
            log.exception("The %s of %s failed inside the program", self.kind, self._name)
            message = f"A fault of this program while syncing the {self.kind} of {self._name}."
            hint = "The log file has the details; please report it."
            self._fail_open(SyncError(ErrorKind.INTERNAL, message, hint))

    def _fail_open(self, error: SyncError) -> None:
        self.fail(tuple(self._open), error)

    def _fail_cancelled(self) -> None:
        """If the store refuses, whoever syncs next closes them: an end must not wait for it."""
        message = "The program was asked to end in the middle of this sync."
        try:
            self._fail_open(SyncError(ErrorKind.INTERNAL, message, self._hint))
        except StoreError as error:
            log.warning("The open runs of %s could not be closed: %s", self._name, error)


def _shortcomings(listing: Listing[T]) -> SyncError | None:
    """Why an answer is not whole, in one row; without a kind what else is worth saying, `None` if nothing is."""
    notes = " ".join(listing.notes)
    if not listing.quarantined:
        return SyncError(None, notes, "") if notes else None
    named = [f"{row.symbol or 'A row without a symbol'}: {row.reason}" for row in listing.quarantined]
    more = f"And {len(named) - _NAMED} more." if len(named) > _NAMED else ""
    rows = " ".join((*named[:_NAMED], more)).strip()
    hint = "Everything else landed; `enter` on this line shows the rows that could not be read."
    return SyncError(ErrorKind.PAYLOAD, f"{rows} {notes}".strip(), hint)
