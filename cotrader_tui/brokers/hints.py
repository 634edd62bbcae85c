"""Hints that an account changed, held back so that a burst of them is one sync. Pure: time is passed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Hints:
    """What a broker said of its own accord since the last sync it led to. Times are seconds of one clock."""

    settle: float = 0.5
    """After the first hint, for the rest of its burst."""
    gap: float = 5.0
    """Least time between two syncs that hints lead to."""
    _heard_at: float | None = None
    _led_at: float | None = None

    def hear(self, now: float) -> None:
        """Something changed."""
        if self._heard_at is None:
            self._heard_at = now

    def take(self, now: float) -> bool:
        """Whether a sync is due at `now`; what was heard until then counts as told."""
        if self._heard_at is None or now < self._heard_at + self.settle:
            return False
        if self._led_at is not None and now < self._led_at + self.gap:
            return False
        self._heard_at, self._led_at = None, now
        return True
