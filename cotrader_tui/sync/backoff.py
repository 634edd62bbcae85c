"""How long a stream that ended waits until it starts again. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_FIRST, _LONGEST = 1.0, 60.0
_REFUSED, _LONGEST_REFUSED = 60.0, 900.0


@dataclass(slots=True)
class StreamBackoff:
    """Times in seconds, without jitter."""

    _wait: float = _FIRST
    _refusals: int = 0

    def next(self, lasted: float, *, is_refused: bool) -> float:
        """The wait after a life of the stream that `lasted` so long.

        It doubles from 1 s to a minute. Only a stream that lasted starts it anew: one that sends a little and breaks is
        broken all the same. The second refusal in a row waits a minute, later ones up to 15: the first may be mended by
        a new token.
        """
        if lasted > _LONGEST:
            self._wait = _FIRST
        self._refusals = self._refusals + 1 if is_refused else 0
        is_slow = self._refusals > 1
        wait = max(self._wait, _REFUSED) if is_slow else min(self._wait, _LONGEST)
        self._wait = min(2 * wait, _LONGEST_REFUSED if is_slow else _LONGEST)
        return wait
