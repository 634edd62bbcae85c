"""What became of one position from one moment on.

Its P&L since then = what its events realized since + open P&L now − open P&L then. A position that is held then and now
in the same quantity, and to which nothing happened: (mark now − mark then) × quantity × multiplier, which is the same
and needs no average open price. What was opened since had an open P&L of 0 then; what is closed has one of 0 now.
"Then" is the last stored sync until that moment. Without fees, dividends and cash, as open P&L is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cotrader_tui.analytics.greeks import counts_for_greeks, position_greeks, underlying_price
from cotrader_tui.analytics.pnl import open_pnl
from cotrader_tui.analytics.sums import product, total
from cotrader_tui.domain.instruments import LINEAR_TYPES
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.domain.positions import EventKind, PositionSnapshot, PositionStatus, RealizedSource
from cotrader_tui.domain.since import HeldSince, LandedSince
from cotrader_tui.domain.transactions import TransactionKind

_ZERO = Decimal(0)
_NO_GREEKS = (0.0, 0.0, 0.0, 0.0)
NEVER = LandedSince(None, None)
"""Of an account of which no sync is stored."""


class Happening(StrEnum):
    """What became of a position."""

    OPENED = "opened"
    FIRST_SEEN = "first_seen"
    """It was not opened since, but no sync before told of it: a new connection, or a transfer."""
    CLOSED = "closed"
    OPENED_AND_CLOSED = "opened_and_closed"
    EXPIRED = "expired"
    """It is past its expiration and gone, or still listed."""
    ASSIGNED = "assigned"
    EXERCISED = "exercised"
    FLIPPED = "flipped"
    INCREASED = "increased"
    REDUCED = "reduced"
    ADJUSTED = "adjusted"
    """Its quantity is what it was, but it was traded, or its broker changed its terms."""


class Unknown(StrEnum):
    """Why the P&L of a position since then is not known."""

    NOT_SYNCED = "not_synced"
    """Its account has not landed since."""
    FIRST_SEEN = "first_seen"
    NO_FIGURES = "no_figures"
    """None of it are stored from then: they were thinned away."""
    NO_MARK_THEN = "no_mark_then"
    NO_MARK = "no_mark"
    NO_NEW_MARK = "no_new_mark"
    """None has come since."""
    NO_COST = "no_cost"
    """Its average open price is not known, and it was traded."""
    REALIZED = "realized"
    """What it realized is not known."""
    ADJUSTED = "adjusted"
    """Its average open price or its multiplier changed, and nobody says what was realized."""


_ENDINGS = {
    TransactionKind.ASSIGNMENT: Happening.ASSIGNED,
    TransactionKind.EXERCISE: Happening.EXERCISED,
    TransactionKind.EXPIRATION: Happening.EXPIRED,
}
_REALIZING = frozenset({EventKind.REDUCED, EventKind.CLOSED, EventKind.FLIPPED})


@dataclass(frozen=True, slots=True)
class PositionSince:
    """One position. Quantities are signed, 0 where it is not held, `None` where not known."""

    leg: Leg
    happening: Happening | None
    """`None`: it is held as it was."""
    quantity_before: Decimal | None
    quantity: Decimal
    mark_before: Decimal | None
    pnl: Decimal | None
    unknown_because: Unknown | None
    realized: Decimal | None
    """What its events realized; `None`: unknown, or nothing was."""
    realized_source: RealizedSource | None
    """The weakest of its parts."""
    greeks: tuple[float, ...] | None
    """The change of its delta, gamma, theta and vega; `None` where not known."""
    underlying_price: Decimal | None
    """Of what moves it: now, else then."""
    before_at: datetime | None
    """When the figures it had then were stored."""


def position_since(held: HeldSince, account: LandedSince, since: datetime, now: datetime) -> PositionSince:
    """What became of one position of `account` from `since` until `now`."""
    happening = _happening(held, account, since, now)
    pnl = _pnl(held, account, happening, since)
    realized, source = _realized(held)
    is_open = held.leg.position.status is PositionStatus.OPEN
    return PositionSince(
        leg=held.leg,
        happening=happening,
        quantity_before=_quantity_before(held, happening, since),
        quantity=held.leg.position.quantity if is_open else _ZERO,
        mark_before=None if held.before is None else held.before.mark,
        pnl=None if isinstance(pnl, Unknown) else pnl,
        unknown_because=pnl if isinstance(pnl, Unknown) else None,
        realized=realized,
        realized_source=source,
        greeks=None if pnl in _NO_COMPARISON else _greek_change(held, now),
        underlying_price=_price(held),
        before_at=None if held.before is None else held.before.at,
    )


_NO_COMPARISON = frozenset({Unknown.NOT_SYNCED, Unknown.FIRST_SEEN, Unknown.NO_FIGURES, Unknown.ADJUSTED})
"""With these the Greeks then or now are not known either."""


def _is_new(held: HeldSince, since: datetime) -> bool:
    """Whether its first event came after that moment."""
    return held.before is None and bool(held.events) and held.events[0].at > since


def _happening(held: HeldSince, account: LandedSince, since: datetime, now: datetime) -> Happening | None:
    position, kinds = held.leg.position, {event.kind for event in held.events}
    is_new = _is_new(held, since)
    if is_new and (account.until is None or position.opened_at < account.until):
        return Happening.FIRST_SEEN
    if position.status is PositionStatus.CLOSED:
        if EventKind.FLIPPED in kinds:
            return Happening.FLIPPED
        if held.ending is not None:
            return _ENDINGS[held.ending]
        if position.instrument.is_expired(position.closed_at or now):
            return Happening.EXPIRED
        return Happening.OPENED_AND_CLOSED if is_new else Happening.CLOSED
    if is_new:
        return Happening.OPENED
    if position.instrument.is_expired(now) and not position.instrument.is_expired(since):
        return Happening.EXPIRED
    return _change(held, kinds)


def _change(held: HeldSince, kinds: set[EventKind]) -> Happening | None:
    if not kinds - {EventKind.ORPHANED}:
        return None
    before = held.events[0].quantity_before if held.before is None else held.before.quantity
    grown = abs(held.leg.position.quantity) - abs(before)
    if grown == 0:
        return Happening.ADJUSTED
    return Happening.INCREASED if grown > 0 else Happening.REDUCED


def _quantity_before(held: HeldSince, happening: Happening | None, since: datetime) -> Decimal | None:
    if held.before is not None:
        return held.before.quantity
    return _ZERO if _is_new(held, since) and happening is not Happening.FIRST_SEEN else None


def _pnl(held: HeldSince, account: LandedSince, happening: Happening | None, since: datetime) -> Decimal | Unknown:
    if account.last is None or account.last <= since:
        return Unknown.NOT_SYNCED
    if happening is Happening.FIRST_SEEN:
        return Unknown.FIRST_SEEN
    if held.before is None and not _is_new(held, since):
        return Unknown.NO_FIGURES
    quote, is_open = held.leg.quote, held.leg.position.status is PositionStatus.OPEN
    if is_open and (quote is None or quote.mark is None):
        return Unknown.NO_MARK
    if is_open and quote is not None and quote.received_at <= since:
        return Unknown.NO_NEW_MARK
    if held.before is not None and _is_untouched(held, held.before):
        return _by_marks(held.leg, held.before)
    return _by_costs(held)


def _is_untouched(held: HeldSince, before: PositionSnapshot) -> bool:
    is_open = held.leg.position.status is PositionStatus.OPEN
    is_quiet = all(event.kind is EventKind.ORPHANED for event in held.events)
    return is_open and is_quiet and held.leg.position.quantity == before.quantity


def _by_marks(leg: Leg, before: PositionSnapshot) -> Decimal | Unknown:
    mark = None if leg.quote is None else leg.quote.mark
    if mark is None or before.mark is None:
        return Unknown.NO_MARK if mark is None else Unknown.NO_MARK_THEN
    quantity, multiplier = leg.position.quantity, leg.position.instrument.multiplier
    return total((product(mark, quantity, multiplier), product(before.mark, quantity, multiplier).copy_negate()))


def _by_costs(held: HeldSince) -> Decimal | Unknown:
    """What was realized + open P&L now − open P&L then."""
    for event in held.events:
        if event.realized_pnl is None and event.kind in _REALIZING:
            return Unknown.REALIZED
        if event.realized_pnl is None and event.kind is EventKind.ADJUSTED:
            return Unknown.ADJUSTED
    now, then = _open_now(held.leg), _open_then(held.before)
    if isinstance(now, Unknown):
        return now
    if isinstance(then, Unknown):
        return then
    return total((_realized(held)[0] or _ZERO, now, then.copy_negate()))


def _open_now(leg: Leg) -> Decimal | Unknown:
    if leg.position.status is PositionStatus.CLOSED:
        return _ZERO
    profit = open_pnl(leg)
    return Unknown.NO_COST if profit is None else profit


def _open_then(before: PositionSnapshot | None) -> Decimal | Unknown:
    if before is None:
        return _ZERO
    if before.open_pnl is None:
        return Unknown.NO_MARK_THEN if before.mark is None else Unknown.NO_COST
    return before.open_pnl


def _realized(held: HeldSince) -> tuple[Decimal | None, RealizedSource | None]:
    parts = [event for event in held.events if event.realized_source is not None or event.kind in _REALIZING]
    amounts = [event.realized_pnl for event in parts if event.realized_pnl is not None]
    source: RealizedSource | None = None
    for event in parts:
        source = event.realized_source.weakest(source) if event.realized_source is not None else source
    return (total(amounts) if parts and len(amounts) == len(parts) else None), source


# Greeks


def _greek_change(held: HeldSince, now: datetime) -> tuple[float, ...] | None:
    """Now − then of the position's delta, gamma, theta and vega; `None` where one of them is not known."""
    before, after = _greeks_then(held), _greeks_now(held.leg, now)
    if before is None or after is None:
        return None
    return tuple(each - earlier for each, earlier in zip(after, before, strict=True))


def _greeks_now(leg: Leg, now: datetime) -> tuple[float, ...] | None:
    if not counts_for_greeks(leg, now):
        return _NO_GREEKS
    found = position_greeks(leg, now)
    return _known(found.delta, found.gamma, found.theta, found.vega)


def _greeks_then(held: HeldSince) -> tuple[float, ...] | None:
    before, instrument = held.before, held.leg.position.instrument
    if before is None or not instrument.has_greeks or instrument.is_expired(before.at):
        return _NO_GREEKS
    size = float(before.quantity * instrument.multiplier)
    if instrument.type in LINEAR_TYPES:
        return (size, 0.0, 0.0, 0.0)
    unit = _known(before.delta, before.gamma, before.theta, before.vega)
    return None if unit is None else tuple(each * size for each in unit)


def _known(*values: float | None) -> tuple[float, ...] | None:
    known = tuple(value for value in values if value is not None)
    return known if len(known) == len(values) else None


def _price(held: HeldSince) -> Decimal | None:
    """Of what moves the position: now, else then."""
    now = underlying_price(held.leg)
    return now if now is not None or held.before is None else held.before.underlying_price
