"""Market data lines: the subscriptions that stand, and what each contract's told last."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from ib_async import IB, Contract, OptionComputation, Ticker

from cotrader_tui.brokers.ibkr.contracts import Details
from cotrader_tui.domain.clock import Clock

_SUBSCRIPTION = "mktData"


@dataclass(slots=True, eq=False)
class Line:
    """The market data of one contract. One that was given back keeps what it told last."""

    ticker: Ticker
    price_magnifier: int = 1
    """Its prices are in so many parts of the currency."""
    is_open: bool = True
    fault: int = 0
    """The error code its request was answered with; 0 is none."""
    quoted_at: datetime | None = None
    """When the newest price, size or halt came; `None` before the first."""
    model: OptionComputation | None = None
    computed_at: datetime | None = None
    """When `model`, the newest Greeks of TWS's model, came."""
    is_passed: bool = False
    """Whether the mark has left its bid and ask behind since it was given back."""

    def hear(self, at: datetime) -> None:
        """Notes what its ticker has just been told."""
        if self.ticker.ticks:
            self.quoted_at = at
        if self.ticker.modelGreeks is not self.model:
            self.model, self.computed_at = self.ticker.modelGreeks, at


class Lines:
    """The lines of one connection at a time; a lost connection gives all of them back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ib: IB | None = None
        self._open: dict[int, Line] = {}
        self._last: dict[int, Line] = {}
        """Given back, and not replaced yet by one that has told something."""
        self._ticked: set[int] = set()

    def __getitem__(self, con_id: int) -> Line | None:
        """The contract's line; one that was given back while there is none that has told anything since."""
        line = self._open.get(con_id)
        return line if line is not None and line.quoted_at is not None else self._last.get(con_id, line)

    @property
    def open(self) -> dict[int, Line]:
        """By contract id."""
        return self._open

    @property
    def known(self) -> set[int]:
        """Contract ids of those that are open, and of those that told something once."""
        return self._open.keys() | self._last.keys()

    def use(self, ib: IB) -> None:
        """From now on lines are taken from `ib`. On a new connection none stands."""
        if ib is self._ib:
            return
        self._lose()
        self._ib = ib
        ib.pendingTickersEvent += self._hear
        ib.disconnectedEvent += self._lose

    def keep(self, con_ids: Collection[int]) -> None:
        """Forgets what the lines of all others told that were given back."""
        self._last = {con_id: line for con_id, line in self._last.items() if con_id in con_ids}

    def take(self, con_id: int, details: Details) -> Line:
        """Subscribes to a contract that has no open line.

        Raises:
            ConnectionError: the connection is gone.
        """
        if self._ib is None:
            raise ConnectionError("Not connected")
        line = Line(self._ib.reqMktData(_contract(details)), details.price_magnifier)
        self._open[con_id] = line
        return line

    def give_back(self, con_ids: Iterable[int]) -> None:
        """Cancels these subscriptions. ib_async forgets their tickers, else it hands out old figures again."""
        for con_id in con_ids:
            line = self._open.get(con_id)
            if line is None or self._ib is None or line.ticker.contract is None:
                continue
            self._retire(con_id)
            wrapper = self._ib.wrapper
            wrapper.tickers.pop(hash(line.ticker.contract), None)
            req_id = wrapper.endTicker(line.ticker, _SUBSCRIPTION)
            wrapper.reqId2Ticker.pop(req_id, None)
            if req_id and self._ib.isConnected():
                self._ib.client.cancelMktData(req_id)  # type: ignore[no-untyped-call]

    def take_ticked(self) -> set[int]:
        """Contract ids of the open lines that have told something since the last call."""
        ticked, self._ticked = self._ticked, set()
        return ticked

    def _hear(self, tickers: Iterable[Ticker]) -> None:
        now = self._clock()
        for ticker in tickers:
            con_id = 0 if ticker.contract is None else ticker.contract.conId
            line = self._open.get(con_id)
            if line is not None and line.ticker is ticker:
                line.hear(now)
                self._ticked.add(con_id)

    def _retire(self, con_id: int) -> None:
        line = self._open.pop(con_id)
        line.is_open = False
        if line.quoted_at is not None:
            self._last[con_id] = line

    def _lose(self) -> None:
        for con_id in list(self._open):
            self._retire(con_id)


def _contract(details: Details) -> Contract:
    terms = details.terms
    return Contract(
        conId=terms.con_id,
        symbol=terms.symbol,
        secType=terms.sec_type,
        lastTradeDateOrContractMonth=terms.expiry,
        strike=float(terms.strike or 0),
        right=terms.right,
        multiplier=terms.multiplier,
        exchange=details.exchange,
        currency=terms.currency,
        localSymbol=terms.local_symbol,
        tradingClass=terms.trading_class,
    )
