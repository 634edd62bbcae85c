"""How the live connection to TWS does between two syncs, judged from what comes over it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cotrader_tui.brokers.ibkr import errors
from cotrader_tui.brokers.ibkr.link import Link
from cotrader_tui.brokers.ibkr.settings import Limits
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.sync import StreamState

_CLOSED = (
    "The connection to TWS is gone: a sync opens it again, the next one or as soon as something listens there again."
)
_FARM_HINT = "Nothing to do: Interactive Brokers mends it; the sync log tells more."


@dataclass(frozen=True, slots=True)
class Finding:
    """A state, and what is wrong in words."""

    state: StreamState
    message: str = ""


class Watch:
    """Asks TWS what time it is where it has been quiet for long: whoever does not answer that is frozen.

    After a sleep of the machine it asks at once: `clock` went on, and the loop's time, which tells how long it has been
    quiet, did not.
    """

    def __init__(self, link: Link, limits: Limits, clock: Clock) -> None:
        self._link = link
        self._limits = limits
        self._clock = clock
        self._lead: float | None = None
        self._asked_at: float | None = None
        self._is_frozen = False
        self._was_live = False

    def look(self, refusal: str, *, has_figures: bool, is_fetching: bool) -> Finding:
        """How it does now. `refusal` says that all market data was refused, `has_figures` that TWS values something
        all the same. A frozen connection is dropped, unless a sync uses it, which then finds that out itself.
        """
        link, lost_since = self._link, self._link.notices.lost_since
        if link.is_open and lost_since is not None:
            return Finding(StreamState.BROKEN, str(errors.link_lost(lost_since)))
        if not link.is_live:
            return self._frozen() if self._is_frozen else self._gone()
        if self._is_silent():
            self._is_frozen = True
            if not is_fetching:
                link.drop()
            return self._frozen()
        self._is_frozen, self._was_live = False, True
        if farms := link.notices.warnings():
            return Finding(StreamState.BROKEN, f"{farms[0]} {_FARM_HINT}")
        is_refused = bool(refusal) and not has_figures
        return Finding(StreamState.REFUSED if is_refused else StreamState.LIVE, refusal)

    def _is_silent(self) -> bool:
        """Whether nothing came for so long, and no answer to the question either."""
        now, quiet, has_slept = asyncio.get_running_loop().time(), self._link.silent_for, self._has_slept()
        if self._asked_at is not None and quiet < now - self._asked_at:
            self._asked_at = None  # it has answered
        if self._asked_at is None:
            if quiet < self._limits.quiet_line and not has_slept:
                return False
            self._asked_at = now
            self._link.ask_time()
        return now - self._asked_at >= self._limits.answer

    def _has_slept(self) -> bool:
        """Whether the machine did since the last look, or its clock was set forward."""
        before, self._lead = self._lead, self._clock().timestamp() - asyncio.get_running_loop().time()
        return before is not None and self._lead - before > self._limits.quiet_line

    def _gone(self) -> Finding:
        return Finding(StreamState.BROKEN, _CLOSED) if self._was_live else Finding(StreamState.CONNECTING)

    def _frozen(self) -> Finding:
        seconds = self._limits.quiet_line + self._limits.answer
        return Finding(StreamState.SILENT, str(errors.frozen(seconds)))
