"""What is newer, a sync or the stream, and how old a mark is, whatever the clocks say. No socket."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cotrader_tui.domain.market import MarkSource, Quote, Source
from tests.brokers.tastytrade.events import (
    KO,
    LATER,
    NOW,
    PUT,
    PUT_SYMBOL,
    SPX,
    at,
    greeks_of,
    held,
    only_quote,
    profile_event,
    quiet,
    quote_event,
    summary_event,
    trade_event,
)


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


def test_broker_s_mark_of_a_newer_sync_stays_until_the_market_moves_and_keeps_bid_and_ask() -> None:
    book = held(KO)
    book.take(quote_event("KO", "62.10", "62.12"), NOW)
    book.moved()
    own = Quote(KO.id, Decimal("62.2"), MarkSource.BROKER, LATER)
    book.hold([KO], [own], LATER)
    assert book.completed(own) == replace(own, bid=Decimal("62.10"), ask=Decimal("62.12"))
    assert book.moved().quotes == (), "the sync lands it"
    book.take(quote_event("KO", "62.10", "62.12"), LATER + timedelta(seconds=1))
    assert (only_quote(book).mark, book.moved().quotes) == (Decimal("62.11"), ())


def test_new_connection_keeps_what_was_told_till_it_knows_better() -> None:
    book = held(KO, PUT)
    book.take(quote_event("KO", "62.10", "62.12"), NOW)
    book.take(greeks_of(PUT_SYMBOL, "-0.3"), NOW)
    told = only_quote(book)
    book.start_anew()
    assert book.greeks([PUT_SYMBOL]) == {}
    book.take(quote_event("KO", "62.10", "62.12"), LATER)
    assert book.moved().quotes == (), "what it sends again is no younger than it was"
    book.take(quote_event("KO", "62.20", "62.22"), LATER)
    assert (only_quote(book).mark, told.received_at) == (Decimal("62.21"), NOW)


def test_first_quote_of_a_connection_does_not_replace_a_mark_that_is_known_whatever_the_clocks_say() -> None:
    synced = Quote(KO.id, Decimal("62"), MarkSource.BROKER, NOW)
    for own_time in (NOW - timedelta(days=3), NOW + timedelta(seconds=61), None):
        book = held(KO, quotes=(synced,))
        book.take(at(quote_event("KO", "60.0", "60.2"), own_time), LATER)
        quote = only_quote(book)
        assert (quote.mark, quote.received_at, quote.bid) == (Decimal(62), NOW, Decimal("60.0"))


def test_first_of_a_new_connection_does_not_replace_what_the_one_before_told() -> None:
    book = quiet(KO, quotes=(Quote(KO.id, Decimal("61"), MarkSource.BROKER, NOW),))
    book.take(quote_event("KO", "62.10", "62.12"), LATER)
    book.moved()
    book.start_anew()
    book.take(quote_event("KO", "60.0", "60.2"), LATER + timedelta(hours=9))
    quote = only_quote(book)
    assert (quote.mark, quote.received_at) == (Decimal("62.11"), LATER)


@pytest.mark.parametrize("seconds", [-61, 0, 61])
def test_whatever_this_machine_s_clock_says_every_quote_after_a_sync_moves_the_mark(seconds: int) -> None:
    """It is so many seconds fast: the sync's answers and receipts are by it, quotes have the exchange's time."""
    fast = timedelta(seconds=seconds)
    book = quiet(KO, quotes=(Quote(KO.id, Decimal("61"), MarkSource.BROKER, NOW + fast),))
    for second in range(1, 61):
        moment = NOW + timedelta(seconds=second)
        book.take(at(quote_event("KO", f"62.{second:02}", f"62.{second:02}"), moment), moment + fast)
        quote = only_quote(book)
        assert quote.mark == Decimal(f"62.{second:02}")
        assert timedelta() <= moment + fast - quote.received_at <= max(fast, timedelta())


def test_sync_s_quote_is_completed_by_what_the_stream_knows() -> None:
    book = quiet(KO, quotes=(Quote(KO.id, Decimal("61"), MarkSource.BROKER, NOW),))
    book.take(profile_event("KO", "ACTIVE"), NOW)
    book.take(profile_event("KO", "HALTED"), NOW)
    book.take(trade_event("KO", "62.5"), NOW)
    book.take(summary_event("KO", "61.80"), NOW)
    told = only_quote(book)
    again = Quote(KO.id, Decimal("62.2"), MarkSource.BROKER, LATER)
    book.hold([KO], [again], LATER)
    assert (told.bid, told.ask) == (Decimal(0), Decimal(0))
    assert book.completed(again) == replace(
        again, bid=told.bid, ask=told.ask, last=Decimal("62.5"), previous_close=Decimal("61.80"), is_halted=True
    )
    assert book.moved().quotes == ()


def test_quote_that_came_after_the_sync_s_answer_is_the_one_it_lands() -> None:
    book = quiet(KO)
    synced = Quote(KO.id, Decimal("61"), MarkSource.BROKER, NOW)
    book.take(quote_event("KO", "62.10", "62.12"), LATER)
    book.hold([KO], [synced], LATER)
    landed = book.completed(synced)
    assert (landed.mark, landed.mark_source, landed.source) == (Decimal("62.11"), MarkSource.MID, Source.STREAM)
    assert book.moved().quotes == ()


def test_after_a_connection_a_sync_s_quote_is_as_it_came() -> None:
    book = quiet(KO)
    book.take(quote_event("KO", "62.10", "62.12"), NOW)
    book.take(profile_event("KO", "HALTED"), NOW)
    book.start_anew()
    synced = Quote(KO.id, Decimal("61"), MarkSource.BROKER, LATER)
    book.hold([KO], [synced], LATER)
    assert book.completed(synced) == synced


def test_greeks_alone_do_not_tell_the_sync_s_quote_again() -> None:
    book = held(PUT, quotes=(Quote(PUT.id, Decimal("0.9"), MarkSource.BROKER, NOW),))
    book.start_anew()
    book.take(greeks_of(PUT_SYMBOL, "-0.3"), LATER)
    update = book.moved()
    assert (update.quotes, len(update.greeks)) == ((), 1)
