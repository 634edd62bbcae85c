"""How a connection opens, with which id, and what is said when it does not."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys

import pytest

from cotrader_tui.brokers.base import Broker, BrokerSnapshot, ConnectionConfig
from cotrader_tui.brokers.ibkr import create
from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind
from tests.brokers.ibkr.conftest import (
    BUDGET,
    NOW,
    ONE,
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
from tests.standin.tws_book import balance_values
from tests.standin.tws_faults import HandshakeFault

NO_WAITING = RetryPolicy(wait_initial=0, wait_max=0, wait_jitter=0)


async def refusal(broker: Broker) -> BrokerError:
    """What is said once the broker has noticed that its connection is gone."""
    for _ in range(2000):
        try:
            await broker.fetch(await broker.accounts(), BUDGET)
        except BrokerError as error:
            return error
        await asyncio.sleep(0.005)
    raise AssertionError("The connection still stands.")


async def first_success(broker: IbkrBroker, server: TwsStandin) -> BrokerSnapshot:
    """The snapshot of the first cycle over a second connection."""
    for _ in range(2000):
        try:
            snapshot = await only_snapshot(broker)
        except BrokerError:
            snapshot = None
        if snapshot is not None and len(server.asked(71)) == 2:
            return snapshot
        await asyncio.sleep(0.005)
    raise AssertionError("There was no second connection.")


async def test_a_connection_from_settings_lists_every_account_with_its_base_currency(server: TwsStandin) -> None:
    server.change(lambda book: book.add_account(TWO, values=balance_values("9000", "100", "EUR")))
    config = ConnectionConfig("ibkr", "ibkr", options={"host": "127.0.0.1", "port": str(server.port)})
    broker: Broker = create(config, lambda: NOW)
    try:
        accounts = await broker.accounts()
    finally:
        await broker.close()
    assert [(each.id.broker, each.id.number, each.base_currency) for each in accounts] == [
        ("ibkr", ONE, "USD"),
        ("ibkr", TWO, "EUR"),
    ]


def test_importing_the_adapter_does_not_import_the_library() -> None:
    code = "import sys, cotrader_tui.brokers.ibkr; sys.exit('ib_async' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "IBKR_PORT"),
        ({"port": ""}, "IBKR_PORT"),
        ({"port": "tws"}, "IBKR_PORT"),
        ({"port": "70000"}, "7496"),
        ({"port": "7497", "client_id": "0"}, "orders typed into TWS"),
        ({"port": "7497", "client_id": "-3"}, "IBKR_CLIENT_ID"),
        ({"port": "7497", "client_id": "first"}, "IBKR_CLIENT_ID"),
        ({"port": "7497", "market_data_type": "7"}, "delayed-frozen"),
        ({"port": "7497", "market_data_lines": "0"}, "IBKR_MARKET_DATA_LINES"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(options: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        create(ConnectionConfig("ibkr", "ibkr", options=options), lambda: NOW)


@pytest.mark.parametrize("version", [157, 163, 164, 170, 178])
async def test_every_version_of_the_protocol_that_is_still_text_is_read(
    server: TwsStandin, connect: Connect, version: int
) -> None:
    server.version = version
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    snapshot = await only_snapshot(connect())
    assert (len(snapshot.holdings), len(snapshot.quotes), len(snapshot.greeks), snapshot.warnings) == (2, 2, 1, ())


async def test_the_connection_stays_open_between_cycles(server: TwsStandin, connect: Connect) -> None:
    broker = connect()
    for _ in range(3):
        await only_snapshot(broker)
    assert len(server.asked(71)) == 1
    await broker.close()
    await eventually(lambda: server.client_ids == [])


async def test_a_client_id_in_use_makes_way_for_the_next_at_once(server: TwsStandin, connect: Connect) -> None:
    server.client_ids_in_use = {31, 32}
    await connect(client_id="31").accounts()
    assert server.client_ids == [33]


async def test_two_programs_at_one_tws_get_an_id_each(server: TwsStandin, connect: Connect) -> None:
    await connect().accounts()
    await connect().accounts()
    assert server.client_ids == [71, 72]


async def test_all_ids_in_use_is_said_with_the_setting(server: TwsStandin, connect: Connect) -> None:
    server.client_ids_in_use = set(range(31, 60))
    with pytest.raises(BrokerError, match="31 to 38 are all in use") as raised:
        await connect(client_id="31").accounts()
    assert raised.value.kind is ErrorKind.BROKER
    assert "IBKR_CLIENT_ID" in raised.value.hint


@pytest.mark.parametrize(
    ("fault", "kind", "message", "hint"),
    [
        (HandshakeFault.MUTE, ErrorKind.NETWORK, "it probably shows a question", "allow the connection"),
        (HandshakeFault.CLOSE, ErrorKind.AUTH, "does not trust this machine's address", "trusted IPs"),
        (HandshakeFault.NO_ACCOUNTS, ErrorKind.BROKER, "named no accounts", "Finish the log-in"),
        (HandshakeFault.DECLINE, ErrorKind.AUTH, "before it named its accounts", "Answer yes"),
        (HandshakeFault.TOO_OLD, ErrorKind.BROKER, "too old", "Update TWS"),
    ],
)
async def test_the_cause_of_a_connection_that_does_not_open_is_named(
    server: TwsStandin, connect: Connect, fault: HandshakeFault, kind: ErrorKind, message: str, hint: str
) -> None:
    server.handshake_fault = fault
    broker = connect(limits=SHORT)
    with pytest.raises(BrokerError, match=message) as raised:
        await broker.accounts()
    assert (raised.value.kind, raised.value.is_grant_refused) == (kind, False)
    assert hint in raised.value.hint
    server.handshake_fault = None
    assert len(await broker.accounts()) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_nothing_listening_is_said_with_what_to_start(server: TwsStandin, connect: Connect, host: str) -> None:
    server.stop()
    with pytest.raises(BrokerError, match=f"Nothing listens at {re.escape(host)}") as raised:
        await connect(host=host).accounts()
    assert (raised.value.kind, raised.value.is_transient) == (ErrorKind.NETWORK, True)
    assert "Start TWS or IB Gateway" in raised.value.hint


async def test_an_unknown_host_is_said(connect: Connect) -> None:
    with pytest.raises(BrokerError, match=r"tws\.invalid:\d+ could not be reached") as raised:
        await connect(host="tws.invalid").accounts()
    assert "IBKR_HOST" in raised.value.hint


async def test_a_gateway_that_restarts_is_said_and_found_again(server: TwsStandin, connect: Connect) -> None:
    broker = connect()
    await broker.accounts()
    server.stop()
    assert (await refusal(broker)).message.endswith(
        "ended the connection at 15:46 New York and is not back yet: it restarts."
    )
    server.start()
    assert (await only_snapshot(broker)).is_complete


async def test_a_refused_connection_is_tried_again_with_backoff(
    server: TwsStandin, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    broker = connect(policy=RetryPolicy(attempts=40, wait_initial=0.05, wait_max=0.05, wait_jitter=0))
    connecting = asyncio.create_task(broker.accounts())
    await eventually(lambda: any(record.name.startswith("stamina") for record in caplog.records))
    server.start()
    assert len(await connecting) == 1


async def test_a_dropped_connection_is_made_anew_at_the_next_cycle(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect(policy=NO_WAITING)
    await only_snapshot(broker)
    server.kick()
    snapshot = await first_success(broker, server)
    assert [holding.quantity for holding in snapshot.holdings] == [100]
    assert len(snapshot.quotes) == 1
    assert server.open_pnl == [(ONE, SHARES.con_id)]


async def test_an_account_whose_values_never_end_does_not_keep_the_others_away(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.add_account(TWO, [SHARES], values={}))
    server.endless = {TWO}
    found = await snapshots(connect(limits=SHORT))
    assert found[ONE].balances is not None
    assert found[TWO].balances is None
    assert found[TWO].warnings[0] == "Balances are unknown: TWS has not sent the account's values yet."
    assert [holding.quantity for holding in found[TWO].holdings] == [100]


async def test_a_close_in_the_middle_of_connecting_ends_it(server: TwsStandin, connect: Connect) -> None:
    server.handshake_fault = HandshakeFault.MUTE
    broker = connect()
    connecting = asyncio.create_task(broker.accounts())
    await eventually(lambda: server.greeted == 1)
    await broker.close()
    with pytest.raises(BrokerError):
        await asyncio.wait_for(connecting, 1)


@pytest.mark.parametrize("request_id", [6, 61, 76])
async def test_a_close_while_tws_has_not_answered_yet_leaves_no_socket(
    server: TwsStandin, connect: Connect, request_id: int
) -> None:
    server.muted = {(request_id, "1")}
    broker = connect()
    connecting = asyncio.create_task(broker.accounts())
    await eventually(lambda: server.asked(request_id) != [])
    await broker.close()
    with pytest.raises(BrokerError):
        await asyncio.wait_for(connecting, 1)
    await eventually(lambda: server.client_ids == [])


async def test_closing_twice_or_before_anything_was_opened_is_fine(connect: Connect) -> None:
    broker = connect()
    await broker.close()
    await broker.close()


async def test_no_accounts_wanted_asks_nothing(server: TwsStandin, connect: Connect) -> None:
    assert await connect().fetch((), BUDGET) == ()
    assert server.messages == []
