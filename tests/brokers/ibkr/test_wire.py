"""Nothing but requests that read ever goes over the wire, and the stand-in tells on whoever sends anything else."""

from __future__ import annotations

import ast
from pathlib import Path

from ib_async import IB, MarketOrder, StartupFetchNONE, Stock

import cotrader_tui.brokers.ibkr
from tests.brokers.ibkr.conftest import BUDGET, ONE, SHARES, SHORT_CALLS, TWO, Connect, eventually, only_snapshot
from tests.standin.tws import ALL_REFUSED_MESSAGES, TwsStandin
from tests.standin.tws_wire import READING

WRITING_CALLS = {
    "placeOrder", "cancelOrder", "reqGlobalCancel", "exerciseOptions", "replaceFA", "reqAutoOpenOrders",
    "whatIfOrder", "whatIfOrderAsync", "bracketOrder", "oneCancelsAll",
}  # fmt: skip


async def test_a_whole_life_of_a_connection_sends_only_requests_that_read(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS), lambda book: book.add_account(TWO, [SHARES]))
    broker = connect()
    await broker.fetch(await broker.accounts(), BUDGET)
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.hold(TWO))
    await broker.fetch(await broker.accounts(), BUDGET)
    await broker.close()
    await eventually(lambda: server.client_ids == [])
    sent = {message.id for message in server.messages}
    assert sent <= READING.keys()
    assert sent >= {1, 2, 9, 59, 61, 64, 71, 76, 94, 95}
    assert server.refused == []
    assert all(message.fields[1] != "0" for message in server.messages if message.id == 71)


async def test_a_single_accounts_portfolio_is_a_request_that_reads(server: TwsStandin, connect: Connect) -> None:
    await only_snapshot(connect())
    assert [fields[1:] for fields in server.asked(6)] == [("1", ONE)]


def test_no_call_that_writes_stands_in_the_adapter() -> None:
    (folder,) = cotrader_tui.brokers.ibkr.__path__
    for path in Path(folder).glob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not names & WRITING_CALLS, path


def test_every_connection_is_opened_read_only_and_raises_what_does_not_arrive() -> None:
    (folder,) = cotrader_tui.brokers.ibkr.__path__
    calls = [
        node
        for path in Path(folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connectAsync"
    ]
    assert len(calls) == 1
    given = {each.arg: ast.unparse(each.value) for each in calls[0].keywords}
    assert (given["readonly"], given["raiseSyncErrors"]) == ("True", "True")


def test_no_blocking_call_of_ib_async_stands_in_the_adapter() -> None:
    (folder,) = cotrader_tui.brokers.ibkr.__path__
    blocking = {"connect", "sleep", "accountSummary", "reqTickers", "qualifyContracts", "reqContractDetails", "run"}
    for path in Path(folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ib":
                assert node.attr not in blocking, f"{path}: ib.{node.attr}"


async def test_the_stand_in_refuses_an_order_and_records_it() -> None:
    with TwsStandin(reports_refused=False) as server:
        server.change(lambda book: book.add_account(ONE))
        ib = IB()
        await ib.connectAsync("127.0.0.1", server.port, clientId=7, timeout=1, fetchFields=StartupFetchNONE)
        ib.placeOrder(Stock("KO", "SMART", "USD"), MarketOrder("BUY", 1))
        await eventually(lambda: [message.id for message in server.refused] == [3])
        ib.disconnect()
    assert ALL_REFUSED_MESSAGES == []
