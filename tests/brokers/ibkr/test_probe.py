"""TWS that is gone and listens again: a sync is due at once, and nothing else is made of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.domain.sync import StreamState
from cotrader_tui.errors import BrokerError
from tests.brokers.ibkr.conftest import ONE, SHARES, SHORT, Connect, eventually, snapshots
from tests.brokers.ibkr.test_stream_states import Following, following
from tests.standin.tws import TwsStandin
from tests.standin.tws_faults import HandshakeFault

WATCHFUL = replace(SHORT, look=0.01, knock=0.05, knock_answer=1.0)
SOME_KNOCKS = 0.4
LIVE, BROKEN = StreamState.LIVE, StreamState.BROKEN


@pytest.fixture(autouse=True)
def shares(server: TwsStandin) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))


async def hints_stay(stream: Following, count: int) -> None:
    await asyncio.sleep(SOME_KNOCKS)
    assert stream.hints == count


async def fails_to_sync(broker: IbkrBroker) -> None:
    with pytest.raises(BrokerError):
        await snapshots(broker)


async def test_tws_that_was_down_and_listens_again_makes_a_sync_due_once(server: TwsStandin, connect: Connect) -> None:
    broker = connect(limits=WATCHFUL)
    async with following(broker) as stream:
        server.stop()
        await eventually(lambda: stream.states == [LIVE, BROKEN])
        assert "a sync opens it again" in stream.message
        await hints_stay(stream, 0)
        server.start()
        await eventually(lambda: stream.hints == 1)
        await hints_stay(stream, 1)
        assert server.greeted == 1, "nothing is said to TWS before the sync"
        await snapshots(broker)
        await eventually(lambda: stream.states == [LIVE, BROKEN, LIVE])
        await hints_stay(stream, 1)


async def test_connection_that_dropped_though_tws_listens_makes_a_sync_due_once(
    server: TwsStandin, connect: Connect
) -> None:
    async with following(connect(limits=WATCHFUL)) as stream:
        server.kick()
        await eventually(lambda: stream.hints == 1)
        await hints_stay(stream, 1)


async def test_tws_that_listens_and_lets_nobody_in_is_no_reason_for_one_sync_after_the_other(
    server: TwsStandin, connect: Connect
) -> None:
    broker = connect(limits=WATCHFUL)
    async with following(broker) as stream:
        server.stop()
        await eventually(lambda: stream.states == [LIVE, BROKEN])
        server.handshake_fault = HandshakeFault.MUTE
        server.start()
        await eventually(lambda: stream.hints == 1)
        server.stop()
        await asyncio.sleep(SOME_KNOCKS)
        server.start()
        await hints_stay(stream, 1)
        await fails_to_sync(broker)
        await hints_stay(stream, 1)
        server.stop()
        await asyncio.sleep(SOME_KNOCKS)
        server.handshake_fault = None
        server.start()
        await eventually(lambda: stream.hints == 2)


async def test_between_two_knocks_the_port_is_left_alone_and_every_knock_is_over_at_once(connect: Connect) -> None:
    said: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        stream = Following(connect(limits=replace(WATCHFUL, knock=0.3), port=str(port)))
        await asyncio.wait({stream.task}, timeout=0.8)
        stream.task.cancel()
        await asyncio.gather(stream.task, return_exceptions=True)
    assert said in ([b""], [b"", b""])
    assert stream.hints == 0
