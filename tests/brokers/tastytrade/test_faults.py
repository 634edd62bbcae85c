"""The fault table: what each fault of the wire becomes, and that a snapshot never claims more than it knows."""

from __future__ import annotations

import socket
from datetime import date, timedelta
from functools import partial

import pytest

from cotrader_tui.brokers.base import AccountFailure, BrokerSnapshot
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.errors import BrokerError, ErrorKind
from tests.brokers.tastytrade.conftest import BUDGET, Connect, only_snapshot
from tests.standin.book import Book
from tests.standin.faults import Fault
from tests.standin.payloads import changed, equity_row, option_row
from tests.standin.tastytrade import TastytradeStandin

ONE, TWO, THREE = "5WX00001", "5WX00002", "5WX00003"
POSITIONS = "*/positions"
UNREADABLE_CASH = (
    "Balances are unknown: tastytrade's answer about the balances could not be read: "
    "missing or unreadable: cash-balance."
)
DECEMBER = date(2026, 12, 18)


@pytest.fixture(autouse=True)
def one_account(server: TastytradeStandin) -> None:
    server.change(lambda book: book.add_account(ONE, [equity_row("KO", 100, "54.50", "52.79")]))


async def only_error(broker: TastytradeBroker, budget: timedelta = BUDGET) -> BrokerError:
    (result,) = await broker.fetch(await broker.accounts(), budget)
    assert isinstance(result, AccountFailure), result
    return result.error


@pytest.mark.parametrize(
    ("status", "kind", "words", "tries"),
    [
        (401, ErrorKind.AUTH, "tastytrade answered 401 (invalid_session) when asked for the positions.", 2),
        (403, ErrorKind.AUTH, "tastytrade answered 403 (not_permitted) when asked for the positions.", 1),
        (404, ErrorKind.BROKER, "tastytrade answered 404 (record_not_found) when asked for the positions.", 1),
        (406, ErrorKind.BROKER, "tastytrade answered 406 when asked for the positions.", 1),
        (422, ErrorKind.BROKER, "tastytrade answered 422 (preflight_check_failure) when asked for the positions.", 1),
        (429, ErrorKind.RATE_LIMIT, "tastytrade answered 429 (too_many_requests) when asked for the positions.", 4),
        (500, ErrorKind.BROKER, "tastytrade answered 500 (internal_error) when asked for the positions.", 4),
        (503, ErrorKind.BROKER, "tastytrade answered 503 (service_unavailable) when asked for the positions.", 4),
    ],
)
async def test_status_becomes_kind_sentence_and_hint(
    server: TastytradeStandin, connect: Connect, status: int, kind: ErrorKind, words: str, tries: int
) -> None:
    server.fail(POSITIONS, Fault.status(status))
    error = await only_error(connect())
    assert (error.kind, error.message) == (kind, words)
    assert error.hint
    assert not error.is_grant_refused
    assert error.is_transient is (tries == 4)
    assert len(server.requests_to(POSITIONS)) == tries


@pytest.mark.parametrize("status", [401, 502])
async def test_page_of_a_gateway_never_stands_in_the_message(
    server: TastytradeStandin, connect: Connect, status: int
) -> None:
    server.fail(POSITIONS, Fault.html(status))
    error = await only_error(connect())
    assert error.kind is (ErrorKind.AUTH if status == 401 else ErrorKind.BROKER)
    assert error.message == f"tastytrade answered {status} when asked for the positions."
    assert "html" not in str(error)
    assert "nginx" not in str(error)


@pytest.mark.parametrize("fault", [Fault.status(429), Fault.status(500), Fault.html(502), Fault.cut()])
async def test_transient_fault_is_overcome_by_trying_again(
    server: TastytradeStandin, connect: Connect, fault: Fault
) -> None:
    server.fail(POSITIONS, fault, times=3)
    snapshot = await only_snapshot(connect())
    assert [holding.quantity for holding in snapshot.holdings] == [100]
    assert len(server.requests_to(POSITIONS)) == 4


async def test_time_out(server: TastytradeStandin, connect: Connect) -> None:
    server.fail(POSITIONS, Fault.hang())
    error = await only_error(connect(call_timeout=0.2))
    assert error.kind is ErrorKind.NETWORK
    assert error.message == "tastytrade did not answer within 0.2 s when asked for the positions."
    assert len(server.requests_to(POSITIONS)) == 4


async def test_listing_the_accounts_has_an_end(server: TastytradeStandin, connect: Connect) -> None:
    server.fail("/oauth/token", Fault.hang())
    with pytest.raises(BrokerError) as raised:
        await connect(call_timeout=20, accounts_timeout=0.2).accounts()
    assert raised.value.kind is ErrorKind.NETWORK


async def test_refused_connection(connect: Connect) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(BrokerError) as raised:
        await connect(url=f"http://127.0.0.1:{port}").accounts()
    assert raised.value.kind is ErrorKind.NETWORK
    assert raised.value.message == "tastytrade could not be reached when asked for an access token."
    assert not raised.value.is_grant_refused


async def test_server_gone_between_two_cycles(server: TastytradeStandin, connect: Connect) -> None:
    broker = connect()
    accounts = await broker.accounts()
    server.stop()
    (result,) = await broker.fetch(accounts, BUDGET)
    assert isinstance(result, AccountFailure)
    assert result.error.kind is ErrorKind.NETWORK


async def test_connection_cut_in_mid_body(server: TastytradeStandin, connect: Connect) -> None:
    server.fail(POSITIONS, Fault.cut())
    error = await only_error(connect())
    assert (error.kind, error.is_transient) == (ErrorKind.NETWORK, True)
    assert error.message == "The connection to tastytrade broke while it answered about the positions."


async def test_invalid_json(server: TastytradeStandin, connect: Connect) -> None:
    server.fail(POSITIONS, Fault.invalid_json())
    error = await only_error(connect())
    assert error.kind is ErrorKind.PAYLOAD
    assert error.message == "tastytrade's answer about the positions could not be read: it is not valid JSON."
    assert len(server.requests_to(POSITIONS)) == 1


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": {"items": None}}, [], "odd", None])
async def test_missing_keys(server: TastytradeStandin, connect: Connect, body: object) -> None:
    server.fail(POSITIONS, Fault.json(body))
    error = await only_error(connect())
    assert error.kind is ErrorKind.PAYLOAD
    assert error.hint


@pytest.mark.parametrize(
    "row",
    [
        changed(equity_row("PEP", 5, "150", "151"), instrument_type="Prediction Market"),
        changed(equity_row("PEP", 5, "150", "151"), quantity="NaN"),
    ],
    ids=["unknown instrument type", "NaN"],
)
async def test_odd_row_is_quarantined_and_the_rest_lands(
    server: TastytradeStandin, connect: Connect, row: dict[str, object]
) -> None:
    server.hold(ONE, [equity_row("KO", 100, "54.50", "52.79"), row])
    snapshot = await only_snapshot(connect())
    assert [holding.instrument.symbol for holding in snapshot.holdings] == ["KO"]
    assert [row.symbol for row in snapshot.quarantined] == ["PEP"]
    assert snapshot.is_complete


async def test_contradicting_duplicate_rows_are_quarantined(server: TastytradeStandin, connect: Connect) -> None:
    server.hold(ONE, [equity_row("KO", 100, "54", "52"), equity_row("KO", 40, "54", "52")])
    snapshot = await only_snapshot(connect())
    assert snapshot.holdings == ()
    assert [row.symbol for row in snapshot.quarantined] == ["KO", "KO"]


async def test_part_of_the_positions_is_not_complete(server: TastytradeStandin, connect: Connect) -> None:
    rows = [{"account-number": ONE, **equity_row("KO", 100, "54", "52")}]
    server.fail(POSITIONS, Fault.json({"data": {"items": rows}, "pagination": {"total-pages": 2, "page-offset": 0}}))
    snapshot = await only_snapshot(connect())
    assert not snapshot.is_complete
    assert snapshot.warnings == ("tastytrade sent only a part of the positions: none is taken as closed.",)


async def test_expired_token_is_renewed_once_for_all_calls(server: TastytradeStandin, connect: Connect) -> None:
    broker = connect()
    accounts = await broker.accounts()
    server.expire_tokens()
    (result,) = await broker.fetch(accounts, BUDGET)
    assert isinstance(result, BrokerSnapshot)
    assert result.balances is not None
    assert len(server.access_tokens) == 2


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client"])
async def test_refused_grant_is_said_at_once_with_the_way_to_a_new_one(
    server: TastytradeStandin, connect: Connect, code: str
) -> None:
    server.refuse_grant(code)
    with pytest.raises(BrokerError) as raised:
        await connect().accounts()
    error = raised.value
    assert (error.kind, error.is_grant_refused, error.is_transient) == (ErrorKind.AUTH, True, False)
    assert error.message == f"tastytrade refused the grant ({code})."
    assert "read scope" in error.hint
    assert len(server.requests_to("/oauth/token")) == 1


async def test_wrong_secret_is_a_refused_grant(connect: Connect) -> None:
    with pytest.raises(BrokerError) as raised:
        await connect(client_secret="another").accounts()
    assert raised.value.is_grant_refused


async def test_grant_refused_during_a_fetch_is_the_connections_fault(
    server: TastytradeStandin, connect: Connect
) -> None:
    broker = connect()
    accounts = await broker.accounts()
    server.refuse_grant()
    with pytest.raises(BrokerError) as raised:
        await broker.fetch(accounts, BUDGET)
    assert raised.value.is_grant_refused


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.json({"error_code": "invalid_request", "error_description": "Not a customer"}, 400), ErrorKind.AUTH),
        (Fault.html(401), ErrorKind.AUTH),
        (Fault.html(502), ErrorKind.BROKER),
        (Fault.status(429), ErrorKind.RATE_LIMIT),
        (Fault.json({"token_type": "Bearer"}), ErrorKind.PAYLOAD),
        (Fault.json([]), ErrorKind.PAYLOAD),
        (Fault.json({"access_token": "x", "expires_in": "soon"}), ErrorKind.PAYLOAD),
        (Fault.invalid_json(), ErrorKind.PAYLOAD),
        (Fault.cut(), ErrorKind.NETWORK),
    ],
)
async def test_other_faults_of_the_token_address_do_not_mean_a_dead_grant(
    server: TastytradeStandin, connect: Connect, fault: Fault, kind: ErrorKind
) -> None:
    server.fail("/oauth/token", fault)
    with pytest.raises(BrokerError) as raised:
        await connect().accounts()
    assert (raised.value.kind, raised.value.is_grant_refused) == (kind, False)


async def test_transient_fault_of_the_token_address_is_tried_again(server: TastytradeStandin, connect: Connect) -> None:
    server.fail("/oauth/token", Fault.html(502), times=3)
    assert len(await connect().accounts()) == 1
    assert len(server.requests_to("/oauth/token")) == 4


async def test_one_account_failing_of_three_harms_no_other(server: TastytradeStandin, connect: Connect) -> None:
    for number in (TWO, THREE):
        server.change(partial(Book.add_account, number=number, rows=[equity_row("PEP", 1, "150", "151")]))
    server.fail(f"/accounts/{TWO}/positions", Fault.status(500))
    broker = connect()
    results = await broker.fetch(await broker.accounts(), BUDGET)
    assert [result.account.id.number for result in results] == [ONE, TWO, THREE]
    assert [type(result) for result in results] == [BrokerSnapshot, AccountFailure, BrokerSnapshot]
    assert all(result.is_complete and not result.warnings for result in results if isinstance(result, BrokerSnapshot))


async def test_account_that_does_not_answer_in_time_fails_alone(server: TastytradeStandin, connect: Connect) -> None:
    server.change(lambda book: book.add_account(TWO, [equity_row("PEP", 1, "150", "151")]))
    server.fail(f"/accounts/{TWO}/positions", Fault.hang())
    broker = connect(call_timeout=20)
    first, second = await broker.fetch(await broker.accounts(), timedelta(seconds=1.5))
    assert isinstance(first, BrokerSnapshot)
    assert isinstance(second, AccountFailure)
    assert second.error.kind is ErrorKind.NETWORK
    assert second.error.message == "tastytrade had not answered when the time for this sync was over."


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            Fault.status(500),
            "Balances are unknown: tastytrade answered 500 (internal_error) when asked for the balances.",
        ),
        (
            Fault.json({"data": {}}),
            "Balances are unknown: tastytrade's answer about the balances could not be read: data is missing.",
        ),
        (
            Fault.json({"data": {"cash-balance": "NaN"}}),
            UNREADABLE_CASH,
        ),
    ],
)
async def test_odd_balances_are_unknown_and_the_positions_land(
    server: TastytradeStandin, connect: Connect, fault: Fault, words: str
) -> None:
    server.fail("*/balances", fault)
    snapshot = await only_snapshot(connect())
    assert snapshot.balances is None
    assert snapshot.warnings == (words,)
    assert len(snapshot.holdings) == 1
    assert snapshot.is_complete


async def test_failing_market_data_is_a_warning_only_where_a_price_is_missing(
    server: TastytradeStandin, connect: Connect
) -> None:
    server.hold(ONE, [equity_row("KO", 100, "54", None)])
    server.change(lambda book: book.add_account(TWO, [equity_row("PEP", 1, "150", "151")]))
    server.fail("/market-data/by-type", Fault.html(502))
    broker = connect()
    first, second = await broker.fetch(await broker.accounts(), BUDGET)
    assert isinstance(first, BrokerSnapshot)
    assert isinstance(second, BrokerSnapshot)
    assert first.quotes == ()
    assert first.warnings == ("1 price missing: tastytrade answered 502 when asked for market data.",)
    assert second.warnings == ()


async def test_failing_quote_token_is_a_warning(server: TastytradeStandin, connect: Connect) -> None:
    server.hold(ONE, [equity_row("KO", 100, "54", "52"), option_row("KO", DECEMBER, "C", 65, -1, "1", "1.1")])
    server.fail("/api-quote-tokens", Fault.status(403))
    snapshot = await only_snapshot(connect())
    assert len(snapshot.holdings) == 2
    assert snapshot.warnings == (
        "No Greeks arrived: tastytrade answered 403 (not_permitted) when asked for a quote token.",
    )


async def test_unreadable_entry_of_the_accounts_list_is_named_and_the_others_land(
    server: TastytradeStandin, connect: Connect
) -> None:
    server.change(lambda book: book.accounts.update({"odd": {"authority-level": "owner"}}))
    snapshot = await only_snapshot(connect())
    assert len(snapshot.holdings) == 1
    assert snapshot.warnings == ("1 account of tastytrade's list could not be read.",)
