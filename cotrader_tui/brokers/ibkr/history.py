"""Asking TWS what was traded and which orders are open. It is asked, and never told anything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from ib_async import IB, Contract, ExecutionFilter, Trade

from cotrader_tui.brokers.base import Listing
from cotrader_tui.brokers.ibkr import errors
from cotrader_tui.brokers.ibkr.catalogue import Catalogue
from cotrader_tui.brokers.ibkr.executions import parse_executions, transactions_of
from cotrader_tui.brokers.ibkr.link import Link
from cotrader_tui.brokers.ibkr.orders import contracts_in, orders_of
from cotrader_tui.brokers.ibkr.settings import Limits
from cotrader_tui.domain.orders import Order
from cotrader_tui.domain.transactions import Transaction

_ORDER, _EXECUTION, _COMMISSION = 5, 11, 59
_INVALID = 321
_EXECUTION_ID = 2
_OPEN_ORDERS = "openOrders"
"""ib_async's key of the one request for orders there can be."""
_READ_ONLY = (
    "Orders are not readable with the Read-Only API: TWS refuses to list them. Nothing is wrong; to see them here, "
    "untick Read-Only API in its API settings, which also lets other programs trade."
)
_NOT_READABLE: Listing[Order] = Listing((), is_complete=False, notes=(_READ_ONLY,))

Handler = Callable[[list[str]], object]


class HistoryReader:
    """Executions and open orders over the connection of `link`. Calls never overlap."""

    def __init__(self, link: Link, catalogue: Catalogue, limits: Limits) -> None:
        self._link = link
        self._catalogue = catalogue
        self._limits = limits
        self._executions: list[tuple[str, ...]] = []
        self._commissions: dict[str, tuple[str, ...]] = {}
        self._unreadable_orders: list[tuple[str, ...]] = []
        self._turn = asyncio.Event()
        """Set when something came that a request may wait for."""
        self._is_refused = False
        self._is_read_only = False
        """Whether this connection lists no orders: it is not asked again."""

    def listen(self, ib: IB) -> None:
        """Keep the messages of a new connection: ib_async drops what it cannot read and makes 0 of what is unknown."""
        self._is_refused = self._is_read_only = False
        ib.errorEvent += self._heard
        handlers = ib.client.decoder.handlers
        handlers[_EXECUTION] = _keeping(handlers[_EXECUTION], self._executions.append)
        handlers[_COMMISSION] = _keeping(handlers[_COMMISSION], self._keep_commission)
        handlers[_ORDER] = self._catching(handlers[_ORDER])

    async def transactions(self, account: str) -> Listing[Transaction]:
        """The fills that TWS still knows: today's, or those of as many days as its trade log shows.

        Raises:
            BrokerError: there is no connection, or no answer.
        """
        ib = await self._link.open()
        self._executions.clear()
        self._commissions.clear()
        try:
            is_whole = await self._ends(ib.reqExecutionsAsync(ExecutionFilter(acctCode=account)))
            if not is_whole and not self._executions:
                raise errors.history_unfinished("the executions", self._limits.history)
            await self._wait_for_commissions()
            answer = parse_executions(self._executions, account)
            await self._learn(ib, {row.terms.con_id for row in answer.rows})
        except ConnectionError:
            raise errors.dropped("it listed the executions") from None
        # Fills only add up: what has come of an unfinished list is good as far as it goes.
        notes = () if is_whole else ("TWS did not end its list of executions: some may be missing.",)
        return transactions_of(answer, self._commissions, self._catalogue, notes)

    async def orders(self, account: str) -> Listing[Order]:
        """The orders that are open, of every client and of TWS itself; a note instead where it refuses to list them.

        Raises:
            BrokerError: there is no connection, or no answer.
        """
        ib = await self._link.open()
        if self._is_read_only:
            return _NOT_READABLE
        if _OPEN_ORDERS in ib.wrapper._futures:
            # Two requests at a time cannot be told apart: the end of the first would be taken for the second's.
            raise errors.history_unfinished("the open orders", self._limits.history)
        self._unreadable_orders.clear()
        # Of an order it knows already ib_async takes over only some of the fields.
        ib.wrapper.trades.clear()
        ib.wrapper.permId2Trade.clear()
        asked = asyncio.ensure_future(ib.reqAllOpenOrdersAsync())
        try:
            if not await self._ends(asked):
                return self._without_orders()
            trades: Sequence[Trade] = asked.result()
            await self._learn(ib, contracts_in(trades))
        except ConnectionError:
            raise errors.dropped("it listed the open orders") from None
        return orders_of(trades, self._unreadable_orders, account, self._catalogue)

    def _without_orders(self) -> Listing[Order]:
        if not self._is_refused:
            raise errors.history_unfinished("the open orders", self._limits.history)
        self._is_read_only = True
        return _NOT_READABLE

    async def _ends(self, asked: Awaitable[Any]) -> bool:
        """Whether the list comes to its end, in time and without a refusal.

        Raises:
            ConnectionError: the connection broke.
        """
        self._is_refused = False
        future = asyncio.ensure_future(asked)
        future.add_done_callback(lambda _: self._turn.set())
        try:
            await self._until(lambda: future.done() or self._is_refused, self._limits.history)
        finally:
            if not future.done():
                future.cancel()
        if self._is_refused or future.cancelled():
            return False
        future.result()
        return True

    async def _wait_for_commissions(self) -> None:
        """They follow the executions; one that does not come in time is unknown."""
        wanted = {fields[14] for fields in self._executions if len(fields) > 14 and fields[5] != "BAG"}
        await self._until(lambda: wanted <= self._commissions.keys(), self._limits.commissions)

    async def _until(self, happens: Callable[[], bool], seconds: float) -> None:
        """Looks whenever something came that it may have to do with; gives up after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not happens():
                    self._turn.clear()
                    await self._turn.wait()

    async def _learn(self, ib: IB, con_ids: set[int]) -> None:
        await self._catalogue.learn(ib, con_ids, self._link.faults, self._limits.details)

    def _heard(self, _req_id: int, code: int, text: str, _contract: Contract | None) -> None:
        if code == _INVALID and "read-only" in text.lower():
            self._is_refused = True
            self._turn.set()

    def _keep_commission(self, fields: tuple[str, ...]) -> None:
        if len(fields) > _EXECUTION_ID:
            self._commissions[fields[_EXECUTION_ID]] = fields
            self._turn.set()

    def _catching(self, handler: Handler) -> Handler:
        def catch(fields: list[str]) -> None:
            try:
                handler(fields)
            except Exception:  # noqa: BLE001 - whatever it stumbled over, the row is kept and told
                self._unreadable_orders.append(tuple(fields))

        return catch


def _keeping(handler: Handler, keep: Callable[[tuple[str, ...]], None]) -> Handler:
    def handle(fields: list[str]) -> None:
        keep(tuple(fields))
        handler(fields)

    return handle
