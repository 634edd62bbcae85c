"""What a screen is to show: one frozen value, worked out on the loop or in a thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from cotrader_tui.tui.arrange.arrangement import Arrangement
from cotrader_tui.tui.arrange.cells import CellSubject, value_of
from cotrader_tui.tui.arrange.grammar import Filter
from cotrader_tui.tui.arrange.order import by_value, family, kept
from cotrader_tui.tui.present.text import Column, Piece, Rows


@dataclass(frozen=True, slots=True)
class Plan:
    """An arrangement with its filter understood."""

    arrangement: Arrangement
    filter: Filter
    columns: tuple[Column, ...]
    """Those to show, in order."""
    folded: frozenset[str] = frozenset()
    """The groups whose rows are hidden."""


class ArrangedRows:
    """Some of `rows`, in another order, and rows of groups between them."""

    def __init__(
        self, rows: Rows, keys: Sequence[str], groups: Mapping[str, Mapping[str, Piece]] | None = None
    ) -> None:
        self.keys = keys
        self._rows, self._groups = rows, groups or {}

    def cells(self, key: str) -> Mapping[str, Piece]:
        found = self._groups.get(key)
        return self._rows.cells(key) if found is None else found


def arranged(
    rows: Rows,
    plan: Plan,
    columns: Sequence[Column],
    parent: Callable[[str], str | None],
    is_filtered: Callable[[str], bool],
) -> Rows:
    """The rows of any table: filtered, then sorted, by what their cells say.

    `columns` are all that the table has. A row stays with its `parent`; those that are not filtered themselves follow
    the rows above or below them.
    """
    by_key = {column.key: column for column in columns}
    keys: Sequence[str] = rows.keys
    if plan.filter:
        keys = _matching(rows, plan.filter, by_key, parent, is_filtered)
    column = by_key.get(plan.arrangement.sort or "")
    if column is not None:
        chosen = column

        def sort(some: Collection[str]) -> Sequence[str]:
            return by_value(
                some,
                lambda key: value_of(rows.cells(key).get(chosen.key), chosen),
                is_reversed=plan.arrangement.is_reversed,
            )

        keys = family(keys, parent, sort)
    return rows if keys is rows.keys else ArrangedRows(rows, keys)


def _matching(
    rows: Rows,
    wanted: Filter,
    columns: Mapping[str, Column],
    parent: Callable[[str], str | None],
    is_filtered: Callable[[str], bool],
) -> tuple[str, ...]:
    matching = {key for key in rows.keys if is_filtered(key) and wanted.holds(CellSubject(rows, key, columns))}
    with_below = {key for key in rows.keys if key in matching or (not is_filtered(key) and parent(key) in matching)}
    return kept(rows.keys, parent, with_below.__contains__)
