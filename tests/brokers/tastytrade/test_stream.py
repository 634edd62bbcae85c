"""The snapshot of Greeks over DXLink: bounded, never waiting for silence, never failing an account."""

from __future__ import annotations

import asyncio
from datetime import date
from time import perf_counter

import pytest

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.brokers.tastytrade.stream import StreamLimits
from tests.brokers.tastytrade.conftest import SHORT_STREAM, Connect, only_snapshot
from tests.standin.faults import StreamFault
from tests.standin.payloads import greeks_event, option_row
from tests.standin.tastytrade import TastytradeStandin

NUMBER = "5WX00001"
DECEMBER = date(2026, 12, 18)
CALL, PUT = ".KO261218C65", ".KO261218P60"


@pytest.fixture(autouse=True)
def two_options(server: TastytradeStandin) -> None:
    rows = [option_row("KO", DECEMBER, "C", 65, 1, "1", "1.1"), option_row("KO", DECEMBER, "P", 60, -1, "1", "0.9")]
    server.change(lambda book: book.add_account(NUMBER, rows))
    server.change(lambda book: book.greeks.update({CALL: greeks_event(0.4), PUT: greeks_event(-0.3)}))


def deltas(snapshot: BrokerSnapshot) -> list[float | None]:
    return [greeks.delta for greeks in snapshot.greeks]


async def test_snapshot_ends_once_every_symbol_has_answered(server: TastytradeStandin, connect: Connect) -> None:
    patient = StreamLimits(opening=5, quiet=5, total=30)
    started = perf_counter()
    snapshot = await only_snapshot(connect(stream_limits=patient))
    assert perf_counter() - started < 4
    assert deltas(snapshot) == [0.4, -0.3]
    assert server.sockets[0].aggregation_periods == [1.0]


async def test_silent_symbol_is_not_waited_for_and_is_no_fault(server: TastytradeStandin, connect: Connect) -> None:
    server.change(lambda book: book.greeks.pop(PUT))
    started = perf_counter()
    snapshot = await only_snapshot(connect(stream_limits=StreamLimits(opening=5, quiet=0.2, total=30)))
    assert perf_counter() - started < 4
    assert (deltas(snapshot), snapshot.warnings) == ([0.4], ())


async def test_nan_is_unknown(server: TastytradeStandin, connect: Connect) -> None:
    server.change(lambda book: book.greeks.update({CALL: greeks_event("NaN")}))
    snapshot = await only_snapshot(connect())
    assert (deltas(snapshot), snapshot.warnings) == ([-0.3], ())


@pytest.mark.parametrize("time", [0, -1, 10**30])
async def test_greeks_without_a_usable_time_are_unknown(server: TastytradeStandin, connect: Connect, time: int) -> None:
    server.change(lambda book: book.greeks.update({CALL: greeks_event(0.4, time=time)}))
    assert deltas(await only_snapshot(connect())) == [-0.3]


async def test_more_than_five_hundred_symbols_are_subscribed_in_several_frames(
    server: TastytradeStandin, connect: Connect
) -> None:
    rows = [option_row("KO", DECEMBER, "C", strike, 1, "1", "1") for strike in range(1, 621)]
    server.hold(NUMBER, rows)
    await only_snapshot(connect())
    assert server.sockets[0].frame_sizes == [500, 120]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (StreamFault.DROP, "0 of 2 options sent Greeks."),
        (StreamFault.ODD_ROW, "0 of 2 options sent Greeks."),
        (StreamFault.REFUSE_UPGRADE, "0 of 2 options sent Greeks."),
        (StreamFault.SILENT, "The market data stream stayed silent for 0.3 s: no Greeks arrived."),
        (StreamFault.MUTE, "The market data stream did not open within 0.4 s: no Greeks arrived."),
        (StreamFault.REFUSE_TOKEN, "The market data stream did not open within 0.4 s: no Greeks arrived."),
    ],
)
async def test_fault_of_the_stream_is_a_warning_and_the_positions_land_without_greeks(
    server: TastytradeStandin, connect: Connect, fault: StreamFault, words: str
) -> None:
    server.fail_stream(fault)
    broker = connect(stream_limits=SHORT_STREAM)
    tasks = asyncio.all_tasks()
    snapshot = await only_snapshot(broker)
    assert len(snapshot.holdings) == 2
    assert snapshot.is_complete
    assert snapshot.greeks == ()
    (warning,) = snapshot.warnings
    assert warning.endswith(words)
    assert asyncio.all_tasks() == tasks


async def test_what_arrived_before_the_socket_dropped_is_kept(server: TastytradeStandin, connect: Connect) -> None:
    server.fail_stream(StreamFault.DROP_AFTER_FIRST)
    snapshot = await only_snapshot(connect(stream_limits=StreamLimits(opening=5, quiet=5, total=5)))
    assert deltas(snapshot) == [0.4]
    (warning,) = snapshot.warnings
    assert warning.endswith("1 of 2 options sent Greeks.")


async def test_next_cycle_recovers_with_a_new_quote_token(server: TastytradeStandin, connect: Connect) -> None:
    server.fail_stream(StreamFault.REFUSE_TOKEN)
    broker = connect(stream_limits=StreamLimits(opening=1, quiet=0.2, total=1.5))
    assert (await only_snapshot(broker)).greeks == ()
    assert server.sockets[0].auth_attempts > 1
    assert deltas(await only_snapshot(broker)) == [0.4, -0.3]
    assert len(server.quote_tokens) == 2


async def test_dropped_socket_keeps_its_quote_token(server: TastytradeStandin, connect: Connect) -> None:
    server.fail_stream(StreamFault.DROP)
    broker = connect()
    await only_snapshot(broker)
    assert deltas(await only_snapshot(broker)) == [0.4, -0.3]
    assert len(server.quote_tokens) == 1
