"""What everything held, and what moves it, is quoted at: all of it after a sync, between two what has moved.

A mark is TWS's own where it tells one: of a position in the account's base currency what it values it at every second.
That value of a position in another currency moves with the exchange rate too, so its mark is the market's, else the
portfolio's, which is in its own currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from ib_async import PortfolioItem

from cotrader_tui.brokers.ibkr.catalogue import Catalogue
from cotrader_tui.brokers.ibkr.instruments import instrument_id
from cotrader_tui.brokers.ibkr.lines import Line, Lines
from cotrader_tui.brokers.ibkr.parse import PortfolioRow, PositionRow, broker_mark, portfolio_mark
from cotrader_tui.brokers.ibkr.pnl import Key, PnlBook
from cotrader_tui.brokers.ibkr.reading import Reading, name_of
from cotrader_tui.brokers.ibkr.ticks import greeks_of, is_delayed, is_frozen, quote_of
from cotrader_tui.domain.clock import Clock, exchange_date
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, MarkSource, Quote, Source


@dataclass(frozen=True, slots=True)
class _Held:
    """A position as the last sync saw it."""

    row: PositionRow
    instrument: Instrument
    rate: Decimal | None
    """Base currency per unit of the position's."""
    is_foreign: bool

    @property
    def key(self) -> Key:
        return self.row.account, self.row.terms.con_id


@dataclass(frozen=True, slots=True)
class _Converted:
    """A mark that was reckoned from a value in the base currency."""

    row: PositionRow
    rate: Decimal | None
    mark: Decimal
    at: datetime


class LiveMarket:
    """Quotes and Greeks of what the last sync held. One instrument has one quote, in however many accounts it is."""

    def __init__(self, clock: Clock, pnl: PnlBook, lines: Lines) -> None:
        self._clock = clock
        self._pnl = pnl
        self._lines = lines
        self._held: Mapping[int, list[_Held]] = {}
        self._portfolio: dict[Key, PortfolioRow] = {}
        self._marks: dict[Key, Decimal] = {}
        """The newest of TWS's own marks of each position."""
        self._converted: dict[Key, _Converted] = {}
        self._moved: set[int] = set()
        """Contract ids of what the portfolio has told of."""
        self.quotes: dict[int, Quote] = {}
        """As landed or told last, by contract id."""
        self.greeks: dict[int, Greeks] = {}
        """Of options whose line is open, likewise."""

    def hear(self, item: PortfolioItem) -> None:
        """Takes what the portfolio of an account says of one position."""
        self._portfolio[item.account, item.contract.conId] = item
        self._moved.add(item.contract.conId)

    def land(self, readings: Iterable[Reading], catalogue: Catalogue) -> None:
        """Starts anew from a sync."""
        held: defaultdict[int, list[_Held]] = defaultdict(list)
        portfolio: dict[Key, PortfolioRow] = {}
        for reading in readings:
            number = reading.account.id.number
            portfolio |= {(number, con_id): item for con_id, item in reading.portfolio.items()}
            for row in reading.rows:
                if (instrument := name_of(row, catalogue)) is not None:
                    rate, is_foreign = reading.rates.get(instrument.currency), reading.is_foreign(instrument)
                    held[row.terms.con_id].append(_Held(row, instrument, rate, is_foreign))
        self._held, self._portfolio, self._marks = held, portfolio, {}
        self._converted = {key: each for key, each in self._converted.items() if key[1] in held}
        con_ids, now = held.keys() | self._lines.known, self._clock()
        landed = {con_id: self._landed(con_id, now) for con_id in con_ids}
        self.quotes = {con_id: quote for con_id, quote in landed.items() if quote is not None}
        computed = {con_id: self._computed(con_id) for con_id in con_ids}
        self.greeks = {con_id: greeks for con_id, greeks in computed.items() if greeks is not None}

    def moved(self) -> tuple[tuple[Quote, ...], tuple[Greeks, ...]]:
        """Quotes and Greeks that say something else than what landed or was told last."""
        con_ids = self._moved | self._pnl.take_moved() | self._lines.take_ticked()
        self._moved = set()
        now = self._clock()
        quotes: dict[int, Quote] = {}
        greeks: dict[int, Greeks] = {}
        for con_id in con_ids & (self._held.keys() | self._lines.known):
            quote, known = self._following(con_id, now), self.quotes.get(con_id)
            if quote is not None and (known is None or not _says_the_same(quote, known)):
                quotes[con_id] = replace(quote, source=Source.STREAM)
            computed, before = self._computed(con_id), self.greeks.get(con_id)
            if computed is not None and (before is None or not _says_the_same(computed, before)):
                greeks[con_id] = replace(computed, source=Source.STREAM)
        self.quotes.update(quotes)
        self.greeks.update(greeks)
        return tuple(quotes.values()), tuple(greeks.values())

    def _landed(self, con_id: int, now: datetime) -> Quote | None:
        """The quote after a sync: TWS's own marks are of now, whenever they last changed."""
        told, own = self._told(con_id, now), self._own_marks(con_id)
        self._marks.update(own)
        if own:
            return self._marked(con_id, told, next(iter(own.values())), now)
        return self._converted_quote(con_id, now) if told is None else told

    def _following(self, con_id: int, now: datetime) -> Quote | None:
        """The quote between two syncs: the mark is another one where one of TWS's own marks is."""
        told, own, known = self._told(con_id, now), self._own_marks(con_id), self.quotes.get(con_id)
        news = [mark for key, mark in own.items() if self._marks.get(key) != mark]
        self._marks.update(own)
        if news:
            return self._marked(con_id, told, news[-1], now)
        if known is not None and known.mark is not None and self._keeps_own_mark(con_id, known):
            return self._marked(con_id, told or known, known.mark, known.received_at)
        return told

    def _own_marks(self, con_id: int) -> dict[Key, Decimal]:
        """TWS's own marks per unit, in the contract's currency, of the positions in it that it tells one of."""
        marks = {held.key: self._own_mark(held) for held in self._held.get(con_id, ())}
        return {key: mark for key, mark in marks.items() if mark is not None}

    def _own_mark(self, held: _Held) -> Decimal | None:
        if held.is_foreign:
            if self._is_priced_live(held.row.terms.con_id):
                return None
        else:
            mark = broker_mark(held.row, held.instrument, self._pnl.figures(held.key), held.rate)
            if mark is not None:
                return mark
        return portfolio_mark(held.row, held.instrument, self._portfolio.get(held.key))

    def _keeps_own_mark(self, con_id: int, known: Quote) -> bool:
        """Whether no price of the market may take the place of `known`'s mark before the next sync."""
        is_valued = any(not held.is_foreign for held in self._held.get(con_id, ()))
        return known.mark_source is MarkSource.BROKER and (is_valued or not self._is_priced_live(con_id))

    def _is_priced_live(self, con_id: int) -> bool:
        line = self._lines[con_id]
        if line is None or not _is_current(line):
            return False
        quote = _quote(line, con_id)
        return quote is not None and quote.mark_source in (MarkSource.MID, MarkSource.LAST)

    def _told(self, con_id: int, now: datetime) -> Quote | None:
        """What its line tells, or told last. The previous close is one of the day it was told on."""
        line = self._lines[con_id]
        quote = None if line is None else _quote(line, con_id)
        if quote is None or line is None or line.is_open or exchange_date(quote.received_at) == exchange_date(now):
            return quote
        return replace(quote, previous_close=None)

    def _marked(self, con_id: int, told: Quote | None, mark: Decimal, at: datetime) -> Quote:
        """`told` with one of TWS's own marks. A bid and an ask that are older than it, and that it has left behind, are
        not shown beside it; those of a line that was given back never again.
        """
        quote = told or Quote(instrument_id(con_id), None, None, at)
        line = self._lines[con_id]
        if line is not None and not _is_current(line):
            is_passed = line.is_passed or not _is_within(mark, quote)
            line.is_passed = is_passed and not line.is_open
            if is_passed:
                quote = replace(quote, bid=None, ask=None)
        return replace(quote, mark=mark, mark_source=MarkSource.BROKER, received_at=at)

    def _converted_quote(self, con_id: int, now: datetime) -> Quote | None:
        """Where nothing else tells a mark: TWS's value at the account's exchange rate.

        As long as that rate is the same, nobody can tell whether the price or the rate has moved the value: the mark
        stays, with its age, until the next rate.
        """
        for held in self._held.get(con_id, ()):
            known = self._converted.get(held.key)
            if known is None or known.rate != held.rate or known.row.quantity != held.row.quantity:
                mark = broker_mark(held.row, held.instrument, self._pnl.figures(held.key), held.rate)
                if mark is None:
                    continue
                known = self._converted[held.key] = _Converted(held.row, held.rate, mark, now)
            return self._marked(con_id, None, known.mark, known.at)
        return None

    def _computed(self, con_id: int) -> Greeks | None:
        line = self._lines[con_id]
        if line is None or not line.is_open or line.computed_at is None:
            return None
        return greeks_of(line.ticker, instrument_id(con_id), line.computed_at)


def _is_current(line: Line) -> bool:
    """Whether it tells of the market as it is now."""
    return line.is_open and not is_delayed(line.ticker) and not is_frozen(line.ticker)


def _is_within(mark: Decimal, quote: Quote) -> bool:
    return (quote.bid is None or quote.bid <= mark) and (quote.ask is None or mark <= quote.ask)


def _quote(line: Line, con_id: int) -> Quote | None:
    if line.quoted_at is None:
        return None
    return quote_of(line.ticker, instrument_id(con_id), line.quoted_at, line.price_magnifier)


def _says_the_same(new: Quote | Greeks, known: Quote | Greeks) -> bool:
    """Whether they differ in their times and source at most."""
    times = {name: getattr(known, name) for name in ("received_at", "as_of", "source") if hasattr(known, name)}
    return replace(new, **times) == known
