"""Halts: what is quoted during one is no market, whoever tells of it and whenever. No socket."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tastytrade.dxfeed import Profile

from cotrader_tui.domain.market import MarkSource, Quote
from tests.brokers.tastytrade.events import (
    KO,
    LATER,
    NOW,
    PUT,
    PUT_SYMBOL,
    held,
    only_quote,
    profile_event,
    quiet,
    quote_event,
    trade_event,
)


def test_halt_flags_the_quote_and_keeps_the_mark_from_before_it() -> None:
    book = held(KO)
    book.take(profile_event("KO", "ACTIVE"), NOW)
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
    book.take(profile_event("KO", "ACTIVE"), NOW)
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


def test_what_is_quoted_during_a_halt_that_only_a_sync_knows_of_makes_no_mark() -> None:
    option = replace(PUT, underlying_id=KO.id)
    halted = Quote(KO.id, Decimal("62"), MarkSource.BROKER, NOW, is_halted=True)
    book = quiet(KO, option, quotes=(halted, Quote(option.id, Decimal("0.9"), MarkSource.BROKER, NOW)))
    book.take(quote_event("KO", "55", "56"), LATER)
    book.take(quote_event(PUT_SYMBOL, "3.00", "3.10"), LATER)
    assert book.moved().quotes == ()
    assert book.completed(Quote(option.id, Decimal("0.9"), MarkSource.BROKER, LATER)).is_halted


def test_quote_that_came_before_the_news_of_a_halt_makes_no_mark() -> None:
    option = replace(PUT, underlying_id=KO.id)
    synced = (
        Quote(KO.id, Decimal("62"), MarkSource.BROKER, NOW),
        Quote(option.id, Decimal("0.9"), MarkSource.BROKER, NOW),
    )
    book = quiet(KO, option, quotes=synced)
    book.take(quote_event("KO", "55", "56"), LATER)
    book.take(quote_event(PUT_SYMBOL, "3.00", "3.10"), LATER)
    assert {quote.mark for quote in book.moved().quotes} == {Decimal("55.5"), Decimal("3.05")}
    book.take(profile_event("KO", "HALTED"), LATER)
    assert {(quote.mark, quote.is_halted) for quote in book.moved().quotes} == {
        (Decimal(62), True),
        (Decimal("0.9"), True),
    }


def test_only_mark_there_is_is_flagged_where_the_news_of_its_halt_came_after_it() -> None:
    book = held(KO)
    book.take(quote_event("KO", "55", "56"), NOW)
    book.moved()
    book.take(profile_event("KO", "HALTED"), LATER)
    assert only_quote(book).is_halted
