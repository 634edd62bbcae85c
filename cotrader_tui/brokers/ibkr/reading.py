"""From everything one account answered to its snapshot. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from cotrader_tui.brokers.base import BrokerSnapshot, QuarantinedRow
from cotrader_tui.brokers.ibkr.catalogue import Catalogue
from cotrader_tui.brokers.ibkr.closings import Closings
from cotrader_tui.brokers.ibkr.contracts import Terms
from cotrader_tui.brokers.ibkr.instruments import RowError, instrument_of, symbol_of, underlying_of
from cotrader_tui.brokers.ibkr.market import MarketAnswer, listed
from cotrader_tui.brokers.ibkr.parse import (
    Pnl,
    PortfolioRow,
    PositionRow,
    average_open_price,
    day_base,
    own_figures,
)
from cotrader_tui.brokers.ibkr.pnl import PnlBook
from cotrader_tui.domain.balances import Balances
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import Greeks, Quote
from cotrader_tui.domain.portfolio import Account
from cotrader_tui.domain.positions import Holding


@dataclass(frozen=True, slots=True)
class Reading:
    """What one account answered, before details, P&L and market data."""

    account: Account
    rows: Sequence[PositionRow]
    unreadable: Sequence[tuple[str | None, Terms | None, QuarantinedRow]]
    fetched_at: datetime
    rates: Mapping[str, Decimal]
    """Base currency per unit of each currency."""
    is_ready: bool
    """False while TWS is still loading the account: its list of positions may then be cut short."""
    balances: Balances | None
    portfolio: Mapping[int, PortfolioRow]
    """By contract id; empty where the log-in has several accounts."""
    warnings: Sequence[str]

    def is_foreign(self, instrument: Instrument) -> bool:
        """Whether its prices are in another currency than the account's."""
        return instrument.currency != self.account.base_currency


@dataclass(slots=True)
class _Parts:
    """A snapshot while it is put together."""

    holdings: list[Holding]
    quotes: list[Quote]
    greeks: list[Greeks]
    quarantined: list[QuarantinedRow]
    names: dict[int, str]
    """Symbols of what has been subscribed to for this account."""


def name_of(row: PositionRow, catalogue: Catalogue) -> Instrument | None:
    """The row's instrument; `None` if it makes no sense."""
    try:
        return _instrument(row.terms, catalogue)
    except RowError:
        return None


def snapshot_of(
    reading: Reading,
    catalogue: Catalogue,
    pnl: PnlBook,
    market: MarketAnswer,
    quotes: Mapping[int, Quote],
    greeks: Mapping[int, Greeks],
    closings: Closings,
    *,
    is_broken: bool,
) -> BrokerSnapshot:
    """The account's snapshot. Its rows come from a request that the end marker ended: complete once TWS is ready.

    `quotes` and `greeks` are by contract id, also those of other accounts.
    """
    parts = _Parts([], [], [], [_named(each) for each in reading.unreadable], {})
    number = reading.account.id.number
    for row in reading.rows:
        try:
            instrument = _instrument(row.terms, catalogue)
        except RowError as error:
            parts.quarantined.append(_quarantined(row, str(error)))
            continue
        figures = pnl.figures((number, row.terms.con_id))
        _add(parts, row, instrument, reading, figures, quotes, greeks)
        rate = reading.rates.get(instrument.currency)
        closings.held((number, row.terms.con_id), parts.holdings[-1], figures, rate)
    for key in closings.vanished(number, {row.terms.con_id for row in reading.rows}):
        closed = closings.closed(key, pnl.figures(key))
        if closed is not None:
            parts.holdings.append(closed)
    underlyings = _underlyings(parts.holdings, catalogue)
    _add_underlying_quotes(parts, underlyings, quotes)
    return BrokerSnapshot(
        account=reading.account,
        is_complete=reading.is_ready,
        holdings=tuple(parts.holdings),
        fetched_at=reading.fetched_at,
        quarantined=tuple(parts.quarantined),
        balances=_balances(reading, pnl),
        underlyings=tuple(underlyings),
        quotes=tuple(parts.quotes),
        greeks=tuple(parts.greeks),
        warnings=_warnings(reading, parts, catalogue, is_broken=is_broken),
        notes=_notes(parts, market),
        is_delayed=not parts.names.keys().isdisjoint(market.delayed),
    )


def _balances(reading: Reading, pnl: PnlBook) -> Balances | None:
    """With what TWS says of the positions as a whole. A row that names no account may belong to any."""
    if reading.balances is None:
        return None
    open_pnl, day_pnl = pnl.account(reading.account.id.number)
    is_known = all(account is not None for account, *_ in reading.unreadable)
    count = len(reading.rows) + len(reading.unreadable) if is_known else None
    return replace(reading.balances, open_pnl=open_pnl, day_pnl=day_pnl, position_count=count)


def _add(
    parts: _Parts,
    row: PositionRow,
    instrument: Instrument,
    reading: Reading,
    figures: Pnl | None,
    quotes: Mapping[int, Quote],
    greeks: Mapping[int, Greeks],
) -> None:
    """One position: its holding, its quote and its Greeks."""
    con_id = row.terms.con_id
    rate = reading.rates.get(instrument.currency)
    quote = quotes.get(con_id)
    if quote is not None:
        parts.quotes.append(quote)
    if con_id in greeks and instrument.is_option:
        parts.greeks.append(greeks[con_id])
    parts.names[con_id] = instrument.symbol
    value, open_pnl, day_pnl = own_figures(figures, reading.portfolio.get(con_id), rate)
    parts.holdings.append(
        Holding(
            instrument=instrument,
            quantity=row.quantity,
            average_open_price=average_open_price(row, instrument),
            day_base=day_base(row, instrument, quote.mark if quote else None, figures, rate),
            broker_value=value,
            broker_open_pnl=open_pnl,
            broker_day_pnl=day_pnl,
        )
    )


def _add_underlying_quotes(parts: _Parts, underlyings: Sequence[Instrument], quotes: Mapping[int, Quote]) -> None:
    for underlying in underlyings:
        if not underlying.id.key.isdigit():
            continue
        con_id = int(underlying.id.key)
        parts.names[con_id] = underlying.symbol
        if con_id in quotes:
            parts.quotes.append(quotes[con_id])


def _underlyings(holdings: Sequence[Holding], catalogue: Catalogue) -> list[Instrument]:
    """What moves the holdings and is not held itself, each once. What was closed today is not held."""
    held = {holding.id for holding in holdings if holding.quantity != 0}
    found: dict[object, Instrument] = {}
    for holding in holdings:
        con_id = int(holding.id.key)
        underlying = underlying_of(holding.instrument, catalogue[con_id], catalogue.underlying(con_id))
        if underlying is not None and underlying.id not in held:
            found[underlying.id] = underlying
    return list(found.values())


def _instrument(terms: Terms, catalogue: Catalogue) -> Instrument:
    return instrument_of(terms, catalogue[terms.con_id], catalogue.underlying(terms.con_id))


def _named(unreadable: tuple[str | None, Terms | None, QuarantinedRow]) -> QuarantinedRow:
    """With the symbol its position is stored under, if the row says at least which contract it is about."""
    _, terms, row = unreadable
    return row if terms is None else replace(row, symbol=symbol_of(terms))


def _quarantined(row: PositionRow, reason: str) -> QuarantinedRow:
    return QuarantinedRow(symbol_of(row.terms), reason, json.dumps(row.raw))


def _warnings(reading: Reading, parts: _Parts, catalogue: Catalogue, *, is_broken: bool) -> tuple[str, ...]:
    """What is missing from the answer, in words."""
    words = list(reading.warnings)
    if reading.balances is None:
        words.append("Balances are unknown: TWS has not sent the account's values yet.")
    foreign = sorted({holding.instrument.currency for holding in parts.holdings} - reading.rates.keys())
    if foreign and reading.balances is not None:
        words.append(f"No exchange rate for {', '.join(foreign)}: TWS's P&L cannot be converted.")
    undescribed = set(catalogue.missing([row.terms.con_id for row in reading.rows]))
    if undescribed:
        names = [symbol_of(row.terms) for row in reading.rows if row.terms.con_id in undescribed]
        words.append(f"{listed(names)}: TWS has not said yet what they are.")
    if is_broken:
        words.append("The connection to TWS broke after the positions had arrived: prices and Greeks are missing.")
    return tuple(words)


def _notes(parts: _Parts, market: MarketAnswer) -> tuple[str, ...]:
    """What the log-in's subscriptions do not give, in words. Greeks whose turn is a later round are no such thing."""
    words = []
    delayed = [parts.names[con_id] for con_id in sorted(market.delayed) if con_id in parts.names]
    if delayed:
        words.append(f"{listed(delayed)}: DELAYED market data, 15 minutes old or more.")
    frozen = [parts.names[con_id] for con_id in sorted(market.frozen) if con_id in parts.names]
    if frozen:
        words.append(f"{listed(frozen)}: FROZEN market data, the last of a closed market.")
    return (*words, *market.fault_words(parts.names))
