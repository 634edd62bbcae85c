"""Marks between two syncs, without a market data line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

from cotrader_tui.brokers.base import MarketUpdate, StreamingBroker
from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.domain.market import MarkSource, Source
from tests.brokers.ibkr.conftest import AAPL, LIMITS, ONE, SHARES, SHORT_CALLS, TWO, Connect, only_snapshot, snapshots
from tests.standin.tws import TwsStandin

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
