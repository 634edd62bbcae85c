"""What the engine's connection remembers spares it reading and writing, and never shows in what is stored."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotrader_tui.analytics.reconciliation import reconcile_account
from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.domain.changes import Reconciliation
from cotrader_tui.domain.checks import Figure
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.sync import RunStatus, SyncCounts
from cotrader_tui.errors import StoreError
from cotrader_tui.store.landing import Landing
from tests.builders import ACCOUNT, account, greeks, option, quote, share
from tests.sync.support import NOTHING_VALUED, SOMETHING_VALUED, DiskBook, answer, holding, unreadable

AAPL = share("AAPL")
CALL = option("AAPL", "250")
ACCOUNTS = (account("1"), account("2"))
INSTRUMENTS = (AAPL, share("MSFT"), CALL)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DiskBook]:
    book = DiskBook(tmp_path / "book.db")
    yield book
    book.close()


def content(book: DiskBook) -> list[str]:
    with closing(sqlite3.connect(book.path)) as connection:
        dump = [line for line in connection.iterdump() if "_sqlite_migrations" not in line]
    return [line.replace(str(book.path), "") for line in dump]


def elsewhere(book: DiskBook, sql: str) -> None:
    """Another program commits a change."""
    with closing(sqlite3.connect(book.path)) as connection, connection:
        connection.execute(sql)


# Whatever happens


@dataclass(frozen=True)
class Row:
    """What an answer has of one instrument; a changed one has another multiplier."""

    quantity: Decimal
    average: Decimal
    mark: Decimal | None
    delta: float | None
    is_changed: bool


@dataclass(frozen=True)
class Sync:
    """Each account's answer, with places in `INSTRUMENTS`, one of which it may list twice."""

    rows: tuple[tuple[tuple[int, Row], ...], ...]
    is_complete: bool
    is_unreadable: bool


@dataclass(frozen=True)
class Flush:
    """What a stream tells between two syncs."""

    marks: dict[int, Decimal]
    delta: float


marks = st.integers(1, 3).map(Decimal)
rows = st.builds(
    Row,
    st.integers(-2, 2).map(Decimal),
    st.integers(1, 2).map(Decimal),
    st.none() | marks,
    st.none() | st.sampled_from((0.25, 0.5)),
    st.booleans(),
)
answers = st.lists(st.tuples(st.integers(0, len(INSTRUMENTS) - 1), rows), max_size=4).map(tuple)
syncs = st.builds(Sync, st.tuples(answers, answers), st.booleans(), st.booleans())
flushes = st.builds(Flush, st.dictionaries(st.integers(0, len(INSTRUMENTS) - 1), marks), st.sampled_from((0.25, 0.75)))
steps = st.lists(syncs | flushes, min_size=2, max_size=8)


def told(at: int, row: Row) -> Instrument:
    return replace(INSTRUMENTS[at], multiplier=Decimal(50)) if row.is_changed else INSTRUMENTS[at]


def snapshot(place: int, sync: Sync, at: DiskBook) -> BrokerSnapshot:
    now, listed = at.clock.now, sync.rows[place]
    return answer(
        *(holding(told(each, row), row.quantity, row.average) for each, row in listed),
        of=ACCOUNTS[place],
        is_complete=sync.is_complete,
        quarantined=[unreadable("AAPL")] if sync.is_unreadable else (),
        balances=NOTHING_VALUED if sync.is_complete else SOMETHING_VALUED,
        quotes=[replace(quote(INSTRUMENTS[each], row.mark), received_at=now) for each, row in listed],
        greeks=[replace(greeks(INSTRUMENTS[each], row.delta), received_at=now) for each, row in listed],
    )


def meet(book: DiskBook, step: Sync | Flush) -> None:
    book.later()
    if isinstance(step, Sync):
        book.sync(*(snapshot(place, step, book) for place in range(len(ACCOUNTS))))
        return
    now = book.clock.now
    quotes = [replace(quote(INSTRUMENTS[each], mark), received_at=now) for each, mark in step.marks.items()]
    book.writer.update_market(quotes, [replace(greeks(CALL, step.delta), received_at=now)])


@settings(max_examples=60, deadline=None)
@given(steps)
def test_who_remembers_stores_the_same_as_who_reads_everything_again(sequence: list[Sync | Flush]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        remembering, forgetful = DiskBook(Path(folder) / "a.db"), DiskBook(Path(folder) / "b.db")
        remembering.checker = forgetful.checker = reconcile_account
        for number, step in enumerate(sequence):
            remembering.writer.set_property("step", str(number))
            elsewhere(forgetful, f"INSERT OR REPLACE INTO properties (key, value) VALUES ('step', '{number}')")
            for book in (remembering, forgetful):
                meet(book, step)
            assert content(remembering) == content(forgetful)
        remembering.close()
        forgetful.close()


# What it must not outlive


def same(book: DiskBook) -> BrokerSnapshot:
    now = book.clock.now
    return answer(
        holding(AAPL, "100"),
        holding(CALL, "-2"),
        quotes=[replace(quote(each, mark), received_at=now) for each, mark in ((AAPL, "50"), (CALL, "5"))],
        greeks=[replace(greeks(CALL), received_at=now)],
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE positions SET quantity = '7'",
        "UPDATE positions SET status = 'closed', closed_at = '2026-03-10T15:30:30.000000+00:00'",
        "UPDATE instruments SET multiplier = '7'",
        "UPDATE quotes SET mark = '7'",
        "UPDATE greeks SET delta = 7",
    ],
)
def test_what_another_program_wrote_is_seen_and_put_right(book: DiskBook, change: str) -> None:
    book.sync(same(book))
    book.later().sync(same(book))
    elsewhere(book, change)
    book.later().sync(same(book))
    stock, call = sorted(book.read().legs, key=lambda leg: leg.position.instrument.is_option)
    assert (stock.position.quantity, call.position.quantity) == (Decimal(100), Decimal(-2))
    assert (stock.position.instrument, call.position.instrument) == (AAPL, CALL)
    assert stock.quote is not None
    assert stock.quote.mark == Decimal(50)
    assert call.greeks is not None
    assert call.greeks.delta == greeks(CALL).delta


def test_a_repeated_position_without_a_price_is_valued_by_its_last_one(book: DiskBook) -> None:
    book.checker = reconcile_account
    for _ in range(3):
        book.later().sync(same(book))
    valued = book.read().accounts[0].checks
    book.later().sync(replace(same(book), quotes=()))
    unpriced = book.read().accounts[0].checks
    assert valued is not None
    assert unpriced is not None
    assert [check.ours for check in unpriced.checks] == [check.ours for check in valued.checks]
    assert None not in [check.ours for check in valued.checks if check.figure is not Figure.DAY_PNL]


def test_what_was_undone_is_not_remembered_as_written(book: DiskBook) -> None:
    book.sync(same(book))
    moved = replace(quote(AAPL, "51"), received_at=book.later().clock.now)
    landing = Landing(
        run=1,
        account=ACCOUNT,
        instruments=(),
        quotes=(moved,),
        greeks=(),
        balances=None,
        quarantined=((None, "reason", None),),  # type: ignore[arg-type]
        status=RunStatus.SUCCESS,
        error=None,
        now=book.clock.now,
    )
    with pytest.raises(StoreError, match="NOT NULL"), book.writer.transaction():
        book.writer.land(landing, Reconciliation((), {}, (), SyncCounts(), ()))
    book.writer.update_market([moved], [])
    quotes = [leg.quote for leg in book.read().legs if leg.position.instrument == AAPL]
    assert quotes == [moved]


def test_one_whose_instrument_another_account_has_changed_is_read_again(book: DiskBook) -> None:
    def told(of: Instrument, place: int) -> BrokerSnapshot:
        return answer(holding(of, "1"), of=ACCOUNTS[place], quotes=[quote(of, "50")])

    book.sync(told(AAPL, 0), told(AAPL, 1))
    book.later().sync(told(AAPL, 0), told(replace(AAPL, multiplier=Decimal(2)), 1))
    book.later().sync(told(AAPL, 0))
    assert {position.instrument for position in book.open()} == {AAPL}
