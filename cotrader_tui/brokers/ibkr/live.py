"""Marks between two syncs, from the P&L subscriptions that are open anyway: they take no market data line."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from cotrader_tui.brokers.ibkr.catalogue import Catalogue
from cotrader_tui.brokers.ibkr.parse import PositionRow, broker_mark
from cotrader_tui.brokers.ibkr.pnl import PnlBook
from cotrader_tui.brokers.ibkr.reading import Reading, name_of
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import MarkSource, Quote, Source


@dataclass(frozen=True, slots=True)
class _Held:
    """A position as the last sync saw it."""

    row: PositionRow
    instrument: Instrument
    rate: Decimal | None


class LiveMarks:
    """What the last sync held and quoted, and which marks have moved since."""

    def __init__(self) -> None:
        self._held: list[_Held] = []
        self._quotes: dict[InstrumentId, Quote] = {}

    def hold(self, readings: Iterable[Reading], quotes: Collection[Quote], catalogue: Catalogue) -> None:
        """Starts anew from a sync: its rows and the quotes that landed."""
        self._quotes = {quote.instrument: quote for quote in quotes}
        self._held = [
            _Held(row, instrument, reading.rates.get(instrument.currency))
            for reading in readings
            for row in reading.rows
            if (instrument := name_of(row, catalogue)) is not None
        ]

    def moved(self, pnl: PnlBook, now: datetime) -> tuple[Quote, ...]:
        """Quotes whose mark is another one than the last told. Of bid, ask and last it keeps what the sync knew."""
        fresh: dict[InstrumentId, Quote] = {}
        for held in self._held:
            figures = pnl.figures((held.row.account, held.row.terms.con_id))
            mark = broker_mark(held.row, held.instrument, figures, held.rate)
            known = self._quotes.get(held.instrument.id)
            if mark is None or (known is not None and known.mark == mark):
                continue
            quote = known or Quote(held.instrument.id, None, None, now)
            fresh[held.instrument.id] = replace(
                quote, mark=mark, mark_source=MarkSource.BROKER, received_at=now, source=Source.STREAM
            )
        self._quotes.update(fresh)
        return tuple(fresh.values())
