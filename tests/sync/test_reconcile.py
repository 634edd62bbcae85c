"""What one answer changes: the rules, one by one, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.domain.changes import Change, Reconciliation, StoredAccount
from cotrader_tui.domain.market import Quote
from cotrader_tui.domain.positions import DatedAmount, EventKind, Position, PositionStatus, RealizedSource
from cotrader_tui.domain.sync import SyncCounts
from cotrader_tui.sync.reconcile import reconcile
from tests.builders import NOW, TODAY, Amount, balances, option, position, quote, share
from tests.sync.support import (
    DAY,
    MINUTE,
    SOMETHING_VALUED,
    answer,
    dated,
    holding,
    unreadable,
)

AAPL = share("AAPL")
CALL = option("AAPL", "250")
YESTERDAY = TODAY - timedelta(days=1)
LATER = NOW + MINUTE


def stored(
    *positions: Position, closed: tuple[Position, ...] = (), quotes: tuple[Quote, ...] = (), suspected: bool = False
) -> StoredAccount:
    return StoredAccount(
        open=tuple(replace(each, id=number) for number, each in enumerate(positions, 1)),
        last_closed={each.instrument.id: each for each in closed},
        marks={each.instrument: each.mark for each in quotes if each.mark is not None},
        suspected_empty_at=NOW if suspected else None,
    )


def closed_position(
    closed_at: datetime = NOW, *, realized_day_gain: tuple[Amount, date] | None = None, average: Amount = "10"
) -> Position:
    return replace(
        position(CALL, "0", average),
        id=7,
        status=PositionStatus.CLOSED,
        closed_at=closed_at,
        last_synced_at=closed_at,
        realized_pnl=Decimal(40),
        realized_source=RealizedSource.BROKER,
        realized_day_gain=dated(realized_day_gain),
    )


def only(result: Reconciliation) -> Change:
    (change,) = result.changes
    return change


# Opened, increased, adjusted


def test_a_row_not_known_before_opens_a_position_with_the_brokers_figures() -> None:
    opened_at = NOW - 3 * DAY
    row = holding(CALL, "-2", "7.47", previous_close="6.10", realized=("5", TODAY), opened_at=opened_at)
    result = reconcile(stored(), answer(row), NOW)
    change = only(result)
    assert (change.kind, change.position, change.realized) == (EventKind.OPENED, None, None)
    state = change.state
    assert (state.quantity, state.average_open_price, state.previous_close) == (
        Decimal(-2),
        Decimal("7.47"),
        Decimal("6.10"),
    )
    assert state.opened_at == opened_at
    assert (state.realized_pnl, state.realized_source) == (None, None)
    assert result.counts == SyncCounts(added=1)


def test_a_position_without_a_brokers_opening_time_opened_when_first_seen() -> None:
    assert only(reconcile(stored(), answer(holding(AAPL, "100")), NOW)).state.opened_at == NOW


@pytest.mark.parametrize(("before", "after"), [("2", "5"), ("-2", "-5"), ("0.4", "0.41")])
def test_more_of_the_same_sign_increases(before: str, after: str) -> None:
    result = reconcile(stored(position(CALL, before, "3")), answer(holding(CALL, after, "4")), LATER)
    change = only(result)
    assert change.kind is EventKind.INCREASED
    assert (change.quantity_before, change.state.quantity) == (Decimal(before), Decimal(after))
    assert change.state.average_open_price == Decimal(4)
    assert (change.realized, change.state.realized_pnl) == (None, None)
    assert result.counts == SyncCounts(updated=1)


def test_a_new_average_open_price_alone_is_an_adjustment() -> None:
    result = reconcile(stored(position(CALL, "2", "3")), answer(holding(CALL, "2", "3.01")), LATER)
    assert only(result).kind is EventKind.ADJUSTED
    assert result.counts == SyncCounts(updated=1)


def test_a_new_multiplier_is_an_adjustment() -> None:
    changed = replace(CALL, multiplier=Decimal(150))
    assert only(reconcile(stored(position(CALL)), answer(holding(changed, "1")), LATER)).kind is EventKind.ADJUSTED


def test_a_new_previous_close_is_carried_without_an_event() -> None:
    result = reconcile(stored(position(CALL, "2")), answer(holding(CALL, "2", previous_close="9")), LATER)
    assert (only(result).kind, only(result).state.previous_close) == (None, Decimal(9))
    assert result.counts == SyncCounts(unchanged=1)


def test_decimals_written_differently_are_no_change() -> None:
    known = stored(position(CALL, "2.0", "3.10"))
    result = reconcile(known, answer(holding(CALL, "2", "3.1")), LATER)
    assert (result.changes, tuple(result.unchanged.values())) == ((), known.open)
    assert result.counts == SyncCounts(unchanged=1)


def test_an_instrument_that_changed_is_carried_without_an_event() -> None:
    result = reconcile(stored(position(CALL)), answer(holding(replace(CALL, is_adjusted=True), "1")), LATER)
    assert (only(result).kind, result.unchanged) == (None, {})
    assert result.counts == SyncCounts(unchanged=1)


# Reduced: the broker's dated figure, or an estimate


def held(quantity: Amount, realized: tuple[Amount, date] | None = None, *, synced_at: datetime = NOW) -> Position:
    base = position(CALL, quantity, "5")
    return replace(base, realized_since_open=dated(realized), last_synced_at=synced_at)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, ("120", TODAY), "120"),
        (("50", TODAY), ("120", TODAY), "70"),
        (("50", TODAY), ("-30", TODAY), "-80"),
        (("50", YESTERDAY), ("120", TODAY), "120"),
        (("50", YESTERDAY), ("90", YESTERDAY), "40"),
    ],
    ids=["first", "grown today", "now a loss", "another day", "late yesterday"],
)
def test_a_reduction_realizes_what_the_brokers_dated_figure_grew_by(
    old: tuple[str, date] | None, new: tuple[str, date], expected: str
) -> None:
    synced_at = NOW if old is None or old[1] == TODAY else NOW - DAY
    before = held("5", old, synced_at=synced_at)
    change = only(reconcile(stored(before), answer(holding(CALL, "3", "5", realized=new)), LATER))
    assert change.kind is EventKind.REDUCED
    assert change.realized is not None
    assert (change.realized.amount, change.realized.source) == (Decimal(expected), RealizedSource.BROKER)
    assert change.state.realized_pnl == Decimal(expected)


@pytest.mark.parametrize(("before", "after", "expected"), [("5", "3", "300"), ("-5", "-3", "-300"), ("5", "0", "750")])
def test_without_a_figure_of_the_broker_the_realized_part_is_estimated_from_the_last_mark(
    before: str, after: str, expected: str
) -> None:
    """(6.50 − 5) × the quantity given up × 100."""
    result = reconcile(stored(held(before), quotes=(quote(CALL, "6.50"),)), answer(holding(CALL, after, "5")), LATER)
    change = only(result)
    assert change.realized is not None
    assert (change.realized.amount, change.realized.source) == (Decimal(expected), RealizedSource.ESTIMATED)


def test_an_older_figure_of_the_broker_says_nothing_about_todays_reduction() -> None:
    before = held("5")
    row = holding(CALL, "3", "5", realized=("99", YESTERDAY))
    change = only(reconcile(stored(before, quotes=(quote(CALL, "6"),)), answer(row), LATER))
    assert change.realized is not None
    assert (change.realized.amount, change.realized.source) == (Decimal(200), RealizedSource.ESTIMATED)


def test_the_answers_own_mark_is_nearer_than_the_stored_one_but_an_unknown_one_is_not() -> None:
    row = holding(CALL, "4", "5")
    known = stored(held("5"), quotes=(quote(CALL, "6"),))
    newer = only(reconcile(known, answer(row, quotes=(quote(CALL, "7"),)), LATER)).realized
    unknown = only(reconcile(known, answer(row, quotes=(quote(CALL, None),)), LATER)).realized
    assert newer is not None
    assert unknown is not None
    assert (newer.amount, unknown.amount) == (Decimal(200), Decimal(100))


def test_a_realized_part_without_mark_or_price_is_unknown_and_stays_so_in_the_sum() -> None:
    first = only(reconcile(stored(held("5")), answer(holding(CALL, "4", "5")), LATER))
    assert first.realized is not None
    assert (first.realized.amount, first.state.realized_pnl) == (None, None)
    assert first.state.realized_source is RealizedSource.ESTIMATED

    after = replace(held("4"), realized_pnl=None, realized_source=RealizedSource.ESTIMATED)
    second = only(reconcile(stored(after), answer(holding(CALL, "3", "5", realized=("60", TODAY))), LATER))
    assert second.realized is not None
    assert second.realized.amount == Decimal(60)
    assert second.state.realized_pnl is None, "a sum that misses a part is unknown"


def test_parts_add_up_and_the_weakest_source_is_named() -> None:
    known = replace(held("5"), realized_pnl=Decimal("12.50"), realized_source=RealizedSource.BROKER)
    change = only(reconcile(stored(known, quotes=(quote(CALL, "6"),)), answer(holding(CALL, "4", "5")), LATER))
    assert (change.state.realized_pnl, change.state.realized_source) == (Decimal("112.50"), RealizedSource.ESTIMATED)


def test_what_was_sold_and_more_than_bought_back_between_syncs_is_realized_too() -> None:
    before = held("5", ("20", TODAY))
    change = only(reconcile(stored(before), answer(holding(CALL, "6", "5.20", realized=("75", TODAY))), LATER))
    assert change.kind is EventKind.INCREASED
    assert (change.state.realized_pnl, change.state.realized_source) == (Decimal(55), RealizedSource.BROKER)


def test_what_was_sold_and_bought_back_between_syncs_is_an_adjustment_that_realized() -> None:
    change = only(reconcile(stored(held("5")), answer(holding(CALL, "5", "5", realized=("75", TODAY))), LATER))
    assert (change.kind, change.state.realized_pnl) == (EventKind.ADJUSTED, Decimal(75))


def test_the_brokers_late_word_on_an_estimated_part_is_not_added_to_the_estimate() -> None:
    estimated = replace(held("3"), realized_pnl=Decimal(300), realized_source=RealizedSource.ESTIMATED)
    change = only(reconcile(stored(estimated), answer(holding(CALL, "3", "5", realized=("310", TODAY))), LATER))
    assert (change.kind, change.state.realized_pnl) == (None, Decimal(300))


def test_a_figure_that_only_moved_on_to_another_date_realizes_nothing() -> None:
    before = held("5", ("50", YESTERDAY), synced_at=NOW - DAY)
    for amount in ("50", "0"):
        change = only(reconcile(stored(before), answer(holding(CALL, "5", "5", realized=(amount, TODAY))), LATER))
        assert (change.kind, change.state.realized_pnl) == (None, None)


# Closed


def test_a_zero_row_closes_and_keeps_the_average_open_price() -> None:
    row = holding(CALL, "0", "0", realized=("484", TODAY), day_gain=("50", TODAY))
    result = reconcile(stored(replace(held("-2"), average_open_price=Decimal("7.47"))), answer(row), LATER)
    change = only(result)
    assert (change.kind, change.state.quantity) == (EventKind.CLOSED, Decimal(0))
    assert change.state.average_open_price == Decimal("7.47")
    assert (change.state.realized_pnl, change.state.realized_source) == (Decimal(484), RealizedSource.BROKER)
    assert change.state.realized_day_gain == DatedAmount(Decimal(50), TODAY)
    assert result.counts == SyncCounts(closed=1)


def test_absence_from_a_complete_answer_closes_with_an_estimate() -> None:
    known = stored(position(CALL, "-2", "7.47", previous_close="6"), quotes=(quote(CALL, "5.05"),))
    result = reconcile(known, answer(), LATER)
    change = only(result)
    assert (change.kind, change.state.quantity) == (EventKind.CLOSED, Decimal(0))
    assert (change.state.realized_pnl, change.state.realized_source) == (Decimal("484.00"), RealizedSource.ESTIMATED)
    assert change.state.realized_day_gain == DatedAmount(Decimal("190.00"), TODAY), "(5.05 − 6) × −2 × 100"
    assert result.counts == SyncCounts(closed=1)
    assert result.notes == ()


def test_a_position_opened_today_and_gone_has_its_average_open_price_as_the_days_base() -> None:
    opened = position(CALL, "1", "4", previous_close="3", opened_at=NOW - timedelta(hours=1))
    change = only(reconcile(stored(opened, quotes=(quote(CALL, "4.50"),)), answer(), LATER))
    assert change.state.realized_day_gain == DatedAmount(Decimal("50.00"), TODAY)


def test_the_estimated_day_gain_adds_to_what_the_broker_gave_today_but_not_earlier() -> None:
    base = position(CALL, "1", "4", previous_close="3")
    for on, expected in ((TODAY, "160.00"), (YESTERDAY, "150.00")):
        gained = replace(base, realized_day_gain=DatedAmount(Decimal(10), on))
        change = only(reconcile(stored(gained, quotes=(quote(CALL, "4.50"),)), answer(), LATER))
        assert change.state.realized_day_gain == DatedAmount(Decimal(expected), TODAY)


def test_a_position_that_vanished_overnight_has_no_part_in_todays_pnl() -> None:
    before = replace(position(CALL, "1", "4", previous_close="3"), last_synced_at=NOW - DAY)
    change = only(reconcile(stored(before, quotes=(quote(CALL, "4.50"),)), answer(), NOW))
    assert change.state.realized_day_gain is None
    assert change.state.realized_pnl == Decimal("50.00")


# Passed through zero


@pytest.mark.parametrize(("before", "after"), [("2", "-3"), ("-1", "1")])
def test_passing_through_zero_closes_and_opens(before: str, after: str) -> None:
    known = stored(replace(held(before), realized_since_open=dated(("10", TODAY))))
    row = holding(CALL, after, "6", realized=("110", TODAY), opened_at=NOW - 30 * DAY)
    result = reconcile(known, answer(row), LATER)
    closing, opening = result.changes
    assert (closing.kind, closing.state.quantity) == (EventKind.FLIPPED, Decimal(0))
    assert closing.position is known.open[0]
    assert (closing.state.realized_pnl, closing.state.realized_source) == (Decimal(100), RealizedSource.BROKER)
    assert closing.state.average_open_price == Decimal(5)
    assert (opening.kind, opening.position) == (EventKind.OPENED, None)
    assert (opening.state.quantity, opening.state.average_open_price) == (Decimal(after), Decimal(6))
    assert opening.state.opened_at == LATER, "not when the broker opened what is closed now"
    assert (opening.state.realized_pnl, opening.state.realized_source) == (None, None)
    assert result.counts == SyncCounts(added=1, closed=1)


def test_the_realized_figure_of_a_flip_is_not_counted_again_for_the_new_position() -> None:
    row = holding(CALL, "-3", "6", realized=("110", TODAY))
    opening = reconcile(stored(held("2")), answer(row), LATER).changes[1].state
    reopened = replace(position(CALL, "-3", "6"), realized_since_open=opening.realized_since_open)
    again = reconcile(stored(reopened), answer(row), LATER)
    assert (again.changes, [each.quantity for each in again.unchanged.values()]) == ((), [Decimal(-3)])


# Zero rows of what is closed already


def test_zero_rows_repeated_for_days_change_nothing() -> None:
    row = holding(CALL, "0", "10", realized=("40", TODAY), day_gain=("15", TODAY))
    known = stored(closed=(closed_position(realized_day_gain=("15", TODAY)),))
    for days in range(8):
        result = reconcile(known, answer(row), NOW + days * DAY)
        assert (result.changes, result.counts, result.notes) == ((), SyncCounts(), ())


def test_an_old_zero_row_never_seen_open_is_no_position() -> None:
    row = holding(CALL, "0", "10", realized=("40", YESTERDAY), day_gain=("15", YESTERDAY))
    assert reconcile(stored(), answer(row), NOW).changes == ()
    assert reconcile(stored(), answer(holding(CALL, "0", "10")), NOW).changes == ()


def test_a_day_gain_that_comes_late_is_added_to_the_closed_row_without_an_event() -> None:
    closed = closed_position(realized_day_gain=("15", TODAY))
    row = holding(CALL, "0", "10", day_gain=("17", TODAY))
    result = reconcile(stored(closed=(closed,)), answer(row), LATER)
    change = only(result)
    assert (change.kind, change.position) == (None, closed)
    assert change.state.realized_day_gain == DatedAmount(Decimal(17), TODAY)
    assert result.counts == SyncCounts()


def test_opened_and_closed_between_two_syncs_is_recorded_once() -> None:
    row = holding(CALL, "0", "10", realized=("40", TODAY), day_gain=("40", TODAY), opened_at=NOW - MINUTE)
    result = reconcile(stored(), answer(row), NOW)
    change = only(result)
    assert (change.kind, change.position, change.state.quantity) == (EventKind.CLOSED, None, Decimal(0))
    assert (change.state.realized_pnl, change.state.realized_source) == (Decimal(40), RealizedSource.BROKER)
    assert result.counts == SyncCounts(added=1, closed=1)
    recorded = closed_position(NOW, realized_day_gain=("40", TODAY))
    assert reconcile(stored(closed=(recorded,)), answer(row), LATER).changes == ()


def test_a_position_passed_through_again_on_a_later_day_is_another_one() -> None:
    known = stored(closed=(closed_position(NOW - DAY, realized_day_gain=("15", YESTERDAY)),))
    row = holding(CALL, "0", "10", realized=("25", TODAY), day_gain=("25", TODAY))
    change = only(reconcile(known, answer(row), NOW))
    assert (change.kind, change.position, change.state.realized_pnl) == (EventKind.CLOSED, None, Decimal(25))


def test_a_gain_the_broker_dates_after_our_date_is_not_recorded_at_every_sync() -> None:
    """An evening session belongs to the next trading date, and the machine's date may be behind."""
    tomorrow = TODAY + DAY
    row = holding(CALL, "0", "10", realized=("25", tomorrow), day_gain=("25", tomorrow))
    known = stored(closed=(closed_position(NOW, realized_day_gain=("25", tomorrow)),))
    assert reconcile(known, answer(row), LATER).changes == ()


# Reopened


def test_reopening_makes_a_new_row_that_opened_after_the_old_one_closed() -> None:
    known = stored(closed=(closed_position(NOW),))
    row = holding(CALL, "1", "3", opened_at=NOW - 30 * DAY)
    change = only(reconcile(known, answer(row), LATER))
    assert (change.kind, change.position) == (EventKind.OPENED, None)
    assert change.state.opened_at == LATER
    fresh = only(reconcile(known, answer(replace(row, opened_at=NOW + timedelta(seconds=5))), LATER))
    assert fresh.state.opened_at == NOW + timedelta(seconds=5)


# Unreadable rows


def test_an_unreadable_row_keeps_its_position_and_lets_the_others_close() -> None:
    known = stored(position(AAPL, "100"), position(CALL, "1"))
    result = reconcile(known, answer(quarantined=[unreadable("AAPL")], balances=SOMETHING_VALUED), LATER)
    assert result.orphaned == (known.open[0],)
    assert [change.position for change in result.changes] == [known.open[1]]
    assert result.counts == SyncCounts(closed=1, quarantined=1)
    assert result.notes == ("AAPL: Its quantity is no number.", "Kept as they were: AAPL.")


def test_an_unreadable_row_without_a_symbol_lets_nothing_close() -> None:
    known = stored(position(AAPL, "100"), position(CALL, "1"), position(share("MSFT"), "5"))
    rows = (holding(CALL, "0"), holding(share("MSFT"), "-5"))
    result = reconcile(known, answer(*rows, quarantined=[unreadable(None)]), LATER)
    assert result.changes == ()
    assert set(result.orphaned) == set(known.open)
    assert result.notes[0] == "A row without a readable symbol: Its quantity is no number."


def test_a_readable_row_beside_an_unreadable_one_still_lands() -> None:
    known = stored(position(AAPL, "100"), position(CALL, "1"))
    result = reconcile(known, answer(holding(CALL, "2"), quarantined=[unreadable(None)]), LATER)
    assert only(result).kind is EventKind.INCREASED
    assert result.orphaned == (known.open[0],)


# Incomplete answers


def test_an_incomplete_answer_closes_nothing_by_absence_by_zero_row_or_by_flip() -> None:
    msft = share("MSFT")
    known = stored(position(AAPL, "100"), position(CALL, "1"), position(msft, "5"))
    result = reconcile(known, answer(holding(CALL, "0"), holding(msft, "-5"), is_complete=False), LATER)
    assert result.changes == ()
    assert set(result.orphaned) == set(known.open)
    assert result.counts == SyncCounts()
    assert result.notes[0] == "The broker's answer was not complete: nothing was closed."


def test_an_incomplete_answer_still_opens_and_updates_what_it_lists() -> None:
    known = stored(position(AAPL, "100"))
    result = reconcile(known, answer(holding(AAPL, "90"), holding(CALL, "1"), is_complete=False), LATER)
    assert [change.kind for change in result.changes] == [EventKind.REDUCED, EventKind.OPENED]
    assert result.orphaned == ()


# Suspiciously empty


def test_emptying_an_account_that_is_still_valued_is_believed_only_when_repeated() -> None:
    known = stored(position(AAPL, "100"), position(CALL, "1"))
    first = reconcile(known, answer(balances=SOMETHING_VALUED), LATER)
    assert (first.changes, first.orphaned, first.is_suspected_empty) == ((), (), True)
    assert len(first.notes) == 1
    second = reconcile(replace(known, suspected_empty_at=LATER), answer(balances=SOMETHING_VALUED), LATER + MINUTE)
    assert [change.kind for change in second.changes] == [EventKind.CLOSED, EventKind.CLOSED]
    assert (second.is_suspected_empty, second.notes) == (False, ())


@pytest.mark.parametrize(
    ("net_liquidating_value", "cash_balance", "is_suspected"),
    [("100", "100", False), ("100.01", "100", False), ("100.02", "100", True), ("90", "100", True)],
)
def test_without_position_values_net_liq_and_cash_tell_whether_positions_are_valued(
    net_liquidating_value: str, cash_balance: str, is_suspected: bool
) -> None:
    known = stored(position(AAPL, "100"))
    result = reconcile(known, answer(balances=balances(net_liquidating_value, cash_balance)), LATER)
    assert result.is_suspected_empty is is_suspected
    assert len(result.changes) == (0 if is_suspected else 1)


def test_unknown_balances_do_not_help_to_believe_in_an_empty_book() -> None:
    known = stored(position(AAPL, "100"))
    for unknown in (None, balances(None, "100"), balances("100", None)):
        assert reconcile(known, answer(balances=unknown), LATER).is_suspected_empty


def test_zero_rows_for_everything_are_as_suspicious_as_no_rows() -> None:
    known = stored(position(AAPL, "100"), position(CALL, "1"))
    result = reconcile(known, answer(holding(AAPL, "0"), balances=SOMETHING_VALUED), LATER)
    assert (result.changes, result.is_suspected_empty) == ((), True)


def test_an_account_that_still_holds_something_is_not_suspicious() -> None:
    known = stored(position(AAPL, "100"), position(CALL, "1"))
    kept = reconcile(known, answer(holding(AAPL, "100"), balances=SOMETHING_VALUED), LATER)
    rolled = reconcile(stored(position(CALL, "1")), answer(holding(AAPL, "1"), balances=SOMETHING_VALUED), LATER)
    for result in (kept, rolled):
        assert not result.is_suspected_empty
        assert EventKind.CLOSED in {change.kind for change in result.changes}


def test_an_account_that_held_nothing_is_not_suspicious() -> None:
    result = reconcile(stored(), answer(balances=SOMETHING_VALUED), LATER)
    assert (result.is_suspected_empty, result.notes) == (False, ())


# Words


def test_warnings_of_the_broker_go_to_the_sync_log() -> None:
    result = reconcile(stored(), answer(warnings=["No Greeks arrived."]), NOW)
    assert result.notes == ("No Greeks arrived.",)


def test_many_orphans_are_named_in_short() -> None:
    known = stored(*(position(share(f"S{number}")) for number in range(7)))
    notes = reconcile(known, answer(is_complete=False), LATER).notes
    assert notes[1] == "Kept as they were: S0, S1, S2, S3, S4 and 2 more."
