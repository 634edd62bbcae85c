"""The tastytrade adapter: what is asked in one cycle, in which order, and what becomes of each answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from cotrader_tui.brokers.base import (
    AccountFailure,
    AccountResult,
    ConnectionConfig,
    Listing,
    MarketUpdate,
    QuarantinedRow,
)
from cotrader_tui.brokers.hints import Hints
from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.brokers.tastytrade.alerts import AccountAlerts, AlertLimits, streamer_address
from cotrader_tui.brokers.tastytrade.api import Api
from cotrader_tui.brokers.tastytrade.concurrent import settle
from cotrader_tui.brokers.tastytrade.errors import unreadable
from cotrader_tui.brokers.tastytrade.feed import LiveLimits, MarketFeed
from cotrader_tui.brokers.tastytrade.futures import FutureNames, is_unnamed
from cotrader_tui.brokers.tastytrade.history import page_count, parse_orders, parse_transactions
from cotrader_tui.brokers.tastytrade.market import MarketDataAnswer, market_data_calls, parse_market_data
from cotrader_tui.brokers.tastytrade.parse import UnreadableError, parse_accounts, parse_balances, parse_positions
from cotrader_tui.brokers.tastytrade.readings import MarketReading, Reading, count, filled, snapshot
from cotrader_tui.brokers.tastytrade.stream import StreamAnswer, StreamLimits, greeks_snapshot, to_greeks
from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.clock import Clock, exchange_date
from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.orders import Order
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.transactions import Transaction
from cotrader_tui.errors import BrokerError

log = logging.getLogger(__name__)

T = TypeVar("T")

ACCOUNTS_PATH = "/customers/me/accounts"
MARKET_DATA_PATH = "/market-data/by-type"
CALL_TIMEOUT = 25.0
ACCOUNTS_TIMEOUT = 40.0
"""Seconds for logging in and listing the accounts, tries and waits included."""
ASIDE_TIMEOUT = 5.0
"""Seconds a sync waits for what it can land without: bids, asks and halts beside a mark, the names of futures."""
MOST_ASIDE_CALLS = 5
"""Calls that a sync makes for bids, asks and halts beside the marks; a book that needs more does without."""
HISTORY_TIMEOUT = 60.0
"""Seconds for all pages of one account's transactions, or for its orders."""
PAGE_SIZE = 250
ACCOUNTS_SHARE = 0.7
"""The part of a cycle's budget in which the accounts must answer; the rest is for market data and Greeks."""


class TastytradeBroker:
    """tastytrade behind the `Broker` port. Time limits and retries can be set, for tests."""

    def __init__(
        self,
        config: ConnectionConfig,
        clock: Clock,
        *,
        policy: RetryPolicy | None = None,
        call_timeout: float = CALL_TIMEOUT,
        accounts_timeout: float = ACCOUNTS_TIMEOUT,
        aside_timeout: float = ASIDE_TIMEOUT,
        stream_limits: StreamLimits | None = None,
        live_limits: LiveLimits | None = None,
        alert_limits: AlertLimits | None = None,
        hints: Hints | None = None,
    ) -> None:
        self._clock = clock
        self._api = Api(config, clock, policy or RetryPolicy(), call_timeout)
        self._accounts_timeout = accounts_timeout
        self._aside_timeout = aside_timeout
        self._stream_limits = stream_limits or StreamLimits()
        self._alerts = AccountAlerts(
            self._api, streamer_address(config), alert_limits or AlertLimits(), hints or Hints()
        )
        self._feed = MarketFeed(self._api, clock, live_limits or LiveLimits(), self._alerts)
        self._futures = FutureNames(self._api)
        self._held: dict[AccountId, tuple[Instrument, ...]] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._unreadable_accounts = 0
        self._asks_greeks_anew = False

    async def accounts(self) -> tuple[Account, ...]:
        body = await self._within(self._accounts_timeout, self._api.get(ACCOUNTS_PATH))
        answer = _read(ACCOUNTS_PATH, lambda: parse_accounts(body))
        self._unreadable_accounts = answer.unreadable
        return answer.accounts

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        if not accounts:
            return ()
        loop = asyncio.get_running_loop()
        end = loop.time() + budget.total_seconds()
        accounts_end = loop.time() + budget.total_seconds() * ACCOUNTS_SHARE
        await self._within(accounts_end - loop.time(), self._api.log_in())
        outcomes = await self._read_accounts(accounts, accounts_end - loop.time())
        readings = [each for each in outcomes.values() if isinstance(each, Reading)]
        if not readings:
            _raise_refused_grant(outcomes.values())
        market = await self._read_market(readings, end - loop.time())
        self._hold(outcomes, market)
        return tuple(
            AccountFailure(account, outcome)
            if isinstance(outcome, BrokerError)
            else snapshot(outcome, market, self._feed.completed)
            for account, outcome in outcomes.items()
        )

    @property
    def overflow(self) -> int:
        """How many streamed events were dropped unseen for newer ones since the stream was begun: 0 unless it is
        overloaded.
        """
        return self._feed.overflow

    def stream(self) -> AsyncGenerator[MarketUpdate, None]:
        """Quotes and Greeks that moved, over one connection that also serves the Greeks of each cycle, and hints."""
        return self._feed.updates()

    async def transactions(self, account: Account, since: datetime) -> Listing[Transaction]:
        return await self._within(HISTORY_TIMEOUT, self._transactions(account, since))

    async def orders(self, account: Account) -> Listing[Order]:
        return await self._within(HISTORY_TIMEOUT, self._orders(account))

    def forget(self) -> None:
        """The next fetch asks for a new quote token, for the names of futures, and for every Greek itself, whatever the
        stream sent last.
        """
        self._api.forget_quote_token()
        self._futures.forget()
        self._asks_greeks_anew = True

    async def close(self) -> None:
        self._feed.close()
        for task in self._running:
            task.cancel()
        await self._api.close()

    def _hold(self, outcomes: Mapping[Account, Reading | BrokerError], market: MarketReading) -> None:
        """Lets the stream follow what is held now; of an account that was not read whole, also what was held before."""
        held: dict[AccountId, tuple[Instrument, ...]] = {}
        for account, outcome in outcomes.items():
            held[account.id] = self._held.get(account.id, ())
            if isinstance(outcome, Reading):
                former = () if outcome.positions.is_complete else held[account.id]
                held[account.id] = (*former, *outcome.open_instruments, *outcome.underlyings)
        self._held = held
        self._alerts.follow([account.number for account in held])
        followed = (self._futures.named(each) for instruments in held.values() for each in instruments)
        self._feed.hold(followed, market.quotes.values())

    async def _within(self, seconds: float, call: Coroutine[Any, Any, T]) -> T:
        """The result of one call that `close` can end.

        Raises:
            BrokerError: the call's own, or of kind network if it is not done after `seconds`.
        """
        outcome = (await settle({"call": call}, seconds, self._running))["call"]
        if isinstance(outcome, BrokerError):
            raise outcome
        return outcome

    async def _read_accounts(
        self, accounts: Collection[Account], seconds: float
    ) -> dict[Account, Reading | BrokerError]:
        """Positions and balances of all accounts at once. Only an account without positions has failed."""
        readings, balances = await asyncio.gather(
            settle({account: self._positions(account) for account in accounts}, seconds, self._running),
            settle({account: self._balances(account) for account in accounts}, seconds, self._running),
        )
        return {account: self._with_balances(readings[account], balances[account]) for account in accounts}

    def _with_balances(self, reading: Reading | BrokerError, balances: Balances | BrokerError) -> Reading | BrokerError:
        if isinstance(reading, BrokerError):
            return reading
        warnings = list(reading.warnings)
        if self._unreadable_accounts:
            warnings.append(f"{count(self._unreadable_accounts, 'account')} of tastytrade's list could not be read.")
        if isinstance(balances, BrokerError):
            return replace(reading, warnings=(*warnings, f"Balances are unknown: {balances.message}"))
        counted = replace(balances, position_count=reading.positions.listed)
        return replace(reading, balances=counted, warnings=tuple(warnings))

    async def _positions(self, account: Account) -> Reading:
        path = f"/accounts/{quote(account.id.number, safe='')}/positions"
        body = await self._api.get(path, [("include-marks", "true")])
        now = self._clock()
        positions = _read(path, lambda: parse_positions(body, account.id.number, now))
        incomplete = "tastytrade sent only a part of the positions: none is taken as closed."
        return Reading(account, positions, now, warnings=() if positions.is_complete else (incomplete,))

    async def _balances(self, account: Account) -> Balances:
        path = f"/accounts/{quote(account.id.number, safe='')}/balances"
        body = await self._api.get(path)
        return _read(path, lambda: parse_balances(body, self._clock()))

    async def _transactions(self, account: Account, since: datetime) -> Listing[Transaction]:
        """Every page, newest first: what is booked meanwhile moves rows to a later page, so that none is missed."""
        path = f"/accounts/{quote(account.id.number, safe='')}/transactions"
        start = exchange_date(since).isoformat()
        found: dict[str, Transaction] = {}
        quarantined: dict[QuarantinedRow, None] = {}
        page, pages = 0, 1
        while page < pages:
            params = {"per-page": str(PAGE_SIZE), "page-offset": str(page), "sort": "Desc", "start-date": start}
            body = await self._api.get(path, list(params.items()))
            listing = _read(path, partial(parse_transactions, body, account.id.number))
            pages = _read(path, partial(page_count, body))
            for each in listing.rows:
                found.setdefault(each.key, each)
            quarantined |= dict.fromkeys(listing.quarantined)
            page += 1
        return Listing(tuple(found.values()), tuple(quarantined))

    async def _orders(self, account: Account) -> Listing[Order]:
        path = f"/accounts/{quote(account.id.number, safe='')}/orders/live"
        body = await self._api.get(path)
        return _read(path, lambda: parse_orders(body, account.id.number))

    async def _read_market(self, readings: list[Reading], seconds: float) -> MarketReading:
        wanted = [each for reading in readings for each in reading.priced]
        (quotes, price_fault), (greeks, greeks_fault), names_fault = await asyncio.gather(
            self._read_prices(readings, seconds),
            self._read_greeks(readings, seconds),
            self._learn_names(wanted, seconds),
        )
        nameless = frozenset(each.id for each in wanted if is_unnamed(self._futures.named(each)))
        return MarketReading(quotes, greeks, price_fault, greeks_fault, names_fault, nameless)

    async def _read_prices(
        self, readings: list[Reading], seconds: float
    ) -> tuple[dict[InstrumentId, Quote], str | None]:
        """The marks that came with positions, and prices of whatever came without; a sentence if those failed.

        Bid, ask and halts come with no position: without a stream that tells them, they are asked for as well.
        """
        quotes = {quote.instrument: quote for reading in readings for quote in reading.positions.quotes}
        wanted = [each for reading in readings for each in reading.priced]
        unpriced = [each for each in wanted if each.id not in quotes]
        calls, every = market_data_calls(unpriced), market_data_calls(wanted)
        if not self._feed.is_live and len(every) - len(calls) <= MOST_ASIDE_CALLS:
            calls = every
        seconds = seconds if unpriced else min(seconds, self._aside_timeout)
        answers = await settle({n: self._prices(params) for n, params in enumerate(calls)}, seconds, self._running)
        fault = None
        for answer in answers.values():
            if isinstance(answer, BrokerError):
                fault = answer.message
                continue
            for each in answer.quotes:
                own = quotes.get(each.instrument)
                quotes[each.instrument] = each if own is None else filled(own, each)
            if answer.unreadable:
                fault = f"{count(answer.unreadable, 'row')} of market data could not be read."
        return quotes, fault

    async def _learn_names(self, wanted: list[Instrument], seconds: float) -> str | None:
        """Learns how the stream names futures; a sentence if that failed."""
        limit = min(seconds, self._aside_timeout)
        answer = (await settle({"names": self._futures.learn(wanted)}, limit, self._running))["names"]
        return answer.message if isinstance(answer, BrokerError) else None

    async def _read_greeks(
        self, readings: list[Reading], seconds: float
    ) -> tuple[dict[InstrumentId, Greeks], str | None]:
        """The Greeks that arrived, and a sentence if something is wrong with their stream."""
        is_anew, self._asks_greeks_anew = self._asks_greeks_anew, False
        symbols = self._streamer_symbols(readings)
        if not symbols:
            return {}, None
        if not is_anew and (latest := self._feed.greeks(symbols)) is not None:
            return latest, None
        answer = (await settle({"greeks": self._greeks(symbols)}, seconds, self._running))["greeks"]
        if isinstance(answer, BrokerError):
            return {}, f"No Greeks arrived: {answer.message}"
        return self._greeks_by_instrument(answer, symbols), answer.warning

    async def _prices(self, params: list[tuple[str, str]]) -> MarketDataAnswer:
        body = await self._api.get(MARKET_DATA_PATH, params)
        return _read(MARKET_DATA_PATH, lambda: parse_market_data(body, self._clock()))

    async def _greeks(self, symbols: Collection[str]) -> StreamAnswer:
        token = await self._api.quote_token()
        answer = await greeks_snapshot(token, symbols, self._stream_limits)
        if not answer.is_open:
            self._api.forget_quote_token()
        return answer

    def _streamer_symbols(self, readings: Iterable[Reading]) -> dict[str, set[InstrumentId]]:
        """The open options that can still have Greeks, by streamer symbol."""
        now = self._clock()
        symbols: dict[str, set[InstrumentId]] = {}
        for reading in readings:
            for instrument in reading.open_instruments:
                if instrument.is_option and instrument.streamer_symbol and not instrument.is_expired(now):
                    symbols.setdefault(instrument.streamer_symbol, set()).add(instrument.id)
        return symbols

    def _greeks_by_instrument(
        self, stream: StreamAnswer, symbols: Mapping[str, set[InstrumentId]]
    ) -> dict[InstrumentId, Greeks]:
        now = self._clock()
        found = (
            to_greeks(event, instrument, now)
            for symbol, event in stream.greeks.items()
            for instrument in symbols[symbol]
        )
        return {greeks.instrument: greeks for greeks in found if greeks is not None}


def _read(path: str, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except UnreadableError as error:
        raise unreadable(path, str(error)) from None


def _raise_refused_grant(outcomes: Iterable[Reading | BrokerError]) -> None:
    """A refused grant is the connection's fault, not an account's."""
    for outcome in outcomes:
        if isinstance(outcome, BrokerError) and outcome.is_grant_refused:
            raise outcome
