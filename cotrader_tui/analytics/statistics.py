"""How reliable and how quick the cycles of a connection are, over the sync runs that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cotrader_tui.domain.sync import RunEnd, RunLog, RunStatus, SyncError


@dataclass(frozen=True, slots=True)
class CycleStatistics:
    """The ended cycles of one connection; one that still runs is in no figure.

    A cycle succeeded if all of its runs did, failed if all of them failed, else it is partial.
    Its duration is from its start to the end of its last run, to the millisecond; unknown, and in neither duration,
    where this program itself failed: a run it was killed in is closed only when it starts again, perhaps days later.
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


def cycle_statistics(log: RunLog) -> CycleStatistics:
    """The statistics over the runs of one connection, which may be in any order."""
    ended = [run for run in _cycles(log.runs) if run[1] is not RunStatus.RUNNING]
    outcomes = [status for _, status, _, _ in ended]
    durations = sorted(took for _, _, took, is_internal in ended if took is not None and not is_internal)
    p95 = nearest_rank(durations, 95)
    return CycleStatistics(
        cycles=len(ended),
        succeeded=outcomes.count(RunStatus.SUCCESS),
        partial=outcomes.count(RunStatus.PARTIAL),
        failed=outcomes.count(RunStatus.FAILED),
        last_error=log.last_error,
        last_error_at=log.last_error_at,
        duration_mean=timedelta(milliseconds=sum(durations)) / len(durations) if durations else None,
        duration_p95=None if p95 is None else timedelta(milliseconds=p95),
    )


def nearest_rank(ordered: Sequence[int], percent: int) -> int | None:
    """The percentile of values in ascending order: the one at rank ⌈percent ÷ 100 × n⌉, counted from 1.

    Source: the nearest-rank method (Hyndman and Fan 1996, definition 1). `None` of nothing.
    """
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1] if ordered else None


def _cycles(runs: Iterable[RunEnd]) -> Iterable[RunEnd]:
    """The runs of each cycle as one."""
    cycles: dict[int, RunEnd] = {}
    for run in runs:
        known = cycles.get(run[0])
        cycles[run[0]] = run if known is None else _joined(known, run)
    return cycles.values()


def _joined(one: RunEnd, other: RunEnd) -> RunEnd:
    """Two runs of a cycle as one: they began together, so that the longer one is as long as both."""
    cycle, status, took, is_internal = one
    _, other_status, other_took, other_is_internal = other
    if status is not other_status:
        status = RunStatus.RUNNING if RunStatus.RUNNING in (status, other_status) else RunStatus.PARTIAL
    return (cycle, status, max(took or 0, other_took or 0), is_internal or other_is_internal)
