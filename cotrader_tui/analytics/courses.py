"""Sums of stored figures over time. What one account or leg has not told anew since, counts as it last was."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Protocol, TypeVar

from cotrader_tui.analytics.sums import sum_known, total
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.courses import AccountCourse, AccountPoint, PositionCourse
from cotrader_tui.domain.instruments import LINEAR_TYPES
from cotrader_tui.domain.positions import PositionSnapshot

MoneyCourse = tuple[tuple[datetime, Decimal], ...]


class _Dated(Protocol):
    @property
    def at(self) -> datetime: ...


D = TypeVar("D", bound=_Dated)


@dataclass(frozen=True, slots=True)
class GreekPoint:
    """The Greeks of an underlying at one moment: sums over those legs of which they are known."""

    at: datetime
    legs: int
    """Legs held then that should have Greeks."""
    legs_with_greeks: int
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None


def net_liquidating_values(courses: Sequence[AccountCourse], step: timedelta) -> MoneyCourse:
    """What accounts of one currency are worth together, from when each has told its value."""
    return _together(courses, step, lambda point, _: point.net_liquidating_value)


def day_pnls(courses: Sequence[AccountCourse], step: timedelta) -> MoneyCourse:
    """The day P&L of accounts of one currency together, at moments on whose date each has told one."""

    def of_that_day(point: AccountPoint, at: datetime) -> Decimal | None:
        return point.day_pnl if exchange_date(point.at) == exchange_date(at) else None

    return _together(courses, step, of_that_day)


def _together(
    courses: Sequence[AccountCourse], step: timedelta, value: Callable[[AccountPoint, datetime], Decimal | None]
) -> MoneyCourse:
    found = []
    for at in _moments((point.at for course in courses for point in course.points), step):
        last = [_last(course.points, at) for course in courses]
        known = [value(point, at) for point in last if point is not None]
        amounts = [amount for amount in known if amount is not None]
        if len(amounts) == len(courses):
            found.append((at, total(amounts)))
    return tuple(found)


def greek_course(courses: Sequence[PositionCourse], step: timedelta) -> tuple[GreekPoint, ...]:
    """The Greeks of one underlying over time, of the legs held and not expired at each moment, where there are any."""
    moments = _moments((point.at for course in courses for point in course.points), step)
    return tuple(point for point in (_greeks(courses, at) for at in moments) if point.legs)


def _greeks(courses: Iterable[PositionCourse], at: datetime) -> GreekPoint:
    held = [_sensitivities(course, at) for course in courses if _counts(course, at)]
    known = [each for each in held if None not in each]
    delta, gamma, theta, vega = (sum_known(each[place] for each in held) for place in range(4))
    return GreekPoint(at, len(held), len(known), delta, gamma, theta, vega)


def _counts(course: PositionCourse, at: datetime) -> bool:
    instrument = course.instrument
    is_held = course.points[0].at <= at and (course.closed_at is None or at < course.closed_at)
    return is_held and instrument.has_greeks and not instrument.is_expired(at)


def _sensitivities(course: PositionCourse, at: datetime) -> tuple[float | None, ...]:
    """The leg's delta, gamma, theta and vega: per unit × quantity × multiplier, all as of its last sync until `at`."""
    point = _last(course.points, at)
    if point is None:
        return (None,) * 4
    size = float(point.quantity * course.instrument.multiplier)
    if course.instrument.type in LINEAR_TYPES:
        return (size, 0.0, 0.0, 0.0)
    return tuple(None if each is None else each * size for each in _per_unit(point))


def _per_unit(point: PositionSnapshot) -> tuple[float | None, ...]:
    return (point.delta, point.gamma, point.theta, point.vega)


def _last(points: Sequence[D], at: datetime) -> D | None:
    place = bisect_right(points, at, key=attrgetter("at"))
    return points[place - 1] if place else None


def _moments(instants: Iterable[datetime], step: timedelta) -> list[datetime]:
    """Of each stretch of time the last moment something was told at."""
    seconds = max(1, int(step.total_seconds()))
    last: dict[int, datetime] = {}
    for at in instants:
        stretch = int(at.timestamp()) // seconds
        last[stretch] = max(last.get(stretch, at), at)
    return [last[stretch] for stretch in sorted(last)]
