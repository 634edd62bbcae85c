"""Statistics over sync runs: cycles are counted, not runs; what still runs or has no known end is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cotrader_tui.analytics.statistics import cycle_statistics, nearest_rank, no_statistics
from cotrader_tui.domain.sync import RunStatus, SyncError, SyncRun
from cotrader_tui.errors import ErrorKind
from tests.builders import BROKER, NOW, sync_run

SECOND = timedelta(seconds=1)


def run(
    cycle: int,
    status: RunStatus = RunStatus.SUCCESS,
    seconds: float = 1,
    *,
    error: SyncError | None = None,
    connection: str = BROKER,
    begun: datetime = NOW,
) -> SyncRun:
    """A run of `cycle` that took so many seconds."""
    ended = None if status is RunStatus.RUNNING else begun + seconds * SECOND
    made = sync_run(cycle, status, error=error)
    return replace(made, cycle=cycle, connection=connection, started_at=begun, completed_at=ended)


def refusal(message: str, kind: ErrorKind | None = ErrorKind.NETWORK) -> SyncError:
    return SyncError(kind, message, "")


def test_a_cycle_is_whole_if_all_its_runs_are_failed_if_none_landed_else_partial() -> None:
    runs = [
        *(run(1), run(1)),
        *(run(2), run(2, RunStatus.FAILED)),
        run(3, RunStatus.PARTIAL),
        *(run(4, RunStatus.FAILED), run(4, RunStatus.FAILED)),
    ]
    found = cycle_statistics(runs)[BROKER]
    assert (found.cycles, found.succeeded, found.partial, found.failed) == (4, 1, 2, 1)
    assert found.success_rate == 0.75


def test_a_cycle_lasts_until_the_last_of_its_runs_has_ended() -> None:
    found = cycle_statistics([run(1, seconds=1), run(1, seconds=5), run(2, seconds=2)])[BROKER]
    assert found.duration_mean == 3.5 * SECOND
    assert found.duration_p95 == 5 * SECOND


def test_a_running_cycle_is_in_no_figure() -> None:
    runs = [run(1), run(2, RunStatus.FAILED, 9, error=refusal("No answer.")), run(2, RunStatus.RUNNING)]
    found = cycle_statistics(runs)[BROKER]
    assert (found.cycles, found.failed, found.last_error) == (1, 0, None)
    assert found.duration_mean == SECOND
    assert cycle_statistics([run(3, RunStatus.RUNNING)])[BROKER] == no_statistics()


def test_without_cycles_everything_but_the_counts_is_unknown() -> None:
    found = no_statistics()
    assert (found.cycles, found.succeeded, found.partial, found.failed) == (0, 0, 0, 0)
    assert (found.success_rate, found.duration_mean, found.duration_p95) == (None, None, None)
    assert (found.last_error, found.last_error_at) == (None, None)


def test_the_last_error_is_the_newest_whatever_the_order_of_the_runs() -> None:
    old = run(1, RunStatus.FAILED, error=refusal("old"), begun=NOW - timedelta(hours=1))
    new = run(2, RunStatus.PARTIAL, error=refusal("new"))
    for runs in ([old, new], [new, old]):
        found = cycle_statistics(runs)[BROKER]
        assert found.last_error == refusal("new")
        assert found.last_error_at == NOW + SECOND


def test_a_note_on_a_whole_run_is_no_error() -> None:
    found = cycle_statistics([run(1, error=refusal("Delayed data.", kind=None))])[BROKER]
    assert (found.last_error, found.last_error_at) == (None, None)


def test_a_cycle_the_program_was_killed_in_counts_without_a_duration() -> None:
    days = run(1, RunStatus.FAILED, 200_000, error=refusal("The program ended.", ErrorKind.INTERNAL))
    found = cycle_statistics([days, run(2, seconds=2)])[BROKER]
    assert (found.cycles, found.failed, found.last_error) == (2, 1, days.error)
    assert (found.duration_mean, found.duration_p95) == (2 * SECOND, 2 * SECOND)


def test_each_connection_has_its_own() -> None:
    found = cycle_statistics([run(1), run(2, RunStatus.FAILED, connection="ibkr")])
    assert {name: each.success_rate for name, each in found.items()} == {BROKER: 1.0, "ibkr": 0.0}


@pytest.mark.parametrize(
    ("count", "rank"),
    [(1, 1), (2, 2), (19, 19), (20, 19), (21, 20), (40, 38), (100, 95), (101, 96)],
)
def test_the_95th_percentile_is_the_value_at_the_nearest_rank(count: int, rank: int) -> None:
    assert nearest_rank([number * SECOND for number in range(1, count + 1)], 95) == rank * SECOND


def test_there_is_no_percentile_of_nothing() -> None:
    assert nearest_rank([], 95) is None
