"""The demo's transactions, which are its fills, and its orders. A pure function of the market and the time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from cotrader_tui.brokers.demo.book import BOOK, GENERATION, contract_of, generation_of, opened_at
from cotrader_tui.brokers.demo.contracts import BROKER
from cotrader_tui.brokers.demo.fills import Execution, executions
from cotrader_tui.brokers.demo.market import Market
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import InstrumentType
from cotrader_tui.domain.orders import Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.transactions import Transaction, TransactionKind

_CURRENCY = "USD"
_PER_CONTRACT = Decimal("1.13")
"""What an option or a future costs each way; shares and coins cost nothing."""
_CENT = Decimal("0.01")
_STRANGLE = ("DEMO01", "SPY")
_STOPPED = ("DEMO02", "GLD")


def transactions(market: Market, account: str, since: datetime, now: datetime) -> Iterator[Transaction]:
    """The fills of an account in that time, oldest first."""
    for execution in executions(market, since, now):
        if execution.line.account == account:
            yield _trade(execution)


def _trade(execution: Execution) -> Transaction:
    instrument, quantity, price = execution.contract.instrument, execution.quantity, execution.price
    is_derivative = instrument.is_option or instrument.type is InstrumentType.FUTURE
    fees = -(_PER_CONTRACT * abs(quantity)).quantize(_CENT) if is_derivative else Decimal(0)
    paid = Decimal(0) if instrument.type is InstrumentType.FUTURE else quantity * price * instrument.multiplier
    verb = "Bought" if quantity > 0 else "Sold"
    return Transaction(
        account=AccountId(BROKER, execution.line.account),
        key=execution.key,
        at=execution.at,
        kind=TransactionKind.TRADE,
        description=f"{verb} {abs(quantity):f} {instrument.symbol} @ {price:f}",
        currency=instrument.currency,
        symbol=instrument.symbol,
        underlying=instrument.underlying,
        quantity=quantity,
        price=price,
        fees=fees,
        amount=fees - paid,
    )


def orders(market: Market, account: str, now: datetime) -> tuple[Order, ...]:
    """Orders that work, and never fill, while a generation of the book lasts."""
    generation = generation_of(market, now)
    found = (_buy_back(market, generation, now), _stop(market, generation))
    return tuple(order for order in found if order is not None and order.account.number == account)


def _buy_back(market: Market, generation: int, now: datetime) -> Order | None:
    """The SPY strangle for half of what it was sold at, while its options live: a debit."""
    lines = [line for line in BOOK if (line.account, line.underlying) == _STRANGLE and line.option != "-"]
    pairs = [(line, contract_of(line, market, generation)) for line in lines]
    if any(contract.instrument.is_expired(now) for _, contract in pairs):
        return None
    sold = sum((market.mark(contract, opened_at(line, market, generation)) for line, contract in pairs), Decimal(0))
    return Order(
        account=AccountId(BROKER, _STRANGLE[0]),
        key=f"buy-back-{generation}",
        status=OrderStatus.WORKING,
        kind=OrderKind.LIMIT,
        currency=_CURRENCY,
        legs=tuple(OrderLeg(contract.instrument.symbol, -line.quantity, Decimal(0)) for line, contract in pairs),
        time_in_force="gtc",
        underlying=_STRANGLE[1],
        limit_price=-(sold / 2).quantize(_CENT),
        placed_at=_begin(market, generation),
        updated_at=_begin(market, generation),
    )


def _stop(market: Market, generation: int) -> Order:
    """The GLD shares, sold if they fall by a tenth from where the generation began; it waits at the broker."""
    line = next(each for each in BOOK if (each.account, each.underlying) == _STOPPED and each.option == "-")
    share = contract_of(line, market, generation).instrument
    return Order(
        account=AccountId(BROKER, _STOPPED[0]),
        key=f"stop-{generation}",
        status=OrderStatus.RECEIVED,
        kind=OrderKind.STOP,
        currency=_CURRENCY,
        legs=(OrderLeg(share.symbol, -line.quantity, Decimal(0)),),
        time_in_force="gtc",
        underlying=_STOPPED[1],
        stop_price=(market.price(share, _begin(market, generation)) * Decimal("0.9")).quantize(_CENT),
        placed_at=_begin(market, generation),
        updated_at=_begin(market, generation),
    )


def _begin(market: Market, generation: int) -> datetime:
    return market.epoch + generation * GENERATION
