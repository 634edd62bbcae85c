"""Statistics over sync runs: cycles are counted, not runs; what still runs or has no known end is left out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cotrader_tui.analytics.statistics import CycleStatistics, cycle_statistics, nearest_rank
from cotrader_tui.domain.sync import RunEnd, RunLog, RunStatus, SyncError
from cotrader_tui.errors import ErrorKind
from tests.builders import NOW

SECOND = timedelta(seconds=1)


def run(cycle: int, status: RunStatus = RunStatus.SUCCESS, seconds: float = 1, *, is_internal: bool = False) -> RunEnd:
    """A run of `cycle` that took so many seconds."""
    took = None if status is RunStatus.RUNNING else round(seconds * 1000)
    return (cycle, status, took, is_internal)


def over(*runs: RunEnd) -> CycleStatistics:
    return cycle_statistics(RunLog(runs))


def test_a_cycle_is_whole_if_all_its_runs_are_failed_if_none_landed_else_partial() -> None:
    found = over(
        *(run(1), run(1)),
        *(run(2), run(2, RunStatus.FAILED)),
        run(3, RunStatus.PARTIAL),
        *(run(4, RunStatus.FAILED), run(4, RunStatus.FAILED)),
        *(run(5, RunStatus.FAILED), run(5), run(5, RunStatus.FAILED)),
    )
    assert (found.cycles, found.succeeded, found.partial, found.failed) == (5, 1, 3, 1)
    assert found.success_rate == 0.8


def test_a_cycle_lasts_until_the_last_of_its_runs_has_ended() -> None:
    found = over(run(1, seconds=1), run(2, seconds=2), run(1, seconds=5))
    assert found.duration_mean == 3.5 * SECOND
    assert found.duration_p95 == 5 * SECOND


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_running_cycle_is_in_no_figure(order: tuple[int, ...]) -> None:
    runs = [run(2, RunStatus.FAILED, 9), run(2, RunStatus.RUNNING), run(2, seconds=3)]
    found = over(run(1), *(runs[at] for at in order))
    assert (found.cycles, found.succeeded, found.partial, found.failed) == (1, 1, 0, 0)
    assert found.duration_mean == SECOND
    assert over(run(3, RunStatus.RUNNING)) == over()


def test_without_cycles_everything_but_the_counts_is_unknown() -> None:
    found = over()
    assert (found.cycles, found.succeeded, found.partial, found.failed) == (0, 0, 0, 0)
    assert (found.success_rate, found.duration_mean, found.duration_p95) == (None, None, None)
    assert (found.last_error, found.last_error_at) == (None, None)


def test_the_last_error_is_handed_on_with_its_time() -> None:
    error = SyncError(ErrorKind.NETWORK, "No answer.", "")
    found = cycle_statistics(RunLog([run(1, RunStatus.FAILED)], error, NOW))
    assert (found.last_error, found.last_error_at) == (error, NOW)


def test_a_cycle_the_program_was_killed_in_counts_without_a_duration() -> None:
    found = over(run(1, RunStatus.FAILED, 200_000, is_internal=True), run(1), run(2, seconds=2))
    assert (found.cycles, found.partial) == (2, 1)
    assert (found.duration_mean, found.duration_p95) == (2 * SECOND, 2 * SECOND)


@pytest.mark.parametrize(
    ("count", "rank"),
    [(1, 1), (2, 2), (19, 19), (20, 19), (21, 20), (40, 38), (100, 95), (101, 96)],
)
def test_the_95th_percentile_is_the_value_at_the_nearest_rank(count: int, rank: int) -> None:
    assert nearest_rank(range(1, count + 1), 95) == rank


def test_there_is_no_percentile_of_nothing() -> None:
    assert nearest_rank([], 95) is None
