"""Positions of all kinds and accounts, and every way in which their list can go wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.errors import BrokerError, ErrorKind
from tests.brokers.ibkr.conftest import (
    AAPL,
    BUDGET,
    CALL,
    ES,
    KO,
    NOW,
    ONE,
    SAP,
    SHARES,
    SHORT,
    SHORT_CALLS,
    SPX,
    TWO,
    Connect,
    eventually,
    only_snapshot,
    option,
    snapshots,
)
from tests.standin.tws import TwsStandin
from tests.standin.tws_book import TwsContract, TwsMarket, TwsPosition, balance_values
from tests.standin.tws_faults import PositionsFault
from tests.standin.tws_sample import IRA, MARGIN, sample_book

ES_PUT = TwsContract(
    700009, "ES", "FOP", "20261218", "5700", "P", "50", exchange="CME", local_symbol="EW3Z6 P5700",
    trading_class="EW3", under_con_id=ES.con_id, under_symbol="ES", under_sec_type="FUT", real_expiration="20261218",
)  # fmt: skip


async def test_a_sample_book_of_two_accounts_arrives_whole(server: TwsStandin, connect: Connect) -> None:
    sample = sample_book(exchange_date(NOW))
    server.book = sample
    found = await snapshots(connect())
    margin, ira = found[MARGIN], found[IRA]
    assert (len(margin.holdings), len(ira.holdings)) == (19, 2)
    for snapshot in (margin, ira):
        assert (snapshot.is_complete, snapshot.quarantined, snapshot.warnings) == (True, (), ())
        marked = {quote.instrument for quote in snapshot.quotes if quote.mark is not None}
        assert {holding.id for holding in snapshot.holdings} | {each.id for each in snapshot.underlyings} <= marked
        options = {holding.id for holding in snapshot.holdings if holding.instrument.is_option}
        assert {greeks.instrument for greeks in snapshot.greeks} == options
    assert {holding.instrument.underlying for holding in margin.holdings} == {
        "AAPL", "SPY", "MSFT", "BRK/B", "NVDA", "SAP", "SPX", "/ES", "/6E",
    }  # fmt: skip
    assert [each.symbol for each in margin.underlyings] == ["SPX"]
    average = {holding.instrument.symbol: holding.average_open_price for holding in margin.holdings}
    assert average["/ESZ6"] == 6500
    assert average["/6EZ6"] == Decimal("1.18")


async def test_two_short_calls_keep_their_sign_unit_and_underlying(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHORT_CALLS))
    snapshot = await only_snapshot(connect())
    (holding,) = snapshot.holdings
    assert (holding.quantity, holding.average_open_price) == (Decimal(-2), Decimal("12.504"))
    assert holding.instrument.id == InstrumentId("ibkr", "700001")
    (underlying,) = snapshot.underlyings
    assert holding.instrument.underlying_id == underlying.id == InstrumentId("ibkr", "265598")
    assert {quote.instrument.key: quote.mark for quote in snapshot.quotes} == {
        "700001": Decimal("5.1"),
        "265598": Decimal("231.4"),
    }


async def test_sap_in_euro_keeps_its_currency_and_is_marked_with_the_accounts_rate(
    server: TwsStandin, connect: Connect
) -> None:
    values = {**balance_values("104250.75", "31240.5"), ("ExchangeRate", "EUR"): "1.17"}
    held = TwsPosition(SAP.con_id, "25", "201.5", daily="58.5", unrealized="1216.8", value="7110.675")
    server.change(lambda book: book.add_account(ONE, [held], values))
    snapshot = await only_snapshot(connect(limits=SHORT))
    (holding,), (quote,) = snapshot.holdings, snapshot.quotes
    assert (holding.instrument.currency, quote.mark, holding.day_base) == (
        "EUR",
        Decimal("243.1"),
        Decimal("241.1"),
    )


async def test_without_an_exchange_rate_the_pnl_is_left_out_and_said(server: TwsStandin, connect: Connect) -> None:
    held = TwsPosition(SAP.con_id, "25", "201.5", daily="58.5", unrealized="1216.8", value="7110.675")
    server.change(lambda book: book.add_account(ONE, [held]), lambda book: book.add_account(TWO))
    snapshot = (await snapshots(connect(limits=SHORT)))[ONE]
    assert snapshot.holdings[0].day_base is None
    assert snapshot.quotes == ()
    assert snapshot.warnings == ("No exchange rate for EUR: TWS's P&L cannot be converted.",)


async def test_an_option_on_es_is_moved_by_the_contract_that_is_held(server: TwsStandin, connect: Connect) -> None:
    future = TwsPosition(ES.con_id, "1", "325000", daily="100", unrealized="-24937.5", value="300062.5")
    put = TwsPosition(ES_PUT.con_id, "-2", "4262.43", daily="0", unrealized="0", value="-7610")
    server.change(lambda book: book.add_contracts(ES_PUT), lambda book: book.hold(ONE, future, put))
    snapshot = await only_snapshot(connect(limits=SHORT))
    held = {holding.instrument.symbol: holding for holding in snapshot.holdings}
    assert held["/ESZ6"].average_open_price == 6500
    assert {holding.instrument.underlying for holding in snapshot.holdings} == {"/ES"}
    assert held["EW3Z6 P5700"].instrument.underlying_id == held["/ESZ6"].id
    assert snapshot.underlyings == ()


async def test_every_account_of_a_linked_log_in_has_its_own_positions(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    server.change(lambda book: book.add_account(TWO, [TwsPosition(AAPL.con_id, "7", "200", value="1619.8")]))
    found = await snapshots(connect())
    assert [holding.quantity for holding in found[ONE].holdings] == [100]
    assert [holding.quantity for holding in found[TWO].holdings] == [7]
    assert len(server.asked(61)) == 2


async def test_an_account_that_is_not_wanted_costs_no_requests(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.add_account(TWO, [SHORT_CALLS]))
    broker = connect()
    wanted = [account for account in await broker.accounts() if account.id.number == ONE]
    (result,) = await broker.fetch(wanted, BUDGET)
    assert result.account.id.number == ONE
    assert server.open_pnl == [(ONE, AAPL.con_id)]


async def test_an_empty_account_is_a_complete_empty_snapshot(connect: Connect) -> None:
    snapshot = await only_snapshot(connect())
    assert (snapshot.is_complete, snapshot.holdings, snapshot.warnings) == (True, (), ())
    assert snapshot.balances is not None
    assert snapshot.balances.net_liquidating_value == Decimal("104250.75")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (PositionsFault.MUTE, "did not finish the list of positions within 0.3 s: nothing was changed"),
        (PositionsFault.NO_END, "did not finish the list of positions within 0.3 s: nothing was changed"),
        (PositionsFault.LATE, "did not finish the list of positions within 0.3 s: nothing was changed"),
        (PositionsFault.DROP, "broke while it listed the positions"),
    ],
)
async def test_a_list_without_its_end_is_a_failure_and_never_an_empty_account(
    server: TwsStandin, connect: Connect, fault: PositionsFault, words: str
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect(limits=SHORT)
    accounts = await broker.accounts()
    server.positions_fault = fault
    with pytest.raises(BrokerError, match=words) as raised:
        await broker.fetch(accounts, BUDGET)
    assert raised.value.kind is ErrorKind.NETWORK
    server.positions_fault = None
    assert len((await only_snapshot(broker)).holdings) == 2


@pytest.mark.parametrize("fault", list(PositionsFault))
async def test_a_list_without_its_end_while_connecting_is_a_failure_too(
    server: TwsStandin, connect: Connect, fault: PositionsFault
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    server.positions_fault = fault
    with pytest.raises(BrokerError) as raised:
        await connect(limits=SHORT).accounts()
    assert raised.value.kind is ErrorKind.NETWORK


async def test_the_rest_of_an_unfinished_list_never_ends_the_next_one(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect(limits=SHORT)
    accounts = await broker.accounts()
    server.positions_fault = PositionsFault.LATE
    with pytest.raises(BrokerError):
        await broker.fetch(accounts, BUDGET)
    server.positions_fault = None
    (result,) = await broker.fetch(accounts, BUDGET)
    assert {holding.instrument.symbol for holding in result.holdings} == {"AAPL", CALL.local_symbol}  # type: ignore[union-attr]
    assert len(server.asked(71)) == 2


async def test_a_row_that_cannot_be_read_is_named_and_the_others_land(server: TwsStandin, connect: Connect) -> None:
    odd = ("61", "3", ONE, str(CALL.con_id), "AAPL", "OPT", "20270115", "250", "C", "100", "", "USD",
           CALL.local_symbol, "AAPL", "", "1250.40")  # fmt: skip
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.raw_positions.append(odd))
    snapshot = await only_snapshot(connect())
    assert [holding.instrument.symbol for holding in snapshot.holdings] == ["AAPL"]
    assert [row.symbol for row in snapshot.quarantined] == [CALL.local_symbol]
    assert snapshot.is_complete


@pytest.mark.parametrize("fields", [("61", "3", ONE, "AAPL"), ("61", "3")])
async def test_a_row_that_is_cut_short_leaves_no_symbol_so_that_nothing_may_close(
    server: TwsStandin, connect: Connect, fields: tuple[str, ...]
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.raw_positions.append(fields))
    snapshot = await only_snapshot(connect())
    assert [row.symbol for row in snapshot.quarantined] == [None]
    assert len(snapshot.holdings) == 1


async def test_a_row_of_an_unknown_kind_is_named(server: TwsStandin, connect: Connect) -> None:
    event = TwsContract(88001, "FEDDEC", "ICS", local_symbol="FEDDEC Y", listing="FORECASTX")
    server.change(lambda book: book.add_contracts(event), lambda book: book.hold(ONE, TwsPosition(88001, "10", "0.4")))
    snapshot = await only_snapshot(connect())
    assert snapshot.holdings == ()
    ((row),) = snapshot.quarantined
    assert (row.symbol, row.reason) == ("FEDDEC Y", "The security type 'ICS' is not known.")


async def test_a_row_of_quantity_zero_is_no_position(server: TwsStandin, connect: Connect) -> None:
    closed = ("61", "3", ONE, "8894", "KO", "STK", "", "0", "", "", "NYSE", "USD", "KO", "KO", "0", "0")
    server.change(lambda book: book.raw_positions.append(closed))
    assert (await only_snapshot(connect())).holdings == ()


async def test_contract_details_are_asked_for_once(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    for _ in range(3):
        await only_snapshot(broker)
    assert sorted(fields[2] for fields in server.asked(9)) == [str(AAPL.con_id), str(CALL.con_id)]


async def test_after_forgetting_contract_details_are_asked_for_once_more(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    await only_snapshot(broker)
    broker.forget()
    for _ in range(2):
        await only_snapshot(broker)
    both = [str(AAPL.con_id), str(CALL.con_id)]
    assert sorted(fields[2] for fields in server.asked(9)) == sorted(both * 2)


async def test_what_a_contract_is_holds_until_it_is_told_anew(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHORT_CALLS))
    broker = connect(limits=SHORT)
    first = await only_snapshot(broker)
    broker.forget()
    server.muted = {(9, str(CALL.con_id))}
    second = await only_snapshot(broker)
    assert (second.holdings, second.warnings) == (first.holdings, ())
    assert len(server.asked(9)) > 2


async def test_a_contract_whose_details_do_not_come_lands_and_is_asked_for_again(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHORT_CALLS))
    server.muted = {(9, str(CALL.con_id))}
    broker = connect(limits=SHORT)
    first = await only_snapshot(broker)
    assert first.warnings == (f"{CALL.local_symbol}: TWS has not said yet what they are.",)
    assert first.holdings[0].average_open_price == Decimal("12.504")
    assert first.holdings[0].instrument.underlying_id != first.holdings[0].id
    server.muted = set()
    second = await only_snapshot(broker)
    assert second.warnings == ()
    assert second.holdings[0].instrument.underlying_id == InstrumentId("ibkr", str(AAPL.con_id))
    assert second.holdings[0].instrument.symbol == first.holdings[0].instrument.symbol


async def test_details_that_were_refused_for_being_too_many_are_asked_for_again(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.add_contracts(replace(CALL, error=322)), lambda book: book.hold(ONE, SHORT_CALLS))
    broker = connect()
    assert "TWS has not said yet what they are" in (await only_snapshot(broker)).warnings[0]
    server.change(lambda book: book.add_contracts(CALL))
    assert (await only_snapshot(broker)).warnings == ()


async def test_a_contract_tws_does_not_know_any_more_lands_and_is_not_asked_for_again(
    server: TwsStandin, connect: Connect
) -> None:
    expired = TwsContract(
        700077, "KO", "OPT", "20261113", "60", "C", "100", local_symbol="KO    261113C00060000", trading_class="KO",
        error=200,
    )  # fmt: skip
    server.change(
        lambda book: book.add_contracts(expired), lambda book: book.hold(ONE, TwsPosition(700077, "1", "120"))
    )
    broker = connect()
    for _ in range(2):
        (holding,) = (await only_snapshot(broker)).holdings
    assert holding.instrument.is_expired(NOW)
    assert len(server.asked(9)) == 1


async def test_the_same_book_twice_is_the_same_answer(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    first, second = await only_snapshot(broker), await only_snapshot(broker)
    assert first == second


async def test_a_list_from_an_account_that_is_still_loading_is_not_complete(
    server: TwsStandin, connect: Connect
) -> None:
    values = {**balance_values("1", "1"), ("AccountReady", ""): "false"}
    server.change(lambda book: book.add_account(ONE, [SHARES], values))
    snapshot = await only_snapshot(connect())
    assert not snapshot.is_complete
    assert snapshot.balances is None
    assert "Balances are unknown: TWS has not sent the account's values yet." in snapshot.warnings


async def test_a_fetch_ends_with_its_budget(server: TwsStandin, connect: Connect) -> None:
    broker = connect()
    accounts = await broker.accounts()
    server.positions_fault = PositionsFault.MUTE
    with pytest.raises(BrokerError, match=r"within 0\.095 s"):
        await broker.fetch(accounts, timedelta(seconds=0.1))


async def test_a_close_in_the_middle_of_a_fetch_ends_it(server: TwsStandin, connect: Connect) -> None:
    broker = connect()
    accounts = await broker.accounts()
    server.positions_fault = PositionsFault.MUTE
    before = len(server.asked(61))
    fetching = asyncio.create_task(broker.fetch(accounts, BUDGET))
    await eventually(lambda: len(server.asked(61)) > before)
    await broker.close()
    with pytest.raises(BrokerError):
        await asyncio.wait_for(fetching, 1)


async def test_a_fetch_that_is_given_up_leaves_nothing_that_could_end_the_next_one(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    accounts = await broker.accounts()
    server.positions_fault = PositionsFault.LATE
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await broker.fetch(accounts, BUDGET)
    server.positions_fault = None
    assert len((await only_snapshot(broker)).holdings) == 2


async def test_an_index_that_moves_an_option_has_its_level(server: TwsStandin, connect: Connect) -> None:
    put = option(700021, 5600, "P", under=SPX)
    held = TwsPosition(put.con_id, "-1", "5547", value="-5500")
    level = TwsMarket(last="5982.5", close="5950")
    server.change(lambda book: book.add_contracts(put, KO), lambda book: book.hold(ONE, held))
    server.change(lambda book: book.market.update({SPX.con_id: level}))
    snapshot = await only_snapshot(connect(limits=SHORT))
    marks = {quote.instrument.key: quote.mark for quote in snapshot.quotes}
    assert marks[str(SPX.con_id)] == Decimal("5982.5")
