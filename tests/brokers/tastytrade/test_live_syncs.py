"""What a sync and the live stream make of each other: whole quotes, futures by their stream's names, calls spared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal

import pytest

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.brokers.tastytrade.client import MOST_ASIDE_CALLS, TastytradeBroker
from cotrader_tui.brokers.tastytrade.feed import LiveLimits
from cotrader_tui.brokers.tastytrade.market import SYMBOLS_PER_CALL
from cotrader_tui.domain.market import MarkSource, Quote
from cotrader_tui.domain.sync import StreamState
from tests.brokers.tastytrade.conftest import answer_greeks, eventually, only_snapshot, quote_before
from tests.brokers.tastytrade.test_live import Followed, connected
from tests.standin.faults import Fault, StreamFault
from tests.standin.payloads import MISSING, equity_row, future_option_row, future_row, market_data_row
from tests.standin.tastytrade import TastytradeStandin

NUMBER = "5WX00012"
MES, MESH = "/MESZ26:XCME", "/MESH27:XCME"
SHARES = equity_row("KO", 10, "60", "61")
OPTION = future_option_row("/MESZ6", "EX3Z6", date(2026, 12, 18), "P", 5700, -2, "30", "31", multiplier=5)
KINDS = frozenset({"Profile", "Quote", "Trade", "Summary"})


@pytest.fixture(autouse=True)
def shares(server: TastytradeStandin) -> None:
    server.change(lambda book: book.add_account(NUMBER, [SHARES]))


@asynccontextmanager
async def followed(broker: TastytradeBroker) -> AsyncIterator[Followed]:
    """Its stream, once that is live."""
    stream = Followed(broker)
    try:
        await eventually(lambda: StreamState.LIVE in stream.states)
        yield stream
    finally:
        stream.task.cancel()
        await asyncio.gather(stream.task, return_exceptions=True)


def quote_of(snapshot: BrokerSnapshot, key: str) -> Quote:
    (quote,) = (each for each in snapshot.quotes if each.instrument.key == key)
    return quote


async def test_sync_takes_nothing_away_that_only_the_stream_knows(server: TastytradeStandin) -> None:
    server.push("Profile", "KO", tradingStatus="HALTED")
    server.push("Trade", "KO", price=60.9)
    server.push("Summary", "KO", prevDayClosePrice=62.5)
    async with connected(server) as broker, followed(broker) as stream:
        await eventually(lambda: bool(stream.quotes) and stream.quotes[-1].previous_close is not None)
        await eventually(lambda: stream.quotes[-1].last is not None)
        count = len(stream.quotes)
        quote = quote_of(await only_snapshot(broker), "equity:KO")
        assert (quote.mark, quote.mark_source) == (Decimal(61), MarkSource.BROKER)
        assert (quote.last, quote.previous_close, quote.is_halted) == (Decimal("60.9"), Decimal("62.5"), True)
        server.push("Quote", "KO", bidPrice=1, askPrice=2)
        server.push("Trade", "KO", price=60.8)
        await eventually(lambda: len(stream.quotes) > count)
        assert [each.last for each in stream.quotes[count:]] == [Decimal("60.8")], "the sync landed the rest"


async def test_sync_lands_bid_and_ask_of_the_stream_and_none_once_that_is_gone(server: TastytradeStandin) -> None:
    quote_before(server, "KO")
    async with connected(server) as broker:
        async with followed(broker) as stream:
            server.push("Quote", "KO", bidPrice=62, askPrice=63)
            await eventually(lambda: Decimal("62.5") in stream.marks)
            quote = quote_of(await only_snapshot(broker), "equity:KO")
            assert (quote.mark, quote.bid, quote.ask) == (Decimal(61), Decimal(62), Decimal(63))
        quote = quote_of(await only_snapshot(broker), "equity:KO")
        assert (quote.mark, quote.bid, quote.ask) == (Decimal(61), None, None)


async def test_news_that_comes_together_with_what_was_there_before_moves_the_mark(server: TastytradeStandin) -> None:
    async with connected(server) as broker, followed(broker) as stream:
        await eventually(lambda: ("Quote", "KO") in server.sockets[-1].following)
        server.push_all(("Quote", "KO", {"bidPrice": price, "askPrice": price}) for price in (60, 62))
        await eventually(lambda: Decimal(62) in stream.marks)


async def test_bids_and_halts_of_what_is_held_are_asked_for_only_while_no_stream_tells_them(
    server: TastytradeStandin,
) -> None:
    server.change(lambda book: book.add_market_data(market_data_row("Equity", "KO", bid="60", is_trading_halted=True)))
    async with connected(server) as broker:
        async with followed(broker):
            assert not quote_of(await only_snapshot(broker), "equity:KO").is_halted
            assert server.requests_to("/market-data/by-type") == []
        server.fail_stream(StreamFault.REFUSE_SUBSCRIPTION)
        await Followed(broker).error()
        assert quote_of(await only_snapshot(broker), "equity:KO").is_halted
        (request,) = server.requests_to("/market-data/by-type")
        assert request.query == (("equity", "KO"),)


async def test_a_book_too_large_to_ask_about_beside_its_marks_is_not(server: TastytradeStandin) -> None:
    most = SYMBOLS_PER_CALL * MOST_ASIDE_CALLS
    for held, calls in ((most, MOST_ASIDE_CALLS), (most + 1, 0)):
        server.hold(NUMBER, [equity_row(f"S{number}", 10, "60", "61") for number in range(held)])
        server.forget_requests()
        async with connected(server) as broker:
            assert {quote.mark for quote in (await only_snapshot(broker)).quotes} == {Decimal(61)}
        assert len(server.requests_to("/market-data/by-type")) == calls


async def test_futures_held_and_under_options_follow_the_stream(server: TastytradeStandin) -> None:
    held = future_row("/MESH7", 1, "6050", "6052.25", multiplier=5, streamer_symbol=MISSING)
    server.hold(NUMBER, [OPTION, held])
    answer_greeks(server, [OPTION])
    quote_before(server, MES, MESH)
    async with connected(server) as broker, followed(broker) as stream:
        (socket,) = server.sockets
        await eventually(lambda: socket.following >= {(kind, name) for kind in KINDS for name in (MES, MESH)})
        assert ("Profile", OPTION["streamer-symbol"]) not in socket.following, "it halts with its contract"
        server.push("Quote", MES, bidPrice=6001, askPrice=6001.5)
        server.push("Quote", MESH, bidPrice=6051, askPrice=6051.5)
        await eventually(lambda: {Decimal("6001.25"), Decimal("6051.25")} <= set(stream.marks))
        marks = {quote.instrument.key: quote.mark for quote in stream.quotes}
        assert (marks["future:/MESZ6"], marks["future:/MESH7"]) == (Decimal("6001.25"), Decimal("6051.25"))


async def test_names_of_futures_are_asked_for_together_and_once(server: TastytradeStandin) -> None:
    held = [future_row(name, 1, "1", "1", multiplier=5, streamer_symbol=MISSING) for name in ("/MESH7", "/ZZZZ6")]
    server.hold(NUMBER, [OPTION, *held, future_row("/MCLF7", 1, "70", "71", multiplier=100)])
    server.change(lambda book: book.future_names.update({"/ZZZZ6": None}))
    answer_greeks(server, [OPTION])
    async with connected(server) as broker:
        assert (await only_snapshot(broker)).warnings == ()
        assert server.requests_to("/instruments/futures") == [], "the first sync asked"
        broker.forget()
        await only_snapshot(broker)
        (request,) = server.requests_to("/instruments/futures")
        assert request.query == tuple(("symbol[]", name) for name in ("/MESH7", "/MESZ6", "/ZZZZ6"))


async def test_names_that_cannot_be_had_are_a_sentence_and_are_asked_for_again(server: TastytradeStandin) -> None:
    server.hold(NUMBER, [future_row("/MESH7", 1, "6050", "6052.25", multiplier=5, streamer_symbol=MISSING)])
    server.fail("/instruments/futures", Fault.status(403), times=2)
    async with connected(server) as broker:
        snapshot = await only_snapshot(broker)
        (warning,) = snapshot.warnings
        assert warning.startswith("Some futures do not move between syncs: ")
        assert quote_of(snapshot, "future:/MESH7").mark == Decimal("6052.25")
        assert (await only_snapshot(broker)).warnings == ()
        async with followed(broker):
            await eventually(lambda: ("Quote", MESH) in server.sockets[-1].following)


async def test_overflow_is_that_of_the_stream_that_runs(server: TastytradeStandin) -> None:
    limits = LiveLimits(opening=3, silence=30, drain=0.2, backlog=500)
    async with connected(server, limits) as broker:
        async with followed(broker) as stream:
            server.push_all(("Quote", "KO", {"bidPrice": n, "askPrice": n}) for n in range(1, 10_001))
            await eventually(lambda: Decimal(10_000) in stream.marks)
            assert broker.overflow > 1000
        async with followed(broker) as stream:
            assert (broker.overflow, {update.overflow for update in stream.updates}) == (0, {0})
