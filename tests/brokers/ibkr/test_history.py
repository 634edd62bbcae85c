"""Executions and open orders at TWS: units and signs, corrections, costs that come late, refusals, silence."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.brokers.base import HistoryBroker, Listing
from cotrader_tui.brokers.ibkr.executions import instant
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.orders import Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.transactions import Transaction, TransactionKind
from cotrader_tui.errors import BrokerError, ErrorKind
from tests.brokers.ibkr.conftest import (
    AAPL,
    CALL,
    ES,
    LIMITS,
    NOW,
    ONE,
    SAP,
    SHORT,
    TWO,
    Connect,
    eventually,
    option,
)
from tests.standin.tws import TwsStandin
from tests.standin.tws_book import UNSET, TwsContract, TwsExecution, TwsOrder
from tests.standin.tws_wire import READING

PUT = option(700002, 200, "P")
CORN_OPTION = TwsContract(
    820001, "ZC", "FOP", "20261120", "450", "C", "5000", exchange="CBOT", local_symbol="OZCZ6 C0450",
    trading_class="OZC", price_magnifier="100", under_con_id=820000, under_symbol="ZC", under_sec_type="FUT",
)  # fmt: skip
CORN = TwsContract(820000, "ZC", "FUT", "20261214", "0", "", "5000", exchange="CBOT", local_symbol="ZCZ6")
FUND = TwsContract(830001, "VOD", currency="GBP", local_symbol="VOD", price_magnifier="100")
SINCE = NOW - timedelta(days=1)
QUICK = replace(LIMITS, commissions=0.2, history=0.3)


def the(number: str) -> Account:
    return Account(AccountId("ibkr", number), number, "USD")


async def booked(
    server: TwsStandin, connect: Connect, *rows: TwsExecution, patience: bool = True
) -> Listing[Transaction]:
    server.change(
        lambda book: book.add_contracts(PUT, CORN_OPTION, CORN, FUND),
        lambda book: book.executions.update({ONE: list(rows)}),
    )
    return await connect(limits=LIMITS if patience else QUICK).transactions(the(ONE), SINCE)


async def one(server: TwsStandin, connect: Connect, row: TwsExecution, *, patience: bool = True) -> Transaction:
    listing = await booked(server, connect, row, patience=patience)
    assert (listing.quarantined, listing.notes) == ((), ())
    return listing.rows[0]


# Executions


async def test_a_purchase_of_options_is_paid_with_its_multiplier_and_commission(
    server: TwsStandin, connect: Connect
) -> None:
    bought = await one(server, connect, TwsExecution(CALL.con_id, "0000e0d5.6abc.01.01", "BOT", "2", "5.1"))
    assert bought == Transaction(
        account=AccountId("ibkr", ONE),
        key="0000e0d5.6abc.01",
        at=datetime(2026, 11, 18, 20, 4, 11, tzinfo=UTC),
        kind=TransactionKind.TRADE,
        description="Bought 2 AAPL  270115C00250000 @ 5.1",
        currency="USD",
        symbol="AAPL  270115C00250000",
        underlying="AAPL",
        quantity=Decimal(2),
        price=Decimal("5.1"),
        fees=Decimal("-1.05"),
        amount=Decimal("-1021.05"),
    )


async def test_a_sale_is_a_negative_quantity_and_money_received(server: TwsStandin, connect: Connect) -> None:
    sold = await one(server, connect, TwsExecution(AAPL.con_id, "a.01", "SLD", "10.5", "231.4", commission="-0.2"))
    assert (sold.quantity, sold.symbol) == (Decimal("-10.5"), "AAPL")
    assert (sold.fees, sold.amount) == (Decimal("0.2"), Decimal("2429.90")), "a rebate is received"


async def test_a_future_moves_only_its_commission(server: TwsStandin, connect: Connect) -> None:
    bought = await one(server, connect, TwsExecution(ES.con_id, "a.01", "BOT", "1", "6500.25", commission="2.25"))
    assert (bought.symbol, bought.underlying) == ("/ESZ6", "/ES")
    assert (bought.price, bought.fees, bought.amount) == (Decimal("6500.25"), Decimal("-2.25"), Decimal("-2.25"))


async def test_a_price_quoted_in_cents_becomes_money(server: TwsStandin, connect: Connect) -> None:
    bought = await one(server, connect, TwsExecution(CORN_OPTION.con_id, "a.01", "BOT", "1", "12.25", commission="3"))
    assert (bought.price, bought.amount, bought.underlying) == (Decimal("0.1225"), Decimal("-615.5"), "/ZC")


async def test_what_may_be_quoted_in_pence_is_unknown_while_nothing_tells(server: TwsStandin, connect: Connect) -> None:
    silent = replace(FUND, error=322)
    server.change(
        lambda book: book.add_contracts(silent),
        lambda book: book.executions.update({ONE: [TwsExecution(FUND.con_id, "a.01", currency="GBP")]}),
    )
    listing = await connect(limits=replace(LIMITS, details=0.2)).transactions(the(ONE), SINCE)
    (bought,) = listing.rows
    assert (bought.price, bought.amount, bought.fees) == (None, None, Decimal("-1.05"))


async def test_a_commission_in_another_currency_is_no_amount_in_this_one(server: TwsStandin, connect: Connect) -> None:
    bought = await one(server, connect, TwsExecution(SAP.con_id, "a.01", "BOT", "3", "210", currency="USD"))
    assert (bought.currency, bought.fees, bought.amount) == ("EUR", None, None)
    assert bought.price == Decimal(210)


@pytest.mark.parametrize("commission", ["", UNSET])
async def test_a_commission_that_is_not_told_is_unknown_and_never_0(
    server: TwsStandin, connect: Connect, commission: str
) -> None:
    row = TwsExecution(AAPL.con_id, "a.01", commission=commission)
    bought = await one(server, connect, row, patience=False)
    assert (bought.fees, bought.amount, bought.quantity) == (None, None, Decimal(1))


async def test_a_correction_takes_the_place_of_what_it_corrects(server: TwsStandin, connect: Connect) -> None:
    first, second = TwsExecution(AAPL.con_id, "x.9f.01.01"), TwsExecution(AAPL.con_id, "x.9f.01.02", shares="3")
    other = TwsExecution(AAPL.con_id, "x.9f.02.01")
    listing = await booked(server, connect, second, first, other)
    assert {each.key: each.quantity for each in listing.rows} == {"x.9f.01": Decimal(3), "x.9f.02": Decimal(1)}


async def test_of_a_combination_only_its_legs_count(server: TwsStandin, connect: Connect) -> None:
    bag = TwsContract(28812380, "AAPL", "BAG")
    server.change(lambda book: book.add_contracts(bag))
    rows = [TwsExecution(bag.con_id, "b.01", commission=""), TwsExecution(CALL.con_id, "l.01")]
    assert [each.key for each in (await booked(server, connect, *rows)).rows] == ["l"]


async def test_each_account_gets_its_own_fills(server: TwsStandin, connect: Connect) -> None:
    fills = {ONE: [TwsExecution(AAPL.con_id, "a.01")], TWO: [TwsExecution(AAPL.con_id, "b.01")]}
    server.change(lambda book: book.add_account(TWO), lambda book: book.executions.update(fills))
    broker = connect()
    assert isinstance(broker, HistoryBroker)
    assert [each.key for each in (await broker.transactions(the(TWO), SINCE)).rows] == ["b"]
    assert [each.key for each in (await broker.transactions(the(ONE), SINCE)).rows] == ["a"]


async def test_a_row_that_cannot_be_read_is_set_aside_and_named(server: TwsStandin, connect: Connect) -> None:
    terms = (0, AAPL.con_id, "AAPL", "STK", "", "0", "", "", "SMART", "USD", "AAPL", "NMS")
    rest = ("EX", "BOT", "1", "1", 1, 0, 0, "1", "1", "", "", "", "", 2, 0)
    bad = [
        (*terms, "k.01", "yesterday", ONE, *rest),
        (*terms, "k.02", "20261118 15:04:11 US/Eastern", ONE, "EX", "GIVEN", *rest[2:]),
    ]
    server.change(lambda book: book.raw_executions.extend(tuple(map(str, row)) for row in bad))
    listing = await booked(server, connect, TwsExecution(AAPL.con_id, "a.01"))
    assert [each.key for each in listing.rows] == ["a"]
    assert [row.symbol for row in listing.quarantined] == ["AAPL", "AAPL"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261118 15:04:11 US/Eastern", datetime(2026, 11, 18, 20, 4, 11, tzinfo=UTC)),
        ("20260708 15:04:11 America/New_York", datetime(2026, 7, 8, 19, 4, 11, tzinfo=UTC)),
        ("20261118-20:04:11", datetime(2026, 11, 18, 20, 4, 11, tzinfo=UTC)),
        ("20261118  15:04:11", datetime(2026, 11, 18, 15, 4, 11).astimezone(UTC)),
        ("20261118 15:04:11 Nowhere/Land", None),
        ("20261118", None),
        ("", None),
    ],
)
def test_the_time_of_a_fill_is_an_instant(text: str, expected: datetime | None) -> None:
    assert instant(text) == expected


async def test_a_list_without_an_end_counts_as_far_as_it_came(server: TwsStandin, connect: Connect) -> None:
    terms = ("0", "265598", "AAPL", "STK", "", "0", "", "", "SMART", "USD", "AAPL", "NMS")
    rest = ("EX", "BOT", "1", "1", "1", "0", "0", "1", "1", "", "", "", "", "2", "0")
    row = (*terms, "k.01", "20261118 15:04:11 US/Eastern", ONE, *rest)
    server.muted.add((7, ONE))
    broker = connect(limits=QUICK)
    with pytest.raises(BrokerError) as raised:
        await broker.transactions(the(ONE), SINCE)
    assert (raised.value.kind, "executions" in raised.value.message) == (ErrorKind.NETWORK, True)
    server.muted.clear()
    server.endless_executions = True
    server.change(lambda book: book.raw_executions.append(row))
    listing = await broker.transactions(the(ONE), SINCE)
    assert [each.key for each in listing.rows] == ["k"]
    assert "some may be missing" in listing.notes[0]


# Orders


async def listed(server: TwsStandin, connect: Connect, *rows: TwsOrder) -> Listing[Order]:
    server.change(lambda book: book.add_contracts(PUT, FUND), lambda book: book.orders.update({ONE: list(rows)}))
    return await connect().orders(the(ONE))


async def only(server: TwsStandin, connect: Connect, row: TwsOrder) -> Order:
    listing = await listed(server, connect, row)
    assert (listing.quarantined, listing.notes, listing.is_complete) == ((), (), True)
    return listing.rows[0]


async def test_an_order_to_buy_back_a_call_is_read(server: TwsStandin, connect: Connect) -> None:
    row = TwsOrder(CALL.con_id, 990017, "BUY", "2", limit="2.55", filled="1")
    assert await only(server, connect, row) == Order(
        account=AccountId("ibkr", ONE),
        key="990017",
        status=OrderStatus.WORKING,
        kind=OrderKind.LIMIT,
        currency="USD",
        legs=(OrderLeg("AAPL  270115C00250000", Decimal(2), Decimal(1)),),
        time_in_force="gtc",
        underlying="AAPL",
        limit_price=Decimal("2.55"),
    )


@pytest.mark.parametrize(
    ("kind", "limit", "aux", "trail", "expected"),
    [
        ("MKT", "0", "0", "", (OrderKind.MARKET, None, None)),
        ("STP", "0", "190", "", (OrderKind.STOP, None, "190")),
        ("STP LMT", "188", "190", "", (OrderKind.STOP_LIMIT, "188", "190")),
        ("TRAIL", "0", "5", "226.4", (OrderKind.TRAILING_STOP, None, "226.4")),
        ("TRAIL LIMIT", "225", "5", "226.4", (OrderKind.TRAILING_STOP_LIMIT, "225", "226.4")),
        ("LMT", UNSET, UNSET, "", (OrderKind.LIMIT, None, None)),
        ("PEG MID", "7", "9", "", (OrderKind.OTHER, None, None)),
    ],
)
async def test_only_a_price_that_means_something_is_one(
    server: TwsStandin,
    connect: Connect,
    kind: str,
    limit: str,
    aux: str,
    trail: str,
    expected: tuple[OrderKind, str | None, str | None],
) -> None:
    row = TwsOrder(AAPL.con_id, 1, "SELL", "100", kind, limit, aux, "DAY", trail_stop=trail)
    order = await only(server, connect, row)
    found = [None if each is None else str(each) for each in (order.limit_price, order.stop_price)]
    assert (order.kind, *found) == expected
    assert order.legs == (OrderLeg("AAPL", Decimal(-100), Decimal(0)),)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PreSubmitted", OrderStatus.RECEIVED), ("PendingSubmit", OrderStatus.RECEIVED),
        ("Submitted", OrderStatus.WORKING), ("PendingCancel", OrderStatus.WORKING),
        ("Filled", OrderStatus.FILLED), ("Cancelled", OrderStatus.CANCELLED), ("Inactive", OrderStatus.UNKNOWN),
    ],
)  # fmt: skip
async def test_every_status_is_known_and_a_doubtful_one_is_not_guessed_at(
    server: TwsStandin, connect: Connect, word: str, status: OrderStatus
) -> None:
    assert (await only(server, connect, TwsOrder(AAPL.con_id, 1, status=word))).status is status


@pytest.mark.parametrize(
    ("action", "limit", "price", "quantities"),
    [("BUY", "-1.2", "1.2", (-2, 4)), ("BUY", "0.8", "-0.8", (-2, 4)), ("SELL", "1.2", "1.2", (2, -4))],
)
async def test_the_price_of_a_combination_is_signed_as_cash_flow_and_its_legs_as_they_are_traded(
    server: TwsStandin, connect: Connect, action: str, limit: str, price: str, quantities: tuple[int, int]
) -> None:
    legs = ((CALL.con_id, 1, "SELL"), (PUT.con_id, 2, "BUY"))
    row = TwsOrder(0, 77, action, "2", limit=limit, filled="1", legs=legs, symbol="AAPL")
    order = await only(server, connect, row)
    assert (order.limit_price, order.underlying, order.stop_price) == (Decimal(price), "AAPL", None)
    call, put = map(Decimal, quantities)
    assert order.legs == (
        OrderLeg("AAPL  270115C00250000", call, call / 2),
        OrderLeg("AAPL  270115P00200000", put, put / 2),
    )


async def test_an_order_that_was_changed_is_read_anew(server: TwsStandin, connect: Connect) -> None:
    broker = connect()
    server.change(lambda book: book.orders.update({ONE: [TwsOrder(AAPL.con_id, 5, tif="DAY", limit="1")]}))
    await broker.orders(the(ONE))
    server.change(lambda book: book.orders.update({ONE: [TwsOrder(AAPL.con_id, 5, tif="GTC", limit="2")]}))
    (order,) = (await broker.orders(the(ONE))).rows
    assert (order.time_in_force, order.limit_price) == ("gtc", Decimal(2))
    server.change(lambda book: book.orders.update({ONE: []}))
    assert await broker.orders(the(ONE)) == Listing(())


async def test_an_order_that_cannot_be_decoded_is_set_aside_and_named(server: TwsStandin, connect: Connect) -> None:
    raw = ("0", "265598", "AAPL", "STK", "", "0", "", "", "SMART", "USD", "AAPL", "NMS", "BUY", "1", "LMT", "1", "0")
    server.change(lambda book: book.raw_orders.append((*raw, "DAY", "", ONE)))
    listing = await listed(server, connect, TwsOrder(AAPL.con_id, 5))
    assert [order.key for order in listing.rows] == ["5"]
    assert [row.symbol for row in listing.quarantined] == ["AAPL"]


async def test_with_the_read_only_api_orders_are_a_note_and_everything_else_goes_on(
    server: TwsStandin, connect: Connect
) -> None:
    server.is_read_only = True
    server.change(lambda book: book.executions.update({ONE: [TwsExecution(AAPL.con_id, "a.01")]}))
    broker = connect()
    for _ in range(2):
        listing = await broker.orders(the(ONE))
        assert (listing.rows, listing.is_complete) == ((), False)
        assert "not readable with the Read-Only API" in listing.notes[0]
    assert len(server.asked(16)) == 1, "it is not asked again on the same connection"
    assert len((await broker.transactions(the(ONE), SINCE)).rows) == 1


async def test_orders_are_asked_for_again_on_a_new_connection(server: TwsStandin, connect: Connect) -> None:
    server.is_read_only = True
    broker = connect()
    await broker.orders(the(ONE))
    server.is_read_only = False
    server.kick()
    await eventually(lambda: server.client_ids == [])
    for _ in range(1000):
        if not (await broker.orders(the(ONE))).notes:
            break
        await asyncio.sleep(0.005)  # until the client has noticed, too
    assert len(server.asked(16)) == 2


async def test_a_list_of_orders_without_an_end_is_a_failure_and_is_not_mixed_with_the_next(
    server: TwsStandin, connect: Connect
) -> None:
    server.muted.add((16, "1"))
    broker = connect(limits=replace(LIMITS, history=0.2))
    for _ in range(2):
        with pytest.raises(BrokerError) as raised:
            await broker.orders(the(ONE))
        assert "the open orders" in raised.value.message
    assert len(server.asked(16)) == 1


async def test_a_connection_that_is_refused_is_the_same_error_as_for_positions(
    server: TwsStandin, connect: Connect
) -> None:
    server.stop()
    with pytest.raises(BrokerError) as raised:
        await connect(limits=SHORT).orders(the(ONE))
    assert raised.value.kind is ErrorKind.NETWORK


async def test_only_requests_that_read_are_sent(server: TwsStandin, connect: Connect) -> None:
    broker = connect()
    await broker.transactions(the(ONE), SINCE)
    await broker.orders(the(ONE))
    assert {message.id for message in server.messages} <= READING.keys()
    assert {message.id for message in server.messages} >= {7, 16}
    assert server.refused == []


@pytest.mark.parametrize("version", [157, 163, 170, 177, 178])
async def test_every_version_of_the_protocol_is_understood(server: TwsStandin, connect: Connect, version: int) -> None:
    server.version = version
    server.change(
        lambda book: book.executions.update({ONE: [TwsExecution(AAPL.con_id, "a.01")]}),
        lambda book: book.orders.update({ONE: [TwsOrder(AAPL.con_id, 5)]}),
    )
    broker = connect()
    assert len((await broker.transactions(the(ONE), SINCE)).rows) == 1
    assert len((await broker.orders(the(ONE))).rows) == 1
