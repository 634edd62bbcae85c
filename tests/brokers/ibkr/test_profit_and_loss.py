"""TWS's own P&L: marks, day P&L, and what a position that was closed came to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.domain.market import MarkSource
from cotrader_tui.domain.positions import DatedAmount, Holding
from tests.brokers.ibkr.conftest import (
    AAPL,
    CALL,
    ES,
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
from tests.standin.tws_book import UNSET, TwsPosition, balance_values

TODAY = date(2026, 11, 18)
CLOSED = replace(SHARES, quantity="0", daily="262.5", unrealized="0", realized="3302.5", value="0")


async def test_marks_and_day_pnl_are_those_of_tws_without_any_market_data(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.add_account(TWO, [SHORT_CALLS]))
    server.change(lambda book: book.market.clear())
    found = await snapshots(connect(limits=SHORT))
    for number, mark, base in ((ONE, "231.4", "228.9"), (TWO, "5.1", "4.95")):
        (holding,) = found[number].holdings
        (quote,) = [quote for quote in found[number].quotes if quote.instrument == holding.instrument.id]
        assert (quote.mark, quote.mark_source, holding.day_base) == (
            Decimal(mark), MarkSource.BROKER, Decimal(base),
        )  # fmt: skip


async def test_pnl_that_tws_does_not_know_is_unknown(server: TwsStandin, connect: Connect) -> None:
    held = TwsPosition(SAP.con_id, "25", "201.5")
    server.change(lambda book: book.hold(ONE, held))
    snapshot = await only_snapshot(connect(limits=SHORT))
    assert snapshot.quotes == ()
    assert snapshot.holdings[0].day_base is None


@pytest.mark.parametrize("empty", ["", "nan"])
async def test_an_empty_figure_is_unknown_and_never_zero(server: TwsStandin, connect: Connect, empty: str) -> None:
    held = replace(SHARES, value=empty, daily=empty, unrealized="1")
    server.change(lambda book: book.hold(ONE, held), lambda book: book.market.clear())
    snapshot = await only_snapshot(connect(limits=SHORT))
    assert (snapshot.quotes, snapshot.holdings[0].day_base) == ((), None)


async def test_daily_pnl_that_is_unset_leaves_the_mark(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, replace(SHARES, daily=UNSET)))
    snapshot = await only_snapshot(connect())
    assert snapshot.quotes[0].mark == Decimal("231.4")
    assert snapshot.holdings[0].day_base is None


async def test_pnl_for_another_quantity_is_waited_out_and_not_used(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, replace(SHARES, pnl_quantity="60")))
    snapshot = await only_snapshot(connect(limits=SHORT))
    assert [quote.mark_source for quote in snapshot.quotes] == [MarkSource.MID]
    assert snapshot.holdings[0].day_base is None


async def test_a_silent_pnl_subscription_costs_its_deadline_and_nothing_else(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    server.muted = {(94, str(AAPL.con_id))}
    snapshot = await only_snapshot(connect(limits=SHORT))
    assert len(snapshot.holdings) == 2
    assert {quote.instrument.key: quote.mark_source for quote in snapshot.quotes} == {
        str(AAPL.con_id): MarkSource.MID,
        str(CALL.con_id): MarkSource.BROKER,
    }


async def test_a_single_account_falls_back_on_its_portfolio(server: TwsStandin, connect: Connect) -> None:
    shares = replace(SHARES, value=UNSET, price="231.2", market_value="23120")
    future = TwsPosition(ES.con_id, "-1", "325000", price="6001.25", market_value="-300062.5")
    server.change(lambda book: book.hold(ONE, shares, future), lambda book: book.market.clear())
    snapshot = await only_snapshot(connect(limits=SHORT))
    marks = {quote.instrument.key: quote.mark for quote in snapshot.quotes}
    assert marks == {str(AAPL.con_id): Decimal("231.2"), str(ES.con_id): Decimal("6001.25")}


async def test_a_portfolio_that_never_ends_does_not_stop_anything(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    server.muted = {(6, ONE)}
    snapshot = await only_snapshot(connect(limits=SHORT))
    assert (snapshot.quotes[0].mark, snapshot.warnings) == (Decimal("231.4"), ())


async def test_several_accounts_never_ask_for_a_portfolio(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.add_account(TWO))
    await snapshots(connect())
    assert server.asked(6) == []


async def test_each_position_has_one_subscription_however_many_cycles(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    for _ in range(3):
        await only_snapshot(broker)
    assert sorted(server.open_pnl) == [(ONE, AAPL.con_id), (ONE, CALL.con_id)]
    assert len(server.asked(94)) == 2


def closed(holdings: tuple[Holding, ...]) -> Holding:
    (found,) = (holding for holding in holdings if holding.quantity == 0)
    return found


async def test_a_position_that_was_closed_comes_once_with_what_tws_says_it_realized(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    await only_snapshot(broker)
    server.change(lambda book: book.hold(ONE, CLOSED, SHORT_CALLS))
    row = closed((await only_snapshot(broker)).holdings)
    assert row.instrument.symbol == "AAPL"
    assert row.realized_since_open == DatedAmount(Decimal("3302.5"), TODAY)
    assert row.realized_day_gain == DatedAmount(Decimal("262.5"), TODAY)
    assert row.average_open_price == Decimal("198.5")
    assert [holding.quantity for holding in (await only_snapshot(broker)).holdings] == [-2]
    await eventually(lambda: server.open_pnl == [(ONE, CALL.con_id)])


async def test_what_a_closed_position_realized_is_in_its_own_currency(server: TwsStandin, connect: Connect) -> None:
    values = {**balance_values("104250.75", "31240.5"), ("ExchangeRate", "EUR"): "1.17"}
    held = TwsPosition(SAP.con_id, "25", "201.5", daily="58.5", unrealized="1216.8", value="7110.675")
    server.change(lambda book: book.add_account(ONE, [held], values))
    broker = connect(limits=SHORT)
    await only_snapshot(broker)
    server.change(lambda book: book.hold(ONE, replace(held, quantity="0", daily="117", realized="1275.3", value="0")))
    row = closed((await only_snapshot(broker)).holdings)
    assert row.realized_since_open == DatedAmount(Decimal(1090), TODAY)
    assert row.realized_day_gain == DatedAmount(Decimal(100), TODAY)


async def test_only_what_the_last_part_realized_is_told_of_a_position_closed_in_parts(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, replace(SHARES, realized="1000")))
    broker = connect()
    await only_snapshot(broker)
    server.change(lambda book: book.hold(ONE, CLOSED))
    row = closed((await only_snapshot(broker)).holdings)
    assert row.realized_since_open == DatedAmount(Decimal("2302.5"), TODAY)


async def test_figures_that_may_have_been_reset_in_between_are_not_told(server: TwsStandin, connect: Connect) -> None:
    times: list[datetime] = [NOW]
    server.change(lambda book: book.hold(ONE, replace(SHARES, realized="1000")))
    broker = connect(clock=lambda: times[-1])
    await only_snapshot(broker)
    times.append(NOW + timedelta(hours=18))
    server.change(lambda book: book.hold(ONE, CLOSED))
    assert (await only_snapshot(broker)).holdings == ()


async def test_a_closed_position_of_which_tws_does_not_tell_is_just_absent(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect(limits=SHORT)
    await only_snapshot(broker)
    server.change(lambda book: book.hold(ONE, replace(CLOSED, pnl_quantity="100")))
    snapshot = await only_snapshot(broker)
    assert (snapshot.is_complete, snapshot.holdings) == (True, ())
