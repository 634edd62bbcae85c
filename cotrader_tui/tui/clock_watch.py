"""Noticing that the clock went on without the program: it was stopped, the machine slept, or the clock was set."""

from __future__ import annotations

from datetime import datetime, timedelta

_LONGEST_STEP = timedelta(seconds=5)
"""Between two looks a second apart; a busy machine takes longer now and then."""


class ClockWatch:
    """Looked at every second."""

    def __init__(self, now: datetime) -> None:
        self._seen_at = now

    def has_jumped(self, now: datetime) -> bool:
        """Whether every age on the screen is another one than a moment ago."""
        passed, self._seen_at = now - self._seen_at, now
        return abs(passed) > _LONGEST_STEP
