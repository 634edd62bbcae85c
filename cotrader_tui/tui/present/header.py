"""The one or two lines above every screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cotrader_tui.analytics.freshness import SEVERITY, DataState, freshness
from cotrader_tui.analytics.totals import BookTotals, book_totals
from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.market import MarketPhase, market_state
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import Connection
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.figures import ACCENT, GAIN, LOSS, STALE, WARN, Figures, number, tone
from cotrader_tui.tui.present.text import Line, Piece, cell_width
from cotrader_tui.tui.present.times import age, clock_time, countdown, since

WIDE = 100
"""From so many cells on there are two lines."""
_STATE_STYLES = {DataState.LIVE: GAIN, DataState.STALE: WARN, DataState.CACHED: WARN, DataState.NO_DATA: STALE}
_SYNCING = "↻ SYNCING"


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header is made of, beside the clock."""

    snapshot: PortfolioSnapshot | None
    is_private: bool
    is_demo: bool
    account: str | None = None
    is_sync_asked: bool = False
    """A person has asked for a sync that has not begun yet."""
    other_engine: int | None = None
    """The process id of the engine where it is another program's."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Some pieces that stay or leave together; the lowest `rank` stays longest."""

    rank: int
    pieces: Line
    gap: str = "   "
    """What stands between it and the part before."""


def header_lines(facts: HeaderFacts, now: datetime, width: int) -> tuple[Line, ...]:
    """Two lines, or one on a narrow screen; what does not fit leaves by rank, words of warning never."""
    figures = Figures(facts.is_private)
    totals = None if facts.snapshot is None else book_totals(facts.snapshot, now)
    words = _words(facts)
    if width < WIDE:
        left = _money(totals, figures) if totals else [_title()]
        return (_joined(left, [*words, *_worst(facts, now)], width),)
    first = _joined([_title(), *_book(facts, totals)], _money(totals, figures) if totals else [], width)
    second = _joined(_connections(facts, now), [_market(facts.snapshot, now), *words, *_synced(facts, now)], width)
    return (first, second)


def _joined(left: list[_Part], right: list[_Part], width: int) -> Line:
    """Left parts, a gap, right parts, in `width` cells with a blank at each end."""
    room = width - 2
    parts = [*left, *right]
    while len(parts) > 1 and _width(_spaced(parts)) > room:
        parts.remove(max(parts, key=lambda part: part.rank))
    lefts = _spaced([part for part in left if part in parts])
    rights = _spaced([part for part in right if part in parts])
    gap = Piece(" " * max(0, room - _width(lefts) - _width(rights)))
    return (Piece(" "), *lefts, gap, *rights)


def _spaced(parts: list[_Part]) -> Line:
    pieces: list[Piece] = []
    for part in parts:
        pieces += [Piece(part.gap)] if pieces else []
        pieces += part.pieces
    return tuple(pieces)


def _width(pieces: Line) -> int:
    return sum(cell_width(piece.text) for piece in pieces)


def _title() -> _Part:
    return _Part(5, (Piece("cotrader", f"bold {ACCENT}"),))


def _book(facts: HeaderFacts, totals: BookTotals | None) -> list[_Part]:
    book = f"Account {visible(facts.account)}" if facts.account else "All accounts"
    currency = "" if totals is None or totals.currency is None else f" · {totals.currency}"
    return [_Part(6, (Piece(book + currency),))] if totals else []


def _money(totals: BookTotals, figures: Figures) -> list[_Part]:
    day = totals.pnl.day_pnl
    theta = totals.greeks.theta if totals.greeks else None
    percent = []
    if (share := _day_percent(totals)) is not None:
        percent = [_Part(3, (Piece(f"({number(share, 2, is_signed=True)}%)", tone(share)),), gap=" ")]
    return [
        _labelled(1, "NLV", figures.partial(totals.net_liquidating_value, is_gain=False), emphasis="bold"),
        _labelled(2, "Day", figures.partial(day)),
        *percent,
        _labelled(4, "Open", figures.partial(totals.pnl.open_pnl)),
        _labelled(7, "BP", figures.partial(totals.buying_power, is_gain=False)),
        _labelled(8, "Θ/day", figures.greek(theta)),
    ]


def _labelled(rank: int, label: str, value: Piece, emphasis: str = "") -> _Part:
    return _Part(rank, (Piece(f"{label} ", STALE), Piece(value.text, value.style or emphasis)))


def _day_percent(totals: BookTotals) -> Decimal | None:
    """Day P&L ÷ (net liquidating value − day P&L) × 100; unknown where either misses something."""
    value, day = totals.net_liquidating_value, totals.pnl.day_pnl
    if value.value is None or day.value is None or not (value.is_complete and day.is_complete):
        return None
    before = value.value - day.value
    return day.value / before * 100 if before > 0 else None


def _words(facts: HeaderFacts) -> list[_Part]:
    """What must never be overlooked."""
    snapshot = facts.snapshot
    labels = [connection.label for connection in snapshot.connections if connection.label] if snapshot else []
    if (facts.is_demo or (snapshot and snapshot.is_demo)) and "DEMO" not in labels:
        labels.insert(0, "DEMO")
    words = [*dict.fromkeys(visible(label) for label in labels)]
    if snapshot is not None and snapshot.is_frozen:
        words.append("FROZEN COPY")
    if facts.is_private:
        words.append("PRIVACY")
    return [_Part(0, (Piece(word, f"bold {WARN}"),)) for word in words]


def _state(connection: Connection, now: datetime) -> Line:
    """A connection's state as glyph, word and age."""
    fresh = freshness(connection, now)
    shown = Piece(f"{fresh.glyph} {fresh.state}", _STATE_STYLES.get(fresh.state, LOSS))
    if connection.is_syncing:
        shown = Piece(_SYNCING, ACCENT)
    elapsed = UNKNOWN if fresh.age is None else age(fresh.age)
    if fresh.state is DataState.CACHED and fresh.since is not None and now - fresh.since < timedelta(days=1):
        elapsed = f"{fresh.since.astimezone(EXCHANGE_ZONE):%H:%M}"
    return (shown, Piece(f" {elapsed}"))


def _connections(facts: HeaderFacts, now: datetime) -> list[_Part]:
    if facts.snapshot is None:
        return []
    return [
        _Part(2, (Piece(f"{visible(connection.name)} "), *_state(connection, now)))
        for connection in facts.snapshot.connections
    ]


def _worst(facts: HeaderFacts, now: datetime) -> list[_Part]:
    """The connection in the worst state, and how many there are beside it."""
    connections = facts.snapshot.connections if facts.snapshot else ()
    if not connections:
        return []
    worst = max(connections, key=lambda each: (SEVERITY.index(freshness(each, now).state), each.is_syncing))
    name = (Piece(f"{visible(worst.name)} "),) if len(connections) > 1 else ()
    return [_Part(0, (*name, *_state(worst, now)))]


def _market(snapshot: PortfolioSnapshot | None, now: datetime) -> _Part:
    state = market_state(snapshot.sessions if snapshot else (), now)
    text = f"{clock_time(now)} ET"
    if state.phase is not MarketPhase.UNKNOWN:
        early = " early" if state.is_early_close and state.phase is MarketPhase.OPEN else ""
        verb = "closes" if state.phase is MarketPhase.OPEN else "opens"
        left = "" if state.changes_in is None else f", {verb}{early} {countdown(state.changes_in)}"
        text += f" {state.phase}{left}"
    return _Part(4, (Piece(text),))


def _synced(facts: HeaderFacts, now: datetime) -> list[_Part]:
    if facts.snapshot is None:
        return []
    parts = []
    if facts.is_sync_asked:
        parts.append(_Part(1, (Piece("sync asked for", ACCENT),)))
    last = max((each.last_sync_at for each in facts.snapshot.connections if each.last_sync_at), default=None)
    if last is not None:
        parts.append(_Part(9, (Piece(f"synced {age(since(last, now))} ago", STALE),)))
    if facts.other_engine is not None:
        parts.append(_Part(7, (Piece(f"synced by pid {facts.other_engine}", STALE),)))
    return parts
