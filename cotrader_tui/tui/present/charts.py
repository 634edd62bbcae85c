"""Charts of a portfolio and of an underlying over time, from what the syncs kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from cotrader_tui.analytics.courses import GreekPoint, day_pnls, greek_course, net_liquidating_values
from cotrader_tui.domain.courses import AccountCourse, Courses
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present.figures import STALE, WARN, Figures
from cotrader_tui.tui.present.text import Line, Piece
from cotrader_tui.tui.present.times import moment

_MOST_STRETCHES = 8
HIDDEN = "Hidden in privacy."
NOTHING = "Nothing is stored of this span."
ONE_POINT = "One point is stored of this span; a chart begins with two."


@dataclass(frozen=True, slots=True)
class Span:
    """How far back charts go; `None` is as far as anything is stored."""

    name: str
    back: timedelta | None


SPANS = (
    Span("1 day", timedelta(days=1)),
    Span("1 week", timedelta(days=7)),
    Span("30 days", timedelta(days=30)),
    Span("1 year", timedelta(days=365)),
    Span("all", None),
)


@dataclass(frozen=True, slots=True)
class ChartFacts:
    """One chart: its title and points, or why there are none."""

    title: str
    points: tuple[tuple[datetime, float], ...] = ()
    excuse: str = ""


@dataclass(frozen=True, slots=True)
class ChartPage:
    """Charts, and the lines below them on what they are made of."""

    charts: tuple[ChartFacts, ...]
    notes: tuple[Line, ...]


def counted(snapshot: PortfolioSnapshot) -> tuple[AccountId, ...]:
    """The accounts of the portfolio that count."""
    return tuple(book.account.id for book in snapshot.accounts if book.is_included)


def title(underlying: tuple[str, str] | None, snapshot: PortfolioSnapshot) -> str:
    """What the charts are of: one underlying and currency, or the portfolio shown."""
    return visible(snapshot.portfolio.title if underlying is None else " ".join(underlying))


def page(
    underlying: tuple[str, str] | None, courses: Courses, snapshot: PortfolioSnapshot, now: datetime, figures: Figures
) -> ChartPage:
    """The charts of an underlying and currency, or of the portfolio shown."""
    made = _portfolio(courses, snapshot) if underlying is None else _underlying(courses, now)
    if figures.is_private:
        return ChartPage(tuple(ChartFacts(each.title, excuse=HIDDEN) for each in made.charts), made.notes)
    return made


def _chart(title: str, points: Sequence[tuple[datetime, float]]) -> ChartFacts:
    excuses = (NOTHING, ONE_POINT)
    return ChartFacts(title, tuple(points), excuses[len(points)] if len(points) < len(excuses) else "")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"


# A portfolio


def _portfolio(courses: Courses, snapshot: PortfolioSnapshot) -> ChartPage:
    """Net liquidating value and day P&L in each currency by itself: past exchange rates are not stored."""
    by_account = {course.account: course for course in courses.accounts}
    currencies: dict[str, list[AccountId]] = {}
    for book in snapshot.accounts:
        if book.is_included:
            currency = book.balances.currency if book.balances else book.account.base_currency
            currencies.setdefault(currency, []).append(book.account.id)
    charts: list[ChartFacts] = []
    for currency, accounts in sorted(currencies.items()):
        told = [by_account.get(account, AccountCourse(account, ())) for account in accounts]
        of = f"{visible(currency)}, {_counted(len(accounts), 'account')}"
        values, days = net_liquidating_values(told, courses.step), day_pnls(told, courses.step)
        charts.append(_chart(f"Net liq in {of}", [(at, float(value)) for at, value in values]))
        charts.append(_chart(f"Day P&L in {of}", [(at, float(value)) for at, value in days]))
    notes = [
        "Net liq with deposits and withdrawals, where every account told it. Day P&L as each sync worked it out.",
        "Lines join what was stored.",
    ]
    if len(currencies) > 1:
        notes.append("Each currency by itself: past exchange rates are not stored.")
    return ChartPage(tuple(charts), tuple((Piece(words, STALE),) for words in notes))


# An underlying


def _underlying(courses: Courses, now: datetime) -> ChartPage:
    points = greek_course(courses.positions, courses.step)
    charts = tuple(
        _chart(title, [(point.at, value) for point in points if (value := getattr(point, field)) is not None])
        for title, field in (("Delta Δ", "delta"), ("Gamma Γ", "gamma"), ("Theta Θ/day", "theta"), ("Vega ν", "vega"))
    )
    words = "Sums over the legs held at each sync, with the broker's Greeks: a model's are not stored."
    return ChartPage(charts, ((Piece(words, STALE),), *_legs(points, now)))


def _legs(points: Sequence[GreekPoint], now: datetime) -> tuple[Line, ...]:
    """How many legs each point has, newest first: a line for each stretch of time with as many."""
    lines: list[Line] = []
    for (known, legs), each in groupby(points, key=lambda point: (point.legs_with_greeks, point.legs)):
        stretch = list(each)
        span = f"{moment(stretch[0].at, now)} to {moment(stretch[-1].at, now)}"
        words = f"{known} of {_counted(legs, 'leg')} with Greeks: {_counted(len(stretch), 'point')}"
        lines.append((Piece(f"{span:<32}", STALE), Piece(words, "" if known == legs else WARN)))
    newest = lines[: -_MOST_STRETCHES - 1 : -1]
    if len(lines) > len(newest):
        newest.append((Piece(f"and {len(lines) - len(newest)} stretches before", STALE),))
    return tuple(newest)
