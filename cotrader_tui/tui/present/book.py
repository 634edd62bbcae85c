"""The book as every screen shows it: a snapshot with what the header needs of it, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cotrader_tui.analytics.freshness import Crowd
from cotrader_tui.analytics.hours import main_market
from cotrader_tui.analytics.streams import StreamFacts, stream_facts
from cotrader_tui.analytics.totals import BookTotals, book_totals
from cotrader_tui.domain.market import Market
from cotrader_tui.domain.portfolio import PortfolioSnapshot

SMALL = 300
"""So many positions are worked out in a few milliseconds: the screen's own loop may do that."""


@dataclass(frozen=True, slots=True)
class Book:
    """A snapshot as of a moment."""

    snapshot: PortfolioSnapshot
    as_of: datetime
    totals: BookTotals
    streams: StreamFacts
    market: Market
    """Where most of it trades."""
    crowd: Crowd
    """The states of all connections: of many they are not judged anew each second."""

    @classmethod
    def of(cls, snapshot: PortfolioSnapshot, now: datetime) -> Book:
        """Works it out. Its cost grows with the positions: some 20 ms for each thousand."""
        return cls(
            snapshot,
            now,
            book_totals(snapshot, now),
            stream_facts(snapshot),
            main_market(snapshot.legs),
            Crowd.of(snapshot.connections, now),
        )


def is_small(snapshot: PortfolioSnapshot) -> bool:
    """Whether what is worked out of it keeps nobody waiting."""
    return max(len(snapshot.legs), len(snapshot.accounts), len(snapshot.connections)) <= SMALL
