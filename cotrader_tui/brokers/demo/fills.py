"""The demo's fills: a schedule drawn from the seed, and what the positions come to after it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from cotrader_tui.brokers.demo.book import (
    BOOK,
    GENERATION,
    Line,
    contract_of,
    generation_of,
    opened_at,
)
from cotrader_tui.brokers.demo.market import Contract, Market, draw, last_close
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.positions import DatedAmount, EventKind, Holding

_KINDS = (EventKind.INCREASED, EventKind.REDUCED, EventKind.CLOSED, EventKind.OPENED)
_FIRST_ROUND = (70, 200, 330, 460)
"""Seconds after which the first fill of each kind may come: all of them within ten minutes."""
_ROUND = timedelta(hours=4)
_LAST_DAYS = timedelta(days=3)
_PRICE_STEP = Decimal("0.0001")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Fill:
    at: datetime
    kind: EventKind
    draw: float
    """In [0, 1): picks the line among those it can happen to."""


@dataclass(frozen=True, slots=True)
class Held:
    """A line after the fills so far. Money realized is kept for its last day, and in all for the cash."""

    line: Line
    contract: Contract
    quantity: Decimal
    average_open_price: Decimal
    opened_at: datetime
    realized: Decimal = _ZERO
    """In all since the generation began."""
    traded_on: date | None = None
    """The exchange's date of its last fill, which the figures below belong to."""
    day_base: Decimal = _ZERO
    """The price that date's day P&L starts from: the previous close, averaged with what was added at its fill."""
    realized_since_open: Decimal | None = None
    realized_day_gain: Decimal | None = None

    def open_pnl(self, mark: Decimal) -> Decimal:
        return (mark - self.average_open_price) * self.quantity * self.contract.instrument.multiplier

    def is_listed(self, today: date) -> bool:
        """Whether the broker still lists it: closed and expired rows are purged overnight."""
        expiration = self.contract.instrument.expiration
        if expiration is not None and today > expiration:
            return False
        return self.quantity != 0 or self.traded_on == today

    def as_holding(self, market: Market, today: date) -> Holding:
        base = self.day_base if self.traded_on == today else day_base(self, market, today)
        return Holding(
            instrument=self.contract.instrument,
            quantity=self.quantity,
            average_open_price=self.average_open_price,
            previous_close=base,
            realized_since_open=self._dated(self.realized_since_open),
            realized_day_gain=self._dated(self.realized_day_gain),
            opened_at=self.opened_at,
        )

    def _dated(self, amount: Decimal | None) -> DatedAmount | None:
        return DatedAmount(amount, self.traded_on) if amount is not None and self.traded_on else None


def positions(market: Market, at: datetime) -> tuple[Held, ...]:
    """Every line of the book after the fills until `at`, purged ones included."""
    generation = generation_of(market, at)
    fills = _schedule(market, generation)
    return _after(market, generation, bisect_right(fills, at, key=lambda fill: fill.at))


@lru_cache(maxsize=64)
def carried(market: Market, account: str, generation: int) -> Decimal:
    """What the account made on rolled positions in all generations before that one."""
    total = _ZERO
    for past in range(generation):
        end = market.epoch + (past + 1) * GENERATION
        for held in _after(market, past, len(_schedule(market, past))):
            if held.line.account == account:
                total += held.realized
                if held.line.rolls:
                    total += held.open_pnl(market.mark(held.contract, end))
    return total


def day_base(held: Held, market: Market, on: date) -> Decimal:
    """The price the day P&L of a position untouched on that date starts from."""
    if exchange_date(held.opened_at) == on:
        return held.average_open_price
    return market.mark(held.contract, last_close(on))


@lru_cache(maxsize=64)
def _schedule(market: Market, generation: int) -> tuple[Fill, ...]:
    """One fill of each kind within ten minutes, then again in every round of four hours; at the epoch one earlier."""
    start = market.epoch + generation * GENERATION
    fills = []
    if generation == 0 and exchange_date(before := start - timedelta(minutes=25)) == exchange_date(start):
        fills.append(Fill(before, EventKind.REDUCED, draw(market.seed, "fill", "before")))
    for number in range(GENERATION // _ROUND):
        for i, kind in enumerate(_KINDS):
            key = (market.seed, "fill", generation, number, i)
            quarter = number * _ROUND + (i + draw(*key)) * _ROUND / 4
            after = quarter if number else timedelta(seconds=_FIRST_ROUND[i] + int(60 * draw(*key)))
            fills.append(Fill(start + after, kind, draw(*key, "line")))
    return tuple(fills)


@lru_cache(maxsize=64)
def _after(market: Market, generation: int, count: int) -> tuple[Held, ...]:
    """The lines after the first `count` fills of a generation."""
    book = [_begun(line, market, generation) for line in BOOK]
    for fill in _schedule(market, generation)[:count]:
        _fill(book, fill, market)
    return tuple(book)


def _fill(book: list[Held], fill: Fill, market: Market) -> tuple[Held, Held] | None:
    """One fill in `book`: the line before and after; `None` if it can happen to none."""
    able = [i for i, held in enumerate(book) if _can(held, fill, book)]
    if not able:
        return None
    chosen = able[int(fill.draw * len(able))]
    before = book[chosen]
    book[chosen] = _filled(before, fill, market)
    return before, book[chosen]


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill that happened."""

    key: str
    at: datetime
    line: Line
    contract: Contract
    quantity: Decimal
    """+ bought, − sold."""
    price: Decimal


def executions(market: Market, since: datetime, until: datetime) -> Iterator[Execution]:
    """The fills in that time, oldest first. Rolling the book is none."""
    for generation in range(generation_of(market, since), generation_of(market, until) + 1):
        book = [_begun(line, market, generation) for line in BOOK]
        for number, fill in enumerate(_schedule(market, generation)):
            if fill.at > until:
                return
            filled = _fill(book, fill, market)
            if filled is None or filled[0].quantity == filled[1].quantity or fill.at < since:
                continue
            before, after = filled
            quantity, price = after.quantity - before.quantity, market.mark(after.contract, fill.at)
            yield Execution(f"{generation}-{number}", fill.at, after.line, after.contract, quantity, price)


def _begun(line: Line, market: Market, generation: int) -> Held:
    contract, at = contract_of(line, market, generation), opened_at(line, market, generation)
    return Held(line, contract, _ZERO if line.on_bench else line.quantity, market.mark(contract, at), at)


def _can(held: Held, fill: Fill, book: Sequence[Held]) -> bool:
    expires_at, size = held.contract.instrument.expires_at, abs(held.quantity)
    if not held.line.is_active or held.opened_at > fill.at:
        return False
    if expires_at is not None and expires_at - fill.at < _LAST_DAYS:
        return False
    if fill.kind is EventKind.INCREASED:
        return 0 < size < 2 * abs(held.line.quantity)
    if fill.kind is EventKind.REDUCED:
        return size >= 2
    if fill.kind is EventKind.CLOSED:
        return size > 0 and sum(1 for each in book if each.line.is_active and each.quantity == 0) < 4
    return size == 0 and held.traded_on != exchange_date(fill.at)


def _filled(held: Held, fill: Fill, market: Market) -> Held:
    """The line after one fill at the mark: one unit more or less, all of it, or a new position.

    Nobody opens what is worth nothing: then it stays as it was.
    """
    price, today = market.mark(held.contract, fill.at), exchange_date(fill.at)
    if fill.kind is EventKind.OPENED and price == 0:
        return held
    side = Decimal(1).copy_sign(held.line.quantity)
    if fill.kind is EventKind.OPENED:
        return replace(
            held,
            quantity=held.line.quantity,
            average_open_price=price,
            opened_at=fill.at,
            traded_on=today,
            day_base=price,
            realized_since_open=None,
            realized_day_gain=None,
        )
    if held.traded_on != today:
        base = day_base(held, market, today)
        held = replace(held, traded_on=today, day_base=base, realized_since_open=None, realized_day_gain=None)
    if fill.kind is EventKind.INCREASED:
        return replace(
            held,
            quantity=held.quantity + side,
            average_open_price=_averaged(held.average_open_price, held.quantity, price, side),
            day_base=_averaged(held.day_base, held.quantity, price, side),
        )
    sold = held.quantity if fill.kind is EventKind.CLOSED else side
    units = sold * held.contract.instrument.multiplier
    gain, day_gain = (price - held.average_open_price) * units, (price - held.day_base) * units
    return replace(
        held,
        quantity=held.quantity - sold,
        realized=held.realized + gain,
        realized_since_open=(held.realized_since_open or _ZERO) + gain,
        realized_day_gain=(held.realized_day_gain or _ZERO) + day_gain,
    )


def _averaged(price: Decimal, quantity: Decimal, added_at: Decimal, added: Decimal) -> Decimal:
    return ((price * quantity + added_at * added) / (quantity + added)).quantize(_PRICE_STEP)
