"""Instants and spans as text. Times of day are New York's, as "today" is."""

from __future__ import annotations

from datetime import datetime, timedelta

from cotrader_tui.domain.clock import EXCHANGE_ZONE, exchange_date
from cotrader_tui.domain.text import UNKNOWN
from cotrader_tui.domain.text import age as age

_CALM_STEP = 5


def calm_age(span: timedelta | None) -> str:
    """An age that moves in steps of five seconds below a minute, for tables."""
    if span is None or span >= timedelta(minutes=1):
        return age(span)
    seconds = int(span.total_seconds()) // _CALM_STEP * _CALM_STEP
    return f"{seconds}s" if seconds > 0 else f"<{_CALM_STEP}s"


def since(instant: datetime | None, now: datetime) -> timedelta | None:
    """How long ago, never negative: clocks of two machines differ a little."""
    return None if instant is None else max(now - instant, timedelta(0))


def countdown(span: timedelta) -> str:
    """Time left, in two units where that helps: 17m, 1h 12m, 2d 3h."""
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m" if minutes else "<1m"


def clock_time(instant: datetime) -> str:
    """The time of day in New York."""
    return f"{instant.astimezone(EXCHANGE_ZONE):%H:%M:%S}"


def moment(instant: datetime, now: datetime) -> str:
    """A point in time: today's by its time, others by their date too (New York)."""
    local = instant.astimezone(EXCHANGE_ZONE)
    if exchange_date(instant) == exchange_date(now):
        return f"{local:%H:%M:%S}"
    if now - instant < timedelta(days=180):
        return f"{local:%b %d %H:%M}"
    return f"{local:%Y-%m-%d}"


def instant(at: datetime | None) -> float | None:
    """A point in time as a figure that grows, to sort by."""
    return None if at is None else at.timestamp()


def duration(span: timedelta | None) -> str:
    """How long something took: 0.4s, 12s, 1m 05s."""
    if span is None:
        return UNKNOWN
    seconds = max(0.0, span.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 60:
        return f"{seconds:.0f}s"
    return f"{int(seconds) // 60}m {int(seconds) % 60:02d}s"
