"""What is believed of a stored stream status: nothing of an engine that is gone, closed where nothing trades."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cotrader_tui.analytics.streams import newest_age, stream_facts, stream_status, worth_a_word
from cotrader_tui.domain.market import Market, Source, TradingSession
from cotrader_tui.domain.portfolio import LeaseHolder, PortfolioSnapshot
from cotrader_tui.domain.sync import StreamState, StreamStatus
from tests import builders
from tests.builders import BROKER, NOW

SECOND = timedelta(seconds=1)
LIVE = StreamStatus(StreamState.LIVE, NOW - 40 * SECOND)
MONDAY, TUESDAY, WEDNESDAY = (
    TradingSession(
        date(2026, 3, day),
        datetime.fromisoformat(f"2026-03-{day:02}T13:30:00+00:00"),
        datetime.fromisoformat(f"2026-03-{day:02}T20:00:00+00:00"),
    )
    for day in (9, 10, 11)
)
NIGHT = datetime.fromisoformat("2026-03-10T02:00:00+00:00")


def book(
    status: StreamStatus | None = LIVE, *, lease: timedelta | None = timedelta(minutes=5), **changes: object
) -> PortfolioSnapshot:
    """Shares whose streamed quote came 2 s ago, synced 14 s ago by an engine that began `lease` ago."""
    held = builders.leg(builders.position(builders.share()), "61")
    assert held.quote is not None
    held = replace(held, quote=replace(held.quote, source=Source.STREAM, received_at=NOW - 2 * SECOND))
    base = builders.snapshot(held)
    changed: dict[str, Any] = {"last_sync_at": NOW - 14 * SECOND, "stream": status, **changes}
    synced = replace(base.connections[0], **changed)
    holder = None if lease is None else LeaseHolder(7, "here", NOW - lease)
    return replace(base, connections=(synced,), lease=holder)


def status_of(snapshot: PortfolioSnapshot, now: datetime = NOW, *, has_engine: bool = True) -> StreamStatus | None:
    facts = stream_facts(snapshot)
    return stream_status(snapshot.connections[0], snapshot, facts, now, has_engine=has_engine)


def test_status_of_the_engine_that_syncs_is_believed() -> None:
    assert status_of(book()) == LIVE
    assert status_of(book(None)) is None


def test_live_word_of_an_engine_that_is_gone_is_not_repeated() -> None:
    assert status_of(book(), has_engine=False) is None
    assert status_of(book(lease=timedelta(seconds=30))) is None, "another engine has taken over since"
    assert status_of(book(lease=None)) is None
    assert status_of(replace(book(), is_frozen=True)) is None


@pytest.mark.parametrize(("elapsed", "is_known"), [(100, True), (150, False)])
def test_stream_is_over_once_the_sync_is_long_overdue(elapsed: int, is_known: bool) -> None:
    overdue = book(next_sync_at=NOW + 20 * SECOND, sync_interval=timedelta(hours=1))
    assert (status_of(overdue, NOW + elapsed * SECOND) is not None) is is_known


def test_stream_is_over_once_the_figures_are_stale() -> None:
    assert status_of(book(), NOW + timedelta(minutes=4)) is None


def test_live_stream_is_closed_while_nothing_that_is_held_trades() -> None:
    closed = replace(
        book(replace(LIVE, since=NIGHT), last_sync_at=NIGHT),
        sessions=(MONDAY, TUESDAY, WEDNESDAY),
        lease=LeaseHolder(7, "here", NIGHT),
    )
    found = status_of(closed, NIGHT)
    assert found is not None
    assert found.state is StreamState.CLOSED
    globex = replace(
        TUESDAY, market=Market.FUTURES, opens_at=NIGHT - timedelta(hours=3), closes_at=NIGHT + timedelta(hours=18)
    )
    futures = replace(builders.leg(builders.position(builders.future()), "6700"), connection=BROKER)
    night = replace(closed, legs=(*closed.legs, futures), sessions=(*closed.sessions, globex))
    assert status_of(night, NIGHT) == replace(LIVE, since=NIGHT)
    broken = replace(
        closed, connections=(replace(closed.connections[0], stream=StreamStatus(StreamState.BROKEN, NIGHT)),)
    )
    found = status_of(broken, NIGHT)
    assert found is not None
    assert found.state is StreamState.BROKEN


def test_unknown_hours_close_nothing() -> None:
    assert status_of(replace(book(), sessions=())) == LIVE


@pytest.mark.parametrize(
    ("status", "is_worth"),
    [
        (None, False),
        (LIVE, False),
        (replace(LIVE, message="Fills are not noticed at once."), True),
        (StreamStatus(StreamState.CLOSED, NOW), False),
        (StreamStatus(StreamState.CONNECTING, NOW - 10 * SECOND), False),
        (StreamStatus(StreamState.CONNECTING, NOW - 20 * SECOND), True),
        (StreamStatus(StreamState.SILENT, NOW), True),
        (StreamStatus(StreamState.BROKEN, NOW), True),
        (StreamStatus(StreamState.REFUSED, NOW), True),
    ],
)
def test_only_trouble_is_worth_a_word(status: StreamStatus | None, is_worth: bool) -> None:
    assert worth_a_word(status, NOW) is is_worth


def test_age_is_that_of_the_newest_figure_while_the_stream_lives_and_of_the_sync_otherwise() -> None:
    snapshot = book()
    (connection,), facts = snapshot.connections, stream_facts(snapshot)
    assert newest_age(connection, facts, LIVE, NOW) == 2 * SECOND
    for status in (None, StreamStatus(StreamState.BROKEN, NOW)):
        assert newest_age(connection, facts, status, NOW) == 14 * SECOND
    assert newest_age(replace(connection, last_sync_at=None), facts, None, NOW) is None
