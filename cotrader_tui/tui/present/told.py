"""The sentences this session has told, so that one whose toast is gone can be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present.figures import STALE, WARN
from cotrader_tui.tui.present.text import Column, Piece, Row
from cotrader_tui.tui.present.times import instant, moment

MOST = 500
"""So many of the newest are kept."""
COLUMNS = (
    Column("time", "New York", 12, 1, is_text=True, is_marked=False),
    Column("kind", "Kind", 7, 2, is_text=True, is_marked=False),
    Column("text", "Message", 30, 0, is_text=True, is_flexible=True, is_marked=False),
)
_KINDS = {"information": "note", "warning": "warning", "error": "error"}


@dataclass(frozen=True, slots=True)
class Told:
    """One toast, or what was only put here. `number` counts them from 1."""

    number: int
    at: datetime
    severity: str
    """Textual's: information, warning or error."""
    text: str


def rows(told: Iterable[Told], now: datetime) -> tuple[Row, ...]:
    """One row each, newest first."""
    newest_first = sorted(told, key=lambda each: -each.number)
    return tuple(Row(str(each.number), _cells(each, now)) for each in newest_first)


def _cells(each: Told, now: datetime) -> dict[str, Piece]:
    style = "" if each.severity == "information" else WARN
    return {
        "time": Piece(moment(each.at, now), STALE, instant(each.at)),
        "kind": Piece(_KINDS.get(each.severity, each.severity), style),
        "text": Piece(visible(each.text)),
    }
