"""The port every broker stands behind."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Generic, Protocol, TypeVar, runtime_checkable

from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.orders import Order
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.positions import Holding
from cotrader_tui.domain.sync import StreamState, SyncKind
from cotrader_tui.domain.transactions import Transaction
from cotrader_tui.errors import BrokerError

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A position row that could not be read: kept raw, named in the sync log, never guessed at."""

    symbol: str | None
    """The broker's symbol if at least that could be read; without it nothing in the account may close."""
    reason: str
    """One sentence without secrets."""
    raw: str
    """The row as JSON."""


@dataclass(frozen=True, slots=True)
class BrokerSnapshot:
    """Everything one account holds at one moment, as the broker tells it."""

    account: Account
    is_complete: bool
    """True only if the broker's answer proves that it lists everything: only then may a position close."""
    holdings: tuple[Holding, ...]
    """At most one per instrument."""
    fetched_at: datetime
    quarantined: tuple[QuarantinedRow, ...] = ()
    balances: Balances | None = None
    """`None` when the balances could not be read."""
    underlyings: tuple[Instrument, ...] = ()
    """What moves the prices of the holdings and is not held itself in this account."""
    quotes: tuple[Quote, ...] = ()
    """Of holdings and underlyings, as far as known."""
    marks: Mapping[InstrumentId, Decimal] = field(init=False, repr=False, compare=False)
    """Those among the quotes."""
    greeks: tuple[Greeks, ...] = ()
    """Of holdings, as far as they arrived within the cycle."""
    warnings: tuple[str, ...] = ()
    """Sentences for the sync log about what is missing from an otherwise good answer; any makes the run partial."""
    notes: tuple[str, ...] = ()
    """Sentences for the sync log about an answer that is whole: data delayed, or not subscribed to."""
    is_delayed: bool = False
    """Whether some of the market data is delayed by the exchange."""

    def __post_init__(self) -> None:
        marks = {quote.instrument: quote.mark for quote in self.quotes if quote.mark is not None}
        object.__setattr__(self, "marks", marks)


@dataclass(frozen=True, slots=True)
class AccountFailure:
    """An account whose fetch failed: nothing of it changes in the store."""

    account: Account
    error: BrokerError


AccountResult = BrokerSnapshot | AccountFailure


class Broker(Protocol):
    """A connection to one broker. One instance lives as long as the engine; calls never overlap.

    Reading only: an adapter has no way to send an order or to write anything to the broker.
    """

    async def accounts(self) -> tuple[Account, ...]:
        """Every account the log-in can see, closed ones left out. Logs in where needed.

        Raises:
            BrokerError: it could not log in or list them.
        """
        ...

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        """Fetch the wanted accounts concurrently, one result each, within `budget`.

        A fault of one account is that account's `AccountFailure`; it never harms another.

        Raises:
            BrokerError: nothing could be fetched for any account.
        """
        ...

    async def close(self) -> None:
        """Let go of sockets and files. May be called at any time, also after a failure; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class MarketUpdate:
    """Prices and Greeks that moved between two syncs, and how the stream itself is doing."""

    quotes: tuple[Quote, ...] = ()
    greeks: tuple[Greeks, ...] = ()
    is_sync_due: bool = False
    """The broker hinted that the account changed (a fill, a transfer): a sync at once tells what."""
    state: StreamState | None = None
    """The stream's new state; `None` where it is as before, its message too."""
    message: str = ""
    """A sentence for a `state` that is not well, or for what is missing from one that is, with the next step."""
    overflow: int = 0
    """Updates replaced by newer ones before they were handed on, since the stream was begun."""


class StreamSilentError(BrokerError):
    """The connection stands, and nothing comes over it any more, not even a keep-alive."""


class StreamRefusedError(BrokerError):
    """The broker refuses the market data itself: what mends that takes longer than a moment."""


@runtime_checkable
class StandInBroker(Protocol):
    """A broker that stands in for another one until that can be made."""

    @property
    def broker(self) -> Broker | None:
        """The other one, with all its powers; `None` as long as there is none. From then on it is asked itself."""
        ...


@runtime_checkable
class LearningBroker(Protocol):
    """An optional power: it keeps between fetches what it learnt once, and can drop that."""

    def forget(self) -> None:
        """Let the next fetch ask for everything anew. Called between two calls; never raises."""
        ...


@runtime_checkable
class StreamingBroker(Protocol):
    """An optional power: market data between syncs."""

    def stream(self) -> AsyncGenerator[MarketUpdate, None]:
        """Updates for what the last fetch held, until closed: each quote and each Greeks only where it moved.

        Whoever asks sets the pace: an answer is what moved since the one before, up to the moment of asking, and where
        nothing did, the first that does.

        Raises:
            StreamSilentError: nothing comes any more.
            StreamRefusedError: the market data is refused; the engine tries again, slowly.
            BrokerError: the stream broke; the engine starts it again with backoff.
        """
        ...


@dataclass(frozen=True, slots=True)
class Listing(Generic[T_co]):
    """What one account answered about its transactions or its orders: each row is read or set aside."""

    rows: tuple[T_co, ...]
    quarantined: tuple[QuarantinedRow, ...] = ()
    is_complete: bool = True
    """Whether it lists everything asked for: only then is an order it lacks no longer working."""
    notes: tuple[str, ...] = ()
    """Sentences for the sync log about an answer that is as whole as it can be."""


@runtime_checkable
class HistoryBroker(Protocol):
    """An optional power: transactions and orders. Reading only, as everything here; calls never overlap."""

    async def transactions(self, account: Account, since: datetime) -> Listing[Transaction]:
        """What the broker booked at or after `since`, perhaps some before; of a booking only the newest version.

        Raises:
            BrokerError: they could not be fetched. Nothing of a list that was cut off is handed on.
        """
        ...

    async def orders(self, account: Account) -> Listing[Order]:
        """The orders that may still be filled, and those of today where the broker lists them.

        Raises:
            BrokerError: they could not be fetched.
        """
        ...


class Secret:
    """A value that never shows: its repr, str and format are a mask."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('****')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not serialised")


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """How to reach one broker, from the settings."""

    name: str
    broker: str
    label: str = ""
    """The word that must always be visible for it: DEMO, SANDBOX, PAPER or a foreign host."""
    sync_interval: timedelta = timedelta(seconds=60)
    sync_kinds: frozenset[SyncKind] = frozenset({SyncKind.POSITIONS})
    """What of it is synced."""
    account_filter: frozenset[str] = frozenset()
    """Only these account numbers; empty means all."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Broker-specific values that are no secrets (addresses, ports, a seed)."""
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    secret_names: tuple[str, ...] = ()
    """What the secret store keeps for it: read into `secrets` just before its broker is made."""
    connected_at: str = ""
    """When these were last stored; another one means other secrets. Empty where nothing is kept."""
    rests: bool = True
    """Whether it is synced less often while the markets of everything held are closed."""


BrokerFactory = Callable[[ConnectionConfig, Clock], Broker]
"""What an entry point of the group `cotrader_tui.brokers` names. Imports its vendor's library when called."""
