"""Whose market data a sync asks for, and what for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from cotrader_tui.brokers.ibkr.catalogue import Catalogue
from cotrader_tui.brokers.ibkr.contracts import Details
from cotrader_tui.brokers.ibkr.market import Rank, Wanted
from cotrader_tui.brokers.ibkr.parse import PositionRow, broker_mark
from cotrader_tui.brokers.ibkr.pnl import PnlBook
from cotrader_tui.brokers.ibkr.reading import Reading, name_of
from cotrader_tui.domain.instruments import Instrument


def wanted_of(readings: Iterable[Reading], catalogue: Catalogue, pnl: PnlBook, now: datetime) -> Mapping[int, Wanted]:
    """By contract id: options that can still have Greeks, what moves them, and everything else that is held."""
    wanted: dict[int, Wanted] = {}

    def want(details: Details, rank: Rank) -> None:
        known = wanted.get(details.terms.con_id)
        wanted[details.terms.con_id] = Wanted(details, rank if known is None else min(rank, known.rank))

    for reading in readings:
        for row in reading.rows:
            instrument, details = name_of(row, catalogue), catalogue[row.terms.con_id]
            if instrument is None or details is None or instrument.is_expired(now):
                continue
            if instrument.is_option:
                want(details, Rank.GREEKS)
                if (under := catalogue.underlying(row.terms.con_id)) is not None:
                    want(under, Rank.PRICE)
            else:
                want(details, _rank(reading, row, instrument, pnl))
    return wanted


def _rank(reading: Reading, row: PositionRow, instrument: Instrument, pnl: PnlBook) -> Rank:
    """A price is needed where neither the portfolio nor the P&L, once it has spoken, gives one: that is in the base
    currency, from which a mark in another one cannot be told without the exchange rate of the same moment.
    """
    if row.terms.con_id in reading.portfolio:
        return Rank.EXTRA
    rate = reading.rates.get(instrument.currency)
    figures = pnl.figures((row.account, row.terms.con_id))
    is_valued = figures is None or broker_mark(row, instrument, figures, rate) is not None
    return Rank.EXTRA if is_valued and rate is not None and not reading.is_foreign(instrument) else Rank.PRICE
