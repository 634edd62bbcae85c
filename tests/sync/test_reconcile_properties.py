"""What holds for any sequence of answers: purely, and through the cycle and the database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.domain.changes import StoredAccount
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.positions import Position, PositionEvent, PositionStatus
from cotrader_tui.domain.sync import RunStatus, SyncCounts
from cotrader_tui.store.reader import Reader
from cotrader_tui.sync.reconcile import reconcile
from tests.builders import ACCOUNT, NOW, option, position, quote, share
from tests.sync.support import (
    MINUTE,
    NOTHING_VALUED,
    SOMETHING_VALUED,
    DiskBook,
    answer,
    failure,
    holding,
    network_error,
)

INSTRUMENTS = (share("AAPL"), share("MSFT"), option("AAPL", "250"), option("SPX", "6000"))
AVERAGE = Decimal(10)

Quantities = Mapping[int, Decimal]
"""What an answer lists, by place in `INSTRUMENTS`; 0 is a row of what is closed."""

listings = st.dictionaries(
    st.integers(0, len(INSTRUMENTS) - 1), st.integers(-3, 3).map(Decimal), max_size=len(INSTRUMENTS)
)


@dataclass(frozen=True)
class Answer:
    """A complete answer, and whether its balances still value something."""

    listed: Quantities
    is_valued: bool
    mark: Decimal

    @property
    def held(self) -> dict[str, Decimal]:
        return {INSTRUMENTS[at].symbol: quantity for at, quantity in self.listed.items() if quantity}

    def snapshot(self, *, is_complete: bool = True) -> BrokerSnapshot:
        return answer(
            *(holding(INSTRUMENTS[at], quantity, AVERAGE) for at, quantity in self.listed.items()),
            is_complete=is_complete,
            balances=SOMETHING_VALUED if self.is_valued else NOTHING_VALUED,
            quotes=[quote(each, self.mark) for each in INSTRUMENTS],
        )


@dataclass(frozen=True)
class Failed:
    """A fetch that failed, for the one account or for the whole connection."""

    is_connection: bool


answers = st.builds(Answer, listings, st.booleans(), st.integers(1, 30).map(Decimal))
steps = st.lists(st.one_of(answers, st.builds(Failed, st.booleans())), max_size=8)


def believed(before: dict[str, Decimal], step: Answer, *, is_suspected: bool) -> tuple[dict[str, Decimal], bool]:
    """What is held after the step, worked out apart, and whether the next empty answer confirms it."""
    if before and not step.held and step.is_valued and not is_suspected:
        return before, True
    return step.held, False


def landed(stored: StoredAccount, snapshot: BrokerSnapshot, now: datetime) -> StoredAccount:
    """What would be remembered after the answer."""
    result = reconcile(stored, snapshot, now)
    open_ = {each.id: each for each in stored.open}
    open_.update((each.id, replace(each, last_synced_at=now)) for each in result.unchanged.values())
    closed = dict(stored.last_closed or {})
    next_id = max([*open_, *(each.id for each in closed.values()), 0]) + 1
    for change in result.changes:
        base = change.position
        if base is None:
            base = replace(position(change.state.instrument), id=next_id)
            next_id += 1
        state = change.state
        after = replace(
            base,
            quantity=state.quantity,
            average_open_price=state.average_open_price,
            realized_pnl=state.realized_pnl,
            realized_source=state.realized_source,
            last_synced_at=now,
        )
        open_.pop(base.id, None)
        if state.quantity == 0:
            closed[after.instrument.id] = replace(after, status=PositionStatus.CLOSED, closed_at=now)
        else:
            open_[after.id] = after
    suspected = now if result.is_suspected_empty else None
    return StoredAccount(tuple(open_.values()), closed, stored.marks, suspected)


def held(stored: StoredAccount) -> dict[str, Decimal]:
    return {each.instrument.symbol: each.quantity for each in stored.open}


@given(st.lists(answers, max_size=10))
def test_open_quantities_are_those_of_the_last_believed_answer(sequence: list[Answer]) -> None:
    stored, expected, is_suspected = StoredAccount(), dict[str, Decimal](), False
    for number, step in enumerate(sequence):
        stored = landed(stored, step.snapshot(), NOW + number * MINUTE)
        expected, is_suspected = believed(expected, step, is_suspected=is_suspected)
        assert held(stored) == expected
        assert len({each.instrument.id for each in stored.open}) == len(stored.open)


@given(listings, answers)
def test_an_incomplete_answer_never_closes_and_never_crosses_zero(before: Quantities, step: Answer) -> None:
    first = landed(StoredAccount(), Answer(before, False, AVERAGE).snapshot(), NOW)
    after = held(landed(first, step.snapshot(is_complete=False), NOW + MINUTE))
    for symbol, quantity in held(first).items():
        assert after[symbol] * quantity > 0


@given(answers, answers)
def test_an_answer_given_twice_changes_nothing_the_second_time(before: Answer, step: Answer) -> None:
    stored = landed(landed(StoredAccount(), before.snapshot(), NOW), step.snapshot(), NOW + MINUTE)
    if stored.suspected_empty_at is not None:
        stored = landed(stored, step.snapshot(), NOW + 2 * MINUTE)
    again = reconcile(stored, step.snapshot(), NOW + 3 * MINUTE)
    assert (again.changes, set(again.unchanged.values())) == ((), set(stored.open))
    assert again.counts == SyncCounts(unchanged=len(stored.open))
    assert held(landed(stored, step.snapshot(), NOW + 3 * MINUTE)) == held(stored)


# Through the cycle and the database


@contextmanager
def disk_book() -> Iterator[DiskBook]:
    with tempfile.TemporaryDirectory() as folder:
        book = DiskBook(Path(folder) / "book.db")
        try:
            yield book
        finally:
            book.close()


def everything(book: DiskBook) -> list[Position]:
    return [*book.open(), *book.closed()]


def events(book: DiskBook) -> list[PositionEvent]:
    with Reader(book.path) as reader:
        return [event for each in everything(book) for event in reader.events(each.id)]


def meet(book: DiskBook, step: Answer | Failed) -> RunStatus:
    book.later()
    if isinstance(step, Answer):
        return book.sync(step.snapshot()).status
    return book.sync(network_error() if step.is_connection else failure(ACCOUNT.number)).status


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_database_holds_the_last_believed_answer_whatever_failed_in_between(
    sequence: list[Answer | Failed],
) -> None:
    with disk_book() as book:
        expected, is_suspected = dict[str, Decimal](), False
        closed_before: set[int] = set()
        for step in sequence:
            status = meet(book, step)
            if isinstance(step, Failed):
                assert status is RunStatus.FAILED
            else:
                expected, is_suspected = believed(expected, step, is_suspected=is_suspected)
                assert status is (RunStatus.PARTIAL if is_suspected else RunStatus.SUCCESS)
            assert book.quantities() == expected
            _is_sound(book, closed_before)
            closed_before = {each.id for each in book.closed()}


def _is_sound(book: DiskBook, closed_before: set[int]) -> None:
    """No position is both open and closed, none comes back from closed, none is there twice."""
    opened, closed = book.open(), book.closed()
    assert all(each.quantity != 0 and each.closed_at is None for each in opened)
    assert all(each.quantity == 0 and each.closed_at is not None for each in closed)
    assert len({each.instrument.id for each in opened}) == len(opened)
    assert closed_before <= {each.id for each in closed}
    for each in (*opened, *closed):
        with Reader(book.path) as reader:
            parts = [event.realized_pnl for event in reader.events(each.id) if event.realized_source is not None]
        assert each.realized_pnl == (sum(part for part in parts if part is not None) if parts else None)


@settings(max_examples=40, deadline=None)
@given(st.lists(answers, min_size=1, max_size=6))
def test_what_was_realized_is_the_sum_over_everything_given_up(sequence: list[Answer]) -> None:
    """Each unit given up realizes (mark − 10) × multiplier at the answer that tells of it."""
    with disk_book() as book:
        expected, before, is_suspected = Decimal(0), dict[str, Decimal](), False
        multipliers = {each.symbol: each.multiplier for each in INSTRUMENTS}
        for step in sequence:
            meet(book, step)
            after, is_suspected = believed(before, step, is_suspected=is_suspected)
            for symbol, quantity in before.items():
                left = after.get(symbol, Decimal(0))
                kept = left if left * quantity > 0 else Decimal(0)
                if abs(kept) < abs(quantity):
                    expected += (step.mark - AVERAGE) * (quantity - kept) * multipliers[symbol]
            before = after
        assert sum(each.realized_pnl or Decimal(0) for each in everything(book)) == expected


@settings(max_examples=40, deadline=None)
@given(answers, answers)
def test_syncing_the_same_answer_again_changes_no_position_event_or_count(before: Answer, step: Answer) -> None:
    with disk_book() as book:
        meet(book, before)
        meet(book, step)
        meet(book, step)
        positions, happened, synced_at = everything(book), events(book), _synced_at(book)
        meet(book, step)
        assert [_apart_from_age(each) for each in everything(book)] == [_apart_from_age(each) for each in positions]
        assert events(book) == happened
        assert book.runs()[-1].counts == SyncCounts(unchanged=len(book.open()))
        assert all(at == synced_at[key] + MINUTE for key, at in _synced_at(book).items())


def _synced_at(book: DiskBook) -> dict[InstrumentId, datetime]:
    return {each.instrument.id: each.last_synced_at for each in book.open()}


def _apart_from_age(of: Position) -> Position:
    return replace(of, last_synced_at=NOW)
