"""The one or two lines above every screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cotrader_tui.analytics.currency import NO_CONVERSIONS
from cotrader_tui.analytics.freshness import GLYPHS, SEVERITY, Crowd, DataState, freshness, in_use
from cotrader_tui.analytics.streams import NO_FACTS, StreamFacts, newest_age, stream_status, worth_a_word
from cotrader_tui.analytics.totals import BookTotals, day_percent
from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.domain.market import Market, MarketPhase, market_state
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import Connection, StreamStatus
from cotrader_tui.domain.text import UNKNOWN, visible
from cotrader_tui.tui.present.book import Book
from cotrader_tui.tui.present.figures import ACCENT, FAILED, STALE, WARN, WELL, Figures, number, tone
from cotrader_tui.tui.present.rates import conversion_words
from cotrader_tui.tui.present.streams import trouble_words
from cotrader_tui.tui.present.text import Line, Piece, clipped, line_width
from cotrader_tui.tui.present.times import age, clock_time, countdown, since

WIDE = 100
"""From so many cells on there are two lines."""
_STATE_STYLES = {
    DataState.LIVE: WELL,
    DataState.DELAYED: WARN,
    DataState.PAUSED: STALE,
    DataState.STALE: WARN,
    DataState.CACHED: WARN,
    DataState.NO_DATA: STALE,
}
_LONGEST_NAME = 24
_SYNCING = "↻ SYNCING"
_FEW = 4
"""So many connections are named, each with its state."""


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header is made of, beside the clock."""

    book: Book | None
    is_private: bool
    is_demo: bool
    is_read_only: bool = False
    """The screen itself writes nothing: it cannot even ask for a sync."""
    is_sync_asked: bool = False
    """A person has asked for a sync that has not begun yet."""
    other_engine: int | None = None
    """The process id of the engine where it is another program's."""
    has_engine: bool = True
    """False where it is known that nothing syncs: what streams were said to do is then over."""
    is_low_bandwidth: bool = False
    """The header is shown seldom: seconds of the time of day would be wrong."""

    @property
    def snapshot(self) -> PortfolioSnapshot | None:
        return None if self.book is None else self.book.snapshot


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
    totals = None if facts.book is None else facts.book.totals
    words = [*_words(facts), *_conversions(totals, is_wide=width >= WIDE)]
    if width < WIDE:
        must = [part for part in _book(facts, totals) if part.rank == 0]
        left = [*must, *_money(totals, figures)] if totals else [_title()]
        return (_joined(left, [*words, *_worst(facts, now)], width),)
    first = _joined([_title(), *_book(facts, totals)], _money(totals, figures) if totals else [], width)
    second = _joined(_connections(facts, now), [_market(facts, now), *words, *_synced(facts, now)], width)
    return (first, second)


def _joined(left: list[_Part], right: list[_Part], width: int) -> Line:
    """Left parts, a gap, right parts, in `width` cells with a blank at each end."""
    room = width - 2
    parts = [*left, *right]
    while len(parts) > 1 and line_width(_spaced(parts)) > room:
        parts.remove(max(parts, key=lambda part: part.rank))
    lefts = _spaced([part for part in left if part in parts])
    rights = _spaced([part for part in right if part in parts])
    gap = Piece(" " * max(0, room - line_width(lefts) - line_width(rights)))
    return (Piece(" "), *lefts, gap, *rights)


def _spaced(parts: list[_Part]) -> Line:
    pieces: list[Piece] = []
    for part in parts:
        pieces += [Piece(part.gap)] if pieces else []
        pieces += part.pieces
    return tuple(pieces)


def _title() -> _Part:
    return _Part(5, (Piece("cotrader", f"bold {ACCENT}"),))


def _book(facts: HeaderFacts, totals: BookTotals | None) -> list[_Part]:
    """Which portfolio is shown, in what currency; it must stay where the figures would be misread without."""
    if facts.snapshot is None or totals is None:
        return []
    title = clipped(visible(facts.snapshot.portfolio.title), _LONGEST_NAME)
    currency = "" if totals.currency is None else f" · {totals.currency}"
    is_plain = facts.snapshot.portfolio.accounts is None and totals.conversions == NO_CONVERSIONS
    return [_Part(6 if is_plain else 0, (Piece(title + currency),))]


def _money(totals: BookTotals, figures: Figures) -> list[_Part]:
    day = totals.pnl.day_pnl
    theta = totals.greeks.theta if totals.greeks else None
    by_model = totals.greeks is not None and totals.greeks.legs_with_model_greeks > 0
    percent = []
    if (share := day_percent(totals)) is not None:
        percent = [_Part(3, (Piece(f"({number(share, 2, is_signed=True)}%)", tone(share)),), gap=" ")]
    return [
        _labelled(1, "NLV", figures.partial(totals.net_liquidating_value, is_gain=False), emphasis="bold"),
        _labelled(2, "Day", figures.partial(day)),
        *percent,
        _labelled(4, "Open", figures.partial(totals.pnl.open_pnl)),
        _labelled(7, "BP", figures.partial(totals.buying_power, is_gain=False)),
        _labelled(8, "Θ/day", figures.greek(theta, is_by_model=by_model)),
    ]


def _labelled(rank: int, label: str, value: Piece, emphasis: str = "") -> _Part:
    return _Part(rank, (Piece(f"{label} ", STALE), Piece(value.text, value.style or emphasis)))


def _words(facts: HeaderFacts) -> list[_Part]:
    """What must never be overlooked."""
    snapshot = facts.snapshot
    labels = [connection.label for connection in snapshot.connections if connection.label] if snapshot else []
    if (facts.is_demo or (snapshot and snapshot.is_demo)) and "DEMO" not in labels:
        labels.insert(0, "DEMO")
    words = [*dict.fromkeys(visible(label) for label in labels)]
    if snapshot is not None and snapshot.is_frozen:
        words.append("FROZEN COPY")
    if facts.is_read_only:
        words.append("READ-ONLY")
    if facts.is_private:
        words.append("PRIVACY")
    return [_Part(0, (Piece(word, f"bold {WARN}"),)) for word in words]


def _conversions(totals: BookTotals | None, *, is_wide: bool) -> list[_Part]:
    """How old the reference rates of the totals are, and the currencies that are missing from them."""
    if totals is None:
        return []
    found = conversion_words(totals.conversions, totals.currency, is_short=not is_wide)
    return [_Part(0, (Piece(words, WARN),)) for words in found]


def _state(facts: HeaderFacts, connection: Connection, now: datetime) -> Line:
    """A connection's state as glyph, word and age."""
    fresh = freshness(connection, now)
    newest = newest_age(connection, _streams(facts), stream_of(facts, connection, now), now)
    shown = Piece(f"{fresh.glyph} {fresh.state}", _STATE_STYLES.get(fresh.state, FAILED))
    if connection.is_syncing:
        shown = Piece(_SYNCING, ACCENT)
    elapsed = UNKNOWN if newest is None else age(newest)
    if fresh.state is DataState.CACHED and fresh.since is not None and now - fresh.since < timedelta(days=1):
        elapsed = f"{fresh.since.astimezone(EXCHANGE_ZONE):%H:%M}"
    return (shown, Piece(f" {elapsed}"))


def _streams(facts: HeaderFacts) -> StreamFacts:
    return NO_FACTS if facts.book is None else facts.book.streams


def stream_of(facts: HeaderFacts, connection: Connection, now: datetime) -> StreamStatus | None:
    """How the stream of a connection does, as far as that can still be believed."""
    if facts.snapshot is None:
        return None
    return stream_status(connection, facts.snapshot, _streams(facts), now, has_engine=facts.has_engine)


def _trouble(facts: HeaderFacts, connection: Connection, now: datetime) -> Line:
    """What is wrong with its stream, and since when; empty where it does well."""
    words = trouble_words(stream_of(facts, connection, now), now)
    return (Piece(words, WARN),) if words else ()


def _overflow(facts: HeaderFacts, connection: Connection, now: datetime) -> list[_Part]:
    """How many updates came too fast to be shown each."""
    status = stream_of(facts, connection, now)
    if status is None or not status.overflow:
        return []
    return [_Part(10, (Piece(f"{status.overflow:,} ticks replaced by newer", STALE),), gap=" ")]


def _in_use(facts: HeaderFacts) -> list[Connection]:
    return in_use(facts.snapshot.connections if facts.snapshot else ())


def _connections(facts: HeaderFacts, now: datetime) -> list[_Part]:
    """Each connection by name; of more than a few how many are in each state, the worst named."""
    in_use = _in_use(facts)
    if len(in_use) > _FEW:
        return _crowd(facts, in_use, now)
    parts: list[_Part] = []
    for each in in_use:
        trouble = _trouble(facts, each, now)
        gap = (Piece(" "),) if trouble else ()
        parts.append(_Part(2, (Piece(f"{visible(each.name)} "), *_state(facts, each, now), *gap, *trouble)))
        parts += _overflow(facts, each, now)
    return parts


def _crowd(facts: HeaderFacts, connections: Sequence[Connection], now: datetime) -> list[_Part]:
    """How many are in each state, worst first; the worst by name."""
    crowd = facts.book.crowd if facts.book is not None else None
    if crowd is None or not crowd.holds(now):
        crowd = Crowd.of(connections, now)
    states = crowd.states
    statuses = _streams(facts).statuses
    suspects = [each for each in connections if worth_a_word(statuses.get(each.name), now)]
    troubled = [each for each in suspects if _trouble(facts, each, now)]
    parts: list[_Part] = []
    if crowd.worst is not None and set(states) != {DataState.LIVE}:
        parts.append(_Part(1, (Piece(f"{visible(crowd.worst.name)} "), *_state(facts, crowd.worst, now))))
    for state in sorted(states, key=SEVERITY.index, reverse=True):
        shown = Piece(f"{GLYPHS[state]} {state}", _STATE_STYLES.get(state, FAILED))
        parts.append(_Part(2, (Piece(f"{states[state]} "), shown)))
    if troubled:
        parts.append(_Part(2, (Piece(f"≈ {len(troubled)} streams troubled", WARN),)))
    return parts


def _worst(facts: HeaderFacts, now: datetime) -> list[_Part]:
    """The connection in the worst state, or with a troubled stream where all are well."""
    connections = _in_use(facts)
    if not connections:
        return []

    def badness(each: Connection) -> tuple[int, bool, bool]:
        return SEVERITY.index(freshness(each, now).state), bool(_trouble(facts, each, now)), each.is_syncing

    worst = max(connections, key=badness)
    name = (Piece(f"{visible(worst.name)} "),) if len(connections) > 1 else ()
    is_well = freshness(worst, now).state in (DataState.LIVE, DataState.DELAYED)
    return [_Part(0, (*name, *((is_well and _trouble(facts, worst, now)) or _state(facts, worst, now))))]


def _market(facts: HeaderFacts, now: datetime) -> _Part:
    """The time, and the phase of the equity market; of another, by its name, where nothing else is held."""
    market = facts.book.market if facts.book else Market.EQUITIES
    state = market_state(facts.snapshot.sessions if facts.snapshot else (), now, market)
    shown = clock_time(now).rpartition(":")[0] if facts.is_low_bandwidth else clock_time(now)
    text = f"{shown} ET"
    if state.phase is not MarketPhase.UNKNOWN:
        text += "" if market is Market.EQUITIES else f" {market}"
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
