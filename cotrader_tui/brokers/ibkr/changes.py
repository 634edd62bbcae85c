"""What TWS tells of its own accord about fills and positions: hints to sync at once. The sync tells what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal

from ib_async import IB, PnLSingle, PortfolioItem, Position

from cotrader_tui.brokers.hints import Hints
from cotrader_tui.brokers.ibkr.numbers import figure
from cotrader_tui.brokers.ibkr.pnl import Key

_EXECUTION, _COMMISSION = 11, 59
_LIVE = "-1"
"""The request id of an execution that nobody asked for."""
_NOTHING = Decimal(0)

Handler = Callable[[list[str]], object]


class AccountChanges:
    """Whether what comes by itself differs from what the last sync found. Of one connection at a time."""

    def __init__(self, hints: Hints) -> None:
        self._hints = hints
        self._accounts: frozenset[str] = frozenset()
        self._held: Mapping[Key, Decimal] = {}
        self._said: dict[tuple[str, Key], Decimal] = {}
        """The quantity each source told of last: one that is odd for good is a hint once."""
        self._fills: set[str] = set()
        self._is_listening = False

    def listen(self, ib: IB) -> None:
        """Follow a new connection. It tells everything once, which is no change."""
        self._said.clear()
        self._fills.clear()
        self._is_listening = False
        ib.positionEvent += self._position
        ib.updatePortfolioEvent += self._portfolio
        ib.pnlSingleEvent += self._pnl
        handlers = ib.client.decoder.handlers
        handlers[_EXECUTION] = self._also(handlers[_EXECUTION], self._execution)
        handlers[_COMMISSION] = self._also(handlers[_COMMISSION], self._commission)

    def pause(self) -> None:
        """The list of positions is asked for: its rows are no changes."""
        self._is_listening = False

    def hold(self, accounts: Collection[str], held: Mapping[Key, Decimal]) -> None:
        """What a sync has just found in these accounts."""
        self._accounts, self._held = frozenset(accounts), held
        self._is_listening = True

    def is_sync_due(self) -> bool:
        """Whether something changed that no sync was asked for yet."""
        return self._hints.take(asyncio.get_running_loop().time())

    def _position(self, row: Position) -> None:
        self._compare("position", (row.account, row.contract.conId), row.position)

    def _portfolio(self, item: PortfolioItem) -> None:
        self._compare("portfolio", (item.account, item.contract.conId), item.position)

    def _pnl(self, message: PnLSingle) -> None:
        self._compare("pnl", (message.account, message.conId), message.position)

    def _compare(self, source: str, key: Key, said: float) -> None:
        quantity = figure(said)
        if quantity is None:
            return
        is_news = self._said.get((source, key)) != quantity
        self._said[source, key] = quantity
        is_ours = self._is_listening and key[0] in self._accounts
        if is_news and is_ours and quantity != self._held.get(key, _NOTHING):
            self._hear()

    def _execution(self, fields: Sequence[str]) -> None:
        """A fill, of any client where TWS sends those. One that was asked for is no news."""
        if fields[1] == _LIVE:
            self._fills.add(fields[14])
            self._hear()

    def _commission(self, fields: Sequence[str]) -> None:
        """What a fill cost, which may come after the sync it led to."""
        if fields[2] in self._fills:
            self._fills.discard(fields[2])
            self._hear()

    def _also(self, handler: Handler, look: Callable[[Sequence[str]], None]) -> Handler:
        """ib_async tells only of fills of its own orders: the messages themselves tell of all that come."""

        def handle(fields: list[str]) -> None:
            look(fields)
            handler(fields)

        return handle

    def _hear(self) -> None:
        self._hints.hear(asyncio.get_running_loop().time())
