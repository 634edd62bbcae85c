"""A table as it is seen, as text to take away."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cotrader_tui.domain.markdown import markdown_table
from cotrader_tui.domain.text import UNKNOWN
from cotrader_tui.tui.present.text import Column, Piece


class ExportFormat(StrEnum):
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"

    @property
    def suffix(self) -> str:
        """What names of files end in."""
        return ".md" if self is ExportFormat.MARKDOWN else f".{self.value}"


class Cells(Protocol):
    """Where the cells of rows come from."""

    def cells(self, key: str) -> Mapping[str, Piece]: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows as they are seen: rounded, hidden where privacy hides, in the order and the columns of the screen."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, columns: Sequence[Column], rows: Cells, keys: Iterable[str]) -> Seen:
        """The cells of `columns` in the rows with `keys`, without those that are pictures."""
        told = tuple(column for column in columns if not column.is_drawn)
        return cls(told, tuple(tuple(_texts(told, rows, key)) for key in keys))

    def as_lines(self, *, with_header: bool) -> str:
        """A line for each row, tabs between its cells, as spreadsheets take it from a clipboard."""
        labels = [tuple(column.label for column in self.columns)] if with_header else []
        return "\n".join("\t".join(row) for row in (*labels, *self.rows))

    def written(self, form: ExportFormat) -> str:
        """The text of a file. CSV and JSON have the columns' keys; what is not known is empty, in JSON null."""
        if form is ExportFormat.MARKDOWN:
            labels = [column.label for column in self.columns]
            lines = markdown_table(labels, self.rows, [not column.is_text for column in self.columns])
            return "".join(f"{line}\n" for line in lines)
        keys = [column.key for column in self.columns]
        known = [[None if cell in ("", UNKNOWN) else cell for cell in row] for row in self.rows]
        if form is ExportFormat.JSON:
            objects = (json.dumps(dict(zip(keys, row, strict=True)), ensure_ascii=False) for row in known)
            return "[" + ",\n ".join(objects) + "]\n"
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(keys)
        writer.writerows(known)
        return text.getvalue()


def _texts(columns: Sequence[Column], rows: Cells, key: str) -> Iterable[str]:
    cells = rows.cells(key)
    return (cells[column.key].text.strip() if column.key in cells else "" for column in columns)
