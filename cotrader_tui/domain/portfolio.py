"""The whole book at one moment, frozen: the only thing a screen or a command is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.checks import AccountChecks
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import InstrumentType
from cotrader_tui.domain.market import Greeks, Quote, TradingSession
from cotrader_tui.domain.orders import KnownOrder
from cotrader_tui.domain.portfolios import ALL_ACCOUNTS, Portfolio
from cotrader_tui.domain.positions import Position
from cotrader_tui.domain.rates import ReferenceRate
from cotrader_tui.domain.sync import Connection, SyncRun


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its broker describes it."""

    id: AccountId
    nickname: str
    base_currency: str


@dataclass(frozen=True, slots=True)
class AccountBook:
    """An account with its connection, its balances and whether it still counts."""

    account: Account
    connection: str
    balances: Balances | None
    last_synced_at: datetime | None
    """When it last landed; `None` if it never did."""
    is_included: bool = True
    """False when the broker no longer lists it, a filter leaves it out or its owner does: then it is in no total."""
    is_excluded: bool = False
    """Its owner leaves it out of everything; then it is not included."""
    checks: AccountChecks | None = None
    """Its last reconciliation with its broker; `None` if there was none."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A position with the latest market data of its instrument and of what moves it."""

    position: Position
    connection: str
    quote: Quote | None
    greeks: Greeks | None
    underlying_quote: Quote | None
    """The quote of the exact underlying contract; `None` if it is unknown or the position is its own underlying."""
    underlying_symbol: str | None = None
    """The broker's symbol of that contract."""
    underlying_type: InstrumentType | None = None
    """What that contract is: an index is no share."""


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """The engine that syncs this database."""

    pid: int
    host: str
    since: datetime


@dataclass(frozen=True, slots=True)
class PortfolioSnapshot:
    """Everything a screen shows, read in one transaction."""

    connections: tuple[Connection, ...] = ()
    accounts: tuple[AccountBook, ...] = ()
    legs: tuple[Leg, ...] = ()
    """Open positions, by account, underlying and instrument."""
    closed_today: tuple[Leg, ...] = ()
    """Positions closed on the exchange's date of the read: their realized day gain counts in day P&L."""
    runs: tuple[SyncRun, ...] = ()
    """Newest first."""
    orders: tuple[KnownOrder, ...] = ()
    """Those working, then those that ended and were listed on the exchange's date of the read."""
    sessions: tuple[TradingSession, ...] = ()
    lease: LeaseHolder | None = None
    is_demo: bool = False
    is_frozen: bool = False
    """Read from a file that cannot be written: a copy as of its last commit, labelled so."""
    portfolio: Portfolio = ALL_ACCOUNTS
    """Which part of the book this is."""
    left_out: tuple[AccountBook, ...] = ()
    """The accounts outside of it: nothing of them is shown, but their brokers' exchange rates are known."""
    reference_rates: tuple[ReferenceRate, ...] = ()
    """The ECB's, for what no broker gives a rate for."""
    notes: tuple[str, ...] = field(default=())
    """Sentences about the store itself that a person should see."""
