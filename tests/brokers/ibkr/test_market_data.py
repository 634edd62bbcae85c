"""Greeks within a deadline, lines that stay open or rotate, and what is not subscribed to."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.domain.market import MarkSource
from cotrader_tui.errors import BrokerError
from tests.brokers.ibkr.conftest import (
    AAPL,
    BUDGET,
    CALL,
    LIMITS,
    LIVE_AAPL,
    LIVE_CALL,
    NOW,
    ONE,
    SHARES,
    SHORT,
    SHORT_CALLS,
    TWO,
    Connect,
    eventually,
    only_snapshot,
    option,
    snapshots,
)
from tests.standin.tws import TwsStandin
from tests.standin.tws_book import UNKNOWN_GREEKS, TwsBook, TwsContract, TwsGreeks, TwsMarket, TwsPosition
from tests.standin.tws_faults import PositionsFault

MARKET_DATA, CANCEL = 1, 2


def legs(count: int) -> tuple[list[TwsContract], list[TwsPosition]]:
    contracts = [option(710000 + n, 200 + n) for n in range(count)]
    return contracts, [
        TwsPosition(each.con_id, "1", "510", daily="0", unrealized="0", value="510") for each in contracts
    ]


def hold_options(server: TwsStandin, count: int) -> list[int]:
    contracts, positions = legs(count)

    def edit(book: TwsBook) -> None:
        book.add_contracts(*contracts)
        book.hold(ONE, *positions)
        book.market.update({each.con_id: LIVE_CALL for each in contracts})

    server.change(edit)
    return [each.con_id for each in contracts]


def with_greeks(snapshot: BrokerSnapshot) -> set[int]:
    return {int(greeks.instrument.key) for greeks in snapshot.greeks}


def make(connect: Connect, options: dict[str, str]) -> IbkrBroker:
    return connect(**options)  # type: ignore[arg-type]  # none of them is named as a fixed argument is


async def open_are(server: TwsStandin, *con_ids: int) -> None:
    """Exactly these contracts have a line, one each."""
    await eventually(lambda: sorted(server.open_lines) == sorted(con_ids))


async def test_greeks_are_the_models(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    snapshot = await only_snapshot(connect())
    (greeks,) = snapshot.greeks
    assert (greeks.delta, greeks.gamma, greeks.theta, greeks.vega, greeks.iv) == (0.5, 0.02, -0.08, 0.31, 0.25)


async def test_where_everything_fits_no_line_is_asked_for_twice_or_given_back(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    for _ in range(3):
        assert len((await only_snapshot(broker)).greeks) == 1
    await open_are(server, AAPL.con_id, CALL.con_id)
    assert (len(server.asked(MARKET_DATA)), server.asked(CANCEL)) == (2, [])


async def test_line_of_what_is_no_longer_held_is_given_back(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect(limits=SHORT)
    await only_snapshot(broker)
    server.change(lambda book: book.hold(ONE, SHARES))
    await only_snapshot(broker)
    await open_are(server, AAPL.con_id)
    assert (len(server.asked(MARKET_DATA)), len(server.asked(CANCEL))) == (2, 1)


@pytest.mark.parametrize("is_own", [False, True])
async def test_new_connection_asks_for_every_line_anew(server: TwsStandin, connect: Connect, is_own: bool) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect(limits=replace(LIMITS, positions=0.3))
    await only_snapshot(broker)
    if is_own:
        server.positions_fault = PositionsFault.MUTE
        with pytest.raises(BrokerError):
            await only_snapshot(broker)
        server.positions_fault = None
    else:
        server.kick()
    await eventually(lambda: server.open_lines == [])
    server.change(lambda book: book.market.update({CALL.con_id: replace(LIVE_CALL, greeks=TwsGreeks(delta="0.6"))}))
    (greeks,) = (await only_snapshot(broker)).greeks
    assert greeks.delta == 0.6
    await open_are(server, AAPL.con_id, CALL.con_id)


async def test_an_option_that_stays_silent_is_waited_for_no_longer_than_the_deadline(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS), lambda book: book.market.pop(CALL.con_id))
    broker = connect(limits=replace(LIMITS, quiet=0.1, market=0.4))
    before = asyncio.get_running_loop().time()
    snapshot = await only_snapshot(broker)
    assert asyncio.get_running_loop().time() - before < 2
    assert (snapshot.greeks, snapshot.notes) == ((), ())
    assert len(snapshot.quotes) == 2
    await open_are(server, AAPL.con_id, CALL.con_id)


async def test_an_option_that_stays_silent_is_waited_for_once(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS), lambda book: book.market.pop(CALL.con_id))
    broker = connect(limits=replace(LIMITS, quiet=1, market=30))
    await only_snapshot(broker)
    before = asyncio.get_running_loop().time()
    await only_snapshot(broker)
    assert asyncio.get_running_loop().time() - before < 0.9


async def test_what_an_open_line_told_keeps_the_time_at_which_it_came(server: TwsStandin, connect: Connect) -> None:
    now = [NOW]
    server.change(lambda book: book.hold(ONE, SHORT_CALLS))
    broker = connect(clock=lambda: now[-1])
    await only_snapshot(broker)
    now.append(NOW + timedelta(minutes=5))
    snapshot = await only_snapshot(broker)
    (greeks,), quotes = snapshot.greeks, {quote.instrument.key: quote for quote in snapshot.quotes}
    assert (greeks.received_at, greeks.as_of) == (NOW, NOW)
    assert quotes[str(AAPL.con_id)].received_at == NOW
    assert quotes[str(CALL.con_id)].received_at == now[-1], "TWS's own mark is of now"


async def test_greeks_of_a_refused_line_are_never_taken_for_new_ones(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect(limits=SHORT)
    assert len((await only_snapshot(broker)).greeks) == 1
    server.change(lambda book: book.market.update({CALL.con_id: TwsMarket(errors=(10197,))}))
    server.refuse(CALL.con_id, 10197)
    snapshot = await only_snapshot(broker)
    assert (snapshot.greeks, len(snapshot.notes)) == ((), 1)
    (call,) = [quote for quote in snapshot.quotes if quote.instrument.key == str(CALL.con_id)]
    assert (call.bid, call.ask, call.mark) == (Decimal("5.05"), Decimal("5.15"), Decimal("5.1"))
    await open_are(server, AAPL.con_id)


@pytest.mark.parametrize(
    ("greeks", "known"),
    [
        (UNKNOWN_GREEKS, None),
        (replace(TwsGreeks(), vega="-2", theta="-2"), (0.5, 0.02, None, None)),
        (replace(TwsGreeks(), gamma="1.7976931348623157E308"), (0.5, None, -0.08, 0.31)),
        (replace(TwsGreeks(), delta=""), None),
    ],
)
async def test_unknown_greeks_stay_unknown(
    server: TwsStandin, connect: Connect, greeks: TwsGreeks, known: tuple[float | None, ...] | None
) -> None:
    server.change(
        lambda book: book.hold(ONE, SHORT_CALLS),
        lambda book: book.market.update({CALL.con_id: replace(LIVE_CALL, greeks=greeks)}),
    )
    found = [
        (each.delta, each.gamma, each.theta, each.vega) for each in (await only_snapshot(connect(limits=SHORT))).greeks
    ]
    assert found == ([] if known is None else [known])


async def test_lines_are_never_more_than_allowed_and_everybody_has_his_turn(
    server: TwsStandin, connect: Connect
) -> None:
    wanted = {AAPL.con_id, *hold_options(server, 7)}
    broker = connect(market_data_lines="3")
    served: list[set[int]] = []
    for _ in range(4):
        snapshot = await only_snapshot(broker)
        served.append(set(server.open_lines))
        assert with_greeks(snapshot) == served[-1] - {AAPL.con_id}
        assert (*snapshot.warnings, *snapshot.notes) == ()
    assert [len(each) for each in served] == [3, 3, 3, 3]
    assert all(AAPL.con_id in each for each in served)
    assert set.union(*served) == wanted
    assert server.most_lines <= 3
    assert len(server.asked(MARKET_DATA)) == 9, "the underlying's line stays"


async def test_lines_taken_by_tws_own_windows_make_the_rounds_smaller(server: TwsStandin, connect: Connect) -> None:
    wanted = {AAPL.con_id, *hold_options(server, 5)}
    server.line_limit = 4
    broker = connect()
    first = await only_snapshot(broker)
    second = await only_snapshot(broker)
    assert (first.notes, second.notes) == ((), ())
    assert with_greeks(first) != with_greeks(second)
    assert with_greeks(first) | with_greeks(second) == wanted - {AAPL.con_id}


async def test_no_line_at_all_is_said(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    server.line_limit = 0
    snapshot = await only_snapshot(connect())
    assert snapshot.notes == (f"AAPL, {CALL.local_symbol}: all market data lines are taken (101).",)


async def test_two_accounts_with_the_same_option_share_one_line(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHORT_CALLS), lambda book: book.add_account(TWO, [SHORT_CALLS]))
    found = await snapshots(connect())
    assert len(found[ONE].greeks) == len(found[TWO].greeks) == 1
    assert sorted(fields[2] for fields in server.asked(MARKET_DATA)) == [str(AAPL.con_id), str(CALL.con_id)]


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (354, "no market data subscription (354)"),
        (10089, "no market data subscription for the API (10089)"),
        (10168, "no market data subscription, and delayed data is off (10168)"),
        (10186, "no market data subscription, and delayed data is off (10186)"),
        (10197, "another session of the same user holds the live market data (10197)"),
        (200, "the contract is not known any more (200)"),
        (321, "TWS found the request not valid (321)"),
    ],
)
async def test_why_there_is_no_market_data_is_said_in_words(
    server: TwsStandin, connect: Connect, code: int, cause: str
) -> None:
    server.change(
        lambda book: book.hold(ONE, SHARES, SHORT_CALLS),
        lambda book: book.market.update({CALL.con_id: TwsMarket(errors=(code,))}),
    )
    snapshot = await only_snapshot(connect())
    assert snapshot.notes == (f"{CALL.local_symbol}: {cause}.",)
    assert snapshot.greeks == ()
    assert {quote.mark for quote in snapshot.quotes} == {Decimal("231.4"), Decimal("5.1")}
    await open_are(server, AAPL.con_id)


async def test_an_error_nobody_knows_is_said_with_its_code(server: TwsStandin, connect: Connect) -> None:
    server.change(
        lambda book: book.hold(ONE, SHARES, SHORT_CALLS),
        lambda book: book.market.update({CALL.con_id: replace(LIVE_CALL, errors=(10999,))}),
    )
    snapshot = await only_snapshot(connect())
    assert snapshot.notes == (f"{CALL.local_symbol}: TWS answered with an error (10999).",)
    assert len(snapshot.greeks) == 1


async def test_part_of_the_data_still_comes_when_part_is_not_subscribed_to(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(
        lambda book: book.hold(ONE, SHARES, SHORT_CALLS),
        lambda book: book.market.update({CALL.con_id: replace(LIVE_CALL, errors=(10090,))}),
    )
    snapshot = await only_snapshot(connect())
    assert snapshot.notes == (f"{CALL.local_symbol}: part of the market data is not subscribed to (10090).",)
    assert len(snapshot.greeks) == 1


async def test_a_cause_that_is_gone_is_not_said_again(server: TwsStandin, connect: Connect) -> None:
    server.change(
        lambda book: book.hold(ONE, SHARES, SHORT_CALLS),
        lambda book: book.market.update({CALL.con_id: TwsMarket(errors=(10197,))}),
    )
    broker = connect()
    assert len((await only_snapshot(broker)).notes) == 1
    server.change(lambda book: book.market.update({CALL.con_id: LIVE_CALL}))
    snapshot = await only_snapshot(broker)
    assert (len(snapshot.greeks), snapshot.notes) == (1, ())


@pytest.mark.parametrize("kind", [3, 4])
async def test_delayed_data_says_so(server: TwsStandin, connect: Connect, kind: int) -> None:
    server.change(
        lambda book: book.hold(ONE, SHARES, SHORT_CALLS),
        lambda book: book.market.update({CALL.con_id: replace(LIVE_CALL, kind=kind, errors=(10167,))}),
    )
    snapshot = await only_snapshot(connect())
    assert snapshot.is_delayed
    assert snapshot.notes[0] == f"{CALL.local_symbol}: DELAYED market data, 15 minutes old or more."
    (greeks,) = snapshot.greeks
    assert (greeks.received_at - greeks.as_of).total_seconds() == 900


@pytest.mark.parametrize("kind", [2, 4])
async def test_frozen_data_says_so_and_its_bid_and_ask_make_no_mark(
    server: TwsStandin, connect: Connect, kind: int
) -> None:
    server.change(
        lambda book: book.hold(ONE, SHORT_CALLS),
        lambda book: book.market.update({AAPL.con_id: replace(LIVE_AAPL, kind=kind, last="230")}),
    )
    snapshot = await only_snapshot(connect(market_data_type=str(kind)))
    assert snapshot.notes[-1] == "AAPL: FROZEN market data, the last of a closed market."
    (under,) = [quote for quote in snapshot.quotes if quote.instrument.key == str(AAPL.con_id)]
    assert (under.mark, under.mark_source) == (Decimal(230), MarkSource.LAST)


@pytest.mark.parametrize(("options", "kind"), [({}, "3"), ({"market_data_type": "1"}, "1")])
async def test_delayed_data_is_asked_for_unless_told_otherwise(
    server: TwsStandin, connect: Connect, options: dict[str, str], kind: str
) -> None:
    await make(connect, options).accounts()
    await eventually(lambda: [fields[1] for fields in server.asked(59)] == [kind])


async def test_market_data_is_asked_for_where_a_contract_trades(server: TwsStandin, connect: Connect) -> None:
    bare = replace(AAPL, exchange="NASDAQ", listing="")
    server.change(lambda book: book.add_contracts(bare), lambda book: book.hold(ONE, SHORT_CALLS))
    await only_snapshot(connect())
    assert {fields[2]: fields[9] for fields in server.asked(MARKET_DATA)} == {
        str(AAPL.con_id): "SMART",
        str(CALL.con_id): "SMART",
    }


async def test_what_tws_does_not_value_gets_its_price_from_the_market(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, TwsPosition(AAPL.con_id, "100", "198.5")))
    broker = connect()
    await only_snapshot(broker)
    (quote,) = (await only_snapshot(broker)).quotes
    assert (quote.mark, quote.mark_source) == (Decimal("231.4"), MarkSource.MID)
    assert quote.previous_close == Decimal(229)


async def test_an_expired_option_takes_no_line(server: TwsStandin, connect: Connect) -> None:
    gone = replace(option(700044), expiry="20261113", real_expiration="20261113", local_symbol="AAPL  261113C00250000")
    held = TwsPosition(gone.con_id, "1", "120", value="0", daily="0", unrealized="-120")
    server.change(lambda book: book.add_contracts(gone), lambda book: book.hold(ONE, held))
    await only_snapshot(connect())
    assert server.asked(MARKET_DATA) == []


async def test_a_drop_while_market_data_comes_lands_the_positions_and_says_so(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS), lambda book: book.market.clear())
    broker = connect(limits=replace(LIMITS, market=5, pnl=0.1))
    accounts = await broker.accounts()
    fetching = asyncio.create_task(broker.fetch(accounts, BUDGET))
    await eventually(lambda: len(server.open_lines) == 2)
    server.kick()
    (snapshot,) = await fetching
    assert isinstance(snapshot, BrokerSnapshot)
    assert len(snapshot.holdings) == 2
    assert snapshot.is_complete
    assert snapshot.warnings[0].startswith("The connection to TWS broke after the positions had arrived")


async def test_a_fetch_given_up_in_the_middle_loses_no_line(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS), lambda book: book.market.clear())
    broker = connect(limits=replace(LIMITS, market=5))
    accounts = await broker.accounts()
    fetching = asyncio.create_task(broker.fetch(accounts, BUDGET))
    await eventually(lambda: len(server.open_lines) == 2)
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)
    server.tick(AAPL.con_id, LIVE_AAPL)
    server.tick(CALL.con_id, LIVE_CALL)
    assert len((await only_snapshot(broker)).greeks) == 1
    await open_are(server, AAPL.con_id, CALL.con_id)
    assert (len(server.asked(MARKET_DATA)), server.asked(CANCEL)) == (2, [])
