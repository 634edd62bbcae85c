"""Holdings and answers of a broker, and a book on disk that syncs them through the real cycle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from cotrader_tui.brokers.base import (
    AccountFailure,
    AccountResult,
    BrokerSnapshot,
    ConnectionConfig,
    QuarantinedRow,
)
from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.checks import Checker
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.portfolio import Account, PortfolioSnapshot
from cotrader_tui.domain.positions import DatedAmount, Holding, Position
from cotrader_tui.domain.sync import SyncRun, Trigger
from cotrader_tui.errors import BrokerError, ErrorKind
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.cycle import CycleOutcome, run_cycle
from cotrader_tui.sync.engine import Engine
from tests.builders import ACCOUNT, BROKER, NOW, Amount, account, balances, decimal
from tests.sync.fakes import ManualClock, ScriptedBroker

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Dated = tuple[Amount, date]


def dated(figure: Dated | None) -> DatedAmount | None:
    return None if figure is None else DatedAmount(Decimal(figure[0]), figure[1])


def holding(
    of: Instrument,
    quantity: Amount,
    average_open_price: Amount | None = "10",
    *,
    previous_close: Amount | None = None,
    realized: Dated | None = None,
    day_gain: Dated | None = None,
    opened_at: datetime | None = None,
) -> Holding:
    """A row as the broker reports it; `realized` against the average open price, `day_gain` against the close."""
    return Holding(
        instrument=of,
        quantity=Decimal(quantity),
        average_open_price=decimal(average_open_price),
        previous_close=decimal(previous_close),
        realized_since_open=dated(realized),
        realized_day_gain=dated(day_gain),
        opened_at=opened_at,
    )


def valued(*position_values: Amount) -> Balances:
    """Balances whose positions the broker values so."""
    known = balances()
    return Balances(
        known.currency,
        known.net_liquidating_value,
        known.cash_balance,
        known.buying_power,
        known.maintenance_requirement,
        known.received_at,
        tuple(map(Decimal, position_values)),
    )


NOTHING_VALUED = valued("0", "0.00")
SOMETHING_VALUED = valued("0", "125.50")


def answer(
    *holdings: Holding,
    of: Account | None = None,
    is_complete: bool = True,
    quarantined: Sequence[QuarantinedRow] = (),
    balances: Balances | None = NOTHING_VALUED,
    quotes: Sequence[Quote] = (),
    greeks: Sequence[Greeks] = (),
    underlyings: Sequence[Instrument] = (),
    warnings: Sequence[str] = (),
) -> BrokerSnapshot:
    """A complete answer of one account; by default nothing is valued, so that an empty one is no surprise."""
    return BrokerSnapshot(
        account=of or account(),
        is_complete=is_complete,
        holdings=holdings,
        fetched_at=NOW,
        quarantined=tuple(quarantined),
        balances=balances,
        underlyings=tuple(underlyings),
        quotes=tuple(quotes),
        greeks=tuple(greeks),
        warnings=tuple(warnings),
    )


def unreadable(symbol: str | None) -> QuarantinedRow:
    return QuarantinedRow(symbol, "Its quantity is no number.", '{"quantity": "many"}')


def failure(number: str = ACCOUNT.number, *, is_grant_refused: bool = False) -> AccountFailure:
    return AccountFailure(account(number), network_error(is_grant_refused=is_grant_refused))


def network_error(*, is_grant_refused: bool = False) -> BrokerError:
    if is_grant_refused:
        return BrokerError(ErrorKind.AUTH, "The grant was refused.", "Make a new one.", is_grant_refused=True)
    return BrokerError(ErrorKind.NETWORK, "No answer.", "Check the network.", is_transient=True)


def config(name: str = BROKER, **changes: object) -> ConnectionConfig:
    return ConnectionConfig(name, BROKER, **changes)  # type: ignore[arg-type]


class DiskBook:
    """One connection's book in a database file, synced through the real cycle at an instant set by hand."""

    def __init__(self, path: Path, now: datetime = NOW) -> None:
        self.path = path
        self.writer = Writer(path)
        self.clock = ManualClock(now)
        self.config = config()
        self.checker: Checker | None = None
        self.number = self.writer.ensure_connection(self.config.name, BROKER, "", self.config.sync_interval)

    def sync(self, *results: AccountResult | BaseException, accounts: Sequence[Account] | None = None) -> CycleOutcome:
        """One cycle that meets these results, one per account; a single exception is raised by the broker."""
        listed = accounts
        if listed is None:
            listed = [each.account for each in results if not isinstance(each, BaseException)] or [account()]
        raised = [each for each in results if isinstance(each, BaseException)]
        step = raised[0] if raised else [each for each in results if not isinstance(each, BaseException)]
        broker = ScriptedBroker(step, accounts=listed)
        cycle = run_cycle(
            self.writer, broker, self.config, self.number, Trigger.SCHEDULED, self.clock, checker=self.checker
        )
        return asyncio.run(cycle)

    def sync_as_engine(self, *results: AccountResult, trigger: Trigger = Trigger.SCHEDULED) -> CycleOutcome:
        """One cycle through an engine, which also writes the connection's health."""
        broker = ScriptedBroker(results, accounts=[each.account for each in results])
        (outcome,) = asyncio.run(self._engine(broker).sync_once())
        return outcome

    def _engine(self, broker: ScriptedBroker) -> Engine:
        return Engine(self.writer, [(self.config, broker)], self.clock, checker=self.checker)

    def later(self, by: timedelta = MINUTE) -> DiskBook:
        self.clock.advance(by)
        return self

    def read(self) -> PortfolioSnapshot:
        with Reader(self.path) as reader:
            return reader.snapshot(exchange_date(self.clock.now))

    def open(self) -> list[Position]:
        return [leg.position for leg in self.read().legs]

    def closed(self) -> list[Position]:
        with Reader(self.path) as reader:
            return sorted((leg.position for leg in reader.closed_legs()), key=lambda position: position.id)

    def quantities(self) -> dict[str, Decimal]:
        return {position.instrument.symbol: position.quantity for position in self.open()}

    def runs(self) -> tuple[SyncRun, ...]:
        """Oldest first."""
        with Reader(self.path) as reader:
            return tuple(reversed(reader.runs(1000)))

    def close(self) -> None:
        self.writer.close()
