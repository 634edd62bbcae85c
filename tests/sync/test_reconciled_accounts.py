"""What a landing does with how its figures compare with the broker's: kept, replaced, told, never in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.analytics.reconciliation import reconcile_account
from cotrader_tui.analytics.totals import account_pnls
from cotrader_tui.domain.checks import AccountChecks, Check, Figure, LandedAccount
from cotrader_tui.domain.positions import Holding
from cotrader_tui.domain.sync import RunStatus, SyncRun
from cotrader_tui.errors import ErrorKind
from tests.builders import ACCOUNT, NOW, balances, quote, share
from tests.sync.support import DAY, DiskBook, answer, holding, unreadable

SHARES = share("AAPL")
HELD = holding(SHARES, "10", "90", previous_close="99", opened_at=NOW - DAY)
TOLD = replace(balances("5000", "4000"), position_count=1)
WHOLE = replace(answer(HELD, quotes=[quote(SHARES, "100")]), balances=TOLD)
"""10 shares at 100 beside cash of 4,000."""


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DiskBook]:
    book = DiskBook(tmp_path / "book.db")
    book.checker = reconcile_account
    yield book
    book.close()


def last(book: DiskBook) -> AccountChecks:
    (account,) = book.read().accounts
    assert account.checks is not None
    return account.checks


def last_run(book: DiskBook) -> SyncRun:
    return book.runs()[-1]


def test_a_landing_keeps_how_its_figures_compare_with_the_brokers(book: DiskBook) -> None:
    book.sync(WHOLE)
    assert last(book).at == book.clock.now
    assert last(book).checks == (
        Check(Figure.NET_LIQUIDATING_VALUE, Decimal(5000), Decimal(5000), Decimal(5)),
        Check(Figure.OPEN_PNL, Decimal(100), None, Decimal(5)),
        Check(Figure.DAY_PNL, Decimal(10), None, Decimal(5)),
        Check(Figure.POSITIONS, Decimal(1), Decimal(1), Decimal(0)),
    )
    assert (last(book).agrees, last_run(book).error) == (True, None)


def test_the_next_landing_replaces_it(book: DiskBook) -> None:
    book.sync(WHOLE)
    book.later().sync(replace(WHOLE, balances=replace(TOLD, net_liquidating_value=Decimal(6000))))
    assert (last(book).at, len(last(book).checks), last(book).agrees) == (book.clock.now, 4, False)


def test_without_balances_the_last_one_stays_with_its_time(book: DiskBook) -> None:
    book.sync(WHOLE)
    before = last(book)
    book.later().sync(replace(WHOLE, balances=None))
    assert last(book) == before


def test_a_failed_sync_leaves_the_last_one(book: DiskBook) -> None:
    book.sync(WHOLE)
    before = last(book)
    book.later().sync(RuntimeError("away"))
    assert last(book) == before


def test_a_disagreement_is_told_in_the_sync_log_without_amounts_and_the_run_is_a_success(book: DiskBook) -> None:
    odd = replace(HELD, broker_value=Decimal("1200"))
    book.sync(replace(WHOLE, holdings=(odd,), balances=replace(TOLD, net_liquidating_value=Decimal(5200))))
    run = last_run(book)
    assert run.status is RunStatus.SUCCESS
    assert run.error is not None
    assert (run.error.kind, run.error.message) == (None, "Our net liquidating value is not the broker's (AAPL).")
    (found, *_) = last(book).checks
    assert (found.difference, found.position_symbol, found.position_difference) == (
        Decimal(-200),
        "AAPL",
        Decimal(-200),
    )


def test_a_disagreement_changes_no_figure(book: DiskBook) -> None:
    book.sync(replace(WHOLE, balances=replace(TOLD, net_liquidating_value=Decimal(9999), position_count=7)))
    snapshot = book.read()
    assert snapshot.accounts[0].balances is not None
    assert snapshot.accounts[0].balances.net_liquidating_value == Decimal(9999)
    assert book.quantities() == {"AAPL": Decimal(10)}


def test_a_row_that_cannot_be_read_is_named_beside_what_makes_the_run_partial(book: DiskBook) -> None:
    told = replace(TOLD, position_count=2)
    book.sync(replace(WHOLE, quarantined=(unreadable("XYZ"),), balances=told))
    run = last_run(book)
    assert run.error is not None
    assert (run.status, run.error.kind) == (RunStatus.PARTIAL, ErrorKind.PAYLOAD)
    assert run.error.message == ("XYZ: Its quantity is no number. Our number of positions is not the broker's (XYZ).")


def test_what_was_closed_today_counts_in_our_day_and_stays_there_when_it_is_no_longer_listed(book: DiskBook) -> None:
    today = book.clock.now.date()
    book.sync(WHOLE)
    gone = holding(SHARES, "0", "90", realized=("80", today), day_gain=("-10", today))
    told = replace(balances("5000", "5000"), position_count=0, day_pnl=Decimal(-10), open_pnl=Decimal(0))
    for rows in ((gone,), ()):
        book.later().sync(replace(answer(*rows), balances=told))
        assert [check.agrees for check in last(book).checks] == [True] * 4
        assert last(book).checks[2].ours == Decimal(-10)


def test_yesterdays_closings_do_not_count_today(book: DiskBook) -> None:
    today = book.clock.now.date()
    book.sync(WHOLE)
    told = replace(balances("5000", "5000"), position_count=0, day_pnl=Decimal(0))
    book.later().sync(replace(answer(holding(SHARES, "0", "90", day_gain=("-10", today))), balances=told))
    book.clock.now = book.clock.now.replace(day=book.clock.now.day + 1)
    book.sync(replace(answer(), balances=told))
    assert last(book).checks[2].ours == 0


@pytest.mark.parametrize(
    "rows",
    [
        (holding(SHARES, "-4", "101", previous_close="99"),),
        (holding(SHARES, "4", "90", previous_close="99"),),
        (holding(SHARES, "25", "95", previous_close="97"), holding(share("KO"), "3", "60", previous_close="60")),
        (),
    ],
)
def test_our_figures_are_those_of_the_book_as_it_is_read_back(book: DiskBook, rows: tuple[Holding, ...]) -> None:
    marks = [quote(SHARES, "100"), quote(share("KO"), "62")]
    book.sync(WHOLE)
    book.later().sync(replace(answer(*rows, quotes=marks), balances=TOLD))
    snapshot = book.read()
    (pnl,) = account_pnls(snapshot, book.clock.now).values()
    ours = [check.ours for check in last(book).checks]
    assert ours[1:] == [pnl.open_pnl.value, pnl.day_pnl.value, pnl.positions]


def faulty(_: LandedAccount) -> tuple[Check, ...]:
    raise ZeroDivisionError


def test_a_fault_of_the_comparison_does_not_keep_anything_from_landing(book: DiskBook) -> None:
    book.checker = faulty
    book.sync(WHOLE)
    run = last_run(book)
    assert (run.status, book.quantities()) == (RunStatus.SUCCESS, {"AAPL": Decimal(10)})
    assert run.error is not None
    assert "not compared" in run.error.message
    assert book.read().accounts[0].checks is None


def test_an_engine_compares_what_it_is_given_the_means_for(tmp_path: Path) -> None:
    seen: list[LandedAccount] = []

    def look(landed: LandedAccount) -> tuple[Check, ...]:
        seen.append(landed)
        return ()

    book = DiskBook(tmp_path / "book.db")
    book.checker = look
    book.sync_as_engine(WHOLE)
    book.close()
    assert [each.account for each in seen] == [ACCOUNT]
