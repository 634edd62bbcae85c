"""What TWS says about its own links: lost, back, data gone, farms down; and that nothing old passes for new."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.brokers.ibkr.notices import Notices
from cotrader_tui.errors import BrokerError, ErrorKind
from tests.brokers.ibkr.conftest import (
    BUDGET,
    CALL,
    NOW,
    ONE,
    SHARES,
    SHORT,
    SHORT_CALLS,
    Connect,
    eventually,
    only_snapshot,
)
from tests.standin.tws import TwsStandin
from tests.standin.tws_faults import PositionsFault

START = 71


async def hear(server: TwsStandin, broker: IbkrBroker, code: int, text: str = "") -> None:
    """Returns once the broker has heard what the server says: a request was answered after it."""
    before = len(server.asked(49))
    server.say(code, text)
    ib = broker._link._ib
    assert ib is not None
    await ib.reqCurrentTimeAsync()
    await eventually(lambda: len(server.asked(49)) > before)


@pytest.mark.parametrize("code", [1100, 2110])
async def test_without_a_link_to_the_broker_nothing_is_fetched(server: TwsStandin, connect: Connect, code: int) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect()
    accounts = await broker.accounts()
    await hear(server, broker, code)
    for call in (broker.accounts, lambda: broker.fetch(accounts, BUDGET)):
        with pytest.raises(
            BrokerError, match=r"no link to Interactive Brokers since 15:46 New York \(1100\)"
        ) as raised:
            await call()
        assert raised.value.kind is ErrorKind.NETWORK
        assert "every night" in raised.value.hint


async def test_a_link_that_is_lost_while_positions_come_fails_the_fetch(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect(limits=SHORT)
    accounts = await broker.accounts()
    server.positions_fault = PositionsFault.NO_END
    server.say(1100)
    with pytest.raises(BrokerError, match="no link to Interactive Brokers"):
        await broker.fetch(accounts, BUDGET)


async def test_positions_that_come_without_a_link_are_not_taken_for_new(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect()
    accounts = await broker.accounts()
    server.say(1100)
    with pytest.raises(BrokerError, match="no link to Interactive Brokers"):
        await broker.fetch(accounts, BUDGET)


async def test_a_link_that_is_lost_while_connecting_is_said(server: TwsStandin, connect: Connect) -> None:
    server.greeting = ((1100, "Connectivity between IB and TWS has been lost."),)
    server.positions_fault = PositionsFault.MUTE
    with pytest.raises(BrokerError, match="no link to Interactive Brokers"):
        await connect(limits=SHORT).accounts()


async def test_a_link_that_is_back_with_its_data_goes_on_over_the_same_connection(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect()
    await only_snapshot(broker)
    await hear(server, broker, 1100)
    await hear(server, broker, 1102)
    assert len((await only_snapshot(broker)).quotes) == 1
    assert len(server.asked(START)) == 1
    assert server.asked(62) == []


async def test_a_link_that_is_back_without_its_data_subscribes_to_everything_again(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    await only_snapshot(broker)
    await hear(server, broker, 1100)
    await hear(server, broker, 1101)
    snapshot = await only_snapshot(broker)
    assert (len(snapshot.quotes), len(snapshot.greeks), snapshot.warnings) == (2, 1, ())
    assert len(server.asked(START)) == 2
    await eventually(lambda: len(server.client_ids) == 1)
    assert sorted(server.open_pnl) == [(ONE, SHARES.con_id), (ONE, CALL.con_id)]


async def test_a_link_lost_for_long_is_looked_at_over_a_new_connection(server: TwsStandin, connect: Connect) -> None:
    times = [NOW]
    broker = connect(clock=lambda: times[-1])
    await broker.accounts()
    await hear(server, broker, 1100)
    times.append(NOW + timedelta(minutes=9))
    with pytest.raises(BrokerError):
        await broker.accounts()
    times.append(NOW + timedelta(minutes=11))
    assert len(await broker.accounts()) == 1
    assert len(server.asked(START)) == 2


async def test_a_changed_port_is_said_with_the_setting(server: TwsStandin, connect: Connect) -> None:
    broker = connect()
    await broker.accounts()
    await hear(server, broker, 1300)
    server.stop()
    for _ in range(2):
        with pytest.raises(BrokerError, match="the port of its API was changed") as raised:
            await broker.accounts()
        assert "IBKR_PORT" in raised.value.hint


@pytest.mark.parametrize(("code", "serves"), [(2103, "market data"), (2157, "contract")])
async def test_a_broken_farm_makes_figures_old_until_it_is_back(
    server: TwsStandin, connect: Connect, code: int, serves: str
) -> None:
    broker = connect()
    await broker.accounts()
    await hear(server, broker, code, "A farm connection is broken:usopt")
    assert (await only_snapshot(broker)).warnings == (
        f"Interactive Brokers' {serves} farm usopt is down: prices and Greeks may be old.",
    )
    await hear(server, broker, 2104, "Market data farm connection is OK:usopt")
    assert (await only_snapshot(broker)).warnings == ()


@pytest.mark.parametrize("code", [2100, 2104, 2105, 2106, 2107, 2108, 2119, 2158, 10197, 399])
def test_notices_that_make_nothing_old_change_nothing(code: int) -> None:
    notices = Notices()
    notices.hear(code, "A farm connection is inactive:hfarm", NOW)
    assert notices == Notices()


def test_the_loss_of_a_link_is_dated_from_its_first_notice() -> None:
    notices = Notices()
    notices.hear(1100, "", NOW)
    notices.hear(2110, "", NOW + timedelta(minutes=2))
    assert notices.lost_since == NOW


def test_a_farm_with_an_odd_name_is_not_repeated() -> None:
    notices = Notices()
    notices.hear(2103, "Market data farm is broken: account U5550001 \x1b[31m", NOW)
    assert list(notices.broken_farms) == ["(unnamed)"]
