"""The connection that lives between cycles: opened when needed, made anew when it was lost, with an id of its own."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

from ib_async import IB, AccountValue, Contract

from cotrader_tui.brokers.ibkr import errors
from cotrader_tui.brokers.ibkr.handshake import ValuesMissingError, open_connection
from cotrader_tui.brokers.ibkr.notices import Notices
from cotrader_tui.brokers.ibkr.settings import Limits, Settings
from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.domain.clock import Clock
from cotrader_tui.errors import BrokerError

log = logging.getLogger(__name__)

_POSITION, _PNL, _PNL_SINGLE = 61, 94, 95
_NO_NUMBER = "nan"


class Link:
    """At most one socket to TWS. Every new socket is a new `IB`: nothing of an old one can leak into it."""

    def __init__(
        self,
        settings: Settings,
        limits: Limits,
        policy: RetryPolicy,
        clock: Clock,
        on_open: Callable[[IB], None] = lambda _: None,
    ) -> None:
        """`on_open` is given every new `IB` before it connects."""
        self._settings = settings
        self._limits = limits
        self._policy = policy
        self._clock = clock
        self._on_open = on_open
        self._heard_at = 0.0
        self._client_ids = deque(settings.client_ids)
        self._ib: IB | None = None
        self._lost_at: datetime | None = None
        self._do_values_end = True
        """False once TWS has not ended the values of some account, which it never does for some linked ones."""
        self.notices = Notices()
        self.faults: dict[int, int] = {}
        """The newest error code about a contract, by its id. Whoever asks for market data empties it."""
        self.position_rows: list[tuple[str, ...]] = []
        """The fields of the position messages as they came. Whoever asks for positions empties it."""
        self.values_at: dict[str, datetime] = {}
        """When the newest value of each account arrived."""

    @property
    def is_open(self) -> bool:
        return self._ib is not None and self._ib.isConnected()

    @property
    def is_live(self) -> bool:
        """Open, and TWS has its own link: what it sends is of now."""
        return self.is_open and self.notices.lost_since is None and not self.notices.has_lost_data

    @property
    def silent_for(self) -> float:
        """Seconds since the last bytes of any kind."""
        return asyncio.get_running_loop().time() - self._heard_at

    def ask_time(self) -> None:
        """Asks TWS what time it is; the answer is heard as anything is."""
        if self._ib is not None and self._ib.isConnected():
            self._ib.client.reqCurrentTime()  # type: ignore[no-untyped-call]

    async def open(self) -> IB:
        """The connection, which stands and has its link to Interactive Brokers. Subscriptions of an old one are gone.

        Raises:
            BrokerError: it cannot be had.
        """
        if self.notices.is_port_changed or self.notices.has_lost_data or self._is_lost_for_long():
            self.drop()
        if self._ib is None or not self._ib.isConnected():
            self._ib = await self._reopen()
            try:
                self._ib.reqMarketDataType(self._settings.market_data_type)
            except ConnectionError:
                raise errors.dropped("TWS was starting to answer") from None
        if self.notices.lost_since is not None:
            raise errors.link_lost(self.notices.lost_since)
        return self._ib

    def drop(self) -> None:
        """Closes the socket, if there is one. Never raises."""
        ib, self._ib = self._ib, None
        if ib is not None:
            _close(ib)

    def _is_lost_for_long(self) -> bool:
        since = self.notices.lost_since
        return since is not None and (self._clock() - since).total_seconds() > self._limits.lost_link

    async def _reopen(self) -> IB:
        was_port_changed = self.notices.is_port_changed
        self.notices = Notices()
        self.faults.clear()
        self.position_rows.clear()
        self.values_at.clear()
        try:
            return await self._policy.call(self._connect)
        except BrokerError:
            if self.notices.lost_since is not None:
                raise errors.link_lost(self.notices.lost_since) from None
            if not was_port_changed:
                raise
            self.notices.is_port_changed = True
            raise errors.port_changed(self._settings.address) from None

    async def _connect(self) -> IB:
        for _ in range(len(self._client_ids)):
            try:
                return await self._connect_as(self._client_ids[0])
            except errors.ClientIdInUseError:
                self._client_ids.rotate(-1)
        raise errors.all_ids_in_use(self._settings.address, self._settings.client_ids)

    async def _connect_as(self, client_id: int) -> IB:
        try:
            ib = await self._opened(client_id)
        except ValuesMissingError:
            self._do_values_end = False
            ib = await self._opened(client_id)
        is_usable = False
        try:
            await self._ask_for_the_rest(ib)
            is_usable = True
        except ConnectionError:
            raise errors.dropped("TWS was starting to answer") from None
        finally:
            if not is_usable:
                _close(ib)
        self._lost_at = None
        return ib

    async def _opened(self, client_id: int) -> IB:
        ib = self._new()
        await open_connection(
            ib, self._settings, client_id, self._limits, self._lost_at, with_values=self._do_values_end
        )
        return ib

    async def _ask_for_the_rest(self, ib: IB) -> None:
        """What need not come: values that TWS may never end, and the portfolio, of which it has one account's only."""
        accounts = ib.managedAccounts()
        asked: list[Awaitable[None]] = []
        if not self._do_values_end or len(accounts) > ib.MaxSyncedSubAccounts:
            asked += [ib.reqAccountUpdatesMultiAsync(number) for number in accounts]
        if len(accounts) == 1:
            asked.append(ib.reqAccountUpdatesAsync(accounts[0]))
        waiting = [asyncio.ensure_future(each) for each in asked]
        if waiting:
            await asyncio.wait(waiting, timeout=self._limits.extras)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _new(self) -> IB:
        ib = IB()
        # Its answer to 1102 is an account summary that it never cancels; TWS refuses the third.
        ib.errorEvent -= ib._onError
        ib.errorEvent += self._heard
        ib.accountValueEvent += self._valued
        ib.disconnectedEvent += self._broken
        ib.client.conn.hasData += self._heard_bytes
        self._on_open(ib)
        handlers = ib.client.decoder.handlers
        handlers[_POSITION] = self._keeping_rows(handlers[_POSITION])
        handlers[_PNL] = _with_unknowns(handlers[_PNL])
        handlers[_PNL_SINGLE] = _with_unknowns(handlers[_PNL_SINGLE])
        return ib

    def _keeping_rows(self, handler: Callable[[list[str]], object]) -> Callable[[list[str]], object]:
        """ib_async reads an empty quantity as 0 and drops a row it cannot read: the row itself is needed."""

        def keep(fields: list[str]) -> None:
            self.position_rows.append(tuple(fields))
            handler(fields)

        return keep

    def _heard(self, req_id: int, code: int, text: str, contract: Contract | None) -> None:
        log.info("TWS said %d about request %d", code, req_id)
        self.notices.hear(code, text, self._clock())
        if contract is not None and contract.conId:
            self.faults[contract.conId] = code

    def _heard_bytes(self, _data: bytes) -> None:
        self._heard_at = asyncio.get_running_loop().time()

    def _valued(self, value: AccountValue) -> None:
        self.values_at[value.account] = self._clock()

    def _broken(self) -> None:
        if self._ib is not None:
            self._lost_at = self._clock()


def _close(ib: IB) -> None:
    """Closes its socket. Never raises."""
    ib.disconnectedEvent.clear()
    try:
        if ib.isConnected():
            ib.disconnect()
        else:
            ib.client.disconnect()  # type: ignore[no-untyped-call]
    except (OSError, RuntimeError) as error:
        log.info("Closing the connection to TWS: %s", type(error).__name__)


def _with_unknowns(handler: Callable[[list[str]], object]) -> Callable[[list[str]], object]:
    """ib_async reads an empty number as 0."""
    return lambda fields: handler([each or _NO_NUMBER for each in fields])
