"""One round of market data: as many contracts as there are lines, in turn, each subscribed to once and cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ib_async import IB, Contract, Ticker

from cotrader_tui.brokers.ibkr.contracts import Details
from cotrader_tui.brokers.ibkr.errors import (
    MARKET_DATA_FAULTS,
    NO_FAULTS,
    NO_LINES_LEFT,
    PARTIAL_FAULTS,
    REFUSALS,
    all_refused,
)
from cotrader_tui.brokers.ibkr.settings import Limits
from cotrader_tui.brokers.ibkr.ticks import is_delayed

_SUBSCRIPTION = "mktData"
_REGAINED = 5
"""Lines tried anew after each round that was granted all it asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A contract whose market data is wanted. Of options the Greeks, of everything else a price."""

    details: Details
    is_option: bool


@dataclass(slots=True)
class MarketAnswer:
    """What one round came to."""

    tickers: dict[int, Ticker] = field(default_factory=dict)
    """By contract id, also those that sent nothing."""
    faults: dict[int, int] = field(default_factory=dict)
    """Error codes by contract id."""
    left_out: int = 0
    """Contracts whose turn is a later round."""

    @property
    def delayed(self) -> set[int]:
        """Contract ids whose data was not live."""
        return {con_id for con_id, ticker in self.tickers.items() if is_delayed(ticker)}

    @property
    def refusal(self) -> str:
        """A sentence where every contract asked for was refused; empty otherwise."""
        codes = [self.faults.get(con_id, 0) for con_id in self.tickers]
        if not codes or not REFUSALS.issuperset(codes):
            return ""
        return all_refused(MARKET_DATA_FAULTS[codes[0]])

    def fault_words(self, names: Mapping[int, str]) -> list[str]:
        """A sentence for each cause, naming up to three of the contracts in `names`; others' faults are left out."""
        by_cause: dict[str, list[str]] = {}
        for con_id, code in sorted(self.faults.items()):
            if con_id in names and code not in NO_FAULTS:
                cause = MARKET_DATA_FAULTS.get(code, "TWS answered with an error")
                by_cause.setdefault(f"{cause} ({code})", []).append(names[con_id])
        return [f"{listed(found)}: {cause}." for cause, found in sorted(by_cause.items())]


class MarketReader:
    """Market data within the line limit. Calls never overlap."""

    def __init__(self, lines: int, limits: Limits) -> None:
        self._most_lines = self._lines = lines
        self._limits = limits
        self._round = 0
        self._served: dict[int, int] = {}
        """The last round each contract had its turn in."""

    async def read(self, ib: IB, wanted: Mapping[int, Wanted], faults: dict[int, int], seconds: float) -> MarketAnswer:
        """One round for those of `wanted` whose turn it is, for up to `seconds`. `faults` is filled by the connection.

        Leaves no subscription behind, whatever happens.
        """
        self._round += 1
        chosen = self._next(wanted)
        for con_id in chosen:
            faults.pop(con_id, None)
        answer = MarketAnswer(left_out=len(wanted) - len(chosen))
        contracts = {con_id: _contract(wanted[con_id].details) for con_id in chosen}
        try:
            for con_id, contract in contracts.items():
                answer.tickers[con_id] = ib.reqMktData(contract)
            await self._wait(ib, answer.tickers, wanted, faults, seconds)
        except ConnectionError:
            return answer
        finally:
            _let_go(ib, contracts.values())
        answer.faults = {con_id: faults[con_id] for con_id in chosen if con_id in faults}
        self._learn_lines(answer)
        return answer

    def _next(self, wanted: Mapping[int, Wanted]) -> list[int]:
        """Prices in every round, for many options need them, with up to half the lines; then whoever waited longest."""
        self._served = {con_id: turn for con_id, turn in self._served.items() if con_id in wanted}
        order = sorted(wanted, key=lambda each: (self._served.get(each, 0), wanted[each].is_option, each))
        prices = [con_id for con_id in order if not wanted[con_id].is_option][: self._lines // 2]
        others = [con_id for con_id in order if con_id not in set(prices)]
        chosen = [*prices, *others][: self._lines]
        self._served.update(dict.fromkeys(chosen, self._round))
        return chosen

    async def _wait(
        self,
        ib: IB,
        tickers: Mapping[int, Ticker],
        wanted: Mapping[int, Wanted],
        faults: Mapping[int, int],
        seconds: float,
    ) -> None:
        """Until all have answered, none was new for a while, time is up or the connection is gone."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        silent = dict(tickers)
        until = end
        while silent and ib.isConnected() and loop.time() < min(end, until):
            await asyncio.sleep(0.02)
            answered = [
                con_id
                for con_id, ticker in silent.items()
                if _has_answered(ticker, wanted[con_id].is_option)
                or faults.get(con_id, 0) in MARKET_DATA_FAULTS.keys() - PARTIAL_FAULTS
            ]
            for con_id in answered:
                del silent[con_id]
                until = loop.time() + self._limits.quiet

    def _learn_lines(self, answer: MarketAnswer) -> None:
        """Fewer lines are free than thought when TWS refuses some: those come first next time, with fewer others.

        That is a fault only where not one is free. The number grows again, slowly, while there is a use for more.
        """
        refused = [con_id for con_id, code in answer.faults.items() if code == NO_LINES_LEFT]
        for con_id in refused:
            self._served.pop(con_id, None)
        if refused:
            self._lines = max(1, len(answer.tickers) - len(refused))
        elif answer.left_out:
            self._lines = min(self._most_lines, self._lines + _REGAINED)
        if len(refused) < len(answer.tickers):
            for con_id in refused:
                del answer.faults[con_id]
            answer.left_out += len(refused)


def _has_answered(ticker: Ticker, is_option: bool) -> bool:
    if is_option:
        return ticker.modelGreeks is not None
    return ticker.hasBidAsk() or ticker.last == ticker.last


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


def _let_go(ib: IB, contracts: Iterable[Contract]) -> None:
    """Cancels each subscription and forgets its ticker: ib_async would hand out the old one, old figures included."""
    for contract in contracts:
        ticker = ib.wrapper.tickers.pop(hash(contract), None)
        if ticker is None:
            continue
        req_id = ib.wrapper.endTicker(ticker, _SUBSCRIPTION)
        ib.wrapper.reqId2Ticker.pop(req_id, None)
        if req_id and ib.isConnected():
            ib.client.cancelMktData(req_id)  # type: ignore[no-untyped-call]


def listed(names: Sequence[str]) -> str:
    """Up to three names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
