"""Copies and exports of the table as it is seen: what they say, where they go, and that privacy holds in them."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.command import DiscoveryHit
from textual.pilot import Pilot

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.errors import ConfigError
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.commands import ActionCommands
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.as_text import ExportFormat, Seen
from cotrader_tui.tui.present.text import Column, MadeRows, Piece, Row
from cotrader_tui.tui.screens.export_dialog import ExportDialog
from tests.builders import NOW, share, snapshot
from tests.tui.book import book, held, make_app, numbered, settled, shown, table_of, tell, text_of, texts

COLUMNS = (Column("symbol", "Symbol", 10, 0, is_text=True), Column("open_pnl", "Open P&L", 10, 1))
ROWS = MadeRows(
    [
        Row("1", {"symbol": Piece("  BRK|B, Inc"), "open_pnl": Piece("+1,310.00", "$gain")}),
        Row("2", {"symbol": Piece("KO"), "open_pnl": Piece("–")}),
    ]
)


def seen() -> Seen:
    return Seen.of(COLUMNS, ROWS, ROWS.keys)


# The texts


def test_lines_for_a_clipboard_have_tabs_between_and_no_padding() -> None:
    assert seen().as_lines(with_header=True) == "Symbol\tOpen P&L\nBRK|B, Inc\t+1,310.00\nKO\t–"
    assert seen().as_lines(with_header=False).startswith("BRK|B")


def test_csv_and_json_have_the_keys_and_leave_out_what_is_not_known() -> None:
    assert seen().written(ExportFormat.CSV) == 'symbol,open_pnl\n"BRK|B, Inc","+1,310.00"\nKO,\n'
    assert json.loads(seen().written(ExportFormat.JSON)) == [
        {"symbol": "BRK|B, Inc", "open_pnl": "+1,310.00"},
        {"symbol": "KO", "open_pnl": None},
    ]


def test_markdown_has_the_labels_and_figures_to_the_right() -> None:
    assert seen().written(ExportFormat.MARKDOWN) == (
        "| Symbol | Open P&L |\n| --- | ---: |\n| BRK\\|B, Inc | +1,310.00 |\n| KO | – |\n"
    )


# The screen


class Folder:
    """Keeps what is exported."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def __call__(self, name: str, text: str) -> Path:
        self.files[name] = text
        return Path("/exports") / name


async def press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)


def exporting(to: Callable[[str, str], Path]) -> CotraderApp:
    return make_app(options=ScreenOptions(is_watching=False, export=to))


async def until(pilot: Pilot[Any], is_so: Callable[[], bool]) -> None:
    for _ in range(250):
        await pilot.pause(0.02)
        if is_so():
            return
    raise AssertionError(text_of(pilot))


async def test_y_copies_the_row_under_the_cursor_as_it_is_seen() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "j", "y")
        assert pilot.app.clipboard == "\t".join(texts(pilot, 1))
        assert "The row was sent to terminal." in text_of(pilot)


async def test_capital_y_copies_every_row_with_the_header() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "Y")
        table = table_of(pilot)
        lines = [line.split("\t") for line in pilot.app.clipboard.split("\n")]
        assert lines[0] == [column.label for column in table.visible_columns]
        assert lines[1:] == [texts(pilot, row) for row in range(table.row_count)]
        assert "rows, was sent to terminal." in text_of(pilot)


async def test_x_copies_the_cell_under_the_cursors() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "l", "l", "x")
        screen = pilot.app.screen
        column = next(each for each in table_of(pilot).visible_columns if each.key == screen.focused_column)  # type: ignore[attr-defined]
        at = table_of(pilot).visible_columns.index(column)
        assert pilot.app.clipboard == texts(pilot, 0)[at] != texts(pilot, 0)[0]
        assert f"The cell {column.label} was sent to terminal." in text_of(pilot)


async def test_privacy_holds_in_copies_and_exports() -> None:
    folder = Folder()
    async with shown(book(), exporting(folder)) as pilot:
        assert "228.14" in pilot.app.screen.query_one("BookTable").model.cells("1")["mark"].text  # type: ignore[attr-defined]
        await press(pilot, "Y")
        amount = dict(zip(*(line.split("\t") for line in pilot.app.clipboard.split("\n")[:2]), strict=True))["Open P&L"]
        await press(pilot, "p", "Y")
        assert amount not in pilot.app.clipboard
        assert "•••••" in pilot.app.clipboard
        await press(pilot, "e", "c")
        await until(pilot, lambda: bool(folder.files))
        (text,) = folder.files.values()
        assert amount not in text
        assert "•••••" in text


@pytest.mark.parametrize(("key", "name"), [("c", ".csv"), ("j", ".json"), ("m", ".md")])
async def test_e_asks_for_the_format_and_the_toast_names_the_file(key: str, name: str) -> None:
    folder = Folder()
    async with shown(book(), exporting(folder)) as pilot:
        await press(pilot, "e")
        assert isinstance(pilot.app.screen, ExportDialog)
        await press(pilot, key)
        await until(pilot, lambda: "The table is in /exports/positions-" in text_of(pilot))
        (file,) = folder.files
        assert file == f"positions-{NOW.astimezone(EXCHANGE_ZONE):%Y%m%d-%H%M%S}{name}"


async def test_the_format_can_be_chosen_in_the_list_and_esc_exports_nothing() -> None:
    folder = Folder()
    async with shown(book(), exporting(folder)) as pilot:
        await press(pilot, "e", "escape")
        assert not isinstance(pilot.app.screen, ExportDialog)
        assert folder.files == {}
        await press(pilot, "2", "e", "down", "enter")
        await until(pilot, lambda: bool(folder.files))
        (name,) = folder.files
        assert name.startswith("greeks-")
        assert name.endswith(".json")


async def test_the_export_has_the_rows_in_the_order_of_the_screen() -> None:
    folder = Folder()
    async with shown(book(), exporting(folder)) as pilot:
        await press(pilot, "e", "c")
        await until(pilot, lambda: bool(folder.files))
        (text,) = folder.files.values()
        header, *rows = csv.reader(text.splitlines())
        table = table_of(pilot)
        assert header == [column.key for column in table.visible_columns]
        assert [row[0] for row in rows] == [texts(pilot, at)[0] for at in range(table.row_count)]


async def test_a_file_that_cannot_be_written_is_told() -> None:
    def refuse(name: str, text: str) -> Path:
        raise ConfigError("The folder is read-only.", "Make it writable.")

    async with shown(book(), exporting(refuse)) as pilot:
        await press(pilot, "e", "c")
        await until(pilot, lambda: "The folder is read-only. Make it writable." in text_of(pilot))


async def test_what_is_too_much_for_a_terminal_is_not_sent() -> None:
    legs = numbered(*(held(share(f"S{number:04d}"), "10", "5", "6", "5.5") for number in range(290)))
    async with shown(snapshot(*legs)) as pilot:
        await press(pilot, "Y")
        was = pilot.app.clipboard
        assert len(base64.b64encode(was.encode())) <= 74_000
        many = numbered(*(held(share(f"{'LONG' * 80}{number:04d}"), "10", "5", "6", "5.5") for number in range(290)))
        await tell(pilot, snapshot(*many))
        table_of(pilot).settle(at_once=True)
        await press(pilot, "Y")
        assert pilot.app.clipboard == was
        assert "Export it to a file instead." in text_of(pilot)


async def test_without_a_table_there_is_nothing_to_take() -> None:
    async with shown(None, exporting(Folder())) as pilot:
        assert not pilot.app.check_action("copy_row", ())
        assert not pilot.app.check_action("export", ())
        hits = [hit async for hit in ActionCommands(pilot.app.screen).discover()]
        assert "Copy the row" not in [hit.text for hit in hits if isinstance(hit, DiscoveryHit)]


async def test_where_nothing_can_be_written_no_export_is_offered() -> None:
    async with shown(book()) as pilot:
        assert not pilot.app.check_action("export", ())
        assert pilot.app.check_action("copy_table", ())
