"""The header's connections with their streams: an age that follows the market, trouble named, one word if narrow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from cotrader_tui.domain.market import Source
from cotrader_tui.domain.portfolio import LeaseHolder, PortfolioSnapshot
from cotrader_tui.domain.sync import StreamState, StreamStatus
from cotrader_tui.tui.messages import EngineChanged
from cotrader_tui.tui.ports import EngineState
from cotrader_tui.tui.present.book import Book
from cotrader_tui.tui.present.header import HeaderFacts, header_lines
from cotrader_tui.tui.present.notices import notices
from cotrader_tui.tui.present.streams import trouble_lines
from tests.builders import NOW
from tests.tui.book import book, make_app, settled, shown, tell, text_of
from tests.tui.test_actions import press

FORTY = NOW - timedelta(seconds=40)


def streaming(state: StreamState, message: str = "", overflow: int = 0) -> PortfolioSnapshot:
    """The book, synced 14 s ago, its stream in `state` for 40 s, its newest quote 2 s old."""
    plain = book()
    leg = plain.legs[0]
    assert leg.quote is not None
    fresh = replace(leg, quote=replace(leg.quote, source=Source.STREAM, received_at=NOW - timedelta(seconds=2)))
    (connection,) = plain.connections
    return replace(
        plain,
        legs=(fresh, *plain.legs[1:]),
        connections=(replace(connection, stream=StreamStatus(state, FORTY, message, overflow)),),
        lease=LeaseHolder(7, "here", NOW - timedelta(minutes=1)),
    )


def header(snapshot: PortfolioSnapshot, width: int = 160, *, has_engine: bool = True) -> str:
    facts = HeaderFacts(Book.of(snapshot, NOW), is_private=False, is_demo=False, has_engine=has_engine)
    return "\n".join("".join(piece.text for piece in line) for line in header_lines(facts, NOW, width))


def test_live_stream_is_one_word_and_the_age_of_its_newest_quote() -> None:
    words = header(streaming(StreamState.LIVE))
    assert "● LIVE 2s" in words
    assert "stream" not in words


@pytest.mark.parametrize("state", [StreamState.BROKEN, StreamState.SILENT, StreamState.REFUSED])
def test_troubled_stream_stands_beside_the_state_of_the_syncs(state: StreamState) -> None:
    assert f"● LIVE 14s ≈ stream {state} 40s" in header(streaming(state))


def test_narrow_header_has_room_for_the_trouble_alone() -> None:
    words = header(streaming(StreamState.BROKEN), width=70)
    assert "≈ stream broken 40s" in words
    assert "LIVE" not in words
    assert "● LIVE 2s" in header(streaming(StreamState.LIVE), width=70)


def test_what_is_missing_from_a_live_stream_and_what_came_too_fast_are_said() -> None:
    assert "● LIVE 2s ≈ stream in part 40s" in header(streaming(StreamState.LIVE, "Fills are not noticed at once."))
    assert "312 ticks replaced by newer" in header(streaming(StreamState.LIVE, overflow=312))


def test_nothing_is_said_of_the_stream_of_an_engine_that_is_gone() -> None:
    for state in StreamState:
        words = header(streaming(state, overflow=3), has_engine=False)
        assert "● LIVE 14s" in words
        assert "stream" not in words
        assert "replaced" not in words


async def test_screen_shows_the_stream_until_its_engine_ends() -> None:
    async with shown(streaming(StreamState.BROKEN), size=(160, 40)) as pilot:
        assert "≈ stream broken 40s" in text_of(pilot)
        pilot.app.post_message(EngineChanged(EngineState(is_ours=True, is_running=False, message="It ended.")))
        await settled(pilot)
        assert "≈ stream" not in text_of(pilot)


WHY = "The quote token was refused. Sign the market data agreement at my.tastytrade.com."


def words_of(pilot: Pilot[Any]) -> str:
    """The screen as one line: sentences wrap."""
    return " ".join(text_of(pilot).split())


async def test_one_key_leads_from_trouble_to_why_and_what_to_do() -> None:
    async with shown(streaming(StreamState.REFUSED, WHY), size=(80, 24)) as pilot:
        assert WHY not in words_of(pilot)
        await press(pilot, "4")
        assert f"tastytrade ≈ stream refused 40s. {WHY}" in words_of(pilot)
        await press(pilot, "!")
        assert f"tastytrade: stream refused. {WHY}" in words_of(pilot)


async def test_accounts_say_nothing_of_a_stream_that_is_well_or_whose_engine_is_gone() -> None:
    async with shown(streaming(StreamState.LIVE)) as pilot:
        await press(pilot, "4")
        assert "stream" not in text_of(pilot)
        await tell(pilot, streaming(StreamState.LIVE, "Fills are not noticed at once."))
        assert "≈ stream in part 40s. Fills are not noticed at once." in text_of(pilot)
        pilot.app.post_message(EngineChanged(EngineState(is_ours=True, is_running=False, message="It ended.")))
        await settled(pilot)
        assert "stream" not in text_of(pilot)


def test_the_accounts_own_stream_is_told_in_full_and_others_by_name() -> None:
    refused, in_part = StreamStatus(StreamState.REFUSED, FORTY, WHY), StreamStatus(StreamState.LIVE, FORTY, "No fills.")
    fine = StreamStatus(StreamState.LIVE, FORTY)
    every = {"one": refused, "two": in_part, "three": fine, "four": None}

    def told(name: str) -> list[str]:
        return ["".join(piece.text for piece in line) for line in trouble_lines(name, every, NOW)]

    assert told("one") == [f"one ≈ stream refused 40s. {WHY}", "≈ stream troubled too: two."]
    assert told("three") == ["≈ stream troubled too: one, two."]


async def test_a_turn_of_a_stream_is_listed_once_and_lies_on_nothing() -> None:
    app = make_app()
    async with shown(streaming(StreamState.LIVE), app) as pilot:
        turns = [
            streaming(StreamState.BROKEN, "No route."),
            streaming(StreamState.BROKEN, "No answer."),
            streaming(StreamState.REFUSED, WHY),
            streaming(StreamState.LIVE, "Fills are not noticed."),
            streaming(StreamState.LIVE),
            streaming(StreamState.CLOSED),
        ]
        for each in turns:
            await tell(pilot, each)
        assert [(each.severity, each.text) for each in app.told] == [
            ("warning", "tastytrade: stream broken. No route."),
            ("warning", f"tastytrade: stream refused. {WHY}"),
            ("warning", "tastytrade: stream in part. Fills are not noticed."),
            ("information", "tastytrade: stream live, and whole again."),
        ]
        assert not list(app._notifications)


def test_what_another_engine_left_behind_is_not_told() -> None:
    left = replace(streaming(StreamState.REFUSED, WHY), lease=LeaseHolder(7, "here", NOW))
    assert notices(None, left, NOW) == ()
    assert [each.is_quiet for each in notices(None, streaming(StreamState.REFUSED, WHY), NOW)] == [True]


def test_of_many_connections_the_worst_is_named_and_the_rest_counted() -> None:
    plain = book()
    (connection,) = plain.connections
    many = [replace(connection, name=f"login-{number}") for number in range(6)]
    many[2] = replace(many[2], last_sync_at=None)
    words = header(replace(plain, connections=tuple(many)))
    assert "login-2 · NO DATA" in words
    assert "1 · NO DATA   5 ● LIVE" in words
    assert "login-3" not in words
