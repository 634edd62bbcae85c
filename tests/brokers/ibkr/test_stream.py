"""Marks between two syncs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from cotrader_tui.brokers.base import MarketUpdate, StreamingBroker
from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.domain.market import MarkSource, Source
from tests.brokers.ibkr.conftest import (
    AAPL,
    LIMITS,
    NOW,
    ONE,
    SAP,
    SHARES,
    SHORT,
    SHORT_CALLS,
    TWO,
    Connect,
    eventually,
    only_snapshot,
    snapshots,
)
from tests.standin.tws import TwsStandin
from tests.standin.tws_book import TwsMarket, TwsPosition, balance_values

QUICK = replace(LIMITS, look=0.02)
QUIET = 0.2
"""Seconds in which nothing may come."""


async def following(updates: AsyncIterator[MarketUpdate]) -> MarketUpdate | None:
    """The next update that is more than a state, or `None` if none comes for a while."""

    async def wait() -> MarketUpdate:
        return await anext(update async for update in updates if update.quotes or update.is_sync_due)

    waiting = asyncio.ensure_future(wait())
    await asyncio.wait({waiting}, timeout=QUIET)
    if waiting.done():
        return waiting.result()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return None


async def moving(broker: IbkrBroker) -> MarketUpdate:
    async with asyncio.timeout(5):
        return await anext(update async for update in broker.stream() if update.quotes)


async def test_a_mark_that_moves_is_told_with_what_the_sync_knew_beside_it(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect(limits=QUICK)
    assert isinstance(broker, StreamingBroker)
    await only_snapshot(broker)
    server.change(lambda book: book.hold(ONE, replace(SHARES, value="23200"), SHORT_CALLS))
    update = await moving(broker)
    (quote,) = update.quotes
    assert (quote.instrument.key, quote.mark, quote.bid) == (str(AAPL.con_id), Decimal(232), Decimal("231.39"))
    assert (quote.source, quote.mark_source) == (Source.STREAM, MarkSource.BROKER)
    assert await following(broker.stream()) is None


async def test_a_quantity_that_changed_since_the_sync_moves_no_mark(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect(limits=QUICK)
    await only_snapshot(broker)
    server.change(lambda book: book.hold(ONE, replace(SHARES, quantity="60", value="13884")))
    assert await following(broker.stream()) is None


async def test_an_instrument_held_in_two_accounts_is_told_once(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.add_account(TWO, [SHARES]))
    broker = connect(limits=QUICK)
    await snapshots(broker)
    dearer = replace(SHARES, value="23200")
    server.change(lambda book: book.hold(ONE, dearer), lambda book: book.hold(TWO, dearer))
    update = await moving(broker)
    assert [quote.mark for quote in update.quotes] == [Decimal(232)]


async def test_nothing_is_told_while_the_link_is_lost(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect(limits=QUICK)
    await only_snapshot(broker)
    server.say(1100)
    server.change(lambda book: book.hold(ONE, replace(SHARES, value="23200")))
    assert await following(broker.stream()) is None
    server.say(1102)
    assert (await moving(broker)).quotes[0].mark == 232


async def test_before_the_first_sync_nothing_is_told(connect: Connect) -> None:
    assert await following(connect(limits=QUICK).stream()) is None


# One contract in several accounts, and other currencies


async def test_marks_of_one_contract_that_differ_by_account_do_not_take_turns(
    server: TwsStandin, connect: Connect
) -> None:
    three = TwsPosition(AAPL.con_id, "3", "198.5", daily="7", unrealized="98.7", value="694.21")
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.add_account(TWO, [three]))
    broker = connect(limits=QUICK)
    found = await snapshots(broker)
    assert found[ONE].quotes == found[TWO].quotes
    updates = broker.stream()
    for _ in range(3):
        server.change()
        assert await following(updates) is None
        updates = broker.stream()
    server.change(lambda book: book.hold(TWO, replace(three, value="694.5")))
    assert [quote.mark for quote in (await moving(broker)).quotes] == [Decimal("231.5")]


EUROS = {**balance_values("104250.75", "31240.5"), ("ExchangeRate", "EUR"): "1.17"}
SAP_SHARES = TwsPosition(SAP.con_id, "25", "201.5", daily="58.5", unrealized="1216.8", value="7110.675")
DEARER_EURO = replace(SAP_SHARES, daily="59", unrealized="1227.2", value="7171.45")
"""The same price at a rate of 1.18."""


async def test_exchange_rate_alone_moves_no_mark(server: TwsStandin, connect: Connect) -> None:
    times = [NOW]
    server.change(lambda book: book.add_account(ONE, [SAP_SHARES], EUROS), lambda book: book.add_account(TWO))
    broker = connect(limits=replace(SHORT, look=0.02), clock=lambda: times[-1])
    (quote,) = (await snapshots(broker))[ONE].quotes
    assert quote.mark == Decimal("243.1")
    server.change(lambda book: book.hold(ONE, DEARER_EURO))
    assert await following(broker.stream()) is None
    times.append(NOW + timedelta(minutes=5))
    (quote,) = (await snapshots(broker))[ONE].quotes
    assert (quote.mark, quote.received_at) == (Decimal("243.1"), NOW), "the account's rate is the one of before"
    server.change(lambda book: book.add_account(ONE, [DEARER_EURO], {**EUROS, ("ExchangeRate", "EUR"): "1.18"}))
    server.kick()
    await eventually(lambda: server.client_ids == [])
    (quote,) = (await snapshots(broker))[ONE].quotes
    assert (quote.mark, quote.received_at) == (Decimal("243.1"), times[-1])


async def test_position_in_another_currency_is_marked_by_its_own_market(server: TwsStandin, connect: Connect) -> None:
    live = TwsMarket("243", "243.4", "243.3", "241")
    server.change(
        lambda book: book.add_account(ONE, [SAP_SHARES], EUROS), lambda book: book.market.update({SAP.con_id: live})
    )
    broker = connect(limits=QUICK)
    (quote,) = (await only_snapshot(broker)).quotes
    assert (quote.mark, quote.mark_source) == (Decimal("243.2"), MarkSource.MID)
    updates = broker.stream()
    server.change(lambda book: book.hold(ONE, DEARER_EURO))
    assert await following(updates) is None
    server.tick(SAP.con_id, replace(live, bid="243.2"))
    assert [quote.mark for quote in (await moving(broker)).quotes] == [Decimal("243.3")]


async def test_portfolio_s_price_is_newer_than_one_that_is_delayed(server: TwsStandin, connect: Connect) -> None:
    held = replace(SAP_SHARES, price="243.3", market_value="6082.5")
    delayed = TwsMarket("243", "243.4", "243.3", "241", kind=3)
    server.change(
        lambda book: book.add_account(ONE, [held], EUROS), lambda book: book.market.update({SAP.con_id: delayed})
    )
    broker = connect(limits=QUICK)
    (quote,) = (await only_snapshot(broker)).quotes
    assert (quote.mark, quote.mark_source, quote.bid) == (Decimal("243.3"), MarkSource.BROKER, Decimal(243))
    server.tick(SAP.con_id, replace(delayed, kind=1))
    assert [quote.mark for quote in (await moving(broker)).quotes] == [Decimal("243.2")]
