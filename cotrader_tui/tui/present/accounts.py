"""Screen 4: what each account is worth."""

from __future__ import annotations

from datetime import datetime

from cotrader_tui.analytics.totals import PnlTotals, account_pnls
from cotrader_tui.domain.portfolio import AccountBook, PortfolioSnapshot
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present.figures import STALE, Figures
from cotrader_tui.tui.present.text import Column, Piece, Row
from cotrader_tui.tui.present.times import calm_age, since

COLUMNS = (
    Column("account", "Account", 12, 0, is_text=True),
    Column("nickname", "Name", 13, 7, is_text=True),
    Column("connection", "Connection", 11, 8, is_text=True),
    Column("currency", "Cur", 3, 1, is_text=True),
    Column("net_liq", "Net liq", 14, 1),
    Column("cash", "Cash", 12, 5),
    Column("buying_power", "Buying power", 12, 4),
    Column("maintenance", "Maintenance", 12, 9),
    Column("open", "Open P&L", 12, 2),
    Column("day", "Day P&L", 12, 3),
    Column("positions", "Pos", 4, 6),
    Column("age", "As of", 7, 10, is_marked=False),
)
_WIDTHS = {column.key: column.width for column in COLUMNS}


def rows(snapshot: PortfolioSnapshot, now: datetime, figures: Figures) -> tuple[Row, ...]:
    """One row an account, those in no total last and dim."""
    books = sorted(snapshot.accounts, key=lambda book: (not book.is_included, book.connection, book.account.id))
    pnls = account_pnls(snapshot, now)
    return tuple(_row(book, pnls[book.account.id], now, figures) for book in books)


def _row(book: AccountBook, pnl: PnlTotals, now: datetime, figures: Figures) -> Row:
    account, balances = book.account, book.balances
    as_of = calm_age(since(book.last_synced_at, now))
    cells = {
        "account": Piece(visible(account.id.number)),
        "nickname": Piece(visible(account.nickname) if book.is_included else "not counted"),
        "connection": Piece(visible(book.connection)),
        "currency": Piece(visible(account.base_currency)),
        "net_liq": figures.money(balances.net_liquidating_value if balances else None, _WIDTHS["net_liq"]),
        "cash": figures.money(balances.cash_balance if balances else None, _WIDTHS["cash"]),
        "buying_power": figures.money(balances.buying_power if balances else None, _WIDTHS["buying_power"]),
        "maintenance": figures.money(balances.maintenance_requirement if balances else None, _WIDTHS["maintenance"]),
        "open": figures.starred(pnl.open_pnl, _WIDTHS["open"]),
        "day": figures.starred(pnl.day_pnl, _WIDTHS["day"]),
        "positions": Piece(str(pnl.positions)),
        "age": Piece(as_of, STALE),
    }
    if not book.is_included:
        cells = {key: Piece(piece.text, STALE, piece.value) for key, piece in cells.items()}
    return Row(row_key(book), cells)


def row_key(book: AccountBook) -> str:
    return f"{book.account.id.broker} {book.account.id.number}"
