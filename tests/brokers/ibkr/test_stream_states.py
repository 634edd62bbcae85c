"""The stream fault table of TWS at the wire, hints of fills, halts; and that none of it makes a busy loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from cotrader_tui.brokers.base import MarketUpdate
from cotrader_tui.brokers.hints import Hints
from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.domain.clock import system_clock
from cotrader_tui.domain.market import MarkSource
from cotrader_tui.domain.sync import StreamState
from tests.brokers.ibkr.conftest import (
    AAPL,
    CALL,
    LIMITS,
    LIVE_AAPL,
    LIVE_CALL,
    ONE,
    SHARES,
    SHORT_CALLS,
    TWO,
    Connect,
    eventually,
    only_snapshot,
    snapshots,
)
from tests.standin.tws import TwsStandin
from tests.standin.tws_book import UNSET, TwsPosition

TIME = 49
QUICK = replace(LIMITS, look=0.01)
WATCHFUL = replace(QUICK, quiet_line=0.15, answer=0.15)
LIVE, BROKEN, SILENT, REFUSED = StreamState.LIVE, StreamState.BROKEN, StreamState.SILENT, StreamState.REFUSED
UNVALUED = replace(SHARES, daily=UNSET, unrealized=UNSET, value=UNSET)


class Following:
    """A stream that is followed in a task of its own."""

    def __init__(self, broker: IbkrBroker) -> None:
        self.updates: list[MarketUpdate] = []
        self.task = asyncio.create_task(self._follow(broker))

    async def _follow(self, broker: IbkrBroker) -> None:
        async for update in broker.stream():
            self.updates.append(update)

    @property
    def states(self) -> list[StreamState]:
        return [each.state for each in self.updates if each.state is not None]

    @property
    def message(self) -> str:
        return next((each.message for each in reversed(self.updates) if each.state is not None), "")

    @property
    def hints(self) -> int:
        return sum(each.is_sync_due for each in self.updates)


@asynccontextmanager
async def following(broker: IbkrBroker) -> AsyncIterator[Following]:
    """The stream of a broker whose first sync has landed."""
    await snapshots(broker)
    found = Following(broker)
    try:
        await eventually(lambda: bool(found.states))
        yield found
    finally:
        found.task.cancel()
        await asyncio.gather(found.task, return_exceptions=True)


@pytest.fixture(autouse=True)
def shares(server: TwsStandin) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))


# How it does


async def test_stream_is_live_after_a_sync_and_while_tws_answers_though_no_quote_comes(
    server: TwsStandin, connect: Connect
) -> None:
    async with following(connect(limits=WATCHFUL)) as stream:
        await eventually(lambda: len(server.asked(TIME)) >= 3)
        assert stream.states == [LIVE]
        assert (server.greeted, len(server.asked(61))) == (1, 2)


async def test_tws_that_freezes_is_silent_and_its_connection_is_made_anew_by_the_next_sync(
    server: TwsStandin, connect: Connect
) -> None:
    broker = connect(limits=WATCHFUL)
    async with following(broker) as stream:
        before = len(server.asked(TIME))
        server.muted.add((TIME, "1"))
        await eventually(lambda: stream.states == [LIVE, SILENT])
        assert stream.message.startswith("TWS has said nothing for 0.3 s, not even what time it is.")
        await eventually(lambda: server.client_ids == [])
        asked = len(server.asked(TIME))
        server.muted.clear()
        await snapshots(broker)
        await eventually(lambda: stream.states == [LIVE, SILENT, LIVE])
        assert server.greeted == 2
        assert asked - before <= 2, "it is asked once for each silence; the first may have been answered"
        assert server.open_pnl == [(ONE, AAPL.con_id)], "exactly what is held is subscribed to again"


@pytest.mark.parametrize("answers", [True, False])
async def test_after_a_sleep_of_the_machine_tws_is_asked_at_once_whether_it_is_there(
    server: TwsStandin, connect: Connect, answers: bool
) -> None:
    """Else a dead connection would count as live for as long as a quiet one."""
    slept = timedelta()
    async with following(connect(clock=lambda: system_clock() + slept, limits=replace(QUICK, answer=0.15))) as stream:
        assert server.asked(TIME) == []
        if not answers:
            server.muted.add((TIME, "1"))
        slept = timedelta(hours=9)
        await eventually(lambda: len(server.asked(TIME)) == 1)
        if answers:
            await asyncio.wait({stream.task}, timeout=0.3)
            assert stream.states == [LIVE]
        else:
            await eventually(lambda: stream.states == [LIVE, SILENT])


@pytest.mark.parametrize(
    ("breaks", "mends", "words"),
    [
        (lambda server: server.say(1100), lambda server: server.say(1102), "no link to Interactive Brokers"),
        (
            lambda server: server.say(2103, "Market data farm connection is broken:usfarm"),
            lambda server: server.say(2104, "Market data farm connection is OK:usfarm"),
            "market data farm usfarm is down",
        ),
    ],
)
async def test_trouble_of_tws_s_own_links_is_a_broken_stream_until_it_ends(
    server: TwsStandin,
    connect: Connect,
    breaks: Callable[[TwsStandin], None],
    mends: Callable[[TwsStandin], None],
    words: str,
) -> None:
    async with following(connect(limits=QUICK)) as stream:
        breaks(server)
        await eventually(lambda: stream.states == [LIVE, BROKEN])
        assert words in stream.message
        mends(server)
        await eventually(lambda: stream.states == [LIVE, BROKEN, LIVE])
        assert (server.greeted, stream.message) == (1, "")


async def test_connection_that_drops_is_broken_and_waits_for_the_next_sync(
    server: TwsStandin, connect: Connect
) -> None:
    broker = connect(limits=QUICK)
    async with following(broker) as stream:
        server.kick()
        await eventually(lambda: stream.states == [LIVE, BROKEN])
        await asyncio.sleep(20 * QUICK.look)
        assert (server.greeted, stream.hints) == (1, 0)
        await snapshots(broker)
        await eventually(lambda: stream.states == [LIVE, BROKEN, LIVE])


@pytest.mark.parametrize("code", [354, 10089, 10186, 10197])
async def test_refused_market_data_is_a_state_and_is_asked_for_once_a_sync(
    server: TwsStandin, connect: Connect, code: int
) -> None:
    server.change(
        lambda book: book.hold(ONE, UNVALUED),
        lambda book: book.market.update({AAPL.con_id: replace(LIVE_AAPL, bid="", ask="", last="", errors=(code,))}),
    )
    broker = connect(limits=replace(QUICK, pnl=0.1))
    async with following(broker) as stream:
        await snapshots(broker)
        await eventually(lambda: stream.states[-1] is REFUSED)
        assert stream.message.startswith("Interactive Brokers refuses the market data of everything held: ")
        asked = len(server.asked(1))
        await asyncio.sleep(20 * QUICK.look)
        assert (len(server.asked(1)), len(server.asked(94)), server.greeted) == (asked, 1, 1)


async def test_refused_greeks_beside_marks_that_come_are_said_of_a_live_stream(
    server: TwsStandin, connect: Connect
) -> None:
    refused = replace(LIVE_CALL, bid="", ask="", last="", close="", greeks=None, errors=(354,))
    server.change(
        lambda book: book.hold(ONE, SHORT_CALLS),
        lambda book: book.market.update({CALL.con_id: refused, AAPL.con_id: replace(refused)}),
    )
    async with following(connect(limits=QUICK)) as stream:
        assert stream.states == [LIVE]
        assert "no market data subscription" in stream.message


# Hints


async def test_position_that_changes_is_a_hint_and_what_a_sync_lists_is_none(
    server: TwsStandin, connect: Connect
) -> None:
    broker = connect(limits=QUICK, hints=Hints(settle=0, gap=0))
    async with following(broker) as stream:
        await snapshots(broker)
        server.trade(ONE, replace(SHARES, quantity="60", value="13884"))
        await eventually(lambda: stream.hints > 0)
        await snapshots(broker)
        hints = stream.hints
        server.change(lambda book: book.hold(ONE, replace(SHARES, quantity="60", value="13890")))
        await eventually(lambda: any(update.quotes for update in stream.updates))
        assert stream.hints == hints


async def test_new_position_of_one_of_several_accounts_is_a_hint(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.add_account(TWO, [SHARES]))
    async with following(connect(limits=QUICK, hints=Hints(settle=0, gap=0))) as stream:
        server.trade(TWO, TwsPosition(CALL.con_id, "1", "510"))
        await eventually(lambda: stream.hints == 1)


async def test_fill_and_its_commission_are_one_sync(server: TwsStandin, connect: Connect) -> None:
    async with following(connect(limits=QUICK, hints=Hints(settle=0.1, gap=30))) as stream:
        for number in range(20):
            server.fill(ONE, AAPL.con_id, f"0000e0d5.{number:04}.01.01")
        await eventually(lambda: stream.hints == 1)
        server.trade(ONE, replace(SHARES, value="23200"))
        await eventually(lambda: any(update.quotes for update in stream.updates))
        assert stream.hints == 1


async def test_quantity_that_tws_tells_differently_in_two_places_is_a_hint_once(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, replace(SHARES, pnl_quantity="90")))
    broker = connect(limits=replace(QUICK, pnl=0.1), hints=Hints(settle=0, gap=0))
    async with following(broker) as stream:
        for value in ("23150", "23160", "23170"):
            server.change(lambda book, value=value: book.hold(ONE, replace(SHARES, pnl_quantity="90", value=value)))  # type: ignore[misc]
        await snapshots(broker)
        await eventually(lambda: len(server.asked(61)) == 3)
        assert stream.hints <= 1


# Halts


@pytest.mark.parametrize(("halted", "kind"), [("1", 1), ("2", 1), ("1", 3)])
async def test_halt_flags_the_quote_and_its_market_makes_no_mark(
    server: TwsStandin, connect: Connect, halted: str, kind: int
) -> None:
    market = replace(LIVE_AAPL, halted=halted, kind=kind)
    server.change(
        lambda book: book.hold(ONE, SHORT_CALLS),
        lambda book: book.market.update({AAPL.con_id: market}),
    )
    snapshot = await only_snapshot(connect())
    (under,) = [quote for quote in snapshot.quotes if quote.instrument.key == str(AAPL.con_id)]
    assert (under.is_halted, under.mark_source, str(under.mark)) == (True, MarkSource.LAST, "231.4")


async def test_nothing_is_halted_that_tws_calls_so_not(server: TwsStandin, connect: Connect) -> None:
    server.change(
        lambda book: book.hold(ONE, SHORT_CALLS),
        lambda book: book.market.update({AAPL.con_id: replace(LIVE_AAPL, halted="0")}),
    )
    snapshot = await only_snapshot(connect())
    assert [quote.is_halted for quote in snapshot.quotes] == [False, False]
