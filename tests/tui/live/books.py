"""A made-up book for tables: columns as the positions screen has them, rows that move by themselves."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from cotrader_tui.tui.present.text import Column, Piece, Row

COLUMNS = (
    Column("symbol", "Symbol", 22, 0, is_text=True, is_flexible=True),
    Column("quantity", "Qty", 7, 1),
    Column("days", "DTE", 4, 6),
    Column("price", "Avg open", 9, 9),
    Column("mark", "Mark", 9, 2),
    Column("value", "Mkt value", 12, 8),
    Column("open_pnl", "Open P&L", 11, 4),
    Column("percent", "%", 6, 10),
    Column("day_pnl", "Day P&L", 10, 3),
    Column("delta", "Δ", 9, 5),
    Column("gamma", "Γ", 7, 11),
    Column("theta", "Θ", 8, 7),
    Column("vega", "ν", 8, 12),
    Column("age", "Age", 4, 13, is_marked=False),
)
LIVE = ("mark", "value", "open_pnl", "day_pnl", "delta")
"""The columns that move with the market."""
HOSTILE = (
    "[/red]",
    "[bold]AT&T[/]",
    "世界株式会社",
    "a\u0301e\u0308 combining",
    "👩\u200d👩\u200d👧 family",
    "☎\ufe0f phone",
    "🇩🇪 flag",
    "tab\there",
    "esc\x1b[31mred\x1b]0;title\x07",
    "new\nline",
    "\u202eright to left",
    "ｆｕｌｌｗｉｄｔｈ ２００",
    "x" * 60,
    "界" * 30,
    "",
)


class Clock:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def figure(chance: random.Random, places: int = 2) -> Piece:
    """A signed amount in the colour of its sign."""
    value = chance.uniform(-9_999, 9_999)
    return Piece(f"{value:+,.{places}f}", "$success" if value >= 0 else "$error")


def price(chance: random.Random) -> Piece:
    return Piece(f"{chance.uniform(1, 900):.2f}")


def live_cell(chance: random.Random, column: str) -> Piece:
    return price(chance) if column in ("mark", "value") else figure(chance)


def row(key: str, chance: random.Random, name: str | None = None) -> Row:
    cells = {column.key: Piece(f"{chance.uniform(0, 90):.2f}"[: column.width]) for column in COLUMNS}
    cells |= {column: live_cell(chance, column) for column in LIVE}
    cells["symbol"] = Piece(name if name is not None else f"SYM{key} {chance.randint(1, 28):02} 240 C")
    cells["age"] = Piece(f"{chance.randint(1, 59)}s", "$text-muted")
    return Row(key, cells)


def book(count: int, chance: random.Random) -> list[Row]:
    return [row(str(number), chance) for number in range(count)]
