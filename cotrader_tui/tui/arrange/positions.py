"""Positions filtered, sorted and grouped by their own figures: of thousands no cell is made for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.tui.arrange.arrangement import Grouping
from cotrader_tui.tui.arrange.grammar import Value
from cotrader_tui.tui.arrange.legs import LegView
from cotrader_tui.tui.arrange.order import by_value
from cotrader_tui.tui.arrange.plan import ArrangedRows, Plan
from cotrader_tui.tui.present.figures import Figures
from cotrader_tui.tui.present.groups import FOLDED, NOT_COUNTED, UNFOLDED, LegGroup, group_cells, grouped
from cotrader_tui.tui.present.positions import PositionRows
from cotrader_tui.tui.present.text import Piece, Rows


@dataclass(frozen=True, slots=True)
class ArrangedPositions:
    """What the table shows, and the part of the book that is."""

    rows: Rows
    shown: PortfolioSnapshot
    """The book with only the positions that the filter leaves, folded ones among them."""
    groups: dict[str, LegGroup]
    """By the keys of their rows."""


def arranged_positions(snapshot: PortfolioSnapshot, now: datetime, figures: Figures, plan: Plan) -> ArrangedPositions:
    """The positions as `plan` has them. What is in no total comes last, however they are sorted."""
    rows = PositionRows(snapshot, now, figures, plan.columns)
    view = LegView(rows.legs.values(), snapshot.accounts, now)
    keys: Sequence[str] = rows.keys
    shown = snapshot
    if plan.filter:
        keys = tuple(key for key in keys if plan.filter.holds(view.subject(rows.legs[key])))
        # What closed today is in no row, so that totals of the rows shown leave it out.
        shown = replace(snapshot, legs=tuple(rows.legs[key] for key in keys), closed_today=())
    keys = _sorted(keys, view, snapshot, plan)
    if plan.arrangement.grouping is Grouping.FLAT:
        return ArrangedPositions(ArrangedRows(rows, keys), shown, {})
    legs = [rows.legs[key] for key in keys]
    groups = grouped(plan.arrangement.grouping, legs, shown.closed_today, shown, exchange_date(now))
    return ArrangedPositions(
        _with_groups(rows, groups, shown, now, figures, plan), shown, {each.key: each for each in groups}
    )


def _sorted(keys: Sequence[str], view: LegView, snapshot: PortfolioSnapshot, plan: Plan) -> Sequence[str]:
    column = plan.arrangement.sort
    if column is None or column not in {each.key for each in plan.columns if not each.is_drawn}:
        return keys
    counted = {book.account.id for book in snapshot.accounts if book.is_included}

    def is_counted(key: str) -> bool:
        return view.legs[key].position.account in counted

    ordered = by_value(keys, lambda key: view.sort_value(key, column), is_reversed=plan.arrangement.is_reversed)
    return tuple(sorted(ordered, key=lambda key: not is_counted(key)))


def _with_groups(
    rows: PositionRows,
    groups: Sequence[LegGroup],
    shown: PortfolioSnapshot,
    now: datetime,
    figures: Figures,
    plan: Plan,
) -> Rows:
    widths = rows.widths
    cells = {
        each.key: group_cells(each, shown, now, figures, widths, FOLDED if each.key in plan.folded else UNFOLDED)
        for each in groups
    }
    keys: list[str] = []
    for group in _groups_sorted(groups, cells, plan):
        keys.append(group.key)
        if group.key not in plan.folded:
            keys += (_key(leg) for leg in group.legs)
    return ArrangedRows(rows, tuple(keys), cells)


def _groups_sorted(
    groups: Sequence[LegGroup], cells: Mapping[str, Mapping[str, Piece]], plan: Plan
) -> Sequence[LegGroup]:
    """By their sums in the column sorted by, where it has any; what is in no total stays last."""
    column = plan.arrangement.sort
    if column is None or column == "symbol":
        is_reversed = column is not None and plan.arrangement.is_reversed
        backwards = list(reversed(groups))
        backwards.sort(key=lambda each: each.id == NOT_COUNTED)
        return backwards if is_reversed else groups

    def value(key: str) -> Value:
        piece = cells[key].get(column)
        return None if piece is None else piece.value

    by_key = {each.key: each for each in groups}
    return [by_key[key] for key in by_value(by_key, value, is_reversed=plan.arrangement.is_reversed)]


def _key(leg: Leg) -> str:
    return str(leg.position.id)
