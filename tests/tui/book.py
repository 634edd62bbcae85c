"""A book worth looking at, and the app around it, for the tests of the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import Instrument, OptionType
from cotrader_tui.domain.market import TradingSession
from cotrader_tui.domain.portfolio import Account, AccountBook, Leg, PortfolioSnapshot
from cotrader_tui.domain.positions import EventKind, PositionEvent, PositionSnapshot
from cotrader_tui.domain.sync import RunStatus, SyncCounts, SyncError, Trigger
from cotrader_tui.errors import ErrorKind
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.messages import SnapshotRead
from cotrader_tui.tui.ports import EngineKeeper, ScreenOptions
from cotrader_tui.tui.resizing import ResizingApp
from cotrader_tui.tui.syncing import RequestSync
from cotrader_tui.tui.widgets.book_table import BookTable
from tests import builders
from tests.builders import BROKER, NOW

MARGIN = AccountId(BROKER, "5WT00001")
IRA = AccountId(BROKER, "5WT00002")


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def numbered(*legs: Leg) -> tuple[Leg, ...]:
    """The legs with a position id each, from 1."""
    return tuple(replace(leg, position=replace(leg.position, id=number)) for number, leg in enumerate(legs, start=1))


def held(
    of: Instrument,
    quantity: str,
    average: str | None,
    mark: str | None,
    close: str | None = None,
    *,
    delta: float | None = None,
    underlying: str | None = None,
    account: AccountId = MARGIN,
) -> Leg:
    """A position with its mark and, for an option, per-unit Greeks around `delta`."""
    greeks = None if delta is None else builders.greeks(of, delta, 0.012, -0.085, 0.21, 0.274)
    position = builders.position(of, quantity, average, account=account, previous_close=close)
    return builders.leg(position, mark, greeks=greeks, underlying_price=underlying)


def legs() -> tuple[Leg, ...]:
    """Shares, options, an index option, futures, a coin; one leg without Greeks, one without a mark."""
    apple, near, far = builders.share("AAPL"), date(2026, 4, 17), date(2027, 6, 18)
    weekly = replace(builders.option("SPX", "6725", OptionType.PUT, date(2026, 3, 13)), symbol="SPXW  260313P06725000")
    return numbered(
        held(apple, "120", "211.37", "228.14", "227.02"),
        held(builders.option("AAPL", "245"), "-2", "4.85", "3.10", "3.42", delta=0.24, underlying="228.14"),
        held(
            builders.option("AAPL", "262.5", expiration=far),
            "1",
            "18.20",
            "21.65",
            "21.10",
            delta=0.49,
            underlying="228.14",
        ),
        held(apple, "35", "230.90", "228.14", "227.02", account=IRA),
        held(builders.coin(), "0.48130257", "61250.4", "70311.28", "69844.91"),
        held(builders.future(), "1", "6702.25", "6731.50", "6744.75"),
        held(builders.share("KO"), "310", "58.11", None),
        held(weekly, "-1", "21.40", "9.95", "14.15", delta=-0.18, underlying="6731.2"),
        held(builders.option("TSLA", "320", OptionType.PUT, near), "-3", "11.25", "14.70", "12.05", underlying="341.6"),
    )


def accounts() -> tuple[AccountBook, ...]:
    return (
        AccountBook(Account(MARGIN, "Margin", "USD"), BROKER, builders.balances("148230.55", "21040.10"), NOW),
        AccountBook(Account(IRA, "Roth IRA", "USD"), BROKER, builders.balances("31877.09", "9120.75"), NOW),
    )


def sessions() -> tuple[TradingSession, ...]:
    def session(day: int) -> TradingSession:
        on = date(2026, 3, day)
        opens = datetime.fromisoformat(f"2026-03-{day:02d}T13:30:00+00:00")
        return TradingSession(on, opens, opens + timedelta(hours=6, minutes=30))

    return (session(9), session(10), session(11))


def book() -> PortfolioSnapshot:
    """The whole of it, synced 14 s before `NOW`."""
    synced = NOW - timedelta(seconds=14)
    base = builders.snapshot(*legs(), accounts=accounts())
    failure = SyncError(ErrorKind.NETWORK, "api.tastyworks.example did not answer within 30 s.", "Is the network up?")
    partial = SyncError(ErrorKind.PAYLOAD, "1 row could not be read: XYZ  270115C00010000.", "See the row's detail.")
    log = (
        replace(builders.sync_run(4, RunStatus.RUNNING, account=MARGIN.number), trigger=Trigger.MANUAL),
        replace(builders.sync_run(3, counts=SyncCounts(1, 4, 0, 3)), started_at=synced),
        builders.sync_run(2, RunStatus.PARTIAL, counts=SyncCounts(0, 8, 0, 0, 1), error=partial),
        replace(builders.sync_run(1, RunStatus.FAILED, error=failure, account=None), trigger=Trigger.STARTUP),
    )
    connections = tuple(replace(each, last_sync_at=synced) for each in base.connections)
    return replace(base, connections=connections, runs=log, sessions=sessions())


def make_app(
    *,
    clock: Clock = lambda: NOW,
    database: Path = Path("/nonexistent/book.db"),
    request_sync: RequestSync | None = lambda name, is_full: None,
    keeper: EngineKeeper | None = None,
    options: ScreenOptions | None = None,
) -> CotraderApp:
    """The app as the program makes it, but without a thread that reads a database unless `options` say so."""
    return CotraderApp(
        database=database,
        clock=clock,
        request_sync=request_sync,
        keeper=keeper,
        options=options or ScreenOptions(is_watching=False),
    )


async def tell(pilot: Pilot[Any], snapshot: PortfolioSnapshot) -> None:
    """Give the app a book and wait until it is shown."""
    pilot.app.post_message(SnapshotRead(snapshot))
    await settled(pilot)


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until every message is handled and the screen is laid out for its size."""
    await pilot.pause()
    while isinstance(pilot.app, ResizingApp) and pilot.app.is_settling:
        await pilot.pause(0.01)
    await pilot.pause()


@asynccontextmanager
async def shown(
    snapshot: PortfolioSnapshot | None, app: CotraderApp | None = None, size: tuple[int, int] = (140, 40)
) -> AsyncIterator[Pilot[Any]]:
    """The running app with a book on its screen."""
    async with (app or make_app()).run_test(size=size, notifications=True) as pilot:
        await settled(pilot)
        if snapshot is not None:
            await tell(pilot, snapshot)
        yield pilot


def text_of(pilot: Pilot[Any]) -> str:
    """What the screen shows, line by line."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def table_of(pilot: Pilot[Any]) -> BookTable:
    return pilot.app.screen.query_one(BookTable)


def texts(pilot: Pilot[Any], row: int) -> list[str]:
    """The cells of a row of the table that can be seen, without their padding."""
    table = table_of(pilot)
    key = table.model.keys[row]
    return [table.get_cell(key, column.key).text.strip() for column in table.visible_columns]


def event() -> PositionEvent:
    """Two short calls sold an hour ago."""
    return PositionEvent(
        position_id=2,
        at=NOW - timedelta(hours=1),
        kind=EventKind.OPENED,
        quantity_before=Decimal(0),
        quantity_after=Decimal(-2),
        average_open_price=Decimal("4.85"),
        mark=Decimal("4.80"),
        realized_pnl=None,
        realized_source=None,
    )


def history() -> tuple[PositionSnapshot, ...]:
    """An hour of marks, a minute apart."""
    marks = [Decimal("4.80") - Decimal(minute * (60 - minute) % 170) / 100 for minute in range(61)]
    return tuple(
        PositionSnapshot(
            at=NOW - timedelta(minutes=60 - minute),
            quantity=Decimal(-2),
            mark=mark,
            underlying_price=None,
            open_pnl=(Decimal("4.85") - mark) * 200,
            delta=None,
            gamma=None,
            theta=None,
            vega=None,
            iv=None,
        )
        for minute, mark in enumerate(marks)
    )
