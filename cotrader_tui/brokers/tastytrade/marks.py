"""From events of the market data stream to quotes: what is a market, what is a mark, how old it is. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from tastytrade.dxfeed import Event

from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import MarkSource, Quote, Source

_ALWAYS_NARROW = Decimal("0.10")
"""A spread that is never too wide: two ticks of the cheapest options."""


class Heard(NamedTuple):
    """An event, and how it came."""

    event: Event
    received_at: datetime
    """By this machine's clock."""
    is_first: bool
    """The first of its kind and symbol on its connection, which sends the latest it has, from whenever that is."""


class Events(NamedTuple):
    """The latest that one connection sent of one symbol."""

    bid_ask: Heard | None = None
    trade: Heard | None = None
    summary: Heard | None = None


def merged(instrument: Instrument, known: Quote | None, events: Events, is_halted: bool | None) -> Quote | None:
    """`known` with whatever the stream says; its mark is the newer one, its age that of the mark.

    `None` where neither has a price.
    """
    is_level = instrument.type is InstrumentType.INDEX
    heard = events.trade if is_level else events.bid_ask
    streamed = _last(instrument, heard) if is_level else _mid(instrument, heard)
    quote = known
    if streamed is not None and (known is None or known.mark is None or _is_newer(heard, known)):
        quote = streamed
    if quote is None or quote.mark is None:
        quote = _last(instrument, events.trade) or _close(instrument, events.summary)
    if quote is None:
        return None
    base = known or quote
    return replace(
        quote,
        bid=_price(events.bid_ask, "bid_price", base.bid),
        ask=_price(events.bid_ask, "ask_price", base.ask),
        last=_price(events.trade, "price", base.last),
        previous_close=_price(events.summary, "prev_day_close_price", base.previous_close),
        is_halted=base.is_halted if is_halted is None else is_halted,
    )


def _is_newer(heard: Heard | None, known: Quote) -> bool:
    """Whether it came after what is known, both by this machine's clock: the exchange's may differ from it by minutes.

    What a connection sends first of a symbol came now and may be of any time: that it is newer can be said by neither
    clock, and the next one settles it. A mark that is known stays till then.
    """
    return heard is not None and not heard.is_first and heard.received_at > known.received_at


def _mid(instrument: Instrument, heard: Heard | None) -> Quote | None:
    """The middle of a real market; a bid of 0 is one for an option.

    A market wider than its own middle, as outside trading hours, says nothing: the mark of the last sync stays.
    """
    bid, ask = _price(heard, "bid_price"), _price(heard, "ask_price")
    if heard is None or bid is None or ask is None or not (0 < ask >= bid):
        return None
    if bid < 0 or (bid == 0 and not instrument.is_option):
        return None
    middle = (bid + ask) / 2
    if ask - bid > max(middle, _ALWAYS_NARROW):
        return None
    return Quote(instrument.id, middle, MarkSource.MID, _since(heard, "bid_time", "ask_time"), Source.STREAM)


def _last(instrument: Instrument, heard: Heard | None) -> Quote | None:
    """The last trade, which is an index's level; 0 means that there is none."""
    price = _price(heard, "price")
    if heard is None or not price:
        return None
    return Quote(instrument.id, price, MarkSource.LAST, _since(heard, "time"), Source.STREAM)


def _close(instrument: Instrument, heard: Heard | None) -> Quote | None:
    """The newest close: the mark of what has neither a market nor a trade; 0 means that there is none."""
    price = _price(heard, "day_close_price") or _price(heard, "prev_day_close_price")
    if heard is None or not price:
        return None
    return Quote(instrument.id, price, MarkSource.CLOSE, heard.received_at, Source.STREAM)


def _since(heard: Heard, *names: str) -> datetime:
    """How old it is: the newest of its own times, else when it came; never later than that."""
    milliseconds = max(getattr(heard.event, name) for name in names)
    try:
        own = datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds > 0 else heard.received_at
    except (OverflowError, OSError, ValueError):
        return heard.received_at
    return min(own, heard.received_at)


def _price(heard: Heard | None, name: str, otherwise: Decimal | None = None) -> Decimal | None:
    price: Decimal | None = None if heard is None else getattr(heard.event, name)
    return price if price is not None and price.is_finite() else otherwise
