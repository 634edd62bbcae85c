"""What one cycle read, and the snapshot of each account it comes to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.brokers.tastytrade.instruments import underlying_of
from cotrader_tui.brokers.tastytrade.parse import PositionsAnswer
from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.portfolio import Account


@dataclass(frozen=True, slots=True)
class Reading:
    """What one account answered, before market data and Greeks."""

    account: Account
    positions: PositionsAnswer
    fetched_at: datetime
    balances: Balances | None = None
    warnings: tuple[str, ...] = ()

    @property
    def open_instruments(self) -> tuple[Instrument, ...]:
        return tuple(holding.instrument for holding in self.positions.holdings if holding.quantity != 0)

    @property
    def underlyings(self) -> tuple[Instrument, ...]:
        """What moves the holdings and is not held itself, each once. Shares closed today are not held."""
        held = {instrument.id for instrument in self.open_instruments}
        found = (underlying_of(holding.instrument) for holding in self.positions.holdings)
        return tuple({each.id: each for each in found if each is not None and each.id not in held}.values())

    @property
    def priced(self) -> tuple[Instrument, ...]:
        """What prices are wanted of: everything held, and what moves it."""
        return (*self.open_instruments, *self.underlyings)


@dataclass(frozen=True, slots=True)
class MarketReading:
    """Prices and Greeks of one cycle, over all accounts."""

    quotes: Mapping[InstrumentId, Quote]
    greeks: Mapping[InstrumentId, Greeks]
    price_fault: str | None = None
    """A sentence if a call for prices failed."""
    greeks_fault: str | None = None
    names_fault: str | None = None
    """A sentence if it could not be asked how the stream names `nameless`."""
    nameless: frozenset[InstrumentId] = frozenset()


def filled(own: Quote, other: Quote | None) -> Quote:
    """A mark that came with a position, which brings no bid, no ask and no halt, with those of `other`."""
    if other is None:
        return own
    return replace(
        own,
        bid=other.bid if own.bid is None else own.bid,
        ask=other.ask if own.ask is None else own.ask,
        last=other.last if own.last is None else own.last,
        previous_close=other.previous_close if own.previous_close is None else own.previous_close,
        is_halted=own.is_halted or other.is_halted,
    )


def snapshot(reading: Reading, market: MarketReading, completed: Callable[[Quote], Quote]) -> BrokerSnapshot:
    """What one account lands. `completed` adds what the stream knows to a quote."""
    own = {quote.instrument: quote for quote in reading.positions.quotes}
    wanted = [instrument.id for instrument in reading.priced]
    found = [market.quotes[each] for each in wanted if each in market.quotes]
    quotes = [completed(filled(own[each.instrument], each) if each.instrument in own else each) for each in found]
    greeks = [market.greeks[each.id] for each in reading.open_instruments if each.id in market.greeks]
    warnings = list(reading.warnings)
    unpriced = sum(each not in market.quotes for each in wanted)
    if market.price_fault and unpriced:
        warnings.append(f"{count(unpriced, 'price')} missing: {market.price_fault}")
    if market.names_fault and not market.nameless.isdisjoint(wanted):
        warnings.append(f"Some futures do not move between syncs: {market.names_fault}")
    if market.greeks_fault and any(each.is_option for each in reading.open_instruments):
        warnings.append(market.greeks_fault)
    has_no_details = market.price_fault and not unpriced and found
    notes = (f"Bids, asks and halts are not known: {market.price_fault}",) if has_no_details else ()
    return BrokerSnapshot(
        account=reading.account,
        is_complete=reading.positions.is_complete,
        holdings=reading.positions.holdings,
        fetched_at=reading.fetched_at,
        quarantined=reading.positions.quarantined,
        balances=reading.balances,
        underlyings=reading.underlyings,
        quotes=tuple(quotes),
        greeks=tuple(greeks),
        warnings=tuple(warnings),
        notes=notes,
    )


def count(number: int, noun: str) -> str:
    """`1 price`, `2 prices`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
