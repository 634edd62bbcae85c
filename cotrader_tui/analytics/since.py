"""What became of a book from one moment on: P&L and changes of Greeks by underlying, what happened, failed syncs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cotrader_tui.analytics.position_since import NEVER, Happening, PositionSince, position_since
from cotrader_tui.analytics.sums import PartialSum, total
from cotrader_tui.domain.positions import RealizedSource
from cotrader_tui.domain.since import SinceRecord, SyncTally
from cotrader_tui.domain.sync import RunStatus

NOTHING_BEFORE = "Nothing had been synced by then, so what has changed since is not known."


@dataclass(frozen=True, slots=True)
class GreekChanges:
    """How much the Greeks of some legs changed: position Greeks now − then; what is not held has Greeks of 0.

    Sums over the `legs_with_greeks` legs of which they are known then and now, `None` without any. `dollars` is the
    change of delta × the price of what moves the leg, `None` too where that price is not known.
    """

    legs: int
    """Legs that should have Greeks."""
    legs_with_greeks: int
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    dollars: float | None

    @property
    def is_none(self) -> bool:
        """Whether nothing that is known changed."""
        return not any((self.delta, self.gamma, self.theta, self.vega))


@dataclass(frozen=True, slots=True)
class UnderlyingSince:
    """All positions of one underlying in one currency; `pnl` says how many of them it misses."""

    underlying: str
    currency: str
    pnl: PartialSum
    estimated: int
    """Positions whose P&L has a realized part estimated from the last mark."""
    greeks: GreekChanges


@dataclass(frozen=True, slots=True)
class Since:
    """What became of a book from `since` on."""

    since: datetime
    positions: tuple[PositionSince, ...]
    """What is held, then what is not any more; each by account, underlying and instrument."""
    underlyings: tuple[UnderlyingSince, ...]
    """By name and currency."""
    totals: dict[str, PartialSum]
    """P&L by currency: past exchange rates are not stored, so they are not added up."""
    failures: tuple[SyncTally, ...]
    """The syncs that failed, or landed in part."""
    has_landed: bool
    """Whether any of the accounts has landed since."""
    had_landed: bool
    """Whether anything is stored from then: without, no P&L and no change since is known."""
    figures_from: datetime | None
    """The oldest sync that "then" is made of: "then" is no older; `None` without any."""
    figures_of: datetime | None
    """The oldest of the accounts' last syncs: "now" is no older; `None` where one never landed."""

    @property
    def is_worth_telling(self) -> bool:
        """Whether anything happened: P&L, a change of what is held, or a sync that failed."""
        has_moved = any(each.pnl.value for each in self.underlyings)
        has_changed = self.had_landed and any(each.happening is not None for each in self.positions)
        return has_moved or has_changed or bool(self.failures)

    def of(self, *happenings: Happening) -> tuple[PositionSince, ...]:
        """The positions to which one of `happenings` happened."""
        return tuple(each for each in self.positions if each.happening in happenings)

    @property
    def unknown(self) -> tuple[PositionSince, ...]:
        """The positions whose P&L is not known."""
        return tuple(each for each in self.positions if each.pnl is None)

    @property
    def by_greeks(self) -> tuple[UnderlyingSince, ...]:
        """The underlyings whose Greeks changed, the largest change of delta in money first.

        Those whose change of delta has no price come before all others: they may be the largest.
        """
        changed = [each for each in self.underlyings if not each.greeks.is_none]
        return tuple(sorted(changed, key=_size))


def since_then(record: SinceRecord, now: datetime) -> Since:
    """What became of the book in `record`, at `now`."""
    told = [
        position_since(held, record.accounts.get(held.leg.position.account, NEVER), record.since, now)
        for held in record.held
    ]
    positions = tuple(_with_flips_joined(told))
    befores = [each.before_at for each in positions if each.before_at is not None]
    lasts = [each.last for each in record.accounts.values()]
    known = [each for each in lasts if each is not None]
    return Since(
        since=record.since,
        positions=positions,
        underlyings=tuple(_underlyings(positions)),
        totals=_by_currency(positions),
        failures=tuple(each for each in record.syncs if each.status in (RunStatus.FAILED, RunStatus.PARTIAL)),
        has_landed=any(each > record.since for each in known),
        had_landed=bool(befores) or any(each.until is not None for each in record.accounts.values()),
        figures_from=min(befores, default=None),
        figures_of=min(known) if known and len(known) == len(lasts) else None,
    )


def _size(each: UnderlyingSince) -> tuple[bool, float, str]:
    greeks = each.greeks
    if greeks.dollars is not None:
        return True, -abs(greeks.dollars), each.underlying
    return not greeks.delta, 0.0, each.underlying


# Flips: the sync that closes one row opens another in its place


def _with_flips_joined(told: Sequence[PositionSince]) -> Iterable[PositionSince]:
    flipped = {_closing(each): each for each in told if each.happening is Happening.FLIPPED}
    joined = set()
    for each in told:
        first = flipped.get(_opening(each)) if each.happening in _BEGINNINGS else None
        if first is not None:
            joined.add(_closing(first))
            yield _joined(first, each)
        elif each.happening is not Happening.FLIPPED:
            yield each
    yield from (each for key, each in flipped.items() if key not in joined)


_BEGINNINGS = frozenset({Happening.OPENED, Happening.OPENED_AND_CLOSED})


def _closing(position: PositionSince) -> tuple[object, ...]:
    held = position.leg.position
    return held.account, held.instrument.id, held.closed_at


def _opening(position: PositionSince) -> tuple[object, ...]:
    held = position.leg.position
    return held.account, held.instrument.id, held.opened_at


def _joined(first: PositionSince, second: PositionSince) -> PositionSince:
    """The position before its flip and after it, as one."""
    realized = [each.realized for each in (first, second) if each.realized_source is not None]
    amounts = [each for each in realized if each is not None]
    sources = [each.realized_source for each in (first, second) if each.realized_source is not None]
    return replace(
        second,
        happening=Happening.FLIPPED,
        quantity_before=first.quantity_before,
        mark_before=first.mark_before,
        pnl=None if first.pnl is None or second.pnl is None else total((first.pnl, second.pnl)),
        unknown_because=first.unknown_because or second.unknown_because,
        realized=total(amounts) if realized and len(amounts) == len(realized) else None,
        realized_source=max(sources, key=list(RealizedSource).index, default=None),
        greeks=None
        if first.greeks is None or second.greeks is None
        else tuple(a + b for a, b in zip(first.greeks, second.greeks, strict=True)),
        before_at=first.before_at,
    )


# Sums


def _underlyings(positions: Iterable[PositionSince]) -> Iterable[UnderlyingSince]:
    groups: dict[tuple[str, str], list[PositionSince]] = {}
    for each in positions:
        instrument = each.leg.position.instrument
        groups.setdefault((instrument.underlying, instrument.currency), []).append(each)
    for (underlying, currency), group in sorted(groups.items()):
        yield UnderlyingSince(
            underlying=underlying,
            currency=currency,
            pnl=PartialSum.over(each.pnl for each in group),
            estimated=sum(each.realized_source is RealizedSource.ESTIMATED and each.pnl is not None for each in group),
            greeks=_greek_changes(group),
        )


def _by_currency(positions: Iterable[PositionSince]) -> dict[str, PartialSum]:
    groups: dict[str, list[PositionSince]] = {}
    for each in positions:
        groups.setdefault(each.leg.position.instrument.currency, []).append(each)
    return {currency: PartialSum.over(each.pnl for each in groups[currency]) for currency in sorted(groups)}


def _greek_changes(group: Sequence[PositionSince]) -> GreekChanges:
    legs = [each for each in group if each.leg.position.instrument.has_greeks]
    known = [each for each in legs if each.greeks is not None]
    if not known:
        return GreekChanges(len(legs), 0, None, None, None, None, None)
    changes = [each.greeks for each in known if each.greeks is not None]
    delta, gamma, theta, vega = (sum(change[place] for change in changes) for place in range(4))
    return GreekChanges(len(legs), len(known), delta, gamma, theta, vega, _dollars(known))


def _dollars(known: Iterable[PositionSince]) -> float | None:
    parts = [(each.greeks[0], each.underlying_price) for each in known if each.greeks is not None and each.greeks[0]]
    if any(price is None for _, price in parts):
        return None
    return sum(delta * float(price) for delta, price in parts if price is not None)
