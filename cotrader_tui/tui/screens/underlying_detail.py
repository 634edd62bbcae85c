"""The detail of one underlying: which legs its Greeks are made of, in which accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from cotrader_tui.analytics.coverage import coverages
from cotrader_tui.analytics.exposure import account_exposures, exposures, only_underlying
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present import underlying
from cotrader_tui.tui.present.states import BookState, StateKind
from cotrader_tui.tui.present.subjects import PositionSubject, Subject, UnderlyingSubject
from cotrader_tui.tui.present.text import Piece, Row
from cotrader_tui.tui.screens.position_detail import PositionDetail
from cotrader_tui.tui.screens.tables import TableScreen


class UnderlyingDetail(TableScreen):
    """The legs of one underlying in one currency, account by account, with the sums of each."""

    area = "underlying"
    columns = underlying.COLUMNS
    noun = ("leg", "legs")
    has_details = True
    offered = ("explain", "charts")

    def __init__(self, name: str, currency: str) -> None:
        super().__init__()
        self._group = (name, currency)
        self._title = ""
        self._accounts: dict[str, str] = {}
        """The row of its account for each leg's."""

    def show_book(self, snapshot: PortfolioSnapshot | None, now: datetime, *, at_once: bool) -> None:
        part = only_underlying(snapshot, *self._group) if snapshot is not None else None
        if part is not None and part.legs:
            title = underlying.title(exposures(part, now)[0], coverages(part, now)[self._group], self.figures)
            if title != self._title:
                self._title = title
                self.entitle(title)
        super().show_book(part, now, at_once=at_once)

    def rows(self, snapshot: PortfolioSnapshot, now: datetime) -> Sequence[Row]:
        parts, coverage = account_exposures(snapshot, now)[self._group], coverages(snapshot, now)[self._group]
        found = underlying.rows(snapshot, parts, coverage, now, self.figures)
        self._accounts = underlying.accounts_above(found)
        return found

    def row_above(self, key: str) -> str | None:
        return self._accounts.get(key)

    def is_filtered(self, key: str) -> bool:
        """Legs are; the sums of their accounts stay whole."""
        return key.isdigit()

    def count(self, rows: Sequence[str]) -> int:
        return sum(key.isdigit() for key in rows)

    def totals(self, snapshot: PortfolioSnapshot, now: datetime) -> Mapping[str, Piece]:
        return underlying.totals(exposures(snapshot, now)[0], self.figures)

    def state(self, snapshot: PortfolioSnapshot | None, now: datetime) -> BookState | None:
        state = super().state(snapshot, now)
        if state is None and snapshot is not None and not snapshot.legs:
            gone = f"{visible(self._group[0])} is no longer held."
            return BookState(StateKind.EMPTY, gone, ("esc leads back to the underlyings.",))
        return state

    def explained(self) -> Subject:
        """The leg under the cursor; on an account's line the whole underlying."""
        key = self.table.cursor_key if self._is_ready and self.table.display else None
        if key is not None and key.isdigit():
            return PositionSubject(int(key), self.focused_column)
        return UnderlyingSubject(*self._group)

    def charted(self) -> tuple[str, str]:
        return self._group

    def open_row(self, key: str) -> None:
        if key.isdigit():
            self.app.push_screen(PositionDetail(int(key)))
