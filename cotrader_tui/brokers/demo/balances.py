"""What a demo account is worth and what it made, from its own ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from cotrader_tui.brokers.demo.book import CAPITAL, GENERATION, generation_of
from cotrader_tui.brokers.demo.fills import Held, carried, day_base
from cotrader_tui.brokers.demo.market import Market, product_volatility
from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.instruments import InstrumentType
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.positions import Holding

_CENT = Decimal("0.01")
_SHOCK = 0.45
"""The move margin is asked for, as a fraction of the yearly volatility: about 7 % for an index, 25 % for TSLA."""


def balances(account: Account, book: Sequence[Held], market: Market, at: datetime) -> Balances:
    """The account's balances at `at`; `book` is every line of it, purged ones included.

    Net liquidating value = cash + the market value of what is held; the open P&L of futures is settled to cash.
    """
    today = exchange_date(at)
    profit = carried(market, account.id.number, generation_of(market, at))
    values: dict[InstrumentType, Decimal] = defaultdict(Decimal)
    for held in book:
        instrument, mark = held.contract.instrument, market.mark(held.contract, at)
        profit += held.realized + held.open_pnl(mark)
        if held.is_listed(today) and instrument.type is not InstrumentType.FUTURE:
            values[instrument.type] += mark * held.quantity * instrument.multiplier
    net_liquidating_value = CAPITAL[account.id.number] + profit
    requirement = _requirement([held for held in book if held.is_listed(today)], market, at)
    return Balances(
        currency=account.base_currency,
        net_liquidating_value=net_liquidating_value.quantize(_CENT),
        cash_balance=(net_liquidating_value - sum(values.values())).quantize(_CENT),
        buying_power=(net_liquidating_value - requirement).quantize(_CENT),
        maintenance_requirement=requirement.quantize(_CENT),
        received_at=at,
        position_values=tuple(value.quantize(_CENT) for value in values.values()),
        has_futures_gain_in_cash=True,
        position_count=sum(held.quantity != 0 for held in book if held.is_listed(today)),
        open_pnl=_open_pnl(book, market, at).quantize(_CENT),
        day_pnl=_day_pnl(book, market, at),
    )


def holding_of(held: Held, market: Market, at: datetime) -> Holding:
    """The position as the demo broker lists it, with what the broker itself says it is worth and made."""
    today, mark = exchange_date(at), market.mark(held.contract, at)
    return replace(
        held.as_holding(market, today),
        broker_value=mark * held.quantity * held.contract.instrument.multiplier,
        broker_open_pnl=held.open_pnl(mark),
        broker_day_pnl=_made_today(held, market, at),
    )


def _open_pnl(book: Sequence[Held], market: Market, at: datetime) -> Decimal:
    listed = (held for held in book if held.is_listed(exchange_date(at)))
    return sum((held.open_pnl(market.mark(held.contract, at)) for held in listed), Decimal(0))


def _day_pnl(book: Sequence[Held], market: Market, at: datetime) -> Decimal | None:
    """Unknown on the day the book was rolled: what was held before is not in it any more."""
    today, generation = exchange_date(at), generation_of(market, at)
    if generation and exchange_date(market.epoch + generation * GENERATION) == today:
        return None
    listed = (held for held in book if held.is_listed(today))
    return sum((_made_today(held, market, at) for held in listed), Decimal(0)).quantize(_CENT)


def _made_today(held: Held, market: Market, at: datetime) -> Decimal:
    """The value now less that at the day's base, and what today's fills realized."""
    today, units = exchange_date(at), held.quantity * held.contract.instrument.multiplier
    if held.traded_on != today:
        return (market.mark(held.contract, at) - day_base(held, market, today)) * units
    return (market.mark(held.contract, at) - held.day_base) * units + (held.realized_day_gain or 0)


def _requirement(book: Sequence[Held], market: Market, at: datetime) -> Decimal:
    """Portfolio margin in miniature: per underlying the worst loss if it moves up or down by the shock."""
    worst: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for held in book:
        shock = _SHOCK * product_volatility(held.contract.instrument)
        losses = worst[held.contract.instrument.underlying]
        for i, move in enumerate((-shock, shock)):
            losses[i] -= _gain(held, market, at, move)
    return Decimal(repr(sum(max(0.0, *losses) for losses in worst.values())))


def _gain(held: Held, market: Market, at: datetime, move: float) -> float:
    """What the position makes if its underlying moves by that fraction."""
    instrument = held.contract.instrument
    units, mark = float(held.quantity * instrument.multiplier), float(market.mark(held.contract, at))
    if held.contract.underlying is None:
        return units * mark * move
    moved = market.valuation(held.contract, at, move)
    return units * (moved[0].price - mark) if moved else 0.0
