"""What one flush of a stream costs the database: one transaction of the rows that changed, and of no others."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.domain.market import Greeks, Quote
from tests.builders import NOW, greeks, option, quote
from tests.sync.support import DiskBook, answer, holding

OPTIONS = tuple(option("AAPL", str(100 + number)) for number in range(100))
LATER = NOW + timedelta(seconds=1)
_WAL_HEADER, _FRAME_HEADER = 32, 24
_COUNTING = """
CREATE TABLE touched (what TEXT);
CREATE TRIGGER quote_times AFTER UPDATE ON quotes BEGIN INSERT INTO touched VALUES ('quotes'); END;
CREATE TRIGGER quote_marks AFTER UPDATE OF mark ON quotes BEGIN INSERT INTO touched VALUES ('marks'); END;
CREATE TRIGGER quote_made AFTER INSERT ON quotes BEGIN INSERT INTO touched VALUES ('new'); END;
CREATE TRIGGER greeks_times AFTER UPDATE ON greeks BEGIN INSERT INTO touched VALUES ('greeks'); END;
CREATE TRIGGER greeks_deltas AFTER UPDATE OF delta ON greeks BEGIN INSERT INTO touched VALUES ('deltas'); END;
CREATE TRIGGER greeks_made AFTER INSERT ON greeks BEGIN INSERT INTO touched VALUES ('new'); END;
"""


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DiskBook]:
    """A hundred options, each with a quote and Greeks; what is written from now on is counted in the file itself."""
    book = DiskBook(tmp_path / "book.db")
    held = [holding(each, "1") for each in OPTIONS]
    book.sync(answer(*held, quotes=[quote(each, "5") for each in OPTIONS], greeks=list(map(greeks, OPTIONS))))
    with closing(sqlite3.connect(book.path)) as other:
        other.executescript(_COUNTING)
    # Whether a figure is new is known of those that were written since somebody else wrote.
    book.writer.update_market([quote(each, "5") for each in OPTIONS], list(map(greeks, OPTIONS)))
    yield book
    book.close()


def touched(path: Path) -> Counter[str]:
    """How many rows of each table were written, and how many of those with their figures and not just their times."""
    with closing(sqlite3.connect(path)) as other:
        return Counter(what for (what,) in other.execute("SELECT what FROM touched"))


def commits(path: Path) -> int:
    """Those in the write-ahead log: the last frame of each says how large the file then is."""
    log = path.with_name(path.name + "-wal").read_bytes()
    with closing(sqlite3.connect(path)) as other:
        (page,) = other.execute("PRAGMA page_size").fetchone()
    frames = range(_WAL_HEADER, len(log), _FRAME_HEADER + page)
    return sum(log[at + 4 : at + 8] != bytes(4) for at in frames)


def flush(book: DiskBook, quotes: list[Quote], values: list[Greeks]) -> tuple[int, dict[str, int]]:
    """Write them as a stream does; how many commits that took, and what it touched."""
    before, rows = commits(book.path), touched(book.path)
    book.writer.update_market(quotes, values)
    return commits(book.path) - before, dict(touched(book.path) - rows)


def test_five_of_a_hundred_known_quotes_are_five_rows_in_one_commit(book: DiskBook) -> None:
    cost = flush(book, [quote(each, "6") for each in OPTIONS[:5]], [greeks(OPTIONS[7], delta=0.6)])
    assert cost == (1, {"quotes": 5, "marks": 5, "greeks": 1, "deltas": 1})
    marks = [leg.quote.mark for leg in book.read().legs if leg.quote is not None]
    assert sorted(mark for mark in marks if mark is not None) == [Decimal(5)] * 95 + [Decimal(6)] * 5


def test_of_a_hundred_told_again_only_five_that_differ_have_their_figures_written(book: DiskBook) -> None:
    quotes = [replace(quote(each, "5"), received_at=LATER) for each in OPTIONS]
    quotes[:5] = [replace(each, mark=Decimal(6)) for each in quotes[:5]]
    assert flush(book, quotes, []) == (1, {"quotes": 100, "marks": 5})
    assert {leg.quote.received_at for leg in book.read().legs if leg.quote is not None} == {LATER}


def test_a_hundred_that_differ_are_one_commit_too(book: DiskBook) -> None:
    cost = flush(book, [quote(each, "7") for each in OPTIONS], [greeks(each, delta=0.7) for each in OPTIONS])
    assert cost == (1, {"quotes": 100, "marks": 100, "greeks": 100, "deltas": 100})


def test_nothing_told_touches_nothing(book: DiskBook) -> None:
    assert flush(book, [], [])[1] == {}
