"""Transactions and orders: signs, kinds, pages, bad rows, faults; and requests that only read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.brokers.base import HistoryBroker, Listing
from cotrader_tui.brokers.tastytrade.history import page_count, parse_orders, parse_transactions
from cotrader_tui.brokers.tastytrade.parse import UnreadableError
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.orders import Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.transactions import Transaction, TransactionKind
from cotrader_tui.errors import BrokerError, ErrorKind
from tests.brokers.tastytrade.conftest import NOW, Connect
from tests.standin.faults import Fault
from tests.standin.history_payloads import order_leg, order_row, trade_row, transaction_row
from tests.standin.payloads import MISSING, Json, changed, occ_symbol
from tests.standin.tastytrade import TastytradeStandin

ACCOUNT = "5WX41127"
CALL = occ_symbol("KO", date(2027, 1, 15), "C", 65)
PUT = occ_symbol("KO", date(2027, 1, 15), "P", 58)
FUTURE_OPTION = "./MESZ6EX3Z6 261218P5700"


def booked(*rows: Json) -> Listing[Transaction]:
    return parse_transactions({"data": {"items": list(rows)}}, ACCOUNT)


def one(row: Json) -> Transaction:
    listing = booked(row)
    assert listing.quarantined == ()
    return listing.rows[0]


def listed(*rows: Json) -> Listing[Order]:
    return parse_orders({"data": {"items": list(rows)}}, ACCOUNT)


def only(row: Json) -> Order:
    listing = listed(row)
    assert listing.quarantined == ()
    return listing.rows[0]


# Transactions


def test_a_sale_is_a_negative_quantity_and_money_received_after_fees() -> None:
    sold = one(trade_row(811002, CALL, "Sell to Open", 3, "1.24", net_value="368.57"))
    assert (sold.key, sold.kind, sold.symbol, sold.underlying) == ("811002", TransactionKind.TRADE, CALL, "KO")
    assert (sold.quantity, sold.price) == (Decimal(-3), Decimal("1.24"))
    assert (sold.amount, sold.fees) == (Decimal("368.57"), Decimal("-3.43"))
    assert sold.at == datetime(2026, 11, 18, 15, 4, 11, 290000, UTC)
    assert sold.currency == "USD"


def test_a_purchase_is_a_positive_quantity_and_money_paid() -> None:
    bought = one(trade_row(811003, CALL, "Buy to Close", 3, "0.62", net_value="-186.43"))
    assert (bought.quantity, bought.amount, bought.fees) == (Decimal(3), Decimal("-186.43"), Decimal("-0.43"))


def test_a_future_moves_only_its_fees_and_stands_under_its_product() -> None:
    row = transaction_row(
        811004, "Trade", "Sell", net_value="-1.97", symbol="/MESZ6", underlying_symbol="/MESZ6",
        instrument_type="Future", action="Sell", quantity="2", price="6001.25",
    )  # fmt: skip
    sold = one(row)
    assert (sold.quantity, sold.amount, sold.fees) == (Decimal(-2), Decimal("-1.97"), Decimal("-1.97"))
    assert sold.underlying == "/MES"


def test_an_option_on_a_future_stands_under_the_product() -> None:
    row = trade_row(811005, FUTURE_OPTION, "Buy to Open", 1, "12", net_value="-62", underlying_symbol="/MESZ6")
    assert one(row).underlying == "/MES"
    assert one(row | {"underlying-symbol": None}).underlying == "/MES"


@pytest.mark.parametrize(
    ("kind", "sub_type", "expected"),
    [
        ("Money Movement", "Dividend", TransactionKind.DIVIDEND),
        ("Money Movement", "Credit Interest", TransactionKind.INTEREST),
        ("Money Movement", "Debit Interest", TransactionKind.INTEREST),
        ("Money Movement", "Fee", TransactionKind.FEE),
        ("Money Movement", "Deposit", TransactionKind.TRANSFER),
        ("Money Movement", "Withdrawal", TransactionKind.TRANSFER),
        ("Money Movement", "Mark to Market", TransactionKind.OTHER),
        ("Receive Deliver", "Assignment", TransactionKind.ASSIGNMENT),
        ("Receive Deliver", "Cash Settled Assignment", TransactionKind.ASSIGNMENT),
        ("Receive Deliver", "Exercise", TransactionKind.EXERCISE),
        ("Receive Deliver", "Cash Settled Exercise", TransactionKind.EXERCISE),
        ("Receive Deliver", "Expiration", TransactionKind.EXPIRATION),
        ("Receive Deliver", "Dividend", TransactionKind.DIVIDEND),
        ("Receive Deliver", "ACAT", TransactionKind.TRANSFER),
        ("Receive Deliver", "Buy to Open", TransactionKind.TRADE),
        ("Receive Deliver", "Reverse Split", TransactionKind.OTHER),
        ("Administrative Transfer", "ACAT", TransactionKind.TRANSFER),
        ("Something New", "", TransactionKind.OTHER),
    ],
)
def test_the_kind_follows_from_type_and_sub_type(kind: str, sub_type: str, expected: TransactionKind) -> None:
    assert one(transaction_row(1, kind, sub_type)).kind is expected


@pytest.mark.parametrize(
    ("sub_type", "quantity"), [("Assignment", Decimal(2)), ("Exercise", Decimal(-2)), ("Expiration", None)]
)
def test_an_option_that_is_removed_has_the_sign_that_closes_it_or_none(sub_type: str, quantity: Decimal | None) -> None:
    removed = one(transaction_row(1, "Receive Deliver", sub_type, symbol=PUT, underlying_symbol="KO", quantity="2.0"))
    assert removed.quantity == quantity
    assert (removed.amount, removed.fees, removed.price) == (Decimal(0), Decimal(0), None)


def test_shares_of_an_assignment_are_a_purchase_with_its_fee() -> None:
    row = transaction_row(
        1, "Receive Deliver", "Buy to Open", value="-11600", net_value="-11605", symbol="KO",
        underlying_symbol="KO", action="Buy to Open", quantity="200", price="58.0",
    )  # fmt: skip
    bought = one(row)
    assert (bought.kind, bought.quantity) == (TransactionKind.TRADE, Decimal(200))
    assert (bought.amount, bought.fees) == (Decimal(-11605), Decimal(-5))


def test_the_level_of_an_index_is_no_price_of_a_cash_settled_option() -> None:
    settled = one(
        transaction_row(
            1,
            "Receive Deliver",
            "Cash Settled Assignment",
            value="-712",
            net_value="-717",
            symbol=occ_symbol("SPXW", date(2026, 11, 18), "P", 5990),
            underlying_symbol="SPX",
            quantity="1",
            price="5982.88",
        )
    )
    assert (settled.price, settled.quantity) == (None, Decimal(1))
    assert (settled.amount, settled.fees, settled.underlying) == (Decimal(-717), Decimal(-5), "SPX")


def test_a_reinvested_dividend_is_money_and_then_shares() -> None:
    paid = one(transaction_row(1, "Money Movement", "Dividend", value="27.40", symbol="KO", underlying_symbol="KO"))
    shares = one(
        transaction_row(
            2,
            "Receive Deliver",
            "Dividend",
            symbol="KO",
            underlying_symbol="KO",
            action="Buy to Open",
            quantity="0.44065",
            price="62.18",
        )
    )
    assert (paid.amount, paid.quantity) == (Decimal("27.40"), None)
    assert (shares.amount, shares.quantity) == (Decimal(0), Decimal("0.44065"))


def test_an_amount_without_a_sign_is_unknown_and_its_fees_too() -> None:
    odd = one(trade_row(1, CALL, "Sell to Open", 1, "1", net_value="99", net_value_effect="Sideways"))
    assert (odd.amount, odd.fees) == (None, None)


@pytest.mark.parametrize("changes", [{"id": None}, {"executed_at": "soon"}, {"account_number": "5WX00000"}])
def test_a_row_that_cannot_be_read_is_set_aside_and_named(changes: dict[str, object]) -> None:
    good = trade_row(2, PUT, "Buy to Open", 1, "1", net_value="-101")
    listing = booked(trade_row(1, CALL, "Sell to Open", 1, "1", net_value="99", **changes), good)
    assert [each.key for each in listing.rows] == ["2"]
    (bad,) = listing.quarantined
    assert bad.symbol == CALL
    assert bad.reason


@pytest.mark.parametrize(
    ("pagination", "pages"), [(MISSING, 1), ({"total-pages": 0}, 0), ({"total-pages": 3}, 3), ({}, None), (7, None)]
)
def test_an_odd_number_of_pages_is_not_taken_for_one(pagination: object, pages: int | None) -> None:
    body = {} if pagination is MISSING else {"pagination": pagination}
    if pages is None:
        with pytest.raises(UnreadableError):
            page_count(body)
    else:
        assert page_count(body) == pages


# Orders


def test_a_closing_limit_order_has_its_plain_price_and_a_signed_quantity() -> None:
    order = only(order_row(7001, order_leg(CALL, "Buy to Close", 3, 1), price="0.31", effect="Debit"))
    assert (order.key, order.status, order.kind) == ("7001", OrderStatus.WORKING, OrderKind.LIMIT)
    assert order.legs == (OrderLeg(CALL, Decimal(3), Decimal(2)),)
    assert (order.limit_price, order.stop_price, order.time_in_force) == (Decimal("0.31"), None, "gtc")
    assert order.underlying == "KO"
    assert order.placed_at == datetime(2026, 11, 17, 14, 31, 8, 512000, UTC)
    assert order.updated_at == datetime(2026, 11, 18, 14, 31, 9, 118000, UTC)


@pytest.mark.parametrize(("effect", "price"), [("Credit", "2.10"), ("Debit", "-2.10"), ("None", None)])
def test_the_price_of_a_spread_is_signed_as_cash_flow(effect: str, price: str | None) -> None:
    legs = (order_leg(CALL, "Sell to Open", 2), order_leg(PUT, "Sell to Open", 2))
    order = only(order_row(7002, *legs, price="2.10", effect=effect))
    assert order.limit_price == (None if price is None else Decimal(price))
    assert [leg.quantity for leg in order.legs] == [Decimal(-2), Decimal(-2)]


def test_a_stop_order_has_the_price_that_triggers_it() -> None:
    leg = order_leg("KO", "Sell to Close", "100", "100", instrument_type="Equity")
    row = changed(order_row(1, leg, order_type="Stop", stop_trigger="57.5"), price=MISSING, price_effect=MISSING)
    order = only(row)
    assert (order.kind, order.limit_price, order.stop_price) == (OrderKind.STOP, None, Decimal("57.5"))


@pytest.mark.parametrize(
    ("word", "status", "is_terminal"),
    [
        ("Received", OrderStatus.RECEIVED, False), ("Routed", OrderStatus.RECEIVED, False),
        ("In Flight", OrderStatus.RECEIVED, False), ("Contingent", OrderStatus.RECEIVED, False),
        ("Live", OrderStatus.WORKING, False), ("Cancel Requested", OrderStatus.WORKING, False),
        ("Replace Requested", OrderStatus.WORKING, False), ("Filled", OrderStatus.FILLED, True),
        ("Cancelled", OrderStatus.CANCELLED, True), ("Removed", OrderStatus.CANCELLED, True),
        ("Partially Removed", OrderStatus.CANCELLED, True), ("Expired", OrderStatus.EXPIRED, True),
        ("Rejected", OrderStatus.REJECTED, True), ("Pondering", OrderStatus.UNKNOWN, False),
    ],
)  # fmt: skip
def test_every_status_is_known_and_a_new_one_ends_nothing(word: str, status: OrderStatus, is_terminal: bool) -> None:
    order = only(order_row(1, order_leg(CALL, "Sell to Open", 1), status=word))
    assert (order.status, order.is_terminal) == (status, is_terminal)


def test_an_order_for_an_amount_of_money_has_no_quantity() -> None:
    leg = changed(order_leg("KO", "Buy to Open", 1), quantity=MISSING, remaining_quantity=MISSING)
    order = only(order_row(1, leg, order_type="Notional Market"))
    assert (order.kind, order.legs) == (OrderKind.MARKET, (OrderLeg("KO", None, None),))


def test_an_order_whose_leg_cannot_be_read_is_set_aside_whole() -> None:
    good, odd = order_leg(CALL, "Sell to Open", 1), order_leg(PUT, "Wave at", 1)
    listing = listed(order_row(1, good, odd), order_row(2), order_row(3, good))
    assert [order.key for order in listing.rows] == ["3"]
    assert [row.symbol for row in listing.quarantined] == ["KO", None]


def test_a_part_of_the_orders_is_no_answer() -> None:
    with pytest.raises(UnreadableError):
        parse_orders({"data": {"items": []}, "pagination": {"total-pages": 2}}, ACCOUNT)


# Over the wire


@pytest.fixture
def account(server: TastytradeStandin) -> Account:
    server.change(lambda book: book.add_account(ACCOUNT))
    return Account(AccountId("tastytrade", ACCOUNT), "Individual", "USD")


async def test_all_pages_are_read_and_each_booking_once(
    server: TastytradeStandin, connect: Connect, account: Account
) -> None:
    rows = [trade_row(number, CALL, "Buy to Open", 1, "1", net_value="-101") for number in range(601, 0, -1)]
    server.change(lambda book: book.book(ACCOUNT, *rows, rows[0]))
    broker = connect()
    assert isinstance(broker, HistoryBroker)
    listing = await broker.transactions(account, NOW - timedelta(days=30))
    assert sorted(int(each.key) for each in listing.rows) == list(range(1, 602))
    asked = [dict(request.query) for request in server.requests_to("*/transactions")]
    assert [each["page-offset"] for each in asked] == ["0", "1", "2"]
    assert {each["start-date"] for each in asked} == {"2026-10-19"}


async def test_an_account_without_transactions_has_none(connect: Connect, account: Account) -> None:
    assert await connect().transactions(account, NOW) == Listing(())


async def test_orders_are_read_with_one_request(server: TastytradeStandin, connect: Connect, account: Account) -> None:
    server.change(lambda book: book.order(ACCOUNT, order_row(9, order_leg(CALL, "Sell to Open", 1)), {"id": 10}))
    listing = await connect().orders(account)
    assert ([order.key for order in listing.rows], len(listing.quarantined)) == (["9"], 1)
    assert len(server.requests_to("*/orders/live")) == 1


async def test_nothing_of_a_list_that_was_cut_off_is_handed_on(
    server: TastytradeStandin, connect: Connect, account: Account
) -> None:
    rows = [trade_row(number, CALL, "Buy to Open", 1, "1", net_value="-101") for number in range(300)]
    server.change(lambda book: book.book(ACCOUNT, *rows))
    server.fail("*/transactions", Fault.json({"data": {"items": []}, "pagination": {"total-pages": 2}}), times=1)
    server.fail("*/transactions", Fault.status(403))
    with pytest.raises(BrokerError) as raised:
        await connect().transactions(account, NOW)
    assert raised.value.kind is ErrorKind.AUTH
    assert "the transactions" in raised.value.message


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.status(500), ErrorKind.BROKER),
        (Fault.status(429), ErrorKind.RATE_LIMIT),
        (Fault.cut(), ErrorKind.NETWORK),
        (Fault.invalid_json(), ErrorKind.PAYLOAD),
        (Fault.json({"data": {}}), ErrorKind.PAYLOAD),
    ],
)
async def test_a_fault_is_an_error_in_words(
    server: TastytradeStandin, connect: Connect, account: Account, fault: Fault, kind: ErrorKind
) -> None:
    server.fail("*/orders/live", fault)
    with pytest.raises(BrokerError) as raised:
        await connect().orders(account)
    assert raised.value.kind is kind
    assert "the orders" in raised.value.message
    assert raised.value.hint
    assert ACCOUNT not in str(raised.value)


async def test_only_requests_that_read_are_sent(server: TastytradeStandin, connect: Connect, account: Account) -> None:
    broker = connect()
    await broker.transactions(account, NOW)
    await broker.orders(account)
    assert {request.method for request in server.requests if request.path != "/oauth/token"} == {"GET"}
    assert server.refused_writes == []
