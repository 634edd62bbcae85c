"""Events of the market data stream, and books that take them. No socket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tastytrade.dxfeed import Greeks as GreeksEvent
from tastytrade.dxfeed import Profile, Summary, Trade
from tastytrade.dxfeed import Quote as QuoteEvent

from cotrader_tui.brokers.tastytrade.instruments import instrument_id
from cotrader_tui.brokers.tastytrade.live import LiveBook
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import Quote

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=7)
PUT_SYMBOL = ".KO261218P60"


def instrument(kind: InstrumentType, symbol: str, streamer_symbol: str | None, **changes: object) -> Instrument:
    plain = Instrument(
        instrument_id(kind, symbol), symbol, kind, symbol, Decimal(1), "USD", streamer_symbol=streamer_symbol
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


KO = instrument(InstrumentType.EQUITY, "KO", None)
SPX = instrument(InstrumentType.INDEX, "SPX", "SPX")
PUT = instrument(InstrumentType.EQUITY_OPTION, "KO    261218P00060000", PUT_SYMBOL, expiration=date(2026, 12, 18))
FUTURE = instrument(InstrumentType.FUTURE, "/MESZ6", None)


def quote_event(symbol: str, bid: str, ask: str) -> QuoteEvent:
    return QuoteEvent.model_validate(
        {
            "eventSymbol": symbol,
            "eventTime": 0,
            "sequence": 0,
            "timeNanoPart": 0,
            "bidTime": 0,
            "askTime": 0,
            "bidExchangeCode": "Q",
            "askExchangeCode": "Q",
            "bidPrice": bid,
            "askPrice": ask,
        }
    )


def at(event: QuoteEvent, own_time: datetime | None) -> QuoteEvent:
    """The same with a time of its own, by the exchange's clock."""
    milliseconds = 0 if own_time is None else int(own_time.timestamp() * 1000)
    return event.model_copy(update={"bid_time": milliseconds, "ask_time": milliseconds})


def trade_event(symbol: str, price: str) -> Trade:
    return Trade.model_validate(
        {
            "eventSymbol": symbol,
            "eventTime": 0,
            "time": 0,
            "timeNanoPart": 0,
            "sequence": 0,
            "exchangeCode": "D",
            "dayId": 1,
            "tickDirection": "UP",
            "extendedTradingHours": False,
            "price": price,
        }
    )


def summary_event(symbol: str, previous_close: str) -> Summary:
    return Summary.model_validate(
        {
            "eventSymbol": symbol,
            "eventTime": 0,
            "dayId": 2,
            "dayClosePriceType": "REGULAR",
            "prevDayId": 1,
            "prevDayClosePriceType": "FINAL",
            "openInterest": 0,
            "prevDayClosePrice": previous_close,
        }
    )


def profile_event(symbol: str, status: str) -> Profile:
    return Profile.model_validate(
        {
            "eventSymbol": symbol,
            "eventTime": 0,
            "description": "",
            "shortSaleRestriction": "UNDEFINED",
            "tradingStatus": status,
            "haltStartTime": 0,
            "haltEndTime": 0,
            "exDividendDayId": 0,
        }
    )


def greeks_of(symbol: str, delta: str, time: int = 1795015800000) -> GreeksEvent:
    return GreeksEvent.model_validate(
        {
            "eventSymbol": symbol,
            "eventTime": 0,
            "eventFlags": 0,
            "index": 1,
            "time": time,
            "sequence": 0,
            "price": "1.1",
            "volatility": "0.2",
            "delta": delta,
            "gamma": "0.01",
            "theta": "-0.02",
            "rho": "0.01",
            "vega": "0.1",
        }
    )


def held(*instruments: Instrument, quotes: tuple[Quote, ...] = ()) -> LiveBook:
    book = LiveBook()
    book.hold(instruments, quotes, NOW)
    return book


def quiet(*instruments: Instrument, quotes: tuple[Quote, ...] = ()) -> LiveBook:
    """A book whose connection has sent what it had of everything: an empty market. The next quote is news."""
    book = held(*instruments, quotes=quotes)
    for symbol in book.wanted[QuoteEvent]:
        book.take(quote_event(symbol, "0", "0"), NOW)
    book.moved()
    return book


def only_quote(book: LiveBook) -> Quote:
    (quote,) = book.moved().quotes
    return quote
