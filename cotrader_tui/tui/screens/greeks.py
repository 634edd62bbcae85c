"""Screen 2."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from cotrader_tui.analytics.coverage import coverages
from cotrader_tui.analytics.exposure import account_exposures, exposures
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.tui.present import greeks
from cotrader_tui.tui.present.states import BookState
from cotrader_tui.tui.present.subjects import Subject, UnderlyingSubject
from cotrader_tui.tui.present.text import Piece, Row
from cotrader_tui.tui.screens.tables import TableScreen
from cotrader_tui.tui.screens.underlying_detail import UnderlyingDetail


class GreeksScreen(TableScreen):
    """Exposure per underlying, and of each account in it."""

    area = "greeks"
    columns = greeks.COLUMNS
    noun = ("underlying", "underlyings")
    has_details = True

    def __init__(self) -> None:
        super().__init__()
        self._is_split = False
        self._groups: dict[str, tuple[str, str]] = {}
        """The underlying and currency that a row belongs to, by its key."""

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        found, parts = exposures(snapshot, now), account_exposures(snapshot, now) if self._is_split else {}
        whole = {greeks.key(each): (each.underlying, each.currency) for each in found}
        split = {greeks.key(each.exposure, each.account): group for group, of in parts.items() for each in of}
        self._groups = whole | split
        return greeks.rows(found, parts, coverages(snapshot, now), now, self.figures)

    def count(self, rows: Sequence[str]) -> int:
        return len({self._groups[key] for key in rows})

    def row_above(self, key: str) -> str | None:
        """An account's part of an underlying stands below it."""
        whole = " ".join(self._groups[key])
        return whole if key != whole else None

    def is_filtered(self, key: str) -> bool:
        return self.row_above(key) is None

    def narrowed(self, snapshot: PortfolioSnapshot, keys: Collection[str]) -> PortfolioSnapshot:
        groups = {self._groups[key] for key in keys}
        return replace(
            snapshot,
            legs=tuple(leg for leg in snapshot.legs if _underlying(leg) in groups),
            closed_today=tuple(leg for leg in snapshot.closed_today if _underlying(leg) in groups),
        )

    def totals(self, snapshot: PortfolioSnapshot, now: datetime) -> Mapping[str, Piece]:
        return greeks.totals(self.book_app.totals(snapshot, now), self.figures)

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        return self.empty_or(super().state(snapshot, now), snapshot, now)

    def _group_at_cursor(self) -> tuple[str, str] | None:
        key = self.table.cursor_key if self._is_ready and self.table.display else None
        return None if key is None else self._groups.get(key)

    def explained(self) -> Subject | None:
        group = self._group_at_cursor()
        return None if group is None else UnderlyingSubject(*group, self.focused_column)

    def charted(self) -> tuple[str, str] | None:
        return self._group_at_cursor()

    def open_row(self, key: str) -> None:
        if key in self._groups:
            self.app.push_screen(UnderlyingDetail(*self._groups[key]))

    def toggle_split(self) -> None:
        """Show below each underlying what each account has of it, or no longer."""
        self._is_split = not self._is_split
        self.bring_up_to_date(at_once=True)


def _underlying(leg: Leg) -> tuple[str, str]:
    return (leg.position.instrument.underlying, leg.position.instrument.currency)
