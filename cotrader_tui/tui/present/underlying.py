"""The detail of one underlying: its legs, account by account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cotrader_tui.analytics.coverage import Coverage
from cotrader_tui.analytics.exposure import AccountExposure, UnderlyingExposure
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present import greeks, positions
from cotrader_tui.tui.present.cover import account_cell, account_name
from cotrader_tui.tui.present.figures import STALE, WARN, Figures
from cotrader_tui.tui.present.text import Column, Piece, Row

COLUMNS = (
    Column("symbol", "Account, leg", 24, 0, is_text=True),
    Column("account", "Account", 10, 15, is_text=True),
    Column("connection", "Connection", 11, 14, is_text=True),
    Column("quantity", "Qty", 7, 1),
    Column("dte", "DTE", 7, 5),
    Column("mark", "Mark", 9, 7),
    Column("delta", "Δ", 8, 2),
    Column("gamma", "Γ", 7, 9),
    Column("theta", "Θ", 8, 4),
    Column("vega", "ν", 7, 8),
    Column("iv", "IV", 5, 13),
    Column("value", "Mkt value", 10, 12),
    Column("open", "Open P&L", 11, 6),
    Column("day", "Day P&L", 10, 10),
    Column("legs", "Legs", 8, 3),
    Column("age", "Age", 4, 11, is_marked=False),
)
_WIDTHS = {column.key: column.width for column in COLUMNS}


def rows(
    snapshot: PortfolioSnapshot,
    parts: Sequence[AccountExposure],
    coverage: Coverage,
    now: datetime,
    figures: Figures,
) -> tuple[Row, ...]:
    """For each account a row of its sums, whose key is no number, then its legs by their position's id.

    `snapshot` holds nothing but the underlying.
    """
    legs = {str(leg.position.id): leg for leg in snapshot.legs}
    shown = positions.PositionRows(snapshot, now, figures, is_below_account=True)
    found: list[Row] = []
    for part in parts:
        found.append(_account_row(snapshot, part, coverage, figures))
        for key in shown.keys:
            if legs[key].position.account == part.account:
                cells = shown.cells(key)
                symbol = cells["symbol"]
                named = {
                    "symbol": Piece(f" {symbol.text}", symbol.style),
                    "connection": Piece(visible(legs[key].connection), STALE),
                }
                found.append(Row(key, {**cells, **named}))
    return tuple(found)


def accounts_above(found: Sequence[Row]) -> dict[str, str]:
    """For each leg of such rows the key of its account's."""
    above, account = dict[str, str](), ""
    for row in found:
        if row.key.isdigit():
            above[row.key] = account
        else:
            account = row.key
    return above


def _account_row(snapshot: PortfolioSnapshot, part: AccountExposure, coverage: Coverage, figures: Figures) -> Row:
    book = next(book for book in snapshot.accounts if book.account.id == part.account)
    cover = account_cell(coverage.by_account.get(part.account), figures)
    room = _WIDTHS["symbol"] - len(cover.text) - 2
    label = f"{account_name(part.account, room)}  {cover.text}".rstrip()
    cells = {
        "symbol": Piece(label, f"bold {WARN}" if cover.style == WARN else "bold"),
        "account": Piece(visible(book.account.nickname), STALE),
        "connection": Piece(visible(book.connection), STALE),
        **greeks.sums(part.exposure, figures, _WIDTHS),
    }
    return Row(f"account {part.account}", cells)


def totals(exposure: UnderlyingExposure, figures: Figures) -> dict[str, Piece]:
    """The last line: the underlying's own row on the screen of Greeks."""
    return {"symbol": Piece("All accounts"), **greeks.sums(exposure, figures, _WIDTHS)}


def title(exposure: UnderlyingExposure, coverage: Coverage, figures: Figures) -> str:
    """What it is, and whether its short options are covered overall and in each account."""
    label, overall = greeks.name(exposure, with_currency=True), account_cell(coverage.overall, figures).text
    if coverage.hidden:
        apart = ", ".join(f"{account.broker} {account.number}" for account in coverage.hidden)
        return visible(f"{label} · {overall} overall, naked at {apart}")
    return f"{label} · short options {overall}" if overall else label
