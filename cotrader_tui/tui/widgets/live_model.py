"""The rows of a LiveTable: what they say, in which order, and what has changed since somebody looked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cotrader_tui.tui.present.text import MadeRows, Piece, Rows

NOTHING = Piece("")

Cells = Mapping[str, Piece]


class LiveModel:
    """Rows by key. Values change at once; rows come, go and move only with `reorder`.

    The cost of a change does not depend on how many rows there are: cells are made of rows that are asked for.
    """

    def __init__(self) -> None:
        self._rows: Rows = MadeRows(())
        self._known = frozenset[str]()
        self._gone: dict[str, Rows] = {}
        """Where the rows come from that are still shown and no longer there."""
        self._cells: dict[str, Cells] = {}
        """Those made of the newest rows."""
        self._seen: dict[str, Cells] = {}
        """As somebody saw them last, of the rows in sight."""
        self._keys: Sequence[str] = ()
        self._places: dict[str, int] = {}
        self.is_dirty = False
        """Whether a value may have changed since `take_dirty`."""

    @property
    def keys(self) -> Sequence[str]:
        """The keys of the rows shown, in order."""
        return self._keys

    @property
    def is_out_of_order(self) -> bool:
        """Whether rows wait to come, go or move."""
        return self._keys is not self._rows.keys and self._keys != self._rows.keys

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def index(self, key: str | None) -> int:
        """The place of a row from 0; raises KeyError where it is not shown."""
        return self._places[key]  # type: ignore[index]  # no key is None: a KeyError like any other

    def cells(self, key: str) -> Cells:
        """A row's cells by column key; raises KeyError where there is no such row."""
        made = self._cells.get(key)
        if made is None:
            made = self._cells[key] = self._gone.get(key, self._rows).cells(key)
        return made

    def cells_to_paint(self, key: str) -> Cells:
        """The same for somebody who shows them."""
        cells = self.cells(key)
        self._seen.setdefault(key, cells)
        return cells

    def apply(self, rows: Rows) -> None:
        """Take `rows` for the whole table: their values at once, their order with the next `reorder`."""
        before = self._rows
        if rows.keys != before.keys:
            self._known = frozenset(rows.keys)
            self._gone = {key: self._gone.get(key, before) for key in self._keys if key not in self._known}
        self._rows = rows
        self._cells = {key: self._cells[key] for key in self._gone.keys() & self._cells.keys()}
        self.is_dirty = True

    def update(self, key: str, cells: Cells) -> None:
        """Change some cells of a row; raises KeyError where there is no such row."""
        self._cells[key] = {**self.cells(key), **cells}
        self.is_dirty = True

    def take_dirty(self, seen: Iterable[str]) -> Mapping[str, set[str]]:
        """Row key → keys of the columns changed since the last time, of the rows that can be `seen` now."""
        before, self._seen = self._seen, {key: self.cells(key) for key in seen}
        self.is_dirty = False
        changes = ((key, _differing(before[key], cells)) for key, cells in self._seen.items() if key in before)
        return {key: columns for key, columns in changes if columns}

    def reorder(self) -> None:
        """Let rows come, go and move as the last `apply` had them."""
        self._keys = self._rows.keys
        self._places = {key: place for place, key in enumerate(self._keys)}
        self._cells = {key: cells for key, cells in self._cells.items() if key not in self._gone}
        self._gone = {}


def _differing(before: Cells, after: Cells) -> set[str]:
    if before is after or before == after:
        return set()
    return {key for key in before.keys() | after.keys() if before.get(key, NOTHING) != after.get(key, NOTHING)}
