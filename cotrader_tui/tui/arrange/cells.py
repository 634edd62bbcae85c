"""The rows of any table as filter and order see them: by what their cells say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from cotrader_tui.domain.text import UNKNOWN
from cotrader_tui.tui.arrange.grammar import Field, Kind, Value
from cotrader_tui.tui.present.text import Column, Piece, Rows

_SHORT = {
    "account": "acct",
    "connection": "conn",
    "underlying": "und",
    "currency": "ccy",
    "quantity": "qty",
    "open": "pnl",
    "symbol": "sym",
}
"""The names the filter has for columns, where they are others than the columns' keys."""
_SPANS = frozenset({"age", "seen", "duration", "mean", "p95", "interval"})
_NO_AMOUNTS = frozenset({"price", "legs", "positions", "cycles", "success", "partial", "failed", "dte", "iv", "mark"})
"""The figures that privacy does not hide."""
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_AGE = re.compile(r"<?(?:\d+(?:\.\d+)?[smhd] ?)+")
_LEADING = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def fields_of(columns: Iterable[Column]) -> dict[str, Field]:
    """What a filter of a table with these columns may ask for."""
    found = {}
    for column in columns:
        kind = Kind.TEXT if column.is_text else Kind.SPAN if column.key in _SPANS else Kind.NUMBER
        kind = Kind.NAME if column.key in ("underlying", "currency") else kind
        is_amount = kind is Kind.NUMBER and column.key not in _NO_AMOUNTS
        found[_SHORT.get(column.key, column.key)] = Field(column.key, kind, is_amount=is_amount)
    return found


def value_of(piece: Piece | None, column: Column) -> Value:
    """What a cell is sorted by: its figure, its text in a column of text, else the figure its text begins with."""
    if piece is None:
        return None
    if piece.value is not None:
        return piece.value
    return text_of(piece) if column.is_text else measured(piece.text)


def text_of(piece: Piece) -> str | None:
    """What a cell of text says; `None` for nothing."""
    text = piece.text.strip()
    return None if text in ("", UNKNOWN) else text


def measured(text: str) -> Decimal | None:
    """The figure a text begins with; a span of time (`2d`, `1m 05s`) in seconds."""
    if _AGE.fullmatch(text.rstrip("!")):
        if text.startswith("<"):
            return Decimal(0)
        return sum((Decimal(size) * _SECONDS[unit] for size, unit in _PART.findall(text)), Decimal(0))
    found = _LEADING.match(text)
    return None if found is None else Decimal(found[0].replace(",", ""))


class CellSubject:
    """One row of made cells, for a filter."""

    def __init__(self, rows: Rows, key: str, columns: Mapping[str, Column]) -> None:
        self._cells, self._columns = rows.cells(key), columns

    def value(self, key: str) -> Value:
        piece, column = self._cells.get(key), self._columns[key]
        if piece is None or not column.is_text:
            return value_of(piece, column)
        text = text_of(piece)
        # Several currencies stand behind their underlying's name.
        return text.partition(" ")[0] if text is not None and key == "underlying" else text

    def texts(self) -> Sequence[str]:
        """All that is text in it."""
        return [self._cells[key].text for key, column in self._columns.items() if column.is_text and key in self._cells]
