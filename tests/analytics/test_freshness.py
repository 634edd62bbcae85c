"""Whether a connection's figures can be trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.analytics.freshness import GLYPHS, SEVERITY, Crowd, DataState, freshness
from cotrader_tui.domain.sync import Connection, ConnectionStatus, RunStatus, SyncError
from cotrader_tui.errors import ErrorKind
from tests.builders import NOW, connection


def failed(kind: ErrorKind, *, ever: bool = True) -> Connection:
    error = SyncError(kind, "It failed.", "Look.")
    synced_at = NOW if ever else None
    return replace(connection(), last_sync_status=RunStatus.FAILED, last_sync_error=error, last_sync_at=synced_at)


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(0), DataState.LIVE),
        (timedelta(seconds=150), DataState.LIVE),
        (timedelta(seconds=151), DataState.STALE),
        (timedelta(hours=12), DataState.STALE),
        (timedelta(hours=12, minutes=30), DataState.CACHED),
        (timedelta(days=3), DataState.CACHED),
    ],
)
def test_figures_age_from_live_to_stale_to_cached(age: timedelta, state: DataState) -> None:
    """Live for twice the interval of 60 s and 30 s more; cached from midnight in New York, 12.5 hours after NOW."""
    found = freshness(connection(), NOW + age)
    assert (found.state, found.age, found.since) == (state, age, NOW)
    assert found.glyph == GLYPHS[state]


def test_a_slower_connection_stays_live_longer() -> None:
    slow = replace(connection(), sync_interval=timedelta(minutes=10))
    assert freshness(slow, NOW + timedelta(minutes=20)).state is DataState.LIVE


def test_a_connection_that_rests_is_live_until_its_next_sync_is_overdue() -> None:
    """While nothing trades the next sync is a quarter of an hour off; one interval of 60 s and 30 s are its grace."""
    due_at = NOW + timedelta(minutes=15)
    resting = replace(connection(), next_sync_at=due_at)
    overdue_at = due_at + timedelta(seconds=90)
    assert freshness(resting, overdue_at).state is DataState.LIVE
    assert freshness(resting, overdue_at + timedelta(seconds=1)).state is DataState.STALE
    assert freshness(replace(resting, is_delayed=True), due_at).state is DataState.DELAYED


def test_a_next_sync_at_the_usual_pace_changes_nothing() -> None:
    usual = replace(connection(), next_sync_at=NOW + timedelta(seconds=60))
    assert freshness(usual, NOW + timedelta(seconds=150)).state is DataState.LIVE
    assert freshness(usual, NOW + timedelta(seconds=151)).state is DataState.STALE


def test_a_failure_while_it_rests_is_said_all_the_same() -> None:
    waiting = replace(failed(ErrorKind.NETWORK), next_sync_at=NOW + timedelta(minutes=15))
    assert freshness(waiting, NOW + timedelta(minutes=1)).state is DataState.OFFLINE


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (ErrorKind.AUTH, DataState.LOGIN),
        (ErrorKind.NETWORK, DataState.OFFLINE),
        (ErrorKind.RATE_LIMIT, DataState.ERROR),
        (ErrorKind.BROKER, DataState.ERROR),
        (ErrorKind.PAYLOAD, DataState.ERROR),
        (ErrorKind.STORE, DataState.ERROR),
        (ErrorKind.INTERNAL, DataState.ERROR),
    ],
)
def test_a_failure_comes_before_the_age(kind: ErrorKind, state: DataState) -> None:
    found = freshness(failed(kind), NOW + timedelta(seconds=10))
    assert (found.state, found.age) == (state, timedelta(seconds=10))
    assert (freshness(failed(kind, ever=False), NOW).state, freshness(failed(kind, ever=False), NOW).age) == (
        state,
        None,
    )


@pytest.mark.parametrize("status", [ConnectionStatus.EXPIRED, ConnectionStatus.REVOKED])
def test_without_a_grant_a_log_in_is_wanted(status: ConnectionStatus) -> None:
    assert freshness(replace(connection(), status=status), NOW).state is DataState.LOGIN


def test_a_partial_cycle_is_live() -> None:
    error = SyncError(ErrorKind.PAYLOAD, "A row.", "")
    partial = replace(connection(), last_sync_status=RunStatus.PARTIAL, last_sync_error=error)
    assert freshness(partial, NOW).state is DataState.LIVE


def test_never_synced_is_no_data() -> None:
    fresh = replace(connection(), last_sync_at=None, last_sync_status=None)
    assert (freshness(fresh, NOW).state, freshness(fresh, NOW).age) == (DataState.NO_DATA, None)


def test_a_clock_set_back_makes_no_negative_age() -> None:
    found = freshness(connection(), NOW - timedelta(hours=1))
    assert (found.state, found.age) == (DataState.LIVE, timedelta(0))


def test_cached_means_new_yorks_yesterday() -> None:
    late = datetime(2026, 3, 11, 3, 50, tzinfo=UTC)  # 23:50 in New York
    synced = replace(connection(), last_sync_at=late)
    assert freshness(synced, late + timedelta(minutes=9)).state is DataState.STALE
    assert freshness(synced, late + timedelta(minutes=10)).state is DataState.CACHED


def test_every_state_has_a_glyph_of_its_own_and_a_rank() -> None:
    assert set(GLYPHS) == set(SEVERITY) == set(DataState)
    assert len(set(GLYPHS.values())) == len(GLYPHS)


def test_what_its_owner_switched_off_is_paused_whatever_its_age_and_its_last_sync() -> None:
    for each in (connection(), failed(ErrorKind.AUTH), replace(connection(), status=ConnectionStatus.EXPIRED)):
        found = freshness(replace(each, sync_enabled=False), NOW + timedelta(days=3))
        assert (found.state, found.glyph, found.age) == (DataState.PAUSED, "‖", timedelta(days=3))
    revoked = replace(connection(), sync_enabled=False, status=ConnectionStatus.REVOKED)
    assert freshness(revoked, NOW).state is DataState.LOGIN


_SECONDS = st.integers(min_value=0, max_value=200_000).map(lambda seconds: timedelta(seconds=seconds))
_CONNECTIONS = st.builds(
    lambda age, due, interval, failure, status, is_delayed: replace(
        connection(),
        last_sync_at=None if age is None else NOW - age,
        next_sync_at=None if due is None else NOW + due,
        sync_interval=interval + timedelta(seconds=5),
        status=status,
        is_delayed=is_delayed,
        last_sync_status=RunStatus.SUCCESS if failure is None else RunStatus.FAILED,
        last_sync_error=None if failure is None else SyncError(failure, "It failed.", "Look."),
    ),
    st.none() | _SECONDS,
    st.none() | _SECONDS,
    _SECONDS,
    st.none() | st.sampled_from(ErrorKind),
    st.sampled_from(ConnectionStatus),
    st.booleans(),
)


@given(connections=st.lists(_CONNECTIONS, max_size=6), later=_SECONDS)
def test_a_crowd_judged_once_is_what_it_would_be_judged_later_as_long_as_it_holds(
    connections: list[Connection], later: timedelta
) -> None:
    before, after = Crowd.of(connections, NOW), Crowd.of(connections, NOW + later)
    assert before.holds(NOW)
    if before.holds(NOW + later):
        assert (before.states, before.worst) == (after.states, after.worst)


def test_a_crowd_holds_to_the_moment_at_which_the_first_of_it_is_stale() -> None:
    slow = replace(connection("slow"), sync_interval=timedelta(minutes=10))
    crowd = Crowd.of([slow, connection("quick")], NOW)
    assert crowd.states == {DataState.LIVE: 2}
    last = NOW + timedelta(seconds=150)
    assert crowd.holds(last)
    assert not crowd.holds(last + timedelta(microseconds=1))
    assert not crowd.holds(NOW - timedelta(seconds=1))
    assert Crowd.of([slow, connection("quick")], last + timedelta(seconds=1)).worst == connection("quick")
