"""What the market data stream last said of everything held, and what of it has moved. Pure: no socket, no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

from tastytrade.dxfeed import Event, Profile, Summary, Trade
from tastytrade.dxfeed import Greeks as GreeksEvent
from tastytrade.dxfeed import Quote as QuoteEvent

from cotrader_tui.brokers.base import MarketUpdate
from cotrader_tui.brokers.tastytrade.stream import to_greeks
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import Greeks, MarkSource, Quote, Source

KINDS: tuple[type[Event], ...] = (Profile, QuoteEvent, Trade, Summary, GreeksEvent)
"""The profile comes first: a quote that comes during a halt must find it."""

Wanted = Mapping[type[Event], frozenset[str]]
"""Streamer symbols by kind of event."""

_NAMED_BY_SYMBOL = frozenset({InstrumentType.EQUITY, InstrumentType.INDEX})
"""Types whose streamer symbol is their symbol. Of others it is known only if tastytrade told it."""

_ALWAYS_NARROW = Decimal("0.10")
"""A spread that is never too wide: two ticks of the cheapest options."""

_Dated = tuple[Event, datetime]


class LiveBook:
    """The latest event of each kind and symbol, and the quotes and Greeks that were last told.

    It knows only what is held: its size has a bound whatever the stream sends.
    """

    def __init__(self) -> None:
        self.wanted: Wanted = MappingProxyType({kind: frozenset() for kind in KINDS})
        self._instruments: dict[str, tuple[Instrument, ...]] = {}
        self._movers: dict[str, str] = {}
        self._synced: dict[InstrumentId, Quote] = {}
        self._told_quotes: dict[InstrumentId, Quote] = {}
        self._told_greeks: dict[InstrumentId, Greeks] = {}
        self._events: dict[type[Event], dict[str, _Dated]] = {kind: {} for kind in KINDS}
        self._moved: set[str] = set()

    def hold(self, instruments: Iterable[Instrument], quotes: Collection[Quote], now: datetime) -> None:
        """Takes over what a sync found held and what moves it, and the quotes it lands: newer ones than any event."""
        by_symbol: dict[str, dict[InstrumentId, Instrument]] = {}
        for instrument in instruments:
            if (symbol := _streamer_symbol(instrument)) and not instrument.is_expired(now):
                by_symbol.setdefault(symbol, {})[instrument.id] = instrument
        self._instruments = {symbol: tuple(found.values()) for symbol, found in by_symbol.items()}
        self._movers = self._find_movers()
        self.wanted = MappingProxyType({kind: frozenset(self._symbols(kind)) for kind in KINDS})
        self._keep_only_held(quotes)

    def take(self, event: Event, received_at: datetime) -> None:
        """Keeps an event in place of the one before it, if its symbol is held.

        What is quoted during a halt is no market: the quote from before it stays.
        """
        symbol = event.event_symbol
        if symbol not in self.wanted[type(event)] or (isinstance(event, QuoteEvent) and self._is_halted(symbol)):
            return
        self._events[type(event)][symbol] = (event, received_at)
        self._moved.add(symbol)
        if isinstance(event, Profile):
            self._moved.update(option for option, mover in self._movers.items() if mover == symbol)

    def start_anew(self) -> None:
        """For a new connection: it sends the latest of everything again, and all of it is told again."""
        self._told_quotes = dict(self._synced)
        self._told_greeks.clear()
        for events in self._events.values():
            events.clear()
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

    def _is_halted(self, symbol: str) -> bool | None:
        """Whether its own or its mover's trading is halted; `None` where nothing was said."""
        profile = self._events[Profile].get(self._movers.get(symbol, symbol))
        status = profile[0].trading_status if profile and isinstance(profile[0], Profile) else None
        return status == "HALTED" if status in ("HALTED", "ACTIVE") else None

    def _keep_only_held(self, quotes: Collection[Quote]) -> None:
        held = {each.id for found in self._instruments.values() for each in found}
        self._synced = {key: quote for key, quote in self._synced.items() if key in held}
        self._synced.update({quote.instrument: quote for quote in quotes if quote.instrument in held})
        self._told_quotes = dict(self._synced)
        self._told_greeks = {key: greeks for key, greeks in self._told_greeks.items() if key in held}
        for kind, events in self._events.items():
            self._events[kind] = {symbol: each for symbol, each in events.items() if symbol in self.wanted[kind]}
        # A sync's quote replaces all of the stored one, also the bid and ask that only the stream knows.
        self._moved = {symbol for events in self._events.values() for symbol in events}

    def _is_news(self, quote: Quote) -> bool:
        return quote.mark is not None and not _same(quote, self._told_quotes.get(quote.instrument))

    def _quote(self, symbol: str, instrument: Instrument) -> Quote | None:
        """The sync's quote with whatever the stream knows; its mark is the newer one, its age that of the mark."""
        synced = self._synced.get(instrument.id)
        bid_ask, trade, summary = (self._events[kind].get(symbol) for kind in (QuoteEvent, Trade, Summary))
        streamed = _last(instrument, trade) if instrument.type is InstrumentType.INDEX else _mid(instrument, bid_ask)
        quote = _newer(streamed, synced)
        if quote is None or quote.mark is None:
            quote = _last(instrument, trade) or _close(instrument, summary)
        if quote is None:
            return None
        known = synced or quote
        is_halted = self._is_halted(symbol)
        return replace(
            quote,
            bid=_price(bid_ask, "bid_price", known.bid),
            ask=_price(bid_ask, "ask_price", known.ask),
            last=_price(trade, "price", known.last),
            previous_close=_price(summary, "prev_day_close_price", known.previous_close),
            is_halted=known.is_halted if is_halted is None else is_halted,
        )

    def _greeks(self, symbol: str, instrument: InstrumentId) -> Greeks | None:
        dated = self._events[GreeksEvent].get(symbol)
        if dated is None or not isinstance(dated[0], GreeksEvent):
            return None
        return to_greeks(dated[0], instrument, dated[1])


def _streamer_symbol(instrument: Instrument) -> str | None:
    return instrument.streamer_symbol or (instrument.symbol if instrument.type in _NAMED_BY_SYMBOL else None)


def _mid(instrument: Instrument, dated: _Dated | None) -> Quote | None:
    """The middle of a real market; a bid of 0 is one for an option.

    A market wider than its own middle, as outside trading hours, says nothing: the mark of the last sync stays.
    """
    bid, ask = _price(dated, "bid_price"), _price(dated, "ask_price")
    if dated is None or bid is None or ask is None or not (0 < ask >= bid):
        return None
    if bid < 0 or (bid == 0 and not instrument.is_option):
        return None
    middle = (bid + ask) / 2
    if ask - bid > max(middle, _ALWAYS_NARROW):
        return None
    at = _since(dated, "bid_time", "ask_time")
    return Quote(instrument.id, middle, MarkSource.MID, at, Source.STREAM)


def _last(instrument: Instrument, dated: _Dated | None) -> Quote | None:
    """The last trade, which is an index's level; 0 means that there is none."""
    price = _price(dated, "price")
    if dated is None or not price:
        return None
    return Quote(instrument.id, price, MarkSource.LAST, _since(dated, "time"), Source.STREAM)


def _close(instrument: Instrument, dated: _Dated | None) -> Quote | None:
    """The newest close: the mark of what has neither a market nor a trade; 0 means that there is none."""
    price = _price(dated, "day_close_price") or _price(dated, "prev_day_close_price")
    if dated is None or not price:
        return None
    return Quote(instrument.id, price, MarkSource.CLOSE, dated[1], Source.STREAM)


def _since(dated: _Dated, *names: str) -> datetime:
    """How old it is: the newest of its own times, else when it came. A new connection sends old events again."""
    event, received_at = dated
    milliseconds = max(getattr(event, name) for name in names)
    try:
        own = datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds > 0 else received_at
    except (OverflowError, OSError, ValueError):
        return received_at
    return min(own, received_at)


def _newer(streamed: Quote | None, synced: Quote | None) -> Quote | None:
    if streamed is None or synced is None or synced.mark is None:
        return streamed or synced
    return streamed if streamed.received_at > synced.received_at else synced


def _price(dated: _Dated | None, name: str, otherwise: Decimal | None = None) -> Decimal | None:
    price: Decimal | None = None if dated is None else getattr(dated[0], name)
    return price if price is not None and price.is_finite() else otherwise


def _same(fresh: Quote | Greeks, told: Quote | Greeks | None) -> bool:
    """Whether nothing but the time of receipt differs."""
    return told is not None and replace(fresh, received_at=told.received_at) == told
