"""What the screen is compared with: `bare`, a Textual app of one Static, and `table`, the same rows in a DataTable.

    python benchmarks/peers.py bare TEXT
    python benchmarks/peers.py table DATABASE

They import Textual and the standard library only, so that nothing else is in their start.
"""

from __future__ import annotations

import sqlite3
import sys

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

COLUMNS = (
    "Symbol", "Account", "Qty", "Expires", "Avg open", "Mark", "Mkt value", "Open P&L", "%", "Day P&L", "Δ", "Γ", "Θ",
    "ν", "IV", "Age",
)  # fmt: skip
ROWS = """
    SELECT i.symbol, a.number, p.quantity, i.expiration, p.average_open_price, q.mark,
           round(p.quantity * q.mark * i.multiplier, 2),
           round(p.quantity * (q.mark - p.average_open_price) * i.multiplier, 2),
           round(100 * (q.mark / p.average_open_price - 1), 1),
           round(p.quantity * (q.mark - p.previous_close) * i.multiplier, 2),
           round(g.delta, 2), round(g.gamma, 4), round(g.theta, 2), round(g.vega, 2), round(g.iv, 2),
           substr(q.received_at, 12, 5)
      FROM positions p
      JOIN accounts a ON a.id = p.account_id
      JOIN instruments i ON i.id = p.instrument_id
      LEFT JOIN quotes q ON q.instrument_id = i.id
      LEFT JOIN greeks g ON g.instrument_id = i.id
     WHERE p.status = 'open' ORDER BY i.underlying, i.expiration, i.key
"""


class Bare(App[None]):
    """As little as Textual can start with."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        yield Static(self._text)


class Table(App[None]):
    """What a program makes that shows a book in Textual's own table."""

    def __init__(self, database: str) -> None:
        super().__init__()
        self._database = database

    def compose(self) -> ComposeResult:
        yield DataTable[str](cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns(*COLUMNS)
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True) as connection:
            for row in connection.execute(ROWS):
                table.add_row(*("–" if value is None else str(value) for value in row))


def main() -> None:
    kind, argument = sys.argv[1:]
    {"bare": Bare, "table": Table}[kind](argument).run()


if __name__ == "__main__":
    main()
