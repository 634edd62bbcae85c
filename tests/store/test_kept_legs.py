"""What a screen keeps from one read to the next is what it would have read anew."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.store.reader import Reader
from tests.builders import TODAY, account, greeks, option, quote, share
from tests.sync.support import DiskBook, answer, holding

AAPL, MSFT = share("AAPL"), share("MSFT")
CALL = option("AAPL", "250")
FIRST, SECOND = account("1"), account("2")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DiskBook]:
    book = landed(tmp_path / "book.db")
    yield book
    book.close()


@pytest.fixture
def keeping(book: DiskBook) -> Iterator[Reader]:
    with Reader(book.path, keeps_legs=True) as reader:
        yield reader


def landed(path: Path) -> DiskBook:
    """One account with a share and a call on another that nobody holds, and one with a share."""
    book = DiskBook(path)
    first = answer(
        holding(MSFT, "5"),
        holding(CALL, "-2"),
        of=FIRST,
        quotes=[quote(CALL, "5"), quote(AAPL, "50")],
        greeks=[greeks(CALL)],
        underlyings=[AAPL],
    )
    book.sync(first, answer(holding(MSFT, "7"), of=SECOND, quotes=[quote(MSFT, "40")]))
    return book


def change(book: DiskBook, sql: str) -> None:
    with closing(sqlite3.connect(book.path)) as connection, connection:
        connection.execute(sql)


def both(book: DiskBook, keeping: Reader) -> tuple[tuple[Leg, ...], tuple[Leg, ...]]:
    """The open legs as kept and as read anew."""
    return keeping.snapshot(TODAY).legs, book.read().legs


def of_account(legs: tuple[Leg, ...], number: str) -> list[int]:
    """Who they are, to the very object."""
    return [id(leg) for leg in legs if leg.position.account.number == number]


ON_CALL = f"WHERE instrument_id = (SELECT id FROM instruments WHERE symbol = '{CALL.symbol}')"
ON_AAPL = "WHERE instrument_id = (SELECT id FROM instruments WHERE symbol = 'AAPL')"
CHANGES = (
    f"UPDATE positions SET quantity = '9' {ON_CALL}",
    f"UPDATE positions SET realized_pnl = '1', realized_source = 'broker' {ON_CALL}",
    f"UPDATE positions SET last_synced_at = '2026-03-10T15:31:00.000000+00:00' {ON_CALL}",
    f"UPDATE positions SET orphaned_since = '2026-03-10T15:31:00.000000+00:00' {ON_CALL}",
    f"UPDATE positions SET entry_delta = 0.125 {ON_CALL}",
    f"UPDATE positions SET status = 'closed', closed_at = '2026-03-10T15:31:00.000000+00:00' {ON_CALL}",
    f"UPDATE instruments SET multiplier = '9' WHERE symbol = '{CALL.symbol}'",
    f"UPDATE instruments SET underlying_key = NULL WHERE symbol = '{CALL.symbol}'",
    f"UPDATE quotes SET mark = '9' {ON_CALL}",
    f"UPDATE quotes SET mark = NULL {ON_CALL}",
    f"DELETE FROM quotes {ON_CALL}",
    f"UPDATE greeks SET delta = 0.51 {ON_CALL}",
    f"DELETE FROM greeks {ON_CALL}",
    f"UPDATE quotes SET mark = '51' {ON_AAPL}",
    f"DELETE FROM quotes {ON_AAPL}",
    "UPDATE instruments SET symbol = 'AAPL ' WHERE symbol = 'AAPL'",
    "UPDATE instruments SET instrument_type = 'index' WHERE symbol = 'AAPL'",
)


@pytest.mark.parametrize("sql", CHANGES)
def test_a_change_in_one_account_is_seen_and_the_others_legs_stay(book: DiskBook, keeping: Reader, sql: str) -> None:
    before, _ = both(book, keeping)
    change(book, sql)
    after, anew = both(book, keeping)
    assert after == anew != before
    assert of_account(after, "2") == of_account(before, "2")


def test_what_is_no_part_of_a_leg_makes_none_anew(book: DiskBook, keeping: Reader) -> None:
    before, _ = both(book, keeping)
    change(book, "UPDATE accounts SET last_synced_at = NULL")
    change(book, "DELETE FROM position_snapshots")
    after, anew = both(book, keeping)
    assert after == anew
    assert list(map(id, after)) == list(map(id, before))


def test_a_connection_by_another_name_has_other_legs(book: DiskBook, keeping: Reader) -> None:
    both(book, keeping)
    change(book, "UPDATE connections SET name = 'main'")
    after, anew = both(book, keeping)
    assert after == anew
    assert {leg.connection for leg in after} == {"main"}


def test_of_a_book_that_has_emptied_nothing_is_kept(book: DiskBook, keeping: Reader) -> None:
    both(book, keeping)
    book.later().sync(answer(of=FIRST), answer(of=SECOND))
    assert both(book, keeping) == ((), ())


def test_a_read_that_fails_keeps_what_the_next_one_goes_by(book: DiskBook, keeping: Reader) -> None:
    before, _ = both(book, keeping)
    change(book, f"UPDATE positions SET quantity = 'many' {ON_CALL}")
    with pytest.raises(ArithmeticError):
        keeping.snapshot(TODAY)
    change(book, f"UPDATE positions SET quantity = '-2' {ON_CALL}")
    assert both(book, keeping) == (before, before)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.booleans()), max_size=6))
def test_whatever_changes_between_reads_the_kept_legs_are_those_read_anew(steps: list[tuple[str, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = landed(Path(folder) / "book.db")
        with Reader(book.path, keeps_legs=True) as keeping:
            for sql, is_read in steps:
                change(book, sql)
                if is_read:
                    after, anew = both(book, keeping)
                    assert after == anew
            after, anew = both(book, keeping)
            assert after == anew
        book.close()
