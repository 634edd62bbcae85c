"""Sockets over a sleep of the machine: the clock went on, the loop's time, which is the watchdogs', did not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.brokers.tastytrade.feed import LiveLimits
from cotrader_tui.domain.clock import system_clock
from cotrader_tui.errors import BrokerError, ErrorKind
from tests.brokers.tastytrade.conftest import NO_WAITING, STREAM, eventually, only_snapshot
from tests.standin.payloads import equity_row
from tests.standin.tastytrade import TastytradeStandin

LIMITS = LiveLimits(opening=3, silence=75, drain=0.005)


class MachineClock:
    """The machine's clock, set forward or back by hand."""

    by = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.by


@pytest.fixture
def clock() -> MachineClock:
    return MachineClock()


@pytest.fixture
async def broker(server: TastytradeStandin, clock: MachineClock) -> AsyncIterator[TastytradeBroker]:
    """A broker that holds something, with both of its sockets."""
    server.change(lambda book: book.add_account("5WX00007", [equity_row("KO", 10, "60", "61")]))
    config = ConnectionConfig(
        "tastytrade",
        "tastytrade",
        options={"api_url": server.url, "streamer_url": server.streamer_url},
        secrets={"client_secret": Secret(server.client_secret), "refresh_token": Secret(server.refresh_token)},
    )
    made = TastytradeBroker(config, clock, policy=NO_WAITING, stream_limits=STREAM, live_limits=LIMITS)
    await only_snapshot(made)
    yield made
    await made.close()


def is_followed(server: TastytradeStandin) -> bool:
    return (
        bool(server.sockets and server.listeners)
        and ("Quote", "KO") in server.sockets[-1].following
        and server.listeners[-1].is_listening
    )


async def follow(broker: TastytradeBroker) -> None:
    async for _ in broker.stream():
        pass


async def test_after_a_sleep_both_sockets_are_given_up_at_once_and_opened_anew(
    broker: TastytradeBroker, server: TastytradeStandin, clock: MachineClock
) -> None:
    stream = asyncio.create_task(follow(broker))
    await eventually(lambda: is_followed(server))
    clock.by = timedelta(hours=9)
    with pytest.raises(BrokerError) as caught:
        await asyncio.wait_for(stream, 5)
    assert (caught.value.kind, caught.value.is_transient) == (ErrorKind.NETWORK, True)
    assert "slept" in caught.value.message
    await eventually(lambda: not any(each.is_open for each in server.sockets))
    await eventually(lambda: not any(each.is_open for each in server.listeners))
    stream = asyncio.create_task(follow(broker))
    await eventually(lambda: (len(server.sockets), len(server.listeners)) == (2, 2) and is_followed(server))
    stream.cancel()
    await asyncio.gather(stream, return_exceptions=True)


@pytest.mark.parametrize("by", [timedelta(seconds=60), timedelta(hours=-3)], ids=["a minute on", "three hours back"])
async def test_a_clock_that_is_put_right_breaks_no_socket(
    broker: TastytradeBroker, server: TastytradeStandin, clock: MachineClock, by: timedelta
) -> None:
    stream = asyncio.create_task(follow(broker))
    await eventually(lambda: is_followed(server))
    clock.by = by
    done, _ = await asyncio.wait({stream}, timeout=40 * LIMITS.drain)
    assert not done
    assert (len(server.sockets), len(server.listeners)) == (1, 1)
    stream.cancel()
    await asyncio.gather(stream, return_exceptions=True)
