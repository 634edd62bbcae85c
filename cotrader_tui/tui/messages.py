"""What threads tell the app. Each is small and frozen; of a burst only the last is handled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from cotrader_tui.analytics.statistics import CycleStatistics
from cotrader_tui.domain.courses import Courses
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.positions import PositionEvent, PositionSnapshot
from cotrader_tui.domain.transactions import KnownTransaction
from cotrader_tui.tui.ports import EngineState
from cotrader_tui.tui.present.states import Trouble

if TYPE_CHECKING:
    from cotrader_tui.analytics.since import Since


class _Latest(Message):
    """Only the newest of its kind matters."""

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self)


@dataclass
class SnapshotRead(_Latest):
    """The book as of the last commit."""

    snapshot: PortfolioSnapshot


@dataclass
class StoreTrouble(_Latest):
    """The database cannot be read at the moment."""

    trouble: Trouble


@dataclass
class EngineChanged(_Latest):
    """The engine started, stopped, or is somebody else's."""

    state: EngineState


@dataclass
class SyncRefused(Message):
    """The wish to sync could not be stored."""

    message: str
    hint: str


@dataclass
class ViewsRefused(Message):
    """How a screen was arranged could not be kept."""

    message: str
    hint: str


@dataclass
class Exported(Message):
    """A table was written to a file."""

    place: Path


@dataclass
class Pictured(Message):
    """A picture of the screen was written to a file."""

    place: Path


@dataclass
class ExportRefused(Message):
    """A table or a picture could not be written to a file."""

    message: str
    hint: str


@dataclass
class HistoryRead(Message):
    """What the store remembers of one position."""

    position: int
    events: tuple[PositionEvent, ...]
    history: tuple[PositionSnapshot, ...]
    transactions: tuple[KnownTransaction, ...] = ()


@dataclass
class CoursesRead(Message):
    """What the store keeps for the charts of a span, by its place among the spans."""

    span: int
    courses: Courses


@dataclass
class SinceRead(Message):
    """What became of the book since somebody left."""

    found: Since


@dataclass
class SeenRefused(Message):
    """When the screen was last used could not be kept."""

    message: str
    hint: str


@dataclass
class StatisticsRead(Message):
    """The statistics of every connection, by its name."""

    found: Mapping[str, CycleStatistics]


@dataclass
class QuarantineRead(Message):
    """The rows one run could not read: symbol, reason, raw JSON."""

    run: int
    rows: tuple[tuple[str | None, str, str], ...]


@dataclass
class DetailTrouble(Message):
    """What a detail shows beyond the book could not be read."""

    trouble: Trouble
