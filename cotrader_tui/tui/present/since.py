"""What "Since you left" tells: P&L by underlying, what happened, the biggest changes of Greeks, failed syncs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from cotrader_tui.analytics.position_since import Happening, PositionSince, Unknown
from cotrader_tui.analytics.since import NOTHING_BEFORE, Since, UnderlyingSince
from cotrader_tui.analytics.sums import PartialSum
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.positions import RealizedSource
from cotrader_tui.domain.since import SyncTally
from cotrader_tui.domain.sync import RunStatus, SyncKind
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present.figures import ACCENT, STALE, WARN, Figures
from cotrader_tui.tui.present.names import name
from cotrader_tui.tui.present.text import Line, Piece, clipped, padded
from cotrader_tui.tui.present.times import countdown, moment

NOTHING_SYNCED = "Nothing has been synced since then."
NOTHING_HAPPENED = "Nothing was opened, closed or changed."
_MOST, _MOST_UNDERLYINGS, _MOST_GREEKS, _MOST_NAMES = 20, 10, 8, 6
_NAME, _GAIN, _GREEK = 22, 12, 9
_HEADINGS = (
    ("Opened", (Happening.OPENED,)),
    ("Opened and closed", (Happening.OPENED_AND_CLOSED,)),
    ("Closed", (Happening.CLOSED,)),
    ("Expired, assigned, exercised", (Happening.EXPIRED, Happening.ASSIGNED, Happening.EXERCISED)),
    ("Flipped", (Happening.FLIPPED,)),
    ("Increased", (Happening.INCREASED,)),
    ("Reduced", (Happening.REDUCED,)),
    ("Traded or adjusted", (Happening.ADJUSTED,)),
    ("First seen: not opened since, but no sync before had it", (Happening.FIRST_SEEN,)),
)


_REASONS = {
    Unknown.NOT_SYNCED: "the account has not been synced since",
    Unknown.FIRST_SEEN: "no sync had seen it then",
    Unknown.NO_FIGURES: "no figures are stored from then",
    Unknown.NO_MARK_THEN: "it had no mark then",
    Unknown.NO_MARK: "it has no mark",
    Unknown.NO_NEW_MARK: "no mark has come since",
    Unknown.NO_COST: "its average open price is not known",
    Unknown.REALIZED: "what was realized is not known",
    Unknown.ADJUSTED: "its average open price or multiplier was changed, what that was worth is not known",
}


def since_lines(found: Since, now: datetime, figures: Figures) -> tuple[Line, ...]:
    """All of it; each section only if there is something in it."""
    sections = [_head(found, now)]
    if found.has_landed and found.had_landed:
        sections += [_pnl(found, currency, figures) for currency in found.totals]
        sections += [_not_known(found, now), *_happenings(found, now, figures), _greeks(found, figures)]
    sections.append(_failures(found, now))
    told = [tuple(section) for section in sections]
    return tuple(line for section in told if section for line in ((), *section))[1:]


def title(found: Since, now: datetime) -> str:
    return f"Since you left, {moment(found.since, now)} New York, {countdown(now - found.since)} ago"


def _head(found: Since, now: datetime) -> Iterator[Line]:
    if not found.has_landed:
        yield (Piece(NOTHING_SYNCED, WARN),)
        return
    if not found.had_landed:
        yield (Piece(NOTHING_BEFORE),)
        return
    if found.figures_from is not None:
        yield (Piece(f"The figures from then are of {moment(found.figures_from, now)} or later.", STALE),)
    if found.figures_of is not None:
        yield (Piece(f"The figures of now are of {moment(found.figures_of, now)} or later.", STALE),)
    if not any(each.happening is not None for each in found.positions):
        yield (Piece(NOTHING_HAPPENED),)


def _heading(words: str) -> Line:
    return (Piece(words, f"bold {ACCENT}"),)


# P&L


def _pnl(found: Since, currency: str, figures: Figures) -> Iterator[Line]:
    """The sum over all, then the largest, then how many have none."""
    group = [each for each in found.underlyings if each.currency == currency]
    unknown = [each for each in group if each.pnl.value is None]
    told = sorted((each for each in group if each.pnl.value or 0 < each.pnl.known < each.pnl.of), key=_by_amount)
    yield _heading(f"P&L since then by underlying, in {visible(currency)}")
    sums = [("Total", found.totals[currency], sum(each.estimated for each in group))]
    sums += [(visible(each.underlying), each.pnl, each.estimated) for each in told[:_MOST_UNDERLYINGS]]
    width = max(_GAIN, *(len(figures.gain(total.value).text) for _, total, _ in sums))
    for label, total, estimated in sums:
        yield _sum(label, total, estimated, figures, width)
    yield from _more(len(told), _MOST_UNDERLYINGS)
    if unmoved := len(group) - len(told) - len(unknown):
        yield (Piece(f"  {_counted(unmoved, 'underlying')} without a change", STALE),)
    if unknown:
        yield (Piece(f"  {_counted(len(unknown), 'underlying')} not known", WARN),)


def _by_amount(each: UnderlyingSince) -> tuple[Decimal, str]:
    return -abs(each.pnl.value or Decimal(0)), each.underlying


def _sum(label: str, total: PartialSum, estimated: int, figures: Figures, width: int) -> Line:
    shown = figures.gain(total.value)
    words = [] if total.is_complete else [f"{total.known} of {_counted(total.of, 'position')}"]
    words += [f"{estimated} estimated"] if estimated else []
    return (
        Piece(f"  {padded(label, _NAME, is_text=True)}"),
        Piece(padded(shown.text, width, is_text=False), shown.style),
        Piece(f"  {', '.join(words)}" if words else "", STALE if total.is_complete else WARN),
    )


def _not_known(found: Since, now: datetime) -> Iterator[Line]:
    reasons: dict[str, list[str]] = {}
    for each in found.unknown:
        if each.unknown_because is not None:
            reasons.setdefault(_REASONS[each.unknown_because], []).append(_name(each, now))
    if reasons:
        yield _heading("Of these the P&L since then is not known")
    for reason, names in reasons.items():
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        yield (Piece(f"  {', '.join(names[:_MOST_NAMES])}{more}: "), Piece(f"{reason}.", WARN))
    if found.unknown:
        yield (Piece("  No sum has them in it.", STALE),)


# What happened


def _happenings(found: Since, now: datetime, figures: Figures) -> Iterator[Iterator[Line]]:
    with_account = len({each.leg.position.account for each in found.positions}) > 1
    for heading, happenings in _HEADINGS:
        positions = found.of(*happenings)
        if positions:
            lines = [_position(each, now, figures, with_account=with_account) for each in positions[:_MOST]]
            yield iter([_heading(heading), *lines, *_more(len(positions))])


def _position(each: PositionSince, now: datetime, figures: Figures, *, with_account: bool) -> Line:
    change = f"{figures.quantity(each.quantity_before).text} → {figures.quantity(each.quantity).text}"
    words = [*_words(each, figures)]
    if with_account:
        words.append(visible(each.leg.position.account.number))
    return (
        Piece(f"  {padded(_name(each, now), _NAME, is_text=True)}"),
        Piece(padded(change, max(_GAIN, len(change)), is_text=False)),
        Piece(f"  {', '.join(words)}", STALE),
    )


def _words(each: PositionSince, figures: Figures) -> Iterator[str]:
    if each.happening in (Happening.ASSIGNED, Happening.EXERCISED):
        yield each.happening.value
    if each.happening is Happening.EXPIRED and each.quantity:
        yield "still listed"
    if each.happening in (Happening.OPENED, Happening.INCREASED, Happening.FLIPPED):
        yield f"at {figures.cost(each.leg.position.average_open_price).text}"
    if each.realized is not None:
        is_estimated = each.realized_source is RealizedSource.ESTIMATED
        yield f"{figures.gain(each.realized).text} realized{' (estimated)' if is_estimated else ''}"
    elif each.realized_source is not None:
        yield "what it realized is not known"


def _name(each: PositionSince, now: datetime) -> str:
    return name(each.leg.position.instrument, exchange_date(now))


# Greeks


def _greeks(found: Since, figures: Figures) -> Iterator[Line]:
    changed = found.by_greeks
    if not changed:
        return
    yield _heading("Biggest changes of Greeks")
    labels = "".join(padded(label, _GREEK, is_text=False) for label in ("Δ", "Γ", "Θ", "ν"))
    yield (Piece(f"  {' ' * 12}{labels}", STALE),)
    currencies = {each.currency for each in changed}
    for each in changed[:_MOST_GREEKS]:
        label = each.underlying if len(currencies) == 1 else f"{each.underlying} {each.currency}"
        greeks = each.greeks
        values = (
            figures.greek(value, _GREEK - 1).text for value in (greeks.delta, greeks.gamma, greeks.theta, greeks.vega)
        )
        is_whole = greeks.legs == greeks.legs_with_greeks
        yield (
            Piece(f"  {padded(clipped(visible(label), 12), 12, is_text=True)}"),
            Piece("".join(padded(value, _GREEK, is_text=False) for value in values)),
            Piece("" if is_whole else f"  {greeks.legs_with_greeks} of {_counted(greeks.legs, 'leg')}", WARN),
        )
    yield from _more(len(changed), _MOST_GREEKS)
    yield (Piece("  By the change of delta in money. With the broker's Greeks: a model's are not stored.", STALE),)


# Syncs


def _failures(found: Since, now: datetime) -> Iterator[Line]:
    if not found.failures:
        return
    yield _heading("Failed syncs")
    for each in found.failures:
        yield (Piece(f"  {visible(each.connection)}: "), Piece(_failure(each, now), WARN))


def _failure(each: SyncTally, now: datetime) -> str:
    what = "" if each.sync_type == SyncKind.POSITIONS else f" of {each.sync_type}"
    ending = "failed" if each.status is RunStatus.FAILED else "landed in part"
    error = "" if each.error is None else f": {each.error.message} {each.error.hint}".rstrip()
    return visible(f"{_counted(each.cycles, 'sync')}{what} {ending}, the last at {moment(each.last_at, now)}{error}")


def _more(count: int, most: int = _MOST) -> Sequence[Line]:
    if count <= most:
        return ()
    return ((Piece(f"  and {count - most} more: `cotrader since` lists all", STALE),),)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
