"""The simulated broker behind the port: a pure function of seed, epoch and clock. It opens no socket and no file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from cotrader_tui.brokers.base import (
    AccountFailure,
    AccountResult,
    BrokerSnapshot,
    ConnectionConfig,
    Listing,
    MarketUpdate,
)
from cotrader_tui.brokers.demo import history
from cotrader_tui.brokers.demo.balances import balances, holding_of
from cotrader_tui.brokers.demo.book import ACCOUNTS
from cotrader_tui.brokers.demo.fills import Held, positions
from cotrader_tui.brokers.demo.market import Contract, Market, draw, last_close
from cotrader_tui.domain.clock import Clock, exchange_date
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.market import Greeks, Quote, Source
from cotrader_tui.domain.orders import Order
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.transactions import Transaction
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind

Sleep = Callable[[float], Awaitable[None]]

_STREAM_INTERVAL = 1.0
_FIRST_FAILURE = timedelta(minutes=3)
_FAILURE_EVERY = timedelta(minutes=47)
_FAILURE_LASTS = timedelta(minutes=1)
"""As long as the usual sync interval, so that one cycle meets it."""


def market_from(config: ConnectionConfig) -> Market:
    """The market that the connection's options describe.

    Raises:
        ConfigError: `seed` is no whole number or `epoch` no ISO instant with an offset.
    """
    hint = "Give another file with --db to start a new demo."
    try:
        seed, epoch = int(config.options["seed"]), datetime.fromisoformat(config.options["epoch"])
    except (KeyError, ValueError) as error:
        raise ConfigError(f"The demo's seed or epoch cannot be read: {error}.", hint) from error
    if epoch.tzinfo is None:
        raise ConfigError(f"The demo's epoch {epoch.isoformat()} has no offset from UTC.", hint)
    return Market(seed, epoch)


class DemoBroker:
    """Three accounts on a simulated market. `sleep` paces the stream.

    The only state is whether a fetch has been answered (the first never fails) and which accounts it was for.
    """

    def __init__(self, market: Market, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._market = market
        self._clock = clock
        self._sleep = sleep
        self._has_answered = False
        self._streamed = frozenset(ACCOUNTS)

    async def accounts(self) -> tuple[Account, ...]:
        return tuple(ACCOUNTS.values())

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        now = self._clock()
        results = tuple(self._result(account, now) for account in accounts)
        self._has_answered, self._streamed = True, frozenset(account.id.number for account in accounts)
        return results

    async def transactions(self, account: Account, since: datetime) -> Listing[Transaction]:
        found = history.transactions(self._market, account.id.number, since, self._clock())
        return Listing(tuple(found))

    async def orders(self, account: Account) -> Listing[Order]:
        return Listing(history.orders(self._market, account.id.number, self._clock()))

    async def close(self) -> None:
        """Nothing is held open."""

    async def stream(self) -> AsyncGenerator[MarketUpdate, None]:
        """At most every second the quotes and Greeks that moved since the last update."""
        seen: dict[InstrumentId, Decimal | None] = {}
        while True:
            now = self._clock()
            update = self._update(now, seen)
            if update.quotes:
                yield update
            passed = (self._clock() - now).total_seconds()
            await self._sleep(min(max(_STREAM_INTERVAL - passed, 0), _STREAM_INTERVAL))

    def _result(self, account: Account, now: datetime) -> AccountResult:
        if not self._has_answered or failing_account(self._market, now) != account.id.number:
            return self._snapshot(account, now)
        error = BrokerError(
            ErrorKind.NETWORK,
            "The demo broker did not answer within 5 s (simulated).",
            "Nothing to do: the next sync tries again. The last figures stay.",
            is_transient=True,
        )
        return AccountFailure(account, error)

    def _snapshot(self, account: Account, now: datetime) -> BrokerSnapshot:
        today = exchange_date(now)
        book = [held for held in positions(self._market, now) if held.line.account == account.id.number]
        listed = [held for held in book if held.is_listed(today)]
        contracts = _contracts(listed)
        own = {held.contract.instrument.id for held in listed}
        return BrokerSnapshot(
            account=account,
            is_complete=True,
            holdings=tuple(holding_of(held, self._market, now) for held in listed),
            fetched_at=now,
            balances=balances(account, book, self._market, now),
            underlyings=tuple(each.instrument for key, each in contracts.items() if key not in own),
            quotes=tuple(self._quote(each, now, Source.BROKER) for each in contracts.values()),
            greeks=self._greeks(contracts.values(), now, Source.BROKER),
        )

    def _update(self, now: datetime, seen: dict[InstrumentId, Decimal | None]) -> MarketUpdate:
        """What moved, by mark; `seen` keeps the marks that were told of."""
        today, book = exchange_date(now), positions(self._market, now)
        listed = [held for held in book if held.line.account in self._streamed and held.is_listed(today)]
        contracts = _contracts(listed)
        quotes = [self._quote(each, now, Source.STREAM) for each in contracts.values()]
        moved = tuple(quote for quote in quotes if quote.instrument not in seen or seen[quote.instrument] != quote.mark)
        seen.update((quote.instrument, quote.mark) for quote in moved)
        return MarketUpdate(moved, self._greeks((contracts[quote.instrument] for quote in moved), now, Source.STREAM))

    def _quote(self, contract: Contract, now: datetime, source: Source) -> Quote:
        previous_close = self._market.mark(contract, last_close(exchange_date(now)))
        return self._market.quote(contract, now, previous_close, source)

    def _greeks(self, contracts: Iterable[Contract], now: datetime, source: Source) -> tuple[Greeks, ...]:
        valued = (self._market.greeks(contract, now, source) for contract in contracts)
        return tuple(greeks for greeks in valued if greeks is not None)


def failing_account(market: Market, now: datetime) -> str | None:
    """The number of the account that fails at `now`, if any: from the third minute on, one minute in every 47."""
    since = now - market.epoch - _FIRST_FAILURE
    if since < timedelta() or since % _FAILURE_EVERY >= _FAILURE_LASTS:
        return None
    return tuple(ACCOUNTS)[int(draw(market.seed, "failure", since // _FAILURE_EVERY) * len(ACCOUNTS))]


def _contracts(listed: Collection[Held]) -> dict[InstrumentId, Contract]:
    """What is held and what moves it, each once."""
    contracts = {held.contract.instrument.id: held.contract for held in listed}
    for held in listed:
        if (underlying := held.contract.underlying) is not None:
            contracts.setdefault(underlying.id, Contract(underlying))
    return contracts
