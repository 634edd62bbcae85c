"""How reliable and how quick the cycles of a connection are, over the sync runs that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cotrader_tui.domain.sync import RunStatus, SyncError, SyncRun
from cotrader_tui.errors import ErrorKind


@dataclass(frozen=True, slots=True)
class CycleStatistics:
    """The ended cycles of one connection; one that still runs is in no figure.

    A cycle succeeded if all of its runs did, failed if all of them failed, else it is partial.
    Its duration is from its start to the end of its last run; unknown, and in neither duration, where this program
    itself failed: a run it was killed in is closed only when it starts again, perhaps days later.
    """

    cycles: int
    succeeded: int
    partial: int
    failed: int
    last_error: SyncError | None
    """Of the newest run that failed or landed only in part."""
    last_error_at: datetime | None
    """When that run ended."""
    duration_mean: timedelta | None
    duration_p95: timedelta | None
    """The 95th percentile by nearest rank: the smallest duration that at least 95 of 100 cycles do not exceed."""

    @property
    def success_rate(self) -> float | None:
        """The fraction (0 to 1) of cycles that landed whole or in part; `None` without cycles."""
        return (self.succeeded + self.partial) / self.cycles if self.cycles else None


def cycle_statistics(runs: Iterable[SyncRun]) -> dict[str, CycleStatistics]:
    """The statistics of each connection of which `runs`, in any order, has one, by the connection's name."""
    connections: dict[str, dict[int, list[SyncRun]]] = {}
    for run in runs:
        connections.setdefault(run.connection, {}).setdefault(run.cycle, []).append(run)
    return {name: _statistics(cycles.values()) for name, cycles in connections.items()}


def no_statistics() -> CycleStatistics:
    """Those of a connection that has not ended a cycle."""
    return _statistics(())


def nearest_rank(ordered: Sequence[timedelta], percent: int) -> timedelta | None:
    """The percentile of values in ascending order: the one at rank ⌈percent ÷ 100 × n⌉, counted from 1.

    Source: the nearest-rank method (Hyndman and Fan 1996, definition 1). `None` of nothing.
    """
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1] if ordered else None


def _statistics(cycles: Iterable[Sequence[SyncRun]]) -> CycleStatistics:
    ended = [runs for runs in cycles if all(_has_ended(run) for run in runs)]
    outcomes = [_outcome(runs) for runs in ended]
    durations = sorted(each for each in map(_duration, ended) if each is not None)
    last = _last_with_error(run for runs in ended for run in runs)
    return CycleStatistics(
        cycles=len(ended),
        succeeded=outcomes.count(RunStatus.SUCCESS),
        partial=outcomes.count(RunStatus.PARTIAL),
        failed=outcomes.count(RunStatus.FAILED),
        last_error=None if last is None else last.error,
        last_error_at=None if last is None else last.completed_at,
        duration_mean=sum(durations, timedelta()) / len(durations) if durations else None,
        duration_p95=nearest_rank(durations, 95),
    )


def _has_ended(run: SyncRun) -> bool:
    return run.status is not RunStatus.RUNNING and run.completed_at is not None


def _outcome(runs: Sequence[SyncRun]) -> RunStatus:
    statuses = {run.status for run in runs}
    return statuses.pop() if len(statuses) == 1 else RunStatus.PARTIAL


def _duration(runs: Sequence[SyncRun]) -> timedelta | None:
    ends = [run.completed_at for run in runs if run.completed_at is not None]
    if any(run.error is not None and run.error.kind is ErrorKind.INTERNAL for run in runs):
        return None
    return max(ends) - min(run.started_at for run in runs)


def _last_with_error(runs: Iterable[SyncRun]) -> SyncRun | None:
    """A whole run may carry a note: that is no error."""
    with_error = (run for run in runs if run.error is not None and run.status is not RunStatus.SUCCESS)
    return max(with_error, key=lambda run: (run.started_at, run.id), default=None)
