"""Sums over time: from when they are known, of what was held then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from cotrader_tui.analytics.courses import day_pnls, greek_course, net_liquidating_values
from cotrader_tui.domain.courses import AccountCourse, AccountPoint, PositionCourse
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.positions import PositionSnapshot
from tests.builders import BROKER, NOW, option, share

MINUTE = timedelta(minutes=1)
MARGIN, IRA = AccountId(BROKER, "5WT00001"), AccountId(BROKER, "5WT00002")


def at(minutes: float) -> datetime:
    return NOW + minutes * MINUTE


def told(minutes: float, worth: str | None, day: str | None = None) -> AccountPoint:
    return AccountPoint(at(minutes), None if worth is None else Decimal(worth), None if day is None else Decimal(day))


def kept(minutes: float, quantity: str, delta: float | None, vega: float | None = 0.2) -> PositionSnapshot:
    greeks = (delta, None if delta is None else 0.01, None if delta is None else -0.05, None if delta is None else vega)
    return PositionSnapshot(at(minutes), Decimal(quantity), None, None, None, *greeks, None)


def course(of: Instrument, *points: PositionSnapshot, closed: float | None = None) -> PositionCourse:
    return PositionCourse(of, None if closed is None else at(closed), points)


def test_accounts_add_up_from_when_each_has_told_its_value() -> None:
    margin = AccountCourse(MARGIN, (told(0, "100"), told(2, "110"), told(4, "120")))
    ira = AccountCourse(IRA, (told(1, "30"), told(3, "31.5")))
    assert net_liquidating_values((margin, ira), MINUTE) == (
        (at(1), Decimal("130")),
        (at(2), Decimal("140")),
        (at(3), Decimal("141.5")),
        (at(4), Decimal("151.5")),
    )


def test_an_account_that_never_told_leaves_no_total() -> None:
    margin = AccountCourse(MARGIN, (told(0, "100"),))
    assert net_liquidating_values((margin, AccountCourse(IRA, ())), MINUTE) == ()
    assert net_liquidating_values((margin, AccountCourse(IRA, (told(0, None),))), MINUTE) == ()


def test_an_unknown_value_is_a_gap_and_not_the_one_before() -> None:
    margin = AccountCourse(MARGIN, (told(0, "100"), told(1, None), told(2, "90")))
    assert [moment for moment, _ in net_liquidating_values((margin,), MINUTE)] == [at(0), at(2)]


def test_yesterdays_day_pnl_counts_for_nothing_today() -> None:
    margin = AccountCourse(MARGIN, (told(-24 * 60, "1", "-40"), told(0, "1", "15")))
    ira = AccountCourse(IRA, (told(-24 * 60, "1", "7"),))
    assert day_pnls((margin, ira), MINUTE) == ((at(-24 * 60), Decimal("-33")),)
    assert day_pnls((margin,), MINUTE)[-1] == (at(0), Decimal("15"))


def test_what_lies_within_one_stretch_is_one_point() -> None:
    margin = AccountCourse(MARGIN, (told(0, "100"), told(0.2, "101"), told(0.4, "102")))
    assert net_liquidating_values((margin,), MINUTE) == ((at(0.4), Decimal("102")),)


def test_greeks_are_those_of_the_quantity_held_then() -> None:
    shares = course(share(), kept(0, "100", None), kept(2, "50", None))
    calls = course(option(), kept(1, "-2", 0.4), kept(2, "-3", 0.5))
    points = greek_course((shares, calls), MINUTE)
    assert [(each.legs, each.legs_with_greeks) for each in points] == [(1, 1), (2, 2), (2, 2)]
    assert [each.delta for each in points] == [100.0, 100 - 80, 50 - 150]
    assert [each.vega for each in points] == [0.0, -40.0, -60.0]


def test_a_leg_without_greeks_is_counted_as_missing() -> None:
    points = greek_course((course(share(), kept(0, "100", None)), course(option(), kept(0, "1", None))), MINUTE)
    assert [(each.legs_with_greeks, each.legs, each.delta) for each in points] == [(1, 2, 100.0)]


def test_a_leg_of_which_one_greek_is_missing_counts_as_without() -> None:
    (point,) = greek_course((course(option(), kept(0, "1", 0.4, vega=None)),), MINUTE)
    assert (point.legs_with_greeks, point.delta, point.vega) == (0, 40.0, None)


def test_what_is_closed_or_expired_counts_no_more() -> None:
    closed = course(share(), kept(0, "100", None), closed=1)
    expiring = replace(option(), expires_at=at(2))
    points = greek_course((closed, course(expiring, kept(0, "1", 0.5), kept(1, "1", 0.5), kept(3, "1", 0.5))), MINUTE)
    assert [(each.at, each.delta) for each in points] == [(at(0), 150.0), (at(1), 50.0)]
