"""What threads tell the app. Each is small and frozen; of a burst only the last is handled."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.positions import PositionEvent, PositionSnapshot
from cotrader_tui.tui.ports import EngineState


class _Told(Message):
    """A message whose fields a dataclass writes."""

    def __post_init__(self) -> None:
        super().__init__()


class _Latest(_Told):
    """Only the newest of its kind matters."""

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self)


@dataclass
class SnapshotRead(_Latest):
    """The book as of the last commit."""

    snapshot: PortfolioSnapshot


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the book cannot be read, in words."""

    message: str
    hint: str
    is_missing: bool = False
    """There is no database yet, which is no failure while an engine makes one."""


@dataclass
class StoreTrouble(_Latest):
    """The database cannot be read at the moment."""

    trouble: Trouble


@dataclass
class EngineChanged(_Latest):
    """The engine started, stopped, or is somebody else's."""

    state: EngineState


@dataclass
class SyncRefused(_Told):
    """The wish to sync could not be stored."""

    message: str
    hint: str


@dataclass
class HistoryRead(_Told):
    """What the store remembers of one position."""

    position: int
    events: tuple[PositionEvent, ...]
    history: tuple[PositionSnapshot, ...]


@dataclass
class QuarantineRead(_Told):
    """The rows one run could not read: symbol, reason, raw JSON."""

    run: int
    rows: tuple[tuple[str | None, str, str], ...]


@dataclass
class DetailTrouble(_Told):
    """What a detail shows beyond the book could not be read."""

    trouble: Trouble
