"""What the stream makes of events: marks, what counts as moved. No socket."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tastytrade.dxfeed import Event, Profile, Summary, Trade

from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import MarkSource, Quote, Source
from tests.brokers.tastytrade.events import (
    FUTURE,
    KO,
    LATER,
    NOW,
    PUT,
    PUT_SYMBOL,
    SPX,
    greeks_of,
    held,
    only_quote,
    quiet,
    quote_event,
    summary_event,
    trade_event,
)


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


def test_what_the_sync_knew_is_not_lost_to_the_stream() -> None:
    synced = Quote(KO.id, Decimal("62"), MarkSource.BROKER, NOW, last=Decimal(61), previous_close=Decimal("61.8"))
    book = quiet(KO, quotes=(synced,))
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
