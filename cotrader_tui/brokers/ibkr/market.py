"""Rounds of market data: as many contracts as there are lines, in turn. A line stays open until its turn is over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from ib_async import IB, Ticker

from cotrader_tui.brokers.ibkr.contracts import Details
from cotrader_tui.brokers.ibkr.errors import (
    MARKET_DATA_FAULTS,
    NO_FAULTS,
    NO_LINES_LEFT,
    PARTIAL_FAULTS,
    REFUSALS,
    all_refused,
)
from cotrader_tui.brokers.ibkr.lines import Line, Lines
from cotrader_tui.brokers.ibkr.settings import Limits
from cotrader_tui.brokers.ibkr.ticks import is_delayed, is_frozen

_REGAINED = 5
"""Lines tried anew after each round that was granted all it asked for."""
_ENDING_FAULTS = MARKET_DATA_FAULTS.keys() - PARTIAL_FAULTS
"""After these nothing comes over a line any more."""


class Rank(IntEnum):
    """What a contract's market data is wanted for, the most wanted first."""

    PRICE = 0
    """Nothing else tells its price, or Greeks need it."""
    GREEKS = 1
    EXTRA = 2
    """TWS values it by itself: only bid, ask and halts are missing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A contract whose market data is wanted."""

    details: Details
    rank: Rank


@dataclass(slots=True)
class MarketAnswer:
    """What one round came to."""

    lines: dict[int, Line] = field(default_factory=dict)
    """Of those whose turn it was, by contract id: open, or refused."""
    faults: dict[int, int] = field(default_factory=dict)
    """Error codes by contract id."""
    left_out: int = 0
    """Contracts whose turn is a later round."""

    @property
    def delayed(self) -> set[int]:
        """Contract ids whose data is not live."""
        return {con_id for con_id, line in self.lines.items() if is_delayed(line.ticker)}

    @property
    def frozen(self) -> set[int]:
        """Contract ids whose data is the last of a market that is closed."""
        return {con_id for con_id, line in self.lines.items() if is_frozen(line.ticker)}

    @property
    def refusal(self) -> str:
        """A sentence where every contract asked for was refused; empty otherwise."""
        codes = [self.faults.get(con_id, 0) for con_id in self.lines]
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

    def __init__(self, most_lines: int, limits: Limits, lines: Lines) -> None:
        self._most_lines = self._count = most_lines
        self._limits = limits
        self._lines = lines
        self._round = 0
        self._served: dict[int, int] = {}
        """The last round each contract had its turn in."""

    async def read(self, ib: IB, wanted: Mapping[int, Wanted], faults: dict[int, int], seconds: float) -> MarketAnswer:
        """One round for those of `wanted` whose turn it is. The connection fills `faults`.

        Open lines of theirs are kept; for the first answers over new ones it waits for up to `seconds`. Lines of all
        others are given back, and those that TWS refused, which are asked for again in the next round.
        """
        self._round += 1
        self._lines.use(ib)
        chosen = self._next(wanted)
        stay = [each for each in chosen if each in self._lines.open and faults.get(each) not in _ENDING_FAULTS]
        self._lines.give_back(self._lines.open.keys() - set(stay))
        self._lines.keep(wanted)
        answer = MarketAnswer({con_id: self._lines.open[con_id] for con_id in stay}, left_out=len(wanted) - len(chosen))
        new = {con_id: wanted[con_id] for con_id in chosen if con_id not in answer.lines}
        try:
            for con_id, each in new.items():
                faults.pop(con_id, None)
                answer.lines[con_id] = self._lines.take(con_id, each.details)
            await self._wait(ib, answer.lines, new, faults, seconds)
        except ConnectionError:
            return answer
        self._settle_faults(answer, faults)
        self._learn_lines(answer)
        return answer

    def _next(self, wanted: Mapping[int, Wanted]) -> list[int]:
        """Prices in every round, for many options need them, with up to half the lines; then whoever waited longest,
        extras last.
        """
        self._served = {con_id: turn for con_id, turn in self._served.items() if con_id in wanted}

        def turn(con_id: int) -> tuple[bool, int, Rank, int]:
            rank = wanted[con_id].rank
            return rank is Rank.EXTRA, self._served.get(con_id, 0), rank, con_id

        order = sorted(wanted, key=turn)
        prices = [con_id for con_id in order if wanted[con_id].rank is Rank.PRICE][: self._count // 2]
        others = [con_id for con_id in order if con_id not in set(prices)]
        chosen = [*prices, *others][: self._count]
        self._served.update(dict.fromkeys(chosen, self._round))
        return chosen

    async def _wait(
        self,
        ib: IB,
        lines: Mapping[int, Line],
        new: Mapping[int, Wanted],
        faults: Mapping[int, int],
        seconds: float,
    ) -> None:
        """Until all have answered, none was new for a while, time is up or the connection is gone.

        While nothing has answered, extras are waited for no longer than that while.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        silent = dict(new)
        is_needed = any(each.rank is not Rank.EXTRA for each in new.values())
        until = end if is_needed else loop.time() + self._limits.quiet
        while silent and ib.isConnected() and loop.time() < min(end, until):
            await asyncio.sleep(0.02)
            answered = [
                con_id
                for con_id, each in silent.items()
                if _has_answered(lines[con_id].ticker, each.rank) or faults.get(con_id) in _ENDING_FAULTS
            ]
            for con_id in answered:
                del silent[con_id]
                until = loop.time() + self._limits.quiet

    def _settle_faults(self, answer: MarketAnswer, faults: dict[int, int]) -> None:
        """Each line learns its newest fault; over those that stay silent after one nothing is to come."""
        for con_id, line in answer.lines.items():
            line.fault = faults.pop(con_id, line.fault)
        answer.faults = {con_id: line.fault for con_id, line in answer.lines.items() if line.fault}
        refused = [con_id for con_id, line in answer.lines.items() if line.fault in _ENDING_FAULTS and _is_mute(line)]
        self._lines.give_back(refused)

    def _learn_lines(self, answer: MarketAnswer) -> None:
        """Fewer lines are free than thought when TWS refuses some: those come first next time, with fewer others.

        That is a fault only where not one is free. The number grows again, slowly, while there is a use for more.
        """
        refused = [con_id for con_id, code in answer.faults.items() if code == NO_LINES_LEFT]
        for con_id in refused:
            self._served.pop(con_id, None)
        if refused:
            self._count = max(1, len(answer.lines) - len(refused))
        elif answer.left_out:
            self._count = min(self._most_lines, self._count + _REGAINED)
        if len(refused) < len(answer.lines):
            for con_id in refused:
                del answer.faults[con_id]
            answer.left_out += len(refused)


def _has_answered(ticker: Ticker, rank: Rank) -> bool:
    if rank is Rank.GREEKS:
        return ticker.modelGreeks is not None
    return _has_price(ticker)


def _has_price(ticker: Ticker) -> bool:
    return ticker.hasBidAsk() or ticker.last == ticker.last


def _is_mute(line: Line) -> bool:
    return line.ticker.modelGreeks is None and not _has_price(line.ticker)


def listed(names: Sequence[str]) -> str:
    """Up to three names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
