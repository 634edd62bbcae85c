"""What the stream makes of events: marks, ages, what counts as moved. No socket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tastytrade.dxfeed import Event, Profile, Summary, Trade
from tastytrade.dxfeed import Greeks as GreeksEvent
from tastytrade.dxfeed import Quote as QuoteEvent

from cotrader_tui.brokers.tastytrade.instruments import instrument_id
from cotrader_tui.brokers.tastytrade.live import LiveBook
from cotrader_tui.domain.instruments import Instrument, InstrumentType
from cotrader_tui.domain.market import MarkSource, Quote, Source

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


def only_quote(book: LiveBook) -> Quote:
    (quote,) = book.moved().quotes
    return quote


def test_mark_is_the_middle_of_bid_and_ask() -> None:
    book = held(KO)
    book.take(quote_event("KO", "62.10", "62.13"), LATER)
    expected = Quote(KO.id, Decimal("62.115"), MarkSource.MID, LATER, Source.STREAM, Decimal("62.10"), Decimal("62.13"))
    assert only_quote(book) == expected


def test_bid_of_zero_is_a_market_for_an_option_and_none_for_a_share() -> None:
    book = held(KO, PUT)
    book.take(quote_event(PUT_SYMBOL, "0", "0.10"), LATER)
    book.take(quote_event("KO", "0", "62.13"), LATER)
    assert [(quote.instrument, quote.mark) for quote in book.moved().quotes] == [(PUT.id, Decimal("0.05"))]


@pytest.mark.parametrize(
    ("bid", "ask"), [("0", "0"), ("1.20", "1.10"), ("-1", "1.10"), ("1.20", "0"), ("0", "5.00"), ("0.40", "1.60")]
)
def test_no_real_market_gives_no_mark(bid: str, ask: str) -> None:
    book = held(PUT)
    book.take(quote_event(PUT_SYMBOL, bid, ask), LATER)
    assert book.moved().quotes == ()


def test_mark_of_an_index_is_its_last_level_and_its_quote_is_not_asked_for() -> None:
    book = held(SPX)
    assert {kind for kind, symbols in book.wanted.items() if symbols} == {Profile, Trade, Summary}
    book.take(trade_event("SPX", "5931.91"), LATER)
    quote = only_quote(book)
    assert (quote.mark, quote.mark_source, quote.last) == (Decimal("5931.91"), MarkSource.LAST, Decimal("5931.91"))


def test_level_of_zero_is_no_level() -> None:
    book = held(SPX)
    book.take(trade_event("SPX", "0"), LATER)
    assert book.moved().quotes == ()


def test_what_has_neither_a_market_nor_a_mark_of_a_sync_is_marked_at_its_last_trade_else_its_close() -> None:
    book = held(KO)
    book.take(summary_event("KO", "61.80"), NOW)
    book.take(quote_event("KO", "0", "62.13"), NOW)
    assert [(each.mark, each.mark_source) for each in book.moved().quotes] == [(Decimal("61.80"), MarkSource.CLOSE)]
    book.take(trade_event("KO", "62.11"), LATER)
    quote = only_quote(book)
    assert (quote.mark, quote.mark_source, quote.source) == (Decimal("62.11"), MarkSource.LAST, Source.STREAM)


def test_last_trade_does_not_replace_the_mark_of_a_sync() -> None:
    book = held(KO, quotes=(Quote(KO.id, Decimal("62"), MarkSource.BROKER, NOW),))
    book.take(trade_event("KO", "62.11"), LATER)
    quote = only_quote(book)
    assert (quote.mark, quote.mark_source, quote.last) == (Decimal("62"), MarkSource.BROKER, Decimal("62.11"))


def test_old_events_that_a_new_connection_sends_again_keep_their_age() -> None:
    traded_at = int((NOW - timedelta(days=3)).timestamp() * 1000)
    book = held(SPX, KO)
    book.take(trade_event("SPX", "5931.91").model_copy(update={"time": traded_at}), LATER)
    book.take(quote_event("KO", "62", "63").model_copy(update={"bid_time": traded_at, "ask_time": 1000}), LATER)
    assert {quote.received_at for quote in book.moved().quotes} == {NOW - timedelta(days=3)}


def test_event_from_the_future_is_of_now() -> None:
    book = held(SPX)
    book.take(trade_event("SPX", "5931.91").model_copy(update={"time": 99_999_999_999_999}), LATER)
    assert only_quote(book).received_at == LATER


def test_halt_flags_the_quote_and_keeps_the_mark_from_before_it() -> None:
    book = held(KO)
    book.take(quote_event("KO", "62.10", "62.12"), NOW)
    book.take(profile_event("KO", "HALTED"), LATER)
    book.take(quote_event("KO", "55", "70"), LATER)
    quote = only_quote(book)
    assert (quote.mark, quote.received_at, quote.is_halted) == (Decimal("62.11"), NOW, True)
    book.take(profile_event("KO", "ACTIVE"), LATER)
    book.take(quote_event("KO", "60", "61"), LATER)
    quote = only_quote(book)
    assert (quote.mark, quote.is_halted) == (Decimal("60.5"), False)


def test_option_halts_with_what_moves_it() -> None:
    option = replace(PUT, underlying_id=KO.id)
    book = held(KO, option)
    assert book.wanted[Profile] == {"KO"}
    book.take(quote_event(PUT_SYMBOL, "1.00", "1.10"), NOW)
    book.moved()
    book.take(profile_event("KO", "HALTED"), LATER)
    book.take(quote_event(PUT_SYMBOL, "0.10", "3.10"), LATER)
    quote = only_quote(book)
    assert (quote.instrument, quote.mark, quote.is_halted) == (PUT.id, Decimal("1.05"), True)


def test_halt_that_only_the_sync_knows_of_stays_until_the_stream_says_otherwise() -> None:
    book = held(KO, quotes=(Quote(KO.id, Decimal("62"), MarkSource.BROKER, NOW, is_halted=True),))
    book.take(profile_event("KO", "UNDEFINED"), LATER)
    book.take(trade_event("KO", "62"), LATER)
    assert only_quote(book).is_halted
    book.take(profile_event("KO", "ACTIVE"), LATER)
    assert not only_quote(book).is_halted


def test_last_and_previous_close_stand_beside_the_mark_and_do_not_make_it_younger() -> None:
    book = held(KO)
    book.take(quote_event("KO", "62.10", "62.12"), NOW)
    book.moved()
    book.take(trade_event("KO", "62.5"), LATER)
    book.take(summary_event("KO", "61.80"), LATER)
    quote = only_quote(book)
    assert (quote.mark, quote.last, quote.previous_close) == (Decimal("62.11"), Decimal("62.5"), Decimal("61.80"))
    assert quote.received_at == NOW


def test_only_what_changed_is_told_and_once() -> None:
    book = held(KO, PUT)
    book.take(quote_event("KO", "62.10", "62.12"), NOW)
    book.take(quote_event(PUT_SYMBOL, "1.00", "1.10"), NOW)
    assert len(book.moved().quotes) == 2
    book.take(quote_event("KO", "62.10", "62.12"), LATER)
    book.take(quote_event(PUT_SYMBOL, "1.02", "1.10"), LATER)
    assert only_quote(book).instrument == PUT.id
    assert book.moved().quotes == ()


def test_latest_of_many_wins() -> None:
    book = held(KO)
    for cents in range(50):
        book.take(quote_event("KO", f"62.{cents:02}", f"62.{cents:02}"), LATER)
    assert only_quote(book).mark == Decimal("62.49")


def test_what_is_not_held_is_not_kept() -> None:
    book = held(KO)
    book.take(quote_event("PEP", "150", "151"), LATER)
    book.take(greeks_of("KO", "0.5"), LATER)
    assert book.moved() == type(book.moved())()


def test_greeks_are_told_when_they_or_their_time_changed() -> None:
    book = held(PUT)
    told = []
    for event in (
        greeks_of(PUT_SYMBOL, "-0.3"),
        greeks_of(PUT_SYMBOL, "-0.3"),
        greeks_of(PUT_SYMBOL, "-0.3", time=1795015860000),
        greeks_of(PUT_SYMBOL, "-0.31", time=1795015860000),
    ):
        book.take(event, LATER)
        told.append([greeks.delta for greeks in book.moved().greeks])
    assert told == [[-0.3], [], [-0.3], [-0.31]]


def test_broker_s_mark_of_a_newer_sync_stays_until_the_market_moves_and_keeps_bid_and_ask() -> None:
    book = held(KO)
    book.take(quote_event("KO", "62.10", "62.12"), NOW)
    book.moved()
    book.hold([KO], [Quote(KO.id, Decimal("62.2"), MarkSource.BROKER, LATER)], LATER)
    synced = only_quote(book)
    assert (synced.mark, synced.mark_source, synced.source) == (Decimal("62.2"), MarkSource.BROKER, Source.BROKER)
    assert (synced.bid, synced.received_at) == (Decimal("62.10"), LATER)
    book.take(quote_event("KO", "62.10", "62.12"), LATER + timedelta(seconds=1))
    assert (only_quote(book).mark, book.moved().quotes) == (Decimal("62.11"), ())


def test_what_the_sync_knew_is_not_lost_to_the_stream() -> None:
    synced = Quote(KO.id, Decimal("62"), MarkSource.BROKER, NOW, last=Decimal(61), previous_close=Decimal("61.8"))
    book = held(KO, quotes=(synced,))
    book.take(quote_event("KO", "62.10", "62.12"), LATER)
    quote = only_quote(book)
    assert (quote.mark, quote.last, quote.previous_close) == (Decimal("62.11"), Decimal(61), Decimal("61.8"))


@pytest.mark.parametrize("unheld", [FUTURE, replace(PUT, expiration=date(2026, 11, 13))])
def test_unnamed_and_expired_instruments_are_not_asked_for(unheld: Instrument) -> None:
    assert not any(held(unheld).wanted.values())


def test_events_of_what_is_sold_are_dropped() -> None:
    book = held(KO, PUT)
    events: list[Event] = [quote_event("KO", "62.10", "62.12"), greeks_of(PUT_SYMBOL, "-0.3")]
    for event in events:
        book.take(event, LATER)
    book.hold([KO], (), LATER)
    update = book.moved()
    assert ([quote.instrument for quote in update.quotes], update.greeks) == ([KO.id], ())
    assert book.greeks([PUT_SYMBOL]) == {}


def test_new_connection_tells_everything_again_and_nothing_of_the_old_one() -> None:
    book = held(KO, PUT)
    event = quote_event("KO", "62.10", "62.12")
    book.take(event, NOW)
    book.take(greeks_of(PUT_SYMBOL, "-0.3"), NOW)
    book.moved()
    book.start_anew()
    assert book.greeks([PUT_SYMBOL]) == {}
    book.take(event, LATER)
    assert only_quote(book).received_at == LATER


def test_greeks_alone_do_not_tell_the_sync_s_quote_again() -> None:
    book = held(PUT, quotes=(Quote(PUT.id, Decimal("0.9"), MarkSource.BROKER, NOW),))
    book.start_anew()
    book.take(greeks_of(PUT_SYMBOL, "-0.3"), LATER)
    update = book.moved()
    assert (update.quotes, len(update.greeks)) == ((), 1)
