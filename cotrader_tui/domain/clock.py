"""Instants and exchange dates. The clock itself is always passed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the present instant, timezone-aware."""

EXCHANGE_ZONE = ZoneInfo("America/New_York")
"""The zone whose date is "today" for day P&L and days to expiration."""


def system_clock() -> datetime:
    """The machine's clock, in UTC. Only the composition root hands it on."""
    return datetime.now(UTC)


def exchange_date(instant: datetime) -> date:
    """The exchange's (New York) calendar date at `instant`, which must be timezone-aware."""
    if instant.tzinfo is None:
        raise ValueError("exchange_date needs a timezone-aware instant")
    return instant.astimezone(EXCHANGE_ZONE).date()
