"""What changed from one book to the next that deserves a toast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cotrader_tui.analytics.freshness import DataState, freshness
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import AccountId, InstrumentId
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.sync import Connection, ConnectionStatus
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present.names import name
from cotrader_tui.tui.present.streams import stream_sentences

_LOST = frozenset({DataState.OFFLINE, DataState.ERROR, DataState.LOGIN})
_FEW = 3
"""More changes of one kind than this become one sentence with their number."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for a toast, or only for the list of messages."""

    text: str
    is_problem: bool = False
    is_quiet: bool = False
    """The header says so already: only the list has it, with the reason."""


def notices(before: PortfolioSnapshot | None, after: PortfolioSnapshot, now: datetime) -> tuple[Notice, ...]:
    """Connections lost and back, positions opened, closed and flipped; quietly, streams in trouble and back.

    A routine success is none of these, nor what somebody did on purpose to a connection. Another portfolio is another
    view, and no news.
    """
    quiet = [Notice(text, is_problem, is_quiet=True) for text, is_problem in stream_sentences(before, after, now)]
    if before is None or before.portfolio != after.portfolio:
        return tuple(quiet)
    return (*quiet, *_connections(before, after, now), *_positions(before, after, now))


def _connections(before: PortfolioSnapshot, after: PortfolioSnapshot, now: datetime) -> list[Notice]:
    known = {connection.name: connection for connection in before.connections}
    found = []
    for connection in after.connections:
        earlier = known.get(connection.name)
        if earlier is None or ConnectionStatus.REVOKED in (earlier.status, connection.status):
            continue
        was_lost, is_lost = (freshness(each, now).state in _LOST for each in (earlier, connection))
        if is_lost and not was_lost:
            found.append(Notice(_lost(connection), is_problem=True))
        elif was_lost and not is_lost:
            found.append(Notice(f"{visible(connection.name)} is back."))
    return found


def _lost(connection: Connection) -> str:
    error = connection.last_sync_error
    reason = "" if error is None else visible(f" {error.message} {error.hint}".rstrip())
    return f"{visible(connection.name)} is lost; the last figures stay.{reason}"


def _positions(before: PortfolioSnapshot, after: PortfolioSnapshot, now: datetime) -> list[Notice]:
    old, new = _by_identity(before), _by_identity(after)
    synced = {book.account.id for book in before.accounts if book.last_synced_at is not None}
    today = exchange_date(now)
    opened = [leg for key, leg in new.items() if key not in old and leg.position.account in synced]
    closed = [leg for key, leg in old.items() if key not in new]
    flipped = [
        leg
        for key, leg in new.items()
        if key in old and (leg.position.quantity > 0) != (old[key].position.quantity > 0)
    ]
    found: list[Notice] = []
    for word, legs in (("opened", opened), ("closed", closed), ("flipped", flipped)):
        names = [name(leg.position.instrument, today) for leg in legs]
        found += (
            [Notice(f"{each}: {word}.") for each in names]
            if len(names) <= _FEW
            else [Notice(f"{len(names)} positions {word}.")]
        )
    return found


def _by_identity(snapshot: PortfolioSnapshot) -> dict[tuple[AccountId, InstrumentId], Leg]:
    return {(leg.position.account, leg.position.instrument.id): leg for leg in snapshot.legs}
