"""The demo's transactions are its fills and add up to its positions; its orders work and never fill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.brokers.base import Broker, BrokerSnapshot, ConnectionConfig, HistoryBroker
from cotrader_tui.brokers.demo import create
from cotrader_tui.brokers.demo.book import ACCOUNTS, GENERATION
from cotrader_tui.domain.orders import Order, OrderKind
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.transactions import Transaction, TransactionKind

EPOCH = datetime(2026, 9, 15, 14, 2, 7, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)


def broker(after: timedelta, seed: int = 11) -> HistoryBroker:
    config = ConnectionConfig("demo", "demo", options={"seed": str(seed), "epoch": EPOCH.isoformat()})
    made = create(config, lambda: EPOCH + after)
    assert isinstance(made, HistoryBroker)
    return made


async def booked(after: timedelta, since: timedelta = -HOUR, seed: int = 11) -> list[Transaction]:
    of = broker(after, seed)
    listings = [await of.transactions(account, EPOCH + since) for account in ACCOUNTS.values()]
    return [transaction for listing in listings for transaction in listing.rows]


async def ordered(after: timedelta) -> dict[str, Order]:
    of = broker(after)
    listings = [await of.orders(account) for account in ACCOUNTS.values()]
    return {order.account.number: order for listing in listings for order in listing.rows}


async def quantities(after: timedelta) -> dict[tuple[str, str], Decimal]:
    of: Broker = broker(after)  # type: ignore[assignment]
    results = await of.fetch(await of.accounts(), timedelta(seconds=9))
    return {
        (snapshot.account.id.number, holding.instrument.symbol): holding.quantity
        for snapshot in results
        if isinstance(snapshot, BrokerSnapshot)
        for holding in snapshot.holdings
    }


@pytest.mark.parametrize("seed", [3, 11, 907])
async def test_within_ten_minutes_there_are_trades_of_either_side_with_their_money(seed: int) -> None:
    found = await booked(timedelta(minutes=10), seed=seed)
    assert {each.kind for each in found} == {TransactionKind.TRADE}
    assert {each.quantity is not None and each.quantity > 0 for each in found} == {True, False}
    for each in found:
        assert each.quantity is not None
        assert each.price is not None
        assert each.amount is not None
        assert each.fees is not None
        assert each.fees <= 0
        is_future = each.symbol is not None and each.symbol.startswith("/")
        assert each.amount == each.fees if is_future else (each.amount > 0) == (each.quantity < 0)


async def test_the_trades_of_a_day_are_what_positions_changed_by() -> None:
    start, end = timedelta(minutes=1), timedelta(hours=8)
    before, after = await quantities(start), await quantities(end)
    moved: dict[tuple[str, str], Decimal] = {}
    for each in await booked(end, since=start):
        assert each.quantity is not None
        key = (each.account.number, each.symbol or "")
        moved[key] = moved.get(key, Decimal(0)) + each.quantity
    for key, change in moved.items():
        assert after.get(key, Decimal(0)) - before.get(key, Decimal(0)) == change, key


async def test_time_only_adds_trades_and_each_has_a_key_of_its_own() -> None:
    early, late = await booked(HOUR), await booked(GENERATION + HOUR)
    assert set(early) < set(late)
    assert len({(each.account, each.key) for each in late}) == len(late)
    assert all(each.at >= EPOCH + HOUR for each in await booked(GENERATION, since=HOUR))


async def test_two_orders_work_of_which_one_is_a_debit_for_two_legs() -> None:
    found = await ordered(HOUR)
    assert set(found) == {"DEMO01", "DEMO02"}
    strangle, stop = found["DEMO01"], found["DEMO02"]
    assert (strangle.kind, len(strangle.legs), strangle.limit_price is not None) == (OrderKind.LIMIT, 2, True)
    assert strangle.limit_price is not None
    assert strangle.limit_price < 0, "buying back costs money"
    held = await quantities(HOUR)
    assert all(held["DEMO01", leg.symbol] == -(leg.quantity or 0) for leg in strangle.legs)
    assert (stop.kind, stop.legs[0].quantity, stop.stop_price is not None) == (OrderKind.STOP, Decimal(-60), True)
    assert not strangle.is_terminal


async def test_orders_stay_as_they_are_and_are_new_when_the_book_is_rolled() -> None:
    assert await ordered(HOUR) == await ordered(2 * HOUR)
    assert (await ordered(GENERATION + HOUR))["DEMO01"].key != (await ordered(HOUR))["DEMO01"].key


async def test_an_account_it_does_not_have_has_nothing() -> None:
    nobody = Account(next(iter(ACCOUNTS.values())).id, "", "USD")
    other = Account(type(nobody.id)("demo", "DEMO99"), "", "USD")
    assert (await broker(HOUR).orders(other)).rows == ()
    assert (await broker(HOUR).transactions(other, EPOCH)).rows == ()
