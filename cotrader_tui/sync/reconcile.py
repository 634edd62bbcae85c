"""The pure difference between what the store remembers and what a broker answers.

Only an answer that proves it is complete may close by absence. A row that cannot be read keeps its position open. An
answer that would empty an account whose balances still value something is believed only the second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.domain.changes import Change, PositionState, Realized, Reconciliation, StoredAccount
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import InstrumentId
from cotrader_tui.domain.positions import DatedAmount, EventKind, Holding, Position, RealizedSource
from cotrader_tui.domain.sync import SyncCounts

_ZERO = Decimal(0)
_UPDATES = frozenset({EventKind.INCREASED, EventKind.REDUCED, EventKind.ADJUSTED})

_reported = attrgetter(
    *("quantity", "average_open_price", "previous_close", "day_base", "realized_since_open", "realized_day_gain"),
    "instrument",
)
"""What a broker says of a position, of a holding and of the stored position alike."""


def reconcile(stored: StoredAccount, fetched: BrokerSnapshot, now: datetime) -> Reconciliation:
    """What `fetched` changes in the account `stored`, noticed at `now`. Neither argument is changed."""
    marks = {**(stored.marks or {}), **fetched.marks}
    positions = {position.instrument.id: position for position in stored.open}
    is_suspected = _is_suspiciously_empty(stored, fetched)
    may_close = _may_close(fetched) and not is_suspected
    others = [each for each in fetched.holdings if each.id not in stored.repeated]
    holdings = [each for each in others if may_close or not _closes(each, positions.get(each.id))]
    changes: list[Change] = []
    unchanged = dict(stored.repeated)
    for holding in holdings:
        position = positions.get(holding.id)
        if position is None:
            changes += _unknown_before(holding, stored, now)
        elif _reported(holding) == _reported(position):
            unchanged[holding.id] = position
        else:
            changes += _known_before(position, holding, marks.get(holding.id), now)
    seen = {holding.id for holding in holdings}
    absent = [position for position in stored.open if position.instrument.id not in seen]
    orphaned = [position for position in absent if not _may_close(fetched) or _is_unreadable(position, fetched)]
    kept = {position.id for position in orphaned}
    vanished = [position for position in absent if may_close and position.id not in kept]
    changes += [_vanished(position, marks.get(position.instrument.id), now) for position in vanished]
    return Reconciliation(
        changes=tuple(changes),
        unchanged=unchanged,
        orphaned=tuple(orphaned),
        counts=_counts(changes, len(unchanged), quarantined=len(fetched.quarantined)),
        notes=tuple(_notes(fetched, orphaned, absent if is_suspected else ())),
        is_suspected_empty=is_suspected,
    )


def repeated(known: Mapping[InstrumentId, Position], fetched: BrokerSnapshot) -> dict[InstrumentId, Position]:
    """Those of the open positions `known` that the answer repeats figure by figure, and prices."""
    listed = {holding.id: holding for holding in fetched.holdings}
    if len(listed) < len(fetched.holdings):  # what is listed twice is left to the whole comparison
        return {}
    priced = fetched.marks
    return {
        key: position
        for key, holding in listed.items()
        if key in priced and (position := known.get(key)) is not None and _reported(holding) == _reported(position)
    }


def _may_close(fetched: BrokerSnapshot) -> bool:
    """Whether the answer accounts for everything: it is complete, and every row says at least what it is about."""
    return fetched.is_complete and all(row.symbol is not None for row in fetched.quarantined)


def _closes(holding: Holding, position: Position | None) -> bool:
    """Whether the row closes the position, or tells of one that has been closed."""
    return holding.quantity == 0 or (position is not None and position.quantity * holding.quantity < 0)


def _is_unreadable(position: Position, fetched: BrokerSnapshot) -> bool:
    return any(row.symbol == position.instrument.symbol for row in fetched.quarantined)


def _is_suspiciously_empty(stored: StoredAccount, fetched: BrokerSnapshot) -> bool:
    """Whether a whole answer would close every position, for the first time, while the balances still value some."""
    if not stored.open or not _may_close(fetched) or stored.suspected_empty_at is not None:
        return False
    if any(holding.quantity != 0 for holding in fetched.holdings):
        return False
    if any(_is_unreadable(position, fetched) for position in stored.open):
        return False
    return fetched.balances is None or fetched.balances.value_positions


def _unknown_before(holding: Holding, stored: StoredAccount, now: datetime) -> list[Change]:
    closed = (stored.last_closed or {}).get(holding.id)
    if holding.quantity == 0:
        return _zero_row(holding, closed, now)
    return [Change(EventKind.OPENED, None, _opened(holding, now, not_before=closed))]


def _opened(holding: Holding, now: datetime, *, not_before: Position | None) -> PositionState:
    opened_at = holding.opened_at or now
    if not_before is not None and not_before.closed_at is not None and opened_at <= not_before.closed_at:
        opened_at = now
    return PositionState(
        instrument=holding.instrument,
        quantity=holding.quantity,
        average_open_price=holding.average_open_price,
        previous_close=holding.previous_close,
        day_base=holding.day_base,
        realized_pnl=None,
        realized_source=None,
        realized_since_open=holding.realized_since_open,
        realized_day_gain=holding.realized_day_gain,
        opened_at=opened_at,
    )


def _zero_row(holding: Holding, closed: Position | None, now: datetime) -> list[Change]:
    """A row closed today that the broker goes on listing: known already, or opened and closed between two syncs."""
    gain = holding.realized_day_gain
    if closed is not None and closed.closed_at is not None:
        if gain is None or gain.on <= _known_until(closed, closed.closed_at):
            return _later_day_gain(holding, closed)
    elif gain is None or gain.on != exchange_date(now) or holding.realized_since_open is None:
        return []
    since_open = holding.realized_since_open
    realized = None if since_open is None else Realized(since_open.amount, RealizedSource.BROKER)
    state = replace(
        _opened(holding, now, not_before=closed),
        realized_pnl=realized.amount if realized else None,
        realized_source=realized.source if realized else None,
    )
    return [Change(EventKind.CLOSED, None, state, realized)]


def _known_until(closed: Position, closed_at: datetime) -> date:
    """The last date whose gain the closed row tells of; the broker's date may be ahead of ours."""
    known = closed.realized_day_gain
    return max(exchange_date(closed_at), known.on) if known is not None else exchange_date(closed_at)


def _later_day_gain(holding: Holding, closed: Position) -> list[Change]:
    if holding.realized_day_gain in (None, closed.realized_day_gain):
        return []
    state = replace(_state(closed), realized_day_gain=holding.realized_day_gain)
    return [Change(None, closed, state)]


def _state(position: Position) -> PositionState:
    return PositionState(
        instrument=position.instrument,
        quantity=position.quantity,
        average_open_price=position.average_open_price,
        previous_close=position.previous_close,
        day_base=position.day_base,
        realized_pnl=position.realized_pnl,
        realized_source=position.realized_source,
        realized_since_open=position.realized_since_open,
        realized_day_gain=position.realized_day_gain,
        opened_at=position.opened_at,
    )


def _known_before(position: Position, holding: Holding, mark: Decimal | None, now: datetime) -> list[Change]:
    before, after = position.quantity, holding.quantity
    if after == 0:
        return [_reduced(EventKind.CLOSED, position, holding, before, mark)]
    if before * after < 0:
        closing = _reduced(EventKind.FLIPPED, position, replace(holding, quantity=_ZERO), before, mark)
        opening = replace(_opened(holding, now, not_before=None), opened_at=now)
        return [closing, Change(EventKind.OPENED, None, opening)]
    if abs(after) < abs(before):
        return [_reduced(EventKind.REDUCED, position, holding, before - after, mark)]
    realized = _realized_beside(position, holding)
    kind = EventKind.INCREASED if after != before else None
    if kind is None and (realized is not None or _is_adjusted(position, holding)):
        kind = EventKind.ADJUSTED
    return [Change(kind, position, _carried(position, holding, realized), realized)]


def _is_adjusted(position: Position, holding: Holding) -> bool:
    return (
        position.average_open_price != holding.average_open_price
        or position.instrument.multiplier != holding.instrument.multiplier
    )


def _carried(position: Position, holding: Holding, realized: Realized | None) -> PositionState:
    """The stored position with the broker's present figures, and `realized` added to what was realized before."""
    total, source = _add(position, realized)
    is_closing = holding.quantity == 0
    return PositionState(
        instrument=holding.instrument,
        quantity=holding.quantity,
        average_open_price=position.average_open_price if is_closing else holding.average_open_price,
        previous_close=holding.previous_close,
        day_base=holding.day_base,
        realized_pnl=total,
        realized_source=source,
        realized_since_open=holding.realized_since_open,
        realized_day_gain=holding.realized_day_gain,
        opened_at=position.opened_at,
    )


def _add(position: Position, realized: Realized | None) -> tuple[Decimal | None, RealizedSource | None]:
    """A sum with an unknown part is unknown and stays so: no amount, but a source."""
    if realized is None:
        return position.realized_pnl, position.realized_source
    source = realized.source.weakest(position.realized_source)
    has_unknown_part = position.realized_pnl is None and position.realized_source is not None
    if realized.amount is None or has_unknown_part:
        return None, source
    return (position.realized_pnl or _ZERO) + realized.amount, source


def _reduced(kind: EventKind, position: Position, holding: Holding, quantity: Decimal, mark: Decimal | None) -> Change:
    realized = _realized_by_broker(position, holding) or _estimated(position, quantity, mark)
    return Change(kind, position, _carried(position, holding, realized), realized)


def _realized_by_broker(position: Position, holding: Holding) -> Realized | None:
    """What the broker's dated figure grew by since the last sync; `None` where it says nothing new."""
    new, old = holding.realized_since_open, position.realized_since_open
    if new is None or new.on < exchange_date(position.last_synced_at):
        return None
    amount = new.amount - old.amount if old is not None and old.on == new.on else new.amount
    return Realized(amount, RealizedSource.BROKER) if amount != 0 else None


def _realized_beside(position: Position, holding: Holding) -> Realized | None:
    """What was realized although the quantity did not shrink: some was sold, and as much or more bought, between syncs.

    Only a figure that surely counts on from the one before; after an estimate it may be the late word on that part.
    """
    old, new = position.realized_since_open, holding.realized_since_open
    counts_on = old is None or old.amount == 0 or (new is not None and new.on == old.on)
    if not counts_on or position.realized_source is RealizedSource.ESTIMATED:
        return None
    return _realized_by_broker(position, holding)


def _estimated(position: Position, quantity: Decimal, mark: Decimal | None) -> Realized:
    """(mark − average open price) × quantity × multiplier, by the last mark known."""
    price = position.average_open_price
    if mark is None or price is None:
        return Realized(None, RealizedSource.ESTIMATED)
    return Realized((mark - price) * quantity * position.instrument.multiplier, RealizedSource.ESTIMATED)


def _vanished(position: Position, mark: Decimal | None, now: datetime) -> Change:
    """A position a complete answer no longer lists."""
    realized = _estimated(position, position.quantity, mark)
    total, source = _add(position, realized)
    state = replace(
        _state(position),
        quantity=_ZERO,
        realized_pnl=total,
        realized_source=source,
        realized_day_gain=_estimated_day_gain(position, mark, now),
    )
    return Change(EventKind.CLOSED, position, state, realized)


def _estimated_day_gain(position: Position, mark: Decimal | None, now: datetime) -> DatedAmount | None:
    """Its part of day P&L, if it was still held at a sync of the same date: else it belongs to an earlier day."""
    today = exchange_date(now)
    base = position.day_base
    if base is None:
        was_opened_today = exchange_date(position.opened_at) == today
        base = position.average_open_price if was_opened_today else position.previous_close
    if exchange_date(position.last_synced_at) != today or mark is None or base is None:
        return position.realized_day_gain
    earlier = position.realized_day_gain
    before = earlier.amount if earlier is not None and earlier.on == today else _ZERO
    return DatedAmount(before + (mark - base) * position.quantity * position.instrument.multiplier, today)


def _counts(changes: Iterable[Change], unchanged: int, quarantined: int) -> SyncCounts:
    tally = Counter(unchanged=unchanged)
    for change in changes:
        if change.position is None:
            tally["added"] += 1
        if change.state.quantity == 0 and change.kind is not None:
            tally["closed"] += 1
        elif change.kind in _UPDATES:
            tally["updated"] += 1
        elif change.kind is None and change.state.quantity != 0:
            tally["unchanged"] += 1
    return SyncCounts(tally["added"], tally["updated"], tally["closed"], tally["unchanged"], quarantined)


def _notes(fetched: BrokerSnapshot, orphaned: Sequence[Position], suspected: Sequence[Position]) -> Iterable[str]:
    if not fetched.is_complete:
        yield "The broker's answer was not complete: nothing was closed."
    for row in fetched.quarantined:
        yield f"{row.symbol or 'A row without a readable symbol'}: {row.reason}"
    if orphaned:
        yield f"Kept as they were: {_names(orphaned)}."
    if suspected:
        yield (
            f"The broker lists nothing as held but still values positions: {_names(suspected)} kept until the next "
            "answer confirms it."
        )
    yield from fetched.warnings


def _names(positions: Sequence[Position]) -> str:
    names = [position.instrument.symbol for position in positions]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
