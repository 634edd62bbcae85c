"""Whole cycles into a database: what lands, and that no fault of TWS ever closes a position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.positions import PositionStatus, RealizedSource
from cotrader_tui.domain.sync import RunStatus, Trigger
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.cycle import CycleOutcome, run_cycle
from tests.brokers.ibkr.conftest import AAPL, CALL, NOW, ONE, SHARES, SHORT, SHORT_CALLS, TWO, Connect
from tests.standin.tws import TwsStandin
from tests.standin.tws_faults import HandshakeFault, PositionsFault


@dataclass
class Desk:
    """One database, whose connection to TWS is synced by hand."""

    path: Path
    now: datetime = NOW
    config: ConnectionConfig = field(default_factory=lambda: ConnectionConfig("ibkr", "ibkr"))

    def __post_init__(self) -> None:
        self.writer = Writer(self.path)
        self.number = self.writer.ensure_connection("ibkr", "ibkr", "", self.config.sync_interval)

    async def sync(self, broker: IbkrBroker) -> CycleOutcome:
        self.now += timedelta(minutes=1)
        return await run_cycle(self.writer, broker, self.config, self.number, Trigger.SCHEDULED, lambda: self.now)

    def read(self) -> PortfolioSnapshot:
        with Reader(self.path) as reader:
            return reader.snapshot(exchange_date(self.now))

    def quantities(self) -> dict[str, Decimal]:
        return {leg.position.instrument.symbol: leg.position.quantity for leg in self.read().legs}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "book.db")
    yield desk
    desk.writer.close()


HELD = {"AAPL": Decimal(100), CALL.local_symbol: Decimal(-2)}


async def test_a_cycle_lands_positions_marks_greeks_and_balances(
    server: TwsStandin, connect: Connect, desk: Desk
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    outcome = await desk.sync(connect())
    assert (outcome.status, outcome.error) == (RunStatus.SUCCESS, None)
    book = desk.read()
    assert desk.quantities() == HELD
    call = next(leg for leg in book.legs if leg.position.instrument.is_option)
    assert call.quote is not None
    assert call.greeks is not None
    assert call.underlying_quote is not None
    assert (call.quote.mark, call.greeks.delta, call.underlying_quote.mark) == (Decimal("5.1"), 0.5, Decimal("231.4"))
    (account,) = book.accounts
    assert account.balances is not None
    assert account.balances.net_liquidating_value == Decimal("104250.75")


@pytest.mark.parametrize("fault", list(PositionsFault))
async def test_a_list_without_its_end_closes_nothing(
    server: TwsStandin, connect: Connect, desk: Desk, fault: PositionsFault
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect(limits=SHORT)
    await desk.sync(broker)
    server.positions_fault = fault
    for _ in range(2):
        outcome = await desk.sync(broker)
        assert outcome.status is RunStatus.FAILED
        assert desk.quantities() == HELD
    server.positions_fault = None
    outcome = await desk.sync(broker)
    assert (outcome.status, desk.quantities()) == (RunStatus.SUCCESS, HELD)


@pytest.mark.parametrize("fault", list(HandshakeFault))
async def test_a_connection_that_does_not_open_closes_nothing(
    server: TwsStandin, connect: Connect, desk: Desk, fault: HandshakeFault
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    await desk.sync(connect())
    server.handshake_fault = fault
    outcome = await desk.sync(connect(limits=SHORT))
    assert outcome.status is RunStatus.FAILED
    assert desk.quantities() == HELD


async def test_a_gateway_that_is_gone_closes_nothing(server: TwsStandin, connect: Connect, desk: Desk) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    await desk.sync(broker)
    server.stop()
    for _ in range(2):
        assert (await desk.sync(broker)).status is RunStatus.FAILED
    assert desk.quantities() == HELD


async def test_an_account_that_is_no_longer_listed_closes_nothing(
    server: TwsStandin, connect: Connect, desk: Desk
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.add_account(TWO, [SHORT_CALLS]))
    await desk.sync(connect())
    server.change(lambda book: book.positions.pop(TWO))
    await desk.sync(connect())
    assert desk.quantities() == HELD


async def test_a_row_that_cannot_be_read_keeps_its_position(server: TwsStandin, connect: Connect, desk: Desk) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect(limits=SHORT)
    await desk.sync(broker)
    server.change(lambda book: book.hold(ONE, SHARES, replace(SHORT_CALLS, quantity="many")))
    outcome = await desk.sync(broker)
    assert outcome.status is RunStatus.PARTIAL
    assert desk.quantities() == HELD


async def test_a_closed_position_carries_what_tws_says_it_realized(
    server: TwsStandin, connect: Connect, desk: Desk
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    await desk.sync(broker)
    gone = replace(SHARES, quantity="0", daily="262.5", unrealized="0", realized="3302.5", value="0")
    server.change(lambda book: book.hold(ONE, gone, SHORT_CALLS))
    outcome = await desk.sync(broker)
    assert outcome.status is RunStatus.SUCCESS
    (leg,) = desk.read().closed_today
    assert (leg.position.status, leg.position.instrument.id.key) == (PositionStatus.CLOSED, str(AAPL.con_id))
    assert (leg.position.realized_pnl, leg.position.realized_source) == (Decimal("3302.5"), RealizedSource.BROKER)
    assert leg.position.realized_day_gain is not None
    assert leg.position.realized_day_gain.amount == Decimal("262.5")
    await desk.sync(broker)
    assert desk.quantities() == {CALL.local_symbol: Decimal(-2)}


async def test_the_same_book_twice_changes_nothing(server: TwsStandin, connect: Connect, desk: Desk) -> None:
    server.change(lambda book: book.hold(ONE, SHARES, SHORT_CALLS))
    broker = connect()
    for _ in range(2):
        await desk.sync(broker)
    run = desk.read().runs[0]
    assert (run.counts.unchanged, run.counts.added, run.counts.updated, run.counts.closed) == (2, 0, 0, 0)
