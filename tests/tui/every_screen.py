"""Every screen there is, with a book that is hard to fit: one line each, for what holds of all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from textual.message import Message
from textual.pilot import Pilot

from cotrader_tui.analytics.since import GreekChanges, Since, UnderlyingSince
from cotrader_tui.analytics.statistics import CycleStatistics
from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.domain.checks import AccountChecks, Check, Figure
from cotrader_tui.domain.courses import AccountCourse, AccountPoint, Courses
from cotrader_tui.domain.orders import KnownOrder, Order, OrderKind, OrderLeg, OrderStatus
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.since import SyncTally
from cotrader_tui.domain.sync import RunStatus, SyncError
from cotrader_tui.errors import ErrorKind
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.messages import CoursesRead, HistoryRead, QuarantineRead, SinceRead, StatisticsRead, StoreTrouble
from cotrader_tui.tui.ports import ConnectionPrograms, FormField, ScreenOptions
from cotrader_tui.tui.present.states import Trouble
from cotrader_tui.tui.screens.since import SinceScreen
from tests import builders
from tests.builders import BROKER, NOW
from tests.tui import book as books
from tests.tui.book import IRA, MARGIN, event, held, history, numbered, settled, tell

Prepare = Callable[[Pilot[Any]], Awaitable[None]]


def wide_legs() -> tuple[Leg, ...]:
    """Long names, and figures that fill their columns."""
    far = builders.option("GOOGL", "1262.5", expiration=date(2027, 6, 18))
    return (
        held(far, "12", "48.2", "1051.65", "1049.1", delta=0.44, underlying="2312.2"),
        held(far, "-3", "48.2", "1051.65", "1049.1", delta=0.44, underlying="2312.2", account=IRA),
        held(builders.share("BRK/A"), "-2", "700000", "712345.5", "711000"),
        held(builders.share("SIRI"), "125000.5", "4.1234", "0.0871", "0.0912"),
        held(builders.option("NVDA", "1500"), "-1250", "104.85", "3.1", "3.42", delta=0.24, underlying="1428.14"),
    )


def book() -> PortfolioSnapshot:
    """The book of the other tests with those legs, with orders, and with an account that differs from its broker."""
    plain = books.book()
    checks = AccountChecks(
        NOW - timedelta(seconds=14),
        (
            Check(Figure.NET_LIQUIDATING_VALUE, Decimal("148230.55"), Decimal("148230.55"), Decimal("148.23")),
            Check(Figure.OPEN_PNL, Decimal("8310.40"), None, Decimal("148.23")),
            Check(Figure.DAY_PNL, Decimal("1404.55"), Decimal(1190), Decimal("148.23"), "AAPL", Decimal("214.55")),
        ),
    )
    accounts = tuple(replace(each, checks=checks) for each in plain.accounts)
    return replace(plain, legs=numbered(*plain.legs, *wide_legs()), accounts=accounts, orders=_orders())


def _orders() -> tuple[KnownOrder, ...]:
    def order(key: str, kind: OrderKind, price: str, *legs: OrderLeg) -> KnownOrder:
        at = NOW - timedelta(hours=1)
        made = Order(MARGIN, key, OrderStatus.WORKING, kind, "USD", legs, "gtc", "AAPL", Decimal(price), None, at, at)
        return KnownOrder(made, BROKER, NOW - timedelta(seconds=75))

    call, put = "AAPL  260417C00250000", "AAPL  260417P00202500"
    return (
        order("1", OrderKind.LIMIT, "2.55", OrderLeg(call, Decimal(1250), Decimal(1000))),
        order("2", OrderKind.LIMIT, "-1.1", OrderLeg(call, Decimal(-10), Decimal(0)), OrderLeg(put, Decimal(10), None)),
    )


def _app(pilot: Pilot[Any]) -> CotraderApp:
    assert isinstance(pilot.app, CotraderApp)
    return pilot.app


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, each when what the one before did is done."""
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
    await pilot.app.workers.wait_for_complete()
    await settled(pilot)


def showing(
    *keys: str, told: Callable[[], Message] | None = None, of: Callable[[], PortfolioSnapshot] = book
) -> Prepare:
    """Show a book and press keys; then the screen hears what it would read of a database."""

    async def prepare(pilot: Pilot[Any]) -> None:
        await tell(pilot, of())
        await press(pilot, *keys)
        if told is not None:
            pilot.app.screen.post_message(told())
            await settled(pilot)

    return prepare


def _quarantined() -> Message:
    return QuarantineRead(2, (("XYZ  270115C00010000", "its multiplier is no number", '{"symbol": "XYZ  270115C00"}'),))


def _history() -> Message:
    return HistoryRead(2, (event(),), history())


def _statistics() -> Message:
    error = SyncError(ErrorKind.NETWORK, "The broker did not answer within 30 s.", "Is the network up?")
    at = NOW - timedelta(hours=3)
    found = CycleStatistics(12_345, 12_300, 25, 20, error, at, timedelta(seconds=1.25), timedelta(seconds=65))
    return StatisticsRead({BROKER: found})


def _courses() -> Message:
    def course(account: Any, worth: int) -> AccountCourse:  # noqa: ANN401 - an id
        points = [
            AccountPoint(NOW - timedelta(minutes=60 - at), Decimal(worth + at * (60 - at)), Decimal(at - 30))
            for at in range(61)
        ]
        return AccountCourse(account, tuple(points))

    return CoursesRead(0, Courses(timedelta(minutes=1), (course(MARGIN, 148_000), course(IRA, 31_000))))


def _noted() -> PortfolioSnapshot:
    return replace(book(), notes=("The disk is full; free some space and the next sync goes on.",))


def _since() -> Since:
    def of(name: str, pnl: str, delta: float, legs: int = 2) -> UnderlyingSince:
        greeks = GreekChanges(legs, legs - 1, delta, 0.25, -12.5, 1_234.5, delta * 231.4)
        return UnderlyingSince(name, "USD", PartialSum(Decimal(pnl), legs - 1, legs), 0, greeks)

    error = SyncError(ErrorKind.NETWORK, "The broker did not answer within 30 s.", "Is the network up?")
    left = NOW - timedelta(hours=16)
    return Since(
        since=left,
        positions=(),
        underlyings=(of("AAPL", "-1234.5", 62.1), of("GOOGL", "13101168.81", -1_250.4), of("/ES", "662.5", 50.0)),
        totals={"USD": PartialSum(Decimal("13100596.81"), 3, 6)},
        failures=(SyncTally(BROKER, "positions", RunStatus.FAILED, 12, left, error),),
        has_landed=True,
        had_landed=True,
        figures_from=left,
        figures_of=NOW,
    )


async def _returned(pilot: Pilot[Any]) -> None:
    await showing()(pilot)
    pilot.app.push_screen(SinceScreen(_since().since, _since()))
    await press(pilot)
    pilot.app.screen.post_message(SinceRead(_since()))
    await settled(pilot)


async def _failing(pilot: Pilot[Any]) -> None:
    trouble = Trouble("The file book.db is damaged or is not a database.", "Bring a backup back.")
    pilot.app.post_message(StoreTrouble(trouble))
    await settled(pilot)


async def _connecting(pilot: Pilot[Any]) -> None:
    await showing()(pilot)
    _app(pilot).connect(BROKER)
    await settled(pilot)


async def _disconnecting(pilot: Pilot[Any]) -> None:
    await showing()(pilot)
    _app(pilot).disconnect(BROKER)
    await settled(pilot)


SCREENS: dict[str, Prepare] = {
    "positions": showing("1"),
    "grouped": showing("v"),
    "filtered": showing("slash", *"googl", "enter"),
    "greeks": showing("2"),
    "split": showing("2", "s"),
    "underlying": showing("2", "enter"),
    "sync_log": showing("3"),
    "sync_run": showing("3", "j", "j", "enter", told=_quarantined),
    "accounts": showing("4"),
    "statistics": showing("5", told=_statistics),
    "orders": showing("6"),
    "position": showing("j", "j", "enter", told=_history),
    "explain": showing("j", "j", "E"),
    "charts": showing("C", told=_courses),
    "help": showing("question_mark"),
    "columns": showing("c"),
    "export": showing("e"),
    "palette": showing("colon"),
    "messages": showing("exclamation_mark"),
    "connect": _connecting,
    "disconnect": _disconnecting,
    "since": _returned,
    "notice": showing(of=_noted),
    "empty": showing(of=builders.snapshot),
    "failing": _failing,
    "loading": settled,
    "welcome": settled,
}
"""By name, what leads there."""


def app_for(screen: str, **options: Any) -> CotraderApp:  # noqa: ANN401 - of several kinds
    """The app on which a screen is shown; `options` are those of ScreenOptions."""
    fields = (FormField("client_secret", "The application's secret", is_required=True, is_secret=True),)
    programs = ConnectionPrograms({BROKER: fields}, lambda *_: (), lambda _: (), lambda: ())
    if screen == "welcome":
        options["unconfigured"] = "No broker is configured."
    return books.make_app(options=ScreenOptions(is_watching=False, programs=programs, **options))
