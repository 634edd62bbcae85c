"""Domain values with sensible defaults, so that a test names only what it is about.

Amounts may be written as text (`"5.00"`); they become exact decimals. Everything happens around `NOW`.
What has no parameter here is changed with `dataclasses.replace`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.market import Greeks, MarkSource, Quote
from cotrader_tui.domain.portfolio import Account, AccountBook, Leg, PortfolioSnapshot
from cotrader_tui.domain.positions import Position, PositionStatus
from cotrader_tui.domain.sync import (
    Connection,
    ConnectionStatus,
    RunStatus,
    SyncCounts,
    SyncError,
    SyncRun,
    Trigger,
)

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
"""A Tuesday, 11:30 in New York."""
TODAY = exchange_date(NOW)
BROKER = "tastytrade"
ACCOUNT = AccountId(BROKER, "5WT00001")

Amount = Decimal | str


def decimal(amount: Amount | None) -> Decimal | None:
    """An exact decimal, or `None` for unknown."""
    return None if amount is None else Decimal(amount)


def instrument(
    symbol: str,
    kind: InstrumentType,
    *,
    underlying: str | None = None,
    multiplier: Amount = "1",
    currency: str = "USD",
    broker: str = BROKER,
) -> Instrument:
    """Any instrument; its key is `kind:symbol`."""
    return Instrument(
        id=InstrumentId(broker, f"{kind}:{symbol}"),
        symbol=symbol,
        type=kind,
        underlying=underlying or symbol,
        multiplier=Decimal(multiplier),
        currency=currency,
    )


def share(symbol: str = "AAPL", *, currency: str = "USD", broker: str = BROKER) -> Instrument:
    return instrument(symbol, InstrumentType.EQUITY, currency=currency, broker=broker)


def option(
    underlying: str = "AAPL",
    strike: Amount = "250",
    option_type: OptionType = OptionType.CALL,
    expiration: date = date(2026, 4, 17),
    *,
    multiplier: Amount = "100",
    broker: str = BROKER,
) -> Instrument:
    """An equity option with an OCC symbol, moved by the share `underlying`."""
    letter = option_type.value[0].upper()
    return Instrument(
        id=InstrumentId(broker, f"equity_option:{underlying}{expiration:%y%m%d}{letter}{strike}"),
        symbol=f"{underlying:<6}{expiration:%y%m%d}{letter}{int(Decimal(strike) * 1000):08d}",
        type=InstrumentType.EQUITY_OPTION,
        underlying=underlying,
        multiplier=Decimal(multiplier),
        currency="USD",
        underlying_id=share(underlying, broker=broker).id,
        option_type=option_type,
        strike=Decimal(strike),
        expiration=expiration,
        streamer_symbol=f".{underlying}{expiration:%y%m%d}{letter}{strike}",
    )


def future(symbol: str = "/ESM6", product: str = "/ES", multiplier: Amount = "50") -> Instrument:
    return instrument(symbol, InstrumentType.FUTURE, underlying=product, multiplier=multiplier)


def coin(symbol: str = "BTC/USD") -> Instrument:
    return instrument(symbol, InstrumentType.CRYPTOCURRENCY)


def position(
    of: Instrument,
    quantity: Amount = "1",
    average_open_price: Amount | None = "10",
    *,
    account: AccountId = ACCOUNT,
    previous_close: Amount | None = None,
    opened_at: datetime = NOW - timedelta(days=5),
) -> Position:
    """An open position, last synced at `NOW`."""
    return Position(
        id=1,
        account=account,
        instrument=of,
        status=PositionStatus.OPEN,
        quantity=Decimal(quantity),
        average_open_price=decimal(average_open_price),
        previous_close=decimal(previous_close),
        realized_pnl=None,
        realized_source=None,
        realized_since_open=None,
        realized_day_gain=None,
        opened_at=opened_at,
        closed_at=None,
        last_synced_at=NOW,
    )


def quote(of: Instrument, mark: Amount | None, previous_close: Amount | None = None) -> Quote:
    """The broker's mark, received at `NOW`."""
    source = None if mark is None else MarkSource.BROKER
    return Quote(of.id, decimal(mark), source, NOW, previous_close=decimal(previous_close))


def greeks(
    of: Instrument,
    delta: float | None = 0.5,
    gamma: float | None = 0.02,
    theta: float | None = -0.1,
    vega: float | None = 0.3,
    iv: float | None = 0.25,
) -> Greeks:
    """Per unit, as a stream computed them one minute before `NOW`."""
    return Greeks(of.id, delta, gamma, theta, vega, 0.05, iv, NOW - timedelta(minutes=1), NOW)


def leg(
    of: Position,
    mark: Amount | None = None,
    *,
    greeks: Greeks | None = None,
    underlying_price: Amount | None = None,
    previous_close: Amount | None = None,
    connection: str = BROKER,
) -> Leg:
    """A position with a quote at `mark` (without one: no quote) and, if given, its underlying's price."""
    above, price = of.instrument.underlying_id, decimal(underlying_price)
    return Leg(
        position=of,
        connection=connection,
        quote=None if mark is None else quote(of.instrument, mark, previous_close),
        greeks=greeks,
        underlying_quote=None if above is None or price is None else Quote(above, price, MarkSource.BROKER, NOW),
        underlying_type=_UNDERLYING_TYPES.get(of.instrument.type),
    )


_UNDERLYING_TYPES = {
    InstrumentType.EQUITY_OPTION: InstrumentType.EQUITY,
    InstrumentType.FUTURE_OPTION: InstrumentType.FUTURE,
}


def balances(net_liquidating_value: Amount | None = "10000", cash_balance: Amount | None = "4000") -> Balances:
    return Balances(
        currency="USD",
        net_liquidating_value=decimal(net_liquidating_value),
        cash_balance=decimal(cash_balance),
        buying_power=Decimal("8000.50"),
        maintenance_requirement=Decimal("1500"),
        received_at=NOW,
    )


def account(number: str = ACCOUNT.number, *, broker: str = BROKER, base_currency: str = "USD") -> Account:
    return Account(AccountId(broker, number), "Individual", base_currency)


def account_book(of: Account | None = None, *, connection: str = BROKER) -> AccountBook:
    """An account with balances that landed at `NOW`."""
    return AccountBook(of or account(), connection, balances(), last_synced_at=NOW)


def connection(name: str = BROKER, *, broker: str = BROKER, label: str = "") -> Connection:
    """An active connection whose last cycle succeeded at `NOW`."""
    return Connection(
        name=name,
        broker=broker,
        label=label,
        status=ConnectionStatus.ACTIVE,
        sync_enabled=True,
        sync_interval=timedelta(seconds=60),
        last_sync_at=NOW,
        last_sync_status=RunStatus.SUCCESS,
        last_sync_error=None,
        consecutive_failures=0,
    )


def sync_run(
    number: int = 1,
    status: RunStatus = RunStatus.SUCCESS,
    *,
    counts: SyncCounts | None = None,
    error: SyncError | None = None,
    account: str | None = ACCOUNT.number,
) -> SyncRun:
    """A scheduled run that took 1.25 s and ended at `NOW`."""
    return SyncRun(
        id=number,
        cycle=1,
        connection=BROKER,
        broker=BROKER,
        account=account,
        trigger=Trigger.SCHEDULED,
        sync_type="positions",
        status=status,
        started_at=NOW - timedelta(seconds=1.25),
        completed_at=None if status is RunStatus.RUNNING else NOW,
        counts=counts or SyncCounts(),
        error=error,
    )


def snapshot(
    *legs: Leg,
    accounts: Sequence[AccountBook] | None = None,
    closed_today: Sequence[Leg] = (),
    runs: Sequence[SyncRun] = (),
) -> PortfolioSnapshot:
    """A book of `legs`; unless told otherwise with an account for each they lie in, and a connection for each."""
    held = {(each.position.account, each.connection) for each in (*legs, *closed_today)} or {(ACCOUNT, BROKER)}
    books = [account_book(account(owner.number, broker=owner.broker), connection=name) for owner, name in sorted(held)]
    books = list(accounts) if accounts is not None else books
    names = sorted({(book.connection, book.account.id.broker) for book in books})
    return PortfolioSnapshot(
        connections=tuple(connection(name, broker=broker) for name, broker in names),
        accounts=tuple(books),
        legs=legs,
        closed_today=tuple(closed_today),
        runs=tuple(runs),
    )
