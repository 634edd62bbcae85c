"""The app's part in what a person takes away of a table: copies by way of the terminal, and files."""

from __future__ import annotations

import os
from datetime import datetime

from textual import on, work

from cotrader_tui.domain.clock import EXCHANGE_ZONE, Clock
from cotrader_tui.errors import CotraderError
from cotrader_tui.tui.arranging import ArrangingApp
from cotrader_tui.tui.clipboard import clipboard_sequence
from cotrader_tui.tui.messages import Exported, ExportRefused
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.as_text import ExportFormat, Seen
from cotrader_tui.tui.screens.arranging import ArrangedScreen
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.screens.export_dialog import ExportDialog
from cotrader_tui.tui.widgets.book_table import BookTable

TAKING = frozenset({"copy_row", "copy_cell", "copy_table", "export"})
_MOST_COPIED = 74_000
"""So many bytes every terminal takes that takes any (OSC 52)."""


class TakingApp(ArrangingApp):
    """Copies and exports the table that can be seen, as it is seen."""

    options: ScreenOptions
    clock: Clock

    def can_take(self, action: str) -> bool:
        """Whether one of these actions can be done now."""
        has_table = self._table_seen is not None
        return has_table and (action != "export" or self.options.export is not None)

    @property
    def _uppermost(self) -> BookScreen | None:
        """The uppermost screen of the book; overlays lie above it."""
        top = next((each for each in reversed(self.screen_stack) if not each.is_modal), None)
        return top if isinstance(top, BookScreen) else None

    @property
    def _table_seen(self) -> BookTable | None:
        tables = self._uppermost.query(BookTable) if self._uppermost is not None else ()
        return next((each for each in tables if each.display and each.row_count and each.visible_columns), None)

    def action_copy_row(self) -> None:
        table = self._table_seen
        if table is not None and table.cursor_key is not None:
            seen = Seen.of(table.visible_columns, table.model, [table.cursor_key])
            self._copy(seen.as_lines(with_header=False), "The row")

    def action_copy_cell(self) -> None:
        """The cell in the row under the cursor and the column under the column cursor, else the first."""
        table, screen = self._table_seen, self._uppermost
        if table is None or table.cursor_key is None:
            return
        wanted = screen.focused_column if isinstance(screen, ArrangedScreen) else None
        column = next((each for each in table.visible_columns if each.key == wanted), table.visible_columns[0])
        seen = Seen.of([column], table.model, [table.cursor_key])
        self._copy(seen.as_lines(with_header=False), f"The cell {column.label}")

    def action_copy_table(self) -> None:
        if (table := self._table_seen) is not None:
            self._copy(_seen(table).as_lines(with_header=True), f"The table, {_counted(table.row_count)},")

    def copy_to_clipboard(self, text: str) -> None:
        """As Textual's, and through GNU screen too."""
        self._clipboard = text
        if self._driver is not None:
            self._driver.write(clipboard_sequence(text, os.environ))

    def _copy(self, text: str, what: str) -> None:
        if len(text.encode()) * 4 / 3 > _MOST_COPIED:
            self.tell_problem(f"{what} is more than many terminals take. Export it to a file instead.")
            return
        self.copy_to_clipboard(text)
        self.tell(f"{what} was sent to terminal.")

    @work
    async def action_export(self) -> None:
        if self._table_seen is None:
            return
        form = await self.push_screen_wait(ExportDialog())
        table, screen = self._table_seen, self._uppermost
        if form is not None and table is not None:
            area = screen.area if isinstance(screen, ArrangedScreen) and screen.area else "table"
            self._write_export(_file_name(area, self.clock(), form), _seen(table).written(form))

    @work(thread=True, group="export", exit_on_error=False)
    def _write_export(self, name: str, text: str) -> None:
        if self.options.export is None:
            return
        try:
            self.post_message(Exported(self.options.export(name, text)))
        except CotraderError as error:
            self.post_message(ExportRefused(error.message, error.hint))

    @on(Exported)
    def _tell_place(self, message: Exported) -> None:
        self.tell(f"The table is in {message.place}.")

    @on(ExportRefused)
    def _tell_refusal(self, message: ExportRefused) -> None:
        self.tell_problem(f"{message.message} {message.hint}")


def _seen(table: BookTable) -> Seen:
    return Seen.of(table.visible_columns, table.model, table.model.keys)


def _counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"


def _file_name(area: str, now: datetime, form: ExportFormat) -> str:
    """Such as positions-20260310-143005.csv, the time New York's."""
    return f"{area}-{now.astimezone(EXCHANGE_ZONE):%Y%m%d-%H%M%S}{form.suffix}"
