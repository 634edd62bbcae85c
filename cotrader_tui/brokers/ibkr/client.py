"""The Interactive Brokers adapter: what is asked in one cycle, in which order, and what becomes of each answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from ib_async import IB

from cotrader_tui.brokers.base import AccountResult, ConnectionConfig, Listing, MarketUpdate
from cotrader_tui.brokers.hints import Hints
from cotrader_tui.brokers.ibkr import errors
from cotrader_tui.brokers.ibkr.catalogue import Catalogue
from cotrader_tui.brokers.ibkr.changes import AccountChanges
from cotrader_tui.brokers.ibkr.closings import Closings
from cotrader_tui.brokers.ibkr.history import HistoryReader
from cotrader_tui.brokers.ibkr.instruments import BROKER
from cotrader_tui.brokers.ibkr.lines import Lines
from cotrader_tui.brokers.ibkr.link import Link
from cotrader_tui.brokers.ibkr.live import LiveMarket
from cotrader_tui.brokers.ibkr.market import MarketAnswer, MarketReader
from cotrader_tui.brokers.ibkr.parse import AccountValues, PositionsAnswer, parse_balances, parse_positions
from cotrader_tui.brokers.ibkr.pnl import Key, PnlBook
from cotrader_tui.brokers.ibkr.probe import Probe
from cotrader_tui.brokers.ibkr.reading import Reading, snapshot_of
from cotrader_tui.brokers.ibkr.settings import Limits, settings_of
from cotrader_tui.brokers.ibkr.wanted import wanted_of
from cotrader_tui.brokers.ibkr.watch import Finding, Watch
from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.orders import Order
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.transactions import Transaction
from cotrader_tui.errors import BrokerError

log = logging.getLogger(__name__)

T = TypeVar("T")

PACE = 45
"""Messages a second, to which ib_async holds back; TWS allows 50."""
SHARE = 0.95
"""The part of a cycle's budget in which everything must have arrived; the rest is for putting it together."""


class IbkrBroker:
    """Interactive Brokers behind the `Broker` port. Time limits and retries can be set, for tests."""

    def __init__(
        self,
        config: ConnectionConfig,
        clock: Clock,
        *,
        limits: Limits | None = None,
        policy: RetryPolicy | None = None,
        hints: Hints | None = None,
    ) -> None:
        settings = settings_of(config)
        self._clock = clock
        self._limits = limits or Limits()
        self._changes = AccountChanges(hints or Hints())
        self._link = Link(settings, self._limits, policy or RetryPolicy(), clock, self._begin)
        self._watch = Watch(self._link, self._limits, clock)
        self._refusal = ""
        self._catalogue = Catalogue()
        self._history = HistoryReader(self._link, self._catalogue, self._limits)
        self._pnl = PnlBook()
        lines = Lines(clock)
        self._market = MarketReader(settings.lines, self._limits, lines)
        self._live = LiveMarket(clock, self._pnl, lines)
        self._probe = Probe(self._link, settings, self._limits)
        self._closings = Closings(clock)
        self._base_currencies: dict[str, str] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._calls = 0
        """How often TWS has been called on."""

    async def accounts(self) -> tuple[Account, ...]:
        return await self._within(self._limits.accounts, self._accounts())

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        if not accounts:
            return ()
        seconds = budget.total_seconds()
        return await self._within(seconds, self._fetch(accounts, seconds * SHARE))

    async def stream(self) -> AsyncGenerator[MarketUpdate, None]:
        """Quotes and Greeks that moved, from open lines, P&L and portfolio; hints of fills; how the connection does,
        which the next cycle makes anew where it is gone: that is due at once when TWS listens again.
        """
        told: Finding | None = None
        while True:
            quotes, greeks = self._live.moved() if self._link.is_live else ((), ())
            found = self._watch.look(self._refusal, has_figures=self._pnl.has_figures, is_fetching=bool(self._running))
            is_due = self._changes.is_sync_due() or await self._is_back()
            if found != told:
                yield MarketUpdate(quotes, greeks, is_sync_due=is_due, state=found.state, message=found.message)
            elif quotes or greeks or is_due:
                yield MarketUpdate(quotes, greeks, is_sync_due=is_due)
            else:
                await asyncio.sleep(self._limits.look)
            told = found

    async def transactions(self, account: Account, since: datetime) -> Listing[Transaction]:
        """TWS cannot be asked for older fills than it keeps: `since` changes nothing."""
        return await self._within(self._limits.accounts, self._history.transactions(account.id.number))

    async def orders(self, account: Account) -> Listing[Order]:
        return await self._within(self._limits.accounts, self._history.orders(account.id.number))

    def forget(self) -> None:
        """What the contracts are is asked again."""
        self._catalogue.forget()

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        self._link.drop()

    def _begin(self, ib: IB) -> None:
        """What listens to a new connection."""
        self._changes.listen(ib)
        self._history.listen(ib)
        ib.updatePortfolioEvent += self._live.hear

    async def _is_back(self) -> bool:
        """Whether TWS listens again. While it is called on anyway, that call finds out."""
        return not self._running and await self._probe.finds_tws_back(self._calls)

    async def _within(self, seconds: float, call: Coroutine[Any, Any, T]) -> T:
        """The result of one call that `close` can end. ib_async leaves requests waiting for ever when it is closed.

        Raises:
            BrokerError: the call's own, or of kind network if it is not done after `seconds`.
        """
        task = asyncio.create_task(call)
        self._calls += 1
        self._running.add(task)
        try:
            await asyncio.wait({task}, timeout=max(seconds, 0))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._running.discard(task)
        if task.cancelled():
            raise errors.out_of_time()
        error = task.exception()
        if error is None:
            return task.result()
        if isinstance(error, BrokerError):
            raise error
        log.error("An unexpected fault while reading TWS", exc_info=error)
        raise errors.unexpected(error)

    async def _accounts(self) -> tuple[Account, ...]:
        ib = await self._link.open()
        return tuple(self._account(ib, number) for number in ib.managedAccounts())

    def _account(self, ib: IB, number: str) -> Account:
        base = AccountValues.of(ib.accountValues(number)).base_currency or self._base_currencies.get(number, "")
        self._base_currencies[number] = base
        return Account(AccountId(BROKER, number), number, base)

    async def _fetch(self, accounts: Collection[Account], seconds: float) -> tuple[AccountResult, ...]:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        ib = await self._link.open()
        positions = await self._positions(ib, end - loop.time())
        readings = [self._reading(ib, account, positions) for account in accounts]
        held = {(row.account, row.terms.con_id): row.quantity for reading in readings for row in reading.rows}
        self._changes.hold([account.id.number for account in accounts], held)
        await self._learn(ib, positions, {con_id for _, con_id in held}, end)
        try:
            market = await self._read_market(ib, readings, held, end - loop.time())
        except ConnectionError:
            market = MarketAnswer()
        is_broken = not self._link.is_open
        self._live.land(readings, self._catalogue)
        quotes, greeks = self._live.quotes, self._live.greeks
        snapshots = tuple(
            snapshot_of(
                reading, self._catalogue, self._pnl, market, quotes, greeks, self._closings, is_broken=is_broken
            )
            for reading in readings
        )
        self._pnl.release(self._pnl.gone(held))
        return snapshots

    async def _positions(self, ib: IB, seconds: float) -> PositionsAnswer:
        """The positions of all accounts, from a request that its end marker ended. It stays open: changes are hints.

        An answer that stays unfinished ends the connection, else its rest could end the next request too early.
        """
        rows = self._link.position_rows
        rows.clear()
        self._changes.pause()
        seconds = min(self._limits.positions, seconds)
        is_finished = False
        try:
            async with asyncio.timeout(seconds):
                ib.client.cancelPositions()  # type: ignore[no-untyped-call]
                await ib.reqPositionsAsync()
            is_finished = True
        except TimeoutError:
            if self._link.notices.lost_since is not None:
                raise errors.link_lost(self._link.notices.lost_since) from None
            raise errors.positions_unfinished(seconds) from None
        except ConnectionError:
            raise errors.dropped("it listed the positions") from None
        finally:
            if not is_finished:
                self._link.drop()
        if self._link.notices.lost_since is not None:
            raise errors.link_lost(self._link.notices.lost_since)
        return parse_positions(rows)

    def _reading(self, ib: IB, account: Account, positions: PositionsAnswer) -> Reading:
        number, now = account.id.number, self._clock()
        values = AccountValues.of(ib.accountValues(number))
        return Reading(
            account=account,
            rows=tuple(row for row in positions.rows.values() if row.account == number and row.quantity != 0),
            unreadable=tuple(each for each in positions.unreadable if each[0] in {number, None}),
            fetched_at=now,
            rates=values.exchange_rates,
            is_ready=values.is_ready,
            balances=parse_balances(values, self._link.values_at.get(number, now)),
            portfolio={item.contract.conId: item for item in ib.portfolio(number)},
            warnings=self._link.notices.warnings(),
        )

    async def _learn(self, ib: IB, positions: PositionsAnswer, con_ids: Collection[int], end: float) -> None:
        unreadable = {terms.con_id for _, terms, _ in positions.unreadable if terms is not None}
        wanted = {*con_ids, *unreadable}
        limit = self._limits.details + len(self._catalogue.to_ask(wanted)) / PACE
        seconds = min(limit, end - asyncio.get_running_loop().time())
        try:
            await self._catalogue.learn(ib, wanted, self._link.faults, seconds)
        except ConnectionError:
            raise errors.dropped("it described the contracts") from None

    async def _read_market(
        self, ib: IB, readings: Sequence[Reading], held: Mapping[Key, Decimal], seconds: float
    ) -> MarketAnswer:
        """P&L subscriptions and a round of market data side by side."""
        waiting = self._pnl.follow(ib, held, [reading.account.id.number for reading in readings]) / PACE
        settling = self._pnl.settle(held, min(self._limits.pnl + waiting, seconds))
        wanted = wanted_of(readings, self._catalogue, self._pnl, self._clock())
        limit = self._limits.market + waiting + len(wanted) / PACE
        reading = self._market.read(ib, wanted, self._link.faults, min(limit, seconds))
        _, market = await asyncio.gather(settling, reading)
        self._refusal = market.refusal
        return market
