"""When a connection is due, and what its failures make of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cotrader_tui.domain.sync import ConnectionStatus

FAILURES_UNTIL_ERROR = 5
REFUSALS_UNTIL_EXPIRED = 2

_LONGEST_BACKOFF = timedelta(minutes=15)
_AFTER_REFUSAL = timedelta(minutes=5)
_AFTER_EXPIRY = timedelta(hours=1)
"""tastytrade blocks an address for hours after repeated refused log-ins."""
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Health:
    """How a connection has fared since its last success: cycles failed, and how many because its grant was refused."""

    failures: int = 0
    grant_refusals: int = 0

    def after_success(self) -> Health:
        return Health()

    def after_failure(self, *, is_grant_refused: bool) -> Health:
        return Health(self.failures + 1, self.grant_refusals + int(is_grant_refused))

    @property
    def status(self) -> ConnectionStatus:
        if self.grant_refusals >= REFUSALS_UNTIL_EXPIRED:
            return ConnectionStatus.EXPIRED
        return ConnectionStatus.ERROR if self.failures >= FAILURES_UNTIL_ERROR else ConnectionStatus.ACTIVE


def next_sync_at(started_at: datetime, now: datetime, interval: timedelta, health: Health, chance: float) -> datetime:
    """When a connection is due after a cycle from `started_at` to `now`.

    After a success one interval after the start, so that cycles keep their pace, and never later than one interval from
    now, should the clock have been set back; after failures the interval doubles up
    to 15 minutes (at once from the fifth), a refused grant waits 5 minutes and an expired one an hour, each moved by up
    to ±20 % by `chance` (0 to 1) so that many connections do not come back together.
    """
    if health.failures == 0:
        return min(max(started_at + interval, now), now + interval)
    if health.status is ConnectionStatus.EXPIRED:
        wait = _AFTER_EXPIRY
    elif health.grant_refusals:
        wait = max(interval, _AFTER_REFUSAL)
    elif health.failures >= FAILURES_UNTIL_ERROR:
        wait = max(interval, _LONGEST_BACKOFF)
    else:
        wait = max(interval, min(interval * 2 ** (health.failures - 1), _LONGEST_BACKOFF))
    return now + wait * (1 + _JITTER * (2 * chance - 1))
