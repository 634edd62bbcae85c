"""Toasts are for changes of state only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from cotrader_tui.domain.sync import RunStatus, SyncError
from cotrader_tui.errors import ErrorKind
from cotrader_tui.tui.present.notices import notices
from tests.builders import NOW
from tests.tui.book import book, shown, tell, text_of

BOOK = book()
LOST = replace(
    BOOK.connections[0],
    last_sync_status=RunStatus.FAILED,
    last_sync_error=SyncError(ErrorKind.NETWORK, "No answer.", "Is the network up?"),
)


def texts(before: object, after: object) -> list[str]:
    return [notice.text for notice in notices(before, after, NOW)]  # type: ignore[arg-type]


def test_the_first_book_and_a_routine_success_are_no_news() -> None:
    later = replace(BOOK, connections=(replace(BOOK.connections[0], last_sync_at=NOW + timedelta(minutes=1)),))
    assert texts(None, BOOK) == []
    assert texts(BOOK, later) == []


def test_a_connection_lost_and_back() -> None:
    lost = replace(BOOK, connections=(LOST,))
    assert texts(BOOK, lost) == ["tastytrade is lost; the last figures stay. No answer. Is the network up?"]
    assert texts(lost, lost) == []
    assert texts(lost, BOOK) == ["tastytrade is back."]


def test_positions_opened_closed_and_flipped() -> None:
    fewer = replace(BOOK, legs=BOOK.legs[:1] + BOOK.legs[2:])
    assert texts(fewer, BOOK) == ["AAPL APR17 245 C: opened."]
    assert texts(BOOK, fewer) == ["AAPL APR17 245 C: closed."]
    call = BOOK.legs[1]
    flipped = replace(call, position=replace(call.position, id=77, quantity=Decimal(1)))
    assert texts(BOOK, replace(BOOK, legs=(BOOK.legs[0], flipped, *BOOK.legs[2:]))) == ["AAPL APR17 245 C: flipped."]


def test_many_changes_become_one_sentence() -> None:
    assert texts(BOOK, replace(BOOK, legs=())) == ["9 positions closed."]


def test_a_new_accounts_positions_are_no_news() -> None:
    unsynced = tuple(replace(each, last_synced_at=None) for each in BOOK.accounts)
    assert texts(replace(BOOK, legs=(), accounts=unsynced), BOOK) == []


async def test_a_lost_connection_is_toasted_with_the_next_step() -> None:
    async with shown(BOOK) as pilot:
        await tell(pilot, replace(BOOK, connections=(LOST,)))
        assert "tastytrade is lost; the last figures stay." in text_of(pilot)
