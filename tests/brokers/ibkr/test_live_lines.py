"""Quotes and Greeks between two syncs over open lines, and what is known of a contract that has none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from cotrader_tui.brokers.base import BrokerSnapshot, MarketUpdate
from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.domain.market import MarkSource, Quote, Source
from tests.brokers.ibkr.conftest import (
    AAPL,
    CALL,
    KO,
    LIMITS,
    LIVE_AAPL,
    LIVE_CALL,
    NOW,
    ONE,
    SHARES,
    SHORT,
    SHORT_CALLS,
    Connect,
    eventually,
    only_snapshot,
    option,
)
from tests.standin.tws import TwsStandin
from tests.standin.tws_book import UNSET, TwsGreeks, TwsMarket, TwsPosition

MARKET_DATA, CANCEL = 1, 2
QUICK = replace(LIMITS, look=0.02)
LATER = NOW + timedelta(minutes=7)
COLA = TwsPosition(KO.con_id, "10", "60", daily="1", unrealized="10", value="610")
LIVE_KO = TwsMarket("60.9", "61.1", "61", "60.5")


async def told(updates: AsyncGenerator[MarketUpdate, None], con_id: int) -> Quote:
    """The next quote of a contract."""
    async with asyncio.timeout(5):
        async for update in updates:
            for quote in update.quotes:
                if quote.instrument.key == str(con_id):
                    return quote
    raise AssertionError("The stream ended.")


async def nothing_more(updates: AsyncGenerator[MarketUpdate, None]) -> bool:
    """Whether the stream moves nothing for a while."""

    async def wait() -> MarketUpdate:
        return await anext(update async for update in updates if update.quotes or update.greeks)

    waiting = asyncio.ensure_future(wait())
    await asyncio.wait({waiting}, timeout=0.2)
    is_done = waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return not is_done


def quote_of(snapshot: BrokerSnapshot, con_id: int) -> Quote:
    (quote,) = [each for each in snapshot.quotes if each.instrument.key == str(con_id)]
    return quote


class Times:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


# Between two syncs


async def test_underlying_that_ticks_is_told_with_a_mark_by_the_rule_of_a_sync(
    server: TwsStandin, connect: Connect
) -> None:
    clock = Times()
    server.change(lambda book: book.hold(ONE, SHORT_CALLS))
    broker = connect(limits=QUICK, clock=clock)
    await only_snapshot(broker)
    clock.now = LATER
    server.tick(AAPL.con_id, replace(LIVE_AAPL, bid="232.1", ask="232.3", last="232.2"))
    updates = broker.stream()
    quote = await told(updates, AAPL.con_id)
    assert (quote.bid, quote.ask, quote.last, quote.previous_close) == (
        Decimal("232.1"), Decimal("232.3"), Decimal("232.2"), Decimal(229),
    )  # fmt: skip
    assert (quote.mark, quote.mark_source) == (Decimal("232.2"), MarkSource.MID)
    assert (quote.received_at, quote.source) == (LATER, Source.STREAM)
    assert await nothing_more(updates)


async def test_held_option_s_market_moves_and_its_mark_stays_the_one_of_tws_with_its_age(
    server: TwsStandin, connect: Connect
) -> None:
    clock = Times()
    server.change(lambda book: book.hold(ONE, SHORT_CALLS))
    broker = connect(limits=QUICK, clock=clock)
    await only_snapshot(broker)
    clock.now = LATER
    server.tick(CALL.con_id, replace(LIVE_CALL, bid="5", ask="5.2"))
    updates = broker.stream()
    quote = await told(updates, CALL.con_id)
    assert (quote.bid, quote.ask) == (Decimal(5), Decimal("5.2"))
    assert (quote.mark, quote.mark_source, quote.received_at) == (Decimal("5.1"), MarkSource.BROKER, NOW)
    server.change(lambda book: book.hold(ONE, replace(SHORT_CALLS, value="-1030")))
    quote = await told(updates, CALL.con_id)
    assert (quote.mark, quote.received_at, quote.ask) == (Decimal("5.15"), LATER, Decimal("5.2"))


async def test_model_greeks_that_change_are_told(server: TwsStandin, connect: Connect) -> None:
    clock = Times()
    server.change(lambda book: book.hold(ONE, SHORT_CALLS))
    broker = connect(limits=QUICK, clock=clock)
    await only_snapshot(broker)
    clock.now = LATER
    server.tick(CALL.con_id, replace(LIVE_CALL, greeks=TwsGreeks(delta="0.55")))
    async with asyncio.timeout(5):
        update = await anext(update async for update in broker.stream() if update.greeks)
    (greeks,) = update.greeks
    assert (greeks.instrument.key, greeks.delta, greeks.gamma) == (str(CALL.con_id), 0.55, 0.02)
    assert (greeks.received_at, greeks.as_of, greeks.source) == (LATER, LATER, Source.STREAM)
    assert update.quotes == (), "Greeks are no quote"


async def test_halt_and_its_end_are_told(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect(limits=QUICK)
    assert not quote_of(await only_snapshot(broker), AAPL.con_id).is_halted
    updates = broker.stream()
    server.tick(AAPL.con_id, replace(LIVE_AAPL, halted="1"))
    assert (await told(updates, AAPL.con_id)).is_halted
    server.tick(AAPL.con_id, replace(LIVE_AAPL, halted="0"))
    assert not (await told(updates, AAPL.con_id)).is_halted


async def test_tick_that_changes_no_figure_is_not_told_and_is_as_old_as_it_is_at_the_next_sync(
    server: TwsStandin, connect: Connect
) -> None:
    clock = Times()
    server.change(lambda book: book.hold(ONE, SHORT_CALLS), lambda book: book.market.update({AAPL.con_id: LIVE_AAPL}))
    broker = connect(limits=QUICK, clock=clock)
    await only_snapshot(broker)
    clock.now = LATER
    server.tick(AAPL.con_id, replace(LIVE_AAPL, bid="232"))
    server.tick(AAPL.con_id, LIVE_AAPL)
    await eventually(lambda: server.book.market[AAPL.con_id] == LIVE_AAPL)
    assert quote_of(await only_snapshot(broker), AAPL.con_id).received_at == LATER
    assert await nothing_more(broker.stream())


async def test_what_trades_in_pence_is_told_in_pounds(server: TwsStandin, connect: Connect) -> None:
    pence = TwsMarket("6090", "6110", "6100", "6050")
    server.change(
        lambda book: book.add_contracts(replace(KO, price_magnifier="100")),
        lambda book: book.hold(ONE, COLA),
        lambda book: book.market.update({KO.con_id: pence}),
    )
    broker = connect(limits=QUICK)
    quote = quote_of(await only_snapshot(broker), KO.con_id)
    assert (quote.mark, quote.bid, quote.previous_close) == (Decimal(61), Decimal("60.9"), Decimal("60.5"))
    server.tick(KO.con_id, replace(pence, ask="6120"))
    assert (await told(broker.stream(), KO.con_id)).ask == Decimal("61.2")


async def test_portfolio_that_moves_tells_the_mark_of_what_tws_does_not_value_otherwise(
    server: TwsStandin, connect: Connect
) -> None:
    shares = replace(SHARES, value=UNSET, price="231.2", market_value="23120")
    server.change(lambda book: book.hold(ONE, shares), lambda book: book.market.clear())
    server.muted = {(94, str(AAPL.con_id))}
    broker = connect(limits=replace(SHORT, look=0.02))
    assert quote_of(await only_snapshot(broker), AAPL.con_id).mark == Decimal("231.2")
    server.trade(ONE, replace(shares, price="232", market_value="23200"))
    updates = broker.stream()
    quote = await told(updates, AAPL.con_id)
    assert (quote.mark, quote.mark_source) == (Decimal(232), MarkSource.BROKER)


async def test_line_that_is_refused_between_two_syncs_is_asked_for_again_by_the_next(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHORT_CALLS))
    broker = connect(limits=QUICK)
    await only_snapshot(broker)
    server.refuse(CALL.con_id, 10197)
    await only_snapshot(broker)
    assert [fields[2] for fields in server.asked(MARKET_DATA)].count(str(CALL.con_id)) == 2
    await eventually(lambda: sorted(server.open_lines) == sorted([AAPL.con_id, CALL.con_id]))
    server.tick(CALL.con_id, replace(LIVE_CALL, bid="5"))
    assert (await told(broker.stream(), CALL.con_id)).bid == Decimal(5)


# Without a line


async def held_and_left_out(server: TwsStandin, connect: Connect, clock: Times) -> tuple[IbkrBroker, int]:
    """Two options on one line, after two rounds; the contract whose line was given back after the first."""
    other = option(700002, 260)
    server.change(
        lambda book: book.add_contracts(other),
        lambda book: book.hold(ONE, SHORT_CALLS, replace(SHORT_CALLS, con_id=other.con_id)),
        lambda book: book.market.update({CALL.con_id: replace(LIVE_CALL, halted="1"), other.con_id: LIVE_CALL}),
    )
    server.change(lambda book: book.contracts.update({CALL.con_id: replace(CALL, under_con_id=0)}))
    server.change(lambda book: book.contracts.update({other.con_id: replace(other, under_con_id=0)}))
    broker = connect(limits=QUICK, clock=clock, market_data_lines="1")
    await only_snapshot(broker)
    await eventually(lambda: server.open_lines == [CALL.con_id])
    return broker, CALL.con_id


async def test_contract_whose_turn_is_over_keeps_its_market_and_its_halt(server: TwsStandin, connect: Connect) -> None:
    clock = Times()
    broker, con_id = await held_and_left_out(server, connect, clock)
    clock.now = LATER
    snapshot = await only_snapshot(broker)
    await eventually(lambda: server.open_lines != [con_id])
    quote = quote_of(snapshot, con_id)
    assert (quote.bid, quote.ask, quote.last, quote.previous_close, quote.is_halted) == (
        Decimal("5.05"), Decimal("5.15"), Decimal("5.1"), Decimal(5), True,
    )  # fmt: skip
    assert (quote.mark_source, quote.received_at) == (MarkSource.BROKER, LATER)
    assert [greeks.instrument.key for greeks in snapshot.greeks] == ["700002"], "old Greeks are not told as new ones"


async def test_market_of_before_is_not_shown_beside_a_mark_that_has_left_it(
    server: TwsStandin, connect: Connect
) -> None:
    broker, con_id = await held_and_left_out(server, connect, Times())
    await only_snapshot(broker)
    other = replace(SHORT_CALLS, con_id=700002)
    updates = broker.stream()
    server.change(lambda book: book.hold(ONE, replace(SHORT_CALLS, value="-1026"), other))
    inside = await told(updates, con_id)
    assert (inside.mark, inside.bid, inside.ask) == (Decimal("5.13"), Decimal("5.05"), Decimal("5.15"))
    server.change(lambda book: book.hold(ONE, replace(SHORT_CALLS, value="-1060"), other))
    outside = await told(updates, con_id)
    assert (outside.mark, outside.bid, outside.ask, outside.last) == (Decimal("5.3"), None, None, Decimal("5.1"))
    server.change(lambda book: book.hold(ONE, replace(SHORT_CALLS, value="-1020"), other))
    back = await told(updates, con_id)
    assert (back.mark, back.bid, back.ask) == (Decimal("5.1"), None, None), "what was left behind stays behind"


async def test_delayed_market_is_shown_beside_a_mark_of_now_only_while_it_holds_it(
    server: TwsStandin, connect: Connect
) -> None:
    delayed = replace(LIVE_AAPL, kind=3)
    dearer = replace(SHARES, value="23200")
    server.change(lambda book: book.hold(ONE, dearer), lambda book: book.market.update({AAPL.con_id: delayed}))
    broker = connect(limits=QUICK)
    quote = quote_of(await only_snapshot(broker), AAPL.con_id)
    assert (quote.mark, quote.bid, quote.ask) == (Decimal(232), None, None)
    server.tick(AAPL.con_id, replace(delayed, bid="231.9", ask="232.1"))
    quote = await told(broker.stream(), AAPL.con_id)
    assert (quote.bid, quote.ask) == (Decimal("231.9"), Decimal("232.1"))


async def test_previous_close_of_another_day_is_not_shown(server: TwsStandin, connect: Connect) -> None:
    clock = Times()
    broker, con_id = await held_and_left_out(server, connect, clock)
    clock.now = NOW + timedelta(hours=20)
    assert quote_of(await only_snapshot(broker), con_id).previous_close is None


async def test_what_was_sold_is_forgotten(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect(limits=SHORT)
    assert quote_of(await only_snapshot(broker), AAPL.con_id).bid == Decimal("231.39")
    server.change(lambda book: book.hold(ONE))
    await only_snapshot(broker)
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.market.clear())
    quote = quote_of(await only_snapshot(broker), AAPL.con_id)
    assert (quote.mark, quote.bid, quote.last) == (Decimal("231.4"), None, None)


# Who gets a line


async def test_shares_that_tws_values_get_a_line_after_options_and_underlyings(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, COLA, SHORT_CALLS), lambda book: book.market.update({KO.con_id: LIVE_KO}))
    tight = connect(market_data_lines="2")
    for _ in range(3):
        assert quote_of(await only_snapshot(tight), KO.con_id).bid is None
        assert sorted(server.open_lines) == sorted([AAPL.con_id, CALL.con_id])
    await tight.close()
    await eventually(lambda: server.open_lines == [])
    snapshot = await only_snapshot(connect(market_data_lines="3"))
    quote = quote_of(snapshot, KO.con_id)
    assert (quote.mark, quote.mark_source, quote.bid) == (Decimal(61), MarkSource.BROKER, Decimal("60.9"))


async def test_shares_that_stay_silent_hold_a_sync_up_no_longer_than_a_while(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, COLA))
    before = asyncio.get_running_loop().time()
    await only_snapshot(connect(limits=replace(LIMITS, quiet=0.1, market=30)))
    assert asyncio.get_running_loop().time() - before < 3
