"""When a person last used the screen, and when one who was away has come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cotrader_tui.analytics.freshness import DataState, freshness
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import ConnectionStatus

AWAY = timedelta(hours=1)
"""Who has not touched a key for longer was away."""
_AWAITED = frozenset({DataState.STALE, DataState.CACHED, DataState.NO_DATA})


@dataclass(frozen=True, slots=True)
class Absence:
    """From the last use until the first one after it."""

    left_at: datetime
    returned_at: datetime


class Presence:
    """A use is the start of the program, a key, a click or a turn of the wheel."""

    def __init__(self, now: datetime, seen: datetime | None) -> None:
        """`seen` is the last use before the program was started, `None` if it is not known."""
        self.used_at = now
        self.left_at = now if seen is None or seen > now else seen
        """The last use before the last absence, or before the start."""
        self.absence = Absence(self.left_at, now) if now - self.left_at > AWAY else None
        """That of which nothing has been told yet."""

    def is_return(self, now: datetime) -> bool:
        """Whether a use at `now` ends an absence. The clock counts, so that a night's sleep of the machine does too."""
        return now - self.used_at > AWAY

    def use(self, now: datetime, seen: datetime | None = None) -> None:
        """Somebody does something at `now`; `seen` is the last use of another screen of the same book."""
        if self.is_return(now):
            elsewhere = seen if seen is not None and seen <= now else self.used_at
            self.left_at = max(self.used_at, elsewhere)
            self.absence = Absence(self.left_at, now) if now - self.left_at > AWAY else None
        self.used_at = now

    @property
    def to_keep(self) -> datetime:
        """The last use of which all is told: what the next start is to begin from."""
        return self.used_at if self.absence is None else self.absence.left_at


def is_settled(snapshot: PortfolioSnapshot, now: datetime) -> bool:
    """Whether every connection has said what there is: its figures are current, or it has failed to get any."""
    return not any(
        each.is_syncing or freshness(each, now).state in _AWAITED
        for each in snapshot.connections
        if each.sync_enabled and each.status is not ConnectionStatus.REVOKED
    )
