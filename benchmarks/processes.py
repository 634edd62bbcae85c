"""What a process costs, as /proc tells it, and how long its loop is held up. Linux only."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

NAP = 0.005
_TICKS = os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """The memory a process has, in kB."""
    return _status(pid, "VmRSS")


def peak(pid: int) -> int:
    """The most memory a process has had, in kB."""
    return _status(pid, "VmHWM")


def _status(pid: int, key: str) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split(f"{key}:")[1].split()[0])


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, in hundredths of a second."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICKS


def children(pid: int) -> list[int]:
    """Those of a process that run, whichever of its threads started them."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in found for child in each.read_text().split()]


def load() -> str:
    """How busy the machine is, for the table's head."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, Python {sys.version.split()[0]}"


class Nap(NamedTuple):
    """By how many seconds a nap overslept: for so long a key would have waited."""

    overslept: float
    queued: float
    """For so much of it the thread could have run, and the machine had no core for it."""

    @property
    def held(self) -> float:
        """What is left: the loop was held up by this program itself."""
        return max(0.0, self.overslept - self.queued)


async def naps(seconds: float) -> list[Nap]:
    """Naps of 5 ms, one after the other, for so many seconds."""
    found, end = [], time.perf_counter() + seconds
    queue = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    try:
        while (before := time.perf_counter()) < end:
            queued = _queued(queue)
            await asyncio.sleep(NAP)
            found.append(Nap(time.perf_counter() - before - NAP, _queued(queue) - queued))
    finally:
        os.close(queue)
    return found


def _queued(schedstat: int) -> float:
    return int(os.pread(schedstat, 64, 0).split()[1]) / 1e9


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
