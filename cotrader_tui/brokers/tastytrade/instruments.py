"""From a position row to the instrument it holds, and to the instrument that moves its price."""

from __future__ import annotations

from decimal import Decimal

from cotrader_tui.brokers.tastytrade.rows import PositionRow
from cotrader_tui.brokers.tastytrade.symbols import (
    INDEXES,
    OptionTerms,
    future_option_terms,
    occ_terms,
    product_of,
    streamer_symbol,
)
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.instruments import Instrument, InstrumentType

BROKER = "tastytrade"
CURRENCY = "USD"

TYPES = {
    "Equity": InstrumentType.EQUITY,
    "Equity Option": InstrumentType.EQUITY_OPTION,
    "Future": InstrumentType.FUTURE,
    "Future Option": InstrumentType.FUTURE_OPTION,
    "Cryptocurrency": InstrumentType.CRYPTOCURRENCY,
    "Index": InstrumentType.INDEX,
    "Bond": InstrumentType.BOND,
    "Fixed Income Security": InstrumentType.BOND,
    "Mutual Fund": InstrumentType.FUND,
    "Warrant": InstrumentType.WARRANT,
    "Currency Pair": InstrumentType.FOREX,
    "Equity Offering": InstrumentType.OTHER,
    "Event Contract": InstrumentType.OTHER,
    "Liquidity Pool": InstrumentType.OTHER,
}
"""The interface's instrument types. A type that is not here is not guessed at."""

_STANDARD_DELIVERABLE = Decimal(100)


class RowError(Exception):
    """A row that reads well but makes no sense; its text is a sentence for the sync log."""


def instrument_id(kind: InstrumentType, symbol: str) -> InstrumentId:
    return InstrumentId(BROKER, f"{kind.value}:{symbol}")


def instrument_of(row: PositionRow) -> Instrument:
    """The instrument of a position row.

    Raises:
        RowError: its type is unknown, or an option does not name its underlying.
    """
    kind = TYPES.get(row.instrument_type)
    match kind:
        case None:
            raise RowError(f"The instrument type {row.instrument_type[:40]!r} is not known.")
        case InstrumentType.EQUITY_OPTION:
            return _equity_option(row)
        case InstrumentType.FUTURE_OPTION:
            return _future_option(row)
        case InstrumentType.FUTURE:
            return _plain(row, kind, product_of(row.symbol) or row.underlying_symbol or row.symbol)
        case _:
            return _plain(row, kind, row.symbol)


def underlying_of(instrument: Instrument) -> Instrument | None:
    """The instrument whose price moves `instrument`; `None` if it is its own."""
    if instrument.underlying_id is None:
        return None
    kind_name, symbol = instrument.underlying_id.key.split(":", 1)
    kind = InstrumentType(kind_name)
    return Instrument(
        id=instrument.underlying_id,
        symbol=symbol,
        type=kind,
        underlying=instrument.underlying,
        # An option on a future counts in the same money per point as the contract itself.
        multiplier=instrument.multiplier if kind is InstrumentType.FUTURE else Decimal(1),
        currency=instrument.currency,
        streamer_symbol=None if kind is InstrumentType.FUTURE else symbol,
    )


def _plain(row: PositionRow, kind: InstrumentType, underlying: str) -> Instrument:
    return Instrument(
        id=instrument_id(kind, row.symbol),
        symbol=row.symbol,
        type=kind,
        underlying=underlying,
        multiplier=row.multiplier,
        currency=CURRENCY,
        expires_at=row.expires_at,
        streamer_symbol=row.streamer_symbol or None,
    )


def _equity_option(row: PositionRow) -> Instrument:
    if not row.underlying_symbol:
        raise RowError("The row does not name its underlying.")
    kind = InstrumentType.INDEX if row.underlying_symbol in INDEXES else InstrumentType.EQUITY
    terms = occ_terms(row.symbol)
    streamed = row.streamer_symbol or (streamer_symbol(terms) if terms else None)
    is_adjusted = row.multiplier != _STANDARD_DELIVERABLE or (terms is not None and terms.root[-1:].isdigit())
    return _option(
        row,
        InstrumentType.EQUITY_OPTION,
        terms,
        underlying=row.underlying_symbol,
        underlying_id=instrument_id(kind, row.underlying_symbol),
        streamed=streamed,
        is_adjusted=is_adjusted,
    )


def _future_option(row: PositionRow) -> Instrument:
    terms = future_option_terms(row.symbol)
    named = row.underlying_symbol or ""
    contract = named if product_of(named) else terms.root if terms else ""
    product = product_of(contract)
    if product is None:
        raise RowError("The row does not name its futures contract.")
    return _option(
        row,
        InstrumentType.FUTURE_OPTION,
        terms,
        underlying=product,
        underlying_id=instrument_id(InstrumentType.FUTURE, contract),
        # Without the exchange's suffix, which only the row knows, the stream does not know it.
        streamed=row.streamer_symbol or None,
    )


def _option(
    row: PositionRow,
    kind: InstrumentType,
    terms: OptionTerms | None,
    *,
    underlying: str,
    underlying_id: InstrumentId,
    streamed: str | None,
    is_adjusted: bool = False,
) -> Instrument:
    expires_on = exchange_date(row.expires_at) if row.expires_at else None
    return Instrument(
        id=instrument_id(kind, row.symbol),
        symbol=row.symbol,
        type=kind,
        underlying=underlying,
        multiplier=row.multiplier,
        currency=CURRENCY,
        underlying_id=underlying_id,
        option_type=terms.type if terms else None,
        strike=terms.strike if terms else None,
        expiration=terms.expiration if terms else expires_on,
        expires_at=row.expires_at,
        streamer_symbol=streamed,
        is_adjusted=is_adjusted,
    )
