"""Whether the line to the terminal keeps up with what there is to show, and how much goes over it."""

from __future__ import annotations

from collections import deque

_LOOKS = 12
_MOST_BEHIND = 6
"""Behind at so many of the last looks, the line does not keep up."""
_GOOD_LOOKS = 180
"""So many looks one after the other at which it was not behind, and it does again."""
_MOST_GOOD_LOOKS = 3600
_AVERAGED = 10
"""Looks that the rate is averaged over."""


class LineWatch:
    """Is told once a second how the line does. A line that fails again soon has to prove itself for longer."""

    def __init__(self) -> None:
        self.is_slow = False
        """Whether the line is one that does not keep up."""
        self.kilobytes_per_second: float | None = None
        """Sent of late, in 1,000 bytes a second; `None`: not known yet."""
        self._behind: deque[bool] = deque(maxlen=_LOOKS)
        self._good = 0
        self._needed = _GOOD_LOOKS
        self._sent: deque[tuple[float, int]] = deque(maxlen=_AVERAGED + 1)

    def look(self, *, is_behind: bool, sent: int, now: float) -> None:
        """`is_behind`: the terminal has not taken all it was sent. `sent`: bytes so far. `now`: seconds of a clock
        that never goes back."""
        self._measure(sent, now)
        self._good = 0 if is_behind else self._good + 1
        self._behind.append(is_behind)
        if not self.is_slow and sum(self._behind) >= _MOST_BEHIND:
            self.is_slow = True
        elif self.is_slow and self._good >= self._needed:
            self.is_slow = False
            # At the full pace it may fail again; that it then has to do well for longer keeps the mode from flapping.
            self._needed = min(2 * self._needed, _MOST_GOOD_LOOKS)
            self._behind.clear()

    def _measure(self, sent: int, now: float) -> None:
        self._sent.append((now, sent))
        began, before = self._sent[0]
        elapsed = now - began
        self.kilobytes_per_second = (sent - before) / elapsed / 1000 if elapsed > 0 else None
