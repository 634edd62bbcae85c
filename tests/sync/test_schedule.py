"""When a connection is due, and what its failures make of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.market import Market, TradingSession
from cotrader_tui.domain.sync import ConnectionStatus
from cotrader_tui.sync.schedule import Health, next_sync_at, rests_until
from tests.builders import NOW, TODAY

MINUTE = timedelta(minutes=1)
MIDDLE = 0.5
"""The chance that moves a wait neither way."""


def test_after_a_success_cycles_keep_their_pace() -> None:
    assert next_sync_at(NOW - timedelta(seconds=7), NOW, MINUTE, Health(), MIDDLE) == NOW + timedelta(seconds=53)


def test_after_a_cycle_longer_than_its_interval_the_next_is_due_at_once() -> None:
    assert next_sync_at(NOW - 2 * MINUTE, NOW, MINUTE, Health(), MIDDLE) == NOW


def test_a_clock_set_back_during_a_cycle_does_not_put_off_the_next() -> None:
    assert next_sync_at(NOW + timedelta(hours=9), NOW, MINUTE, Health(), MIDDLE) == NOW + MINUTE


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (50, 15)])
def test_failures_double_the_wait_up_to_a_quarter_of_an_hour(failures: int, minutes: int) -> None:
    assert next_sync_at(NOW, NOW, MINUTE, Health(failures), MIDDLE) == NOW + minutes * MINUTE


def test_an_interval_longer_than_the_longest_backoff_stays() -> None:
    hour = timedelta(hours=1)
    assert next_sync_at(NOW, NOW, hour, Health(7), MIDDLE) == NOW + hour


def test_a_refused_grant_waits_longer_and_an_expired_one_an_hour() -> None:
    assert next_sync_at(NOW, NOW, MINUTE, Health(1, 1), MIDDLE) == NOW + 5 * MINUTE
    assert next_sync_at(NOW, NOW, MINUTE, Health(2, 2), MIDDLE) == NOW + 60 * MINUTE


@given(st.integers(1, 12), st.integers(0, 3), st.floats(0, 1))
def test_jitter_moves_a_wait_by_at_most_a_fifth(failures: int, refusals: int, chance: float) -> None:
    health = Health(failures, min(refusals, failures))
    middle = next_sync_at(NOW, NOW, MINUTE, health, MIDDLE) - NOW
    wait = next_sync_at(NOW, NOW, MINUTE, health, chance) - NOW
    assert 0.8 * middle <= wait <= 1.2 * middle


# While nothing trades

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
DAYS = [TODAY + timedelta(days=number) for number in (-4, -1, 0, 1)]


def _new_york(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), EXCHANGE_ZONE).astimezone(UTC)


SESSIONS = (
    *(TradingSession(day, _new_york(day, 9, 30), _new_york(day, 16)) for day in DAYS),
    *(TradingSession(day, _new_york(day - DAY, 18), _new_york(day, 17), market=Market.FUTURES) for day in DAYS),
)
NIGHT, BREAK = _new_york(TODAY, 2), _new_york(TODAY, 17, 20)


@pytest.mark.parametrize(
    ("held", "at", "until"),
    [
        ([Market.EQUITIES], NIGHT, _new_york(TODAY, 4)),
        ([], NIGHT, _new_york(TODAY, 4)),
        ([Market.EQUITIES, Market.FUTURES], NIGHT, None),
        ([Market.EQUITIES, Market.CRYPTOCURRENCIES], NIGHT, None),
        ([Market.EQUITIES, None], NIGHT, None),
        ([Market.EQUITIES], BREAK, None),
        ([Market.FUTURES], BREAK, _new_york(TODAY, 18)),
        ([Market.EQUITIES, Market.FUTURES], _new_york(TODAY - 2 * DAY, 12), _new_york(DAYS[1] - DAY, 18)),
    ],
    ids=["night", "nothing held", "globex", "coins", "unknown hours", "after hours", "break", "weekend"],
)
def test_a_connection_rests_until_something_it_holds_trades(
    held: list[Market | None], at: datetime, until: datetime | None
) -> None:
    assert rests_until(held, SESSIONS, at) == until


def test_without_known_hours_nothing_rests() -> None:
    assert rests_until([Market.EQUITIES], (), NIGHT) is None


@pytest.mark.parametrize(
    ("interval", "opens_in", "wait"),
    [
        (MINUTE, timedelta(hours=5), QUARTER),
        (MINUTE, timedelta(minutes=4), timedelta(minutes=4)),
        (MINUTE, timedelta(seconds=5), MINUTE),
        (timedelta(hours=1), timedelta(hours=5), timedelta(hours=1)),
    ],
    ids=["long closed", "opens before", "opens at once", "slower by itself"],
)
def test_while_it_rests_a_quarter_of_an_hour_passes_but_no_opening(
    interval: timedelta, opens_in: timedelta, wait: timedelta
) -> None:
    assert next_sync_at(NOW, NOW, interval, Health(), MIDDLE, NOW + opens_in) == NOW + wait


def test_a_clock_set_back_does_not_put_off_a_resting_connection() -> None:
    resting = next_sync_at(NOW + timedelta(hours=9), NOW, MINUTE, Health(), MIDDLE, NOW + timedelta(hours=5))
    assert resting == NOW + QUARTER


def test_a_failure_is_tried_again_at_the_usual_pace_also_at_night() -> None:
    assert next_sync_at(NOW, NOW, MINUTE, Health(1), MIDDLE, NOW + timedelta(hours=5)) == NOW + MINUTE


def test_five_failures_in_a_row_are_an_error_and_a_success_resets_everything() -> None:
    health = Health()
    for _ in range(4):
        health = health.after_failure(is_grant_refused=False)
        assert health.status is ConnectionStatus.ACTIVE
    health = health.after_failure(is_grant_refused=False)
    assert (health.status, health.failures) == (ConnectionStatus.ERROR, 5)
    assert health.after_success() == Health()


def test_a_grant_refused_twice_is_expired_until_a_success() -> None:
    once = Health().after_failure(is_grant_refused=True)
    assert once.status is ConnectionStatus.ACTIVE
    twice = once.after_failure(is_grant_refused=True)
    assert twice.status is ConnectionStatus.EXPIRED
    assert twice.after_failure(is_grant_refused=False).status is ConnectionStatus.EXPIRED, "the network proves nothing"
    assert once.after_failure(is_grant_refused=False).after_failure(is_grant_refused=True).status is twice.status
    assert twice.after_success().status is ConnectionStatus.ACTIVE
