"""Which cells are marked as just changed, and until when."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping


class Marks:
    """Counts flushes: a cell stays marked for so many after the one that showed its change."""

    def __init__(self, flushes: int) -> None:
        self._flushes = flushes
        self._left: dict[str, dict[str, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._left)

    def of(self, row: str) -> Collection[str]:
        """The keys of the marked columns of a row."""
        return self._left.get(row, ())

    def add(self, row: str, columns: Collection[str]) -> None:
        """Mark cells, or mark them anew."""
        if columns:
            self._left.setdefault(row, {}).update(dict.fromkeys(columns, self._flushes))

    def expire(self) -> Mapping[str, set[str]]:
        """One flush later: row key → columns no longer marked."""
        expired: dict[str, set[str]] = {}
        for row, columns in list(self._left.items()):
            kept = {column: left - 1 for column, left in columns.items() if left > 1}
            if len(kept) < len(columns):
                expired[row] = columns.keys() - kept.keys()
            self._left[row] = kept
            if not kept:
                del self._left[row]
        return expired

    def keep(self, rows: Container[str]) -> None:
        """Forget the rows that are not among `rows`."""
        self._left = {row: columns for row, columns in self._left.items() if row in rows}

    def clear(self) -> None:
        self._left.clear()
