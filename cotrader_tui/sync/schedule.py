"""When a connection is due, and what its failures make of it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from cotrader_tui.domain.market import Market, TradingSession, trades_again_at
from cotrader_tui.domain.sync import ConnectionStatus

FAILURES_UNTIL_ERROR = 5
REFUSALS_UNTIL_EXPIRED = 2

_LONGEST_BACKOFF = timedelta(minutes=15)
_AFTER_REFUSAL = timedelta(minutes=5)
_AFTER_EXPIRY = timedelta(hours=1)
"""tastytrade blocks an address for hours after repeated refused log-ins."""
_JITTER = 0.2
_RESTING_INTERVAL = timedelta(minutes=15)
"""Between cycles while nothing that is held trades."""


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


def rests_until(
    held: Collection[Market | None], sessions: tuple[TradingSession, ...], now: datetime
) -> datetime | None:
    """When the first market of those `held` trades again; `None` while one of them trades, or may for all we know.

    Where nothing is held the equity market stands in.
    """
    openings: list[datetime] = []
    for market in held or (Market.EQUITIES,):
        opening = None if market is None else trades_again_at(sessions, now, market)
        if opening is None:
            return None
        openings.append(opening)
    return min(openings)


def next_sync_at(
    started_at: datetime,
    now: datetime,
    interval: timedelta,
    health: Health,
    chance: float,
    resting_until: datetime | None = None,
) -> datetime:
    """When a connection is due after a cycle from `started_at` to `now`.

    After a success one interval after the start, so that cycles keep their pace, and never later than one interval from
    now, should the clock have been set back; after failures the interval doubles up
    to 15 minutes (at once from the fifth), a refused grant waits 5 minutes and an expired one an hour, each moved by up
    to ±20 % by `chance` (0 to 1) so that many connections do not come back together.
    While nothing held trades (`resting_until`) cycles are 15 minutes apart, the next at the latest when something does.
    """
    if health.failures == 0:
        due_at = min(max(started_at + interval, now), now + interval)
        if resting_until is None:
            return due_at
        return max(due_at, min(started_at + _RESTING_INTERVAL, now + _RESTING_INTERVAL, resting_until))
    if health.status is ConnectionStatus.EXPIRED:
        wait = _AFTER_EXPIRY
    elif health.grant_refusals:
        wait = max(interval, _AFTER_REFUSAL)
    elif health.failures >= FAILURES_UNTIL_ERROR:
        wait = max(interval, _LONGEST_BACKOFF)
    else:
        wait = max(interval, min(interval * 2 ** (health.failures - 1), _LONGEST_BACKOFF))
    return now + wait * (1 + _JITTER * (2 * chance - 1))
