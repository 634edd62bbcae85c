"""The rows of a LiveTable: what they say, in which order, and what has changed since somebody looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cotrader_tui.tui.present.text import Piece, Row

NOTHING = Piece("")


class LiveModel:
    """Rows by key. Values change at once; rows come, go and move only with `reorder`."""

    def __init__(self) -> None:
        self._cells: dict[str, Mapping[str, Piece]] = {}
        self._keys: list[str] = []
        self._places: dict[str, int] = {}
        self._wanted: list[str] = []
        self._dirty: dict[str, set[str]] = {}

    @property
    def keys(self) -> Sequence[str]:
        """The keys of the rows shown, in order."""
        return self._keys

    @property
    def is_dirty(self) -> bool:
        """Whether a value has changed since `take_dirty`."""
        return bool(self._dirty)

    @property
    def is_out_of_order(self) -> bool:
        """Whether rows wait to come, go or move."""
        return self._keys != self._wanted

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def index(self, key: str | None) -> int:
        """The place of a row from 0; raises KeyError where it is not shown."""
        return self._places[key]  # type: ignore[index]  # no key is None: a KeyError like any other

    def cells(self, key: str) -> Mapping[str, Piece]:
        """A row's cells by column key; raises KeyError where there is no such row."""
        return self._cells[key]

    def apply(self, rows: Sequence[Row]) -> None:
        """Take `rows` for the whole table: their values at once, their order with the next `reorder`."""
        for row in rows:
            before = self._cells.get(row.key)
            if before is not row.cells:
                self._cells[row.key] = row.cells
                if before is not None and row.key in self._places:
                    self._mark(row.key, _differing(before, row.cells))
        self._wanted = [row.key for row in rows]

    def update(self, key: str, cells: Mapping[str, Piece]) -> None:
        """Change some cells of a row; raises KeyError where there is no such row."""
        before = self._cells[key]
        changed = {column for column, piece in cells.items() if before.get(column, NOTHING) != piece}
        if changed:
            self._cells[key] = {**before, **cells}
            if key in self._places:
                self._mark(key, changed)

    def _mark(self, key: str, columns: set[str]) -> None:
        if columns:
            self._dirty.setdefault(key, set()).update(columns)

    def take_dirty(self) -> Mapping[str, set[str]]:
        """Row key → keys of the columns changed since the last time."""
        dirty, self._dirty = self._dirty, {}
        return dirty

    def reorder(self) -> None:
        """Let rows come, go and move as the last `apply` had them."""
        self._keys = list(self._wanted)
        self._places = {key: place for place, key in enumerate(self._keys)}
        self._cells = {key: self._cells[key] for key in self._keys}
        self._dirty = {key: columns for key, columns in self._dirty.items() if key in self._places}


def _differing(before: Mapping[str, Piece], after: Mapping[str, Piece]) -> set[str]:
    if before == after:
        return set()
    return {key for key in before.keys() | after.keys() if before.get(key, NOTHING) != after.get(key, NOTHING)}
