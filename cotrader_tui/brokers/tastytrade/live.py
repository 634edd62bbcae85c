"""What the market data stream last said of everything held, and what of it has moved. Pure: no socket, no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from tastytrade.dxfeed import Event, Profile, Summary, Trade
from tastytrade.dxfeed import Greeks as GreeksEvent
from tastytrade.dxfeed import Quote as QuoteEvent

from cotrader_tui.brokers.base import MarketUpdate
from cotrader_tui.brokers.tastytrade.marks import Events, Heard, merged
from cotrader_tui.brokers.tastytrade.stream import to_greeks
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import Greeks, Quote

KINDS: tuple[type[Event], ...] = (Profile, QuoteEvent, Trade, Summary, GreeksEvent)
"""The profile comes first: a quote that comes during a halt must find it."""

Wanted = Mapping[type[Event], frozenset[str]]
"""Streamer symbols by kind of event."""

_NAMED_BY_SYMBOL = frozenset({InstrumentType.EQUITY, InstrumentType.INDEX})
"""Types whose streamer symbol is their symbol. Of others it is known only if tastytrade told it."""


class LiveBook:
    """The latest event of each kind and symbol, and the quotes and Greeks that were last told.

    It knows only what is held: its size has a bound whatever the stream sends.
    """

    def __init__(self) -> None:
        self.wanted: Wanted = MappingProxyType({kind: frozenset() for kind in KINDS})
        self._instruments: dict[str, tuple[Instrument, ...]] = {}
        self._symbols_by_id: dict[InstrumentId, str] = {}
        self._movers: dict[str, str] = {}
        self._known: dict[InstrumentId, Quote] = {}
        """What else is known than this connection's events: of the last sync, else of the connection before."""
        self._told_quotes: dict[InstrumentId, Quote] = {}
        self._told_greeks: dict[InstrumentId, Greeks] = {}
        self._events: dict[type[Event], dict[str, Heard]] = {kind: {} for kind in KINDS}
        self._heard: dict[type[Event], set[str]] = {kind: set() for kind in KINDS}
        """The symbols of which this connection has sent something."""
        self._moved: set[str] = set()

    def hold(self, instruments: Iterable[Instrument], quotes: Collection[Quote], now: datetime) -> None:
        """Takes over what a sync found held and what moves it. `quotes` are its own; it lands them `completed`."""
        by_symbol: dict[str, dict[InstrumentId, Instrument]] = {}
        for instrument in instruments:
            if (symbol := _streamer_symbol(instrument)) and not instrument.is_expired(now):
                by_symbol.setdefault(symbol, {})[instrument.id] = instrument
        self._instruments = {symbol: tuple(found.values()) for symbol, found in by_symbol.items()}
        self._symbols_by_id = {key: symbol for symbol, found in by_symbol.items() for key in found}
        self._movers = self._find_movers()
        self.wanted = MappingProxyType({kind: frozenset(self._symbols(kind)) for kind in KINDS})
        self._keep_only_held(quotes)

    def completed(self, quote: Quote) -> Quote:
        """A sync's quote with what the connection has sent of its instrument: the store replaces a quote whole."""
        symbol = self._symbols_by_id.get(quote.instrument)
        found = (each for each in self._instruments.get(symbol or "", ()) if each.id == quote.instrument)
        instrument = next(found, None)
        if symbol is None or instrument is None:
            return quote
        return merged(instrument, quote, self._events_of(symbol), self._is_halted(symbol)) or quote

    def is_new(self, event: Event) -> bool:
        """Whether the connection has sent nothing of its kind and symbol yet."""
        return event.event_symbol not in self._heard[type(event)]

    def take(self, event: Event, received_at: datetime) -> None:
        """Keeps an event in place of the one before it, if its symbol is held.

        What is quoted during a halt is no market: the quote from before it stays.
        """
        kind, symbol = type(event), event.event_symbol
        if symbol not in self.wanted[kind]:
            return
        is_first = self.is_new(event)
        self._heard[kind].add(symbol)
        if isinstance(event, QuoteEvent) and self._is_halted(symbol):
            return
        self._events[kind][symbol] = Heard(event, received_at, is_first)
        self._moved.add(symbol)
        if isinstance(event, Profile):
            self._take_status(symbol, is_first=is_first)

    def start_anew(self) -> None:
        """For a new connection, which sends the latest of everything again: what was told is known till then."""
        self._known.update(self._told_quotes)
        self._told_greeks.clear()
        for kind in KINDS:
            self._events[kind].clear()
            self._heard[kind].clear()
        self._moved.clear()

    def moved(self) -> MarketUpdate:
        """What differs from what was told before or landed with the last sync; it counts as told from now on."""
        held = [(symbol, each) for symbol in self._moved for each in self._instruments[symbol]]
        self._moved.clear()
        quotes = [quote for symbol, each in held if (quote := self._quote(symbol, each)) and self._is_news(quote)]
        greeks = [
            known
            for symbol, each in held
            if (known := self._greeks(symbol, each.id)) and not _same(known, self._told_greeks.get(each.id))
        ]
        self._told_quotes.update((each.instrument, each) for each in quotes)
        self._told_greeks.update((each.instrument, each) for each in greeks)
        return MarketUpdate(tuple(quotes), tuple(greeks))

    def greeks(self, symbols: Iterable[str]) -> dict[InstrumentId, Greeks]:
        """The latest Greeks of `symbols`, as far as they came."""
        found = (self._greeks(symbol, each.id) for symbol in symbols for each in self._instruments.get(symbol, ()))
        return {greeks.instrument: greeks for greeks in found if greeks is not None}

    def _symbols(self, kind: type[Event]) -> Iterator[str]:
        """An index has no market of its own, its quote is synthetic; only options have Greeks, and they halt with what
        moves them.
        """
        for symbol, found in self._instruments.items():
            if kind is Profile and symbol in self._movers:
                continue
            if kind is QuoteEvent and all(each.type is InstrumentType.INDEX for each in found):
                continue
            if kind is GreeksEvent and not any(each.is_option for each in found):
                continue
            yield symbol

    def _find_movers(self) -> dict[str, str]:
        """The streamer symbol of what moves it, by an option's."""
        symbols = {each.id: symbol for symbol, found in self._instruments.items() for each in found}
        return {
            symbol: symbols[each.underlying_id]
            for symbol, found in self._instruments.items()
            for each in found
            if each.is_option and each.underlying_id in symbols
        }

    def _take_status(self, symbol: str, *, is_first: bool) -> None:
        """Of a symbol whose trading was halted before its status came it is not known what was quoted before that."""
        moved = {symbol, *(option for option, mover in self._movers.items() if mover == symbol)}
        self._moved |= moved
        if is_first and self._is_halted(symbol):
            for each in moved:
                self._events[QuoteEvent].pop(each, None)

    def _is_halted(self, symbol: str) -> bool | None:
        """Whether its own or its mover's trading is halted: by the stream, else by the last sync; `None` where neither
        says so.
        """
        mover = self._movers.get(symbol, symbol)
        profile = self._events[Profile].get(mover)
        match profile.event if profile else None:
            case Profile(trading_status="HALTED"):
                return True
            case Profile(trading_status="ACTIVE"):
                return False
        instruments = (each for name in (symbol, mover) for each in self._instruments.get(name, ()))
        known = (self._known.get(each.id) for each in instruments)
        return True if any(quote is not None and quote.is_halted for quote in known) else None

    def _keep_only_held(self, quotes: Collection[Quote]) -> None:
        held = self._symbols_by_id.keys()
        synced = {quote.instrument: quote for quote in quotes if quote.instrument in held}
        self._known = {key: quote for key, quote in self._known.items() if key in held} | synced
        self._told_quotes = {key: quote for key, quote in self._told_quotes.items() if key in held}
        self._told_greeks = {key: greeks for key, greeks in self._told_greeks.items() if key in held}
        for kind, events in self._events.items():
            self._events[kind] = {symbol: each for symbol, each in events.items() if symbol in self.wanted[kind]}
            self._heard[kind] &= self.wanted[kind]
        self._moved = {symbol for events in self._events.values() for symbol in events}
        self._told_quotes |= {key: self.completed(quote) for key, quote in synced.items()}

    def _is_news(self, quote: Quote) -> bool:
        return quote.mark is not None and not _same(quote, self._told_quotes.get(quote.instrument))

    def _events_of(self, symbol: str) -> Events:
        return Events(*(self._events[kind].get(symbol) for kind in (QuoteEvent, Trade, Summary)))

    def _quote(self, symbol: str, instrument: Instrument) -> Quote | None:
        is_halted = self._is_halted(symbol)
        quote = merged(instrument, self._known.get(instrument.id), self._events_of(symbol), is_halted)
        told = self._told_quotes.get(instrument.id)
        if quote is None and told is not None and is_halted:
            # Its only mark was quoted before the halt was known: no better one is, and it must not look like a market.
            return replace(told, is_halted=True)
        return quote

    def _greeks(self, symbol: str, instrument: InstrumentId) -> Greeks | None:
        heard = self._events[GreeksEvent].get(symbol)
        if heard is None or not isinstance(heard.event, GreeksEvent):
            return None
        return to_greeks(heard.event, instrument, heard.received_at)


def _streamer_symbol(instrument: Instrument) -> str | None:
    return instrument.streamer_symbol or (instrument.symbol if instrument.type in _NAMED_BY_SYMBOL else None)


def _same(fresh: Quote | Greeks, told: Quote | Greeks | None) -> bool:
    """Whether nothing but the time of receipt differs."""
    return told is not None and replace(fresh, received_at=told.received_at) == told
