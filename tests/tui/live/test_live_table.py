"""LiveTable: what it shows, what it costs, and where the cursor stays."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Self

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region, Size
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from cotrader_tui.tui.present.tables import HeaderMarks
from cotrader_tui.tui.present.text import Column, Piece, Row
from cotrader_tui.tui.widgets.live_table import LiveTable
from tests.tui.live.books import COLUMNS, HOSTILE, LIVE, Clock, book, live_cell
from tests.tui.live.wire import until

_NARROW = (
    Column("name", "Name", 8, 0, is_text=True),
    Column("mark", "Mark", 8, 1),
    Column("delta", "Δ", 8, 2),
    Column("age", "Age", 4, 3, is_marked=False),
)


class TableApp(App[None]):
    """A table alone; keeps the messages it hears."""

    def __init__(self, columns: Sequence[Column] = COLUMNS) -> None:
        super().__init__()
        self.clock = Clock()
        self.is_ready = True
        self.heard: list[Message] = []
        self._table = LiveTable(columns, self.clock, can_flush=lambda: self.is_ready, flushes_per_second=50)
        self._table.marks_changes = False

    def compose(self) -> ComposeResult:
        yield self._table

    @property
    def table(self) -> LiveTable:
        return self._table

    def on_live_table_row_highlighted(self, message: LiveTable.RowHighlighted) -> None:
        self.heard.append(message)

    def on_live_table_row_selected(self, message: LiveTable.RowSelected) -> None:
        self.heard.append(message)

    def on_live_table_header_selected(self, message: LiveTable.HeaderSelected) -> None:
        self.heard.append(message)

    def selected(self) -> list[str | None]:
        return [each.row_key.value for each in self.heard if isinstance(each, LiveTable.RowSelected)]


def _rows(*keys: str, mark: str = "1.00") -> list[Row]:
    return [Row(key, {"name": Piece(key), "mark": Piece(mark), "delta": Piece("0.5")}) for key in keys]


def _lines(table: LiveTable) -> list[str]:
    return [table.render_line(line).text for line in range(table.size.height)]


def _many(count: int) -> list[Row]:
    return _rows(*(f"k{number}" for number in range(count)))


async def _painted(pilot: Pilot[None]) -> None:
    """Wait until the table has flushed what it has and drawn it."""
    table = pilot.app.query_one(LiveTable)
    await until(lambda: not table.model.is_dirty)
    await pilot.pause(0.05)


async def test_it_shows_header_and_rows_aligned_by_column() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.show(_rows("AAPL", "SPX"))
        await pilot.pause()
        lines = _lines(app.table)
        assert lines[0] == "Name         Mark        Δ  Age".ljust(40)
        assert lines[1] == "AAPL         1.00      0.5".ljust(40)
        assert lines[3].strip() == ""


@pytest.mark.parametrize("name", HOSTILE)
async def test_any_text_is_literal_and_keeps_the_columns_in_place(name: str) -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.show([Row("a", {"name": Piece(name, "bold $warning"), "mark": Piece("7.77")})])
        await pilot.pause()
        strip = app.table.render_line(1)
        assert strip.cell_length == Strip(list(strip)).cell_length == 40
        assert strip.crop(9, 17).text == "    7.77"
        assert all(character.isprintable() for character in strip.text)


async def test_a_changed_value_is_painted_and_only_its_line() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.show(_many(15))
        await _painted(pilot)
        before = (app.table.counts.painted, app.table.counts.lines)
        app.table.update_row("k3", {"mark": Piece("2.50", "$success")})
        await _painted(pilot)
        assert "2.50" in _lines(app.table)[4]
        assert app.table.counts.painted - before[0] == 1
        assert app.table.counts.flushes == 1


class Watched(LiveTable):
    """Remembers the regions that Textual is asked to draw anew."""

    regions: tuple[Region, ...] = ()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        self.regions += regions
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def forget(self) -> None:
        self.regions = ()


class WatchedApp(App[None]):
    def compose(self) -> ComposeResult:
        table = Watched(_NARROW, Clock(), flushes_per_second=50)
        table.marks_changes = False
        yield table


@pytest.mark.parametrize(
    ("width", "changed", "extents"),
    [
        (40, {"k3": ["mark"]}, [(9, 4, 8)]),
        (40, {"k3": ["name"]}, [(0, 4, 8)]),
        (40, {"k3": ["age"]}, [(27, 4, 4)]),
        (40, {"k3": ["mark", "age"]}, [(9, 4, 22)]),
        (40, {"k3": ["mark"], "k7": ["delta"]}, [(9, 4, 8), (18, 8, 8)]),
        (40, {"k99": ["mark"]}, []),
        (22, {"k3": ["age"]}, []),
    ],
    ids=["a cell", "the first", "the last", "from one to another", "two rows", "out of sight", "a column that left"],
)
async def test_just_the_changed_cells_are_drawn_anew(
    width: int, changed: dict[str, list[str]], extents: list[tuple[int, int, int]]
) -> None:
    """`extents`: column, line and width of each region."""
    async with WatchedApp().run_test(size=(width, 20)) as pilot:
        table = pilot.app.query_one(Watched)
        table.show(_many(120))
        await _painted(pilot)
        table.forget()
        for key, columns in changed.items():
            table.update_row(key, {column: Piece("7.7") for column in columns})
        await _painted(pilot)
        assert [(region.x, region.y, region.width) for region in table.regions] == extents
        assert {region.height for region in table.regions} <= {1}


async def test_of_a_table_scrolled_sideways_the_whole_line_is_drawn_anew() -> None:
    async with WatchedApp().run_test(size=(22, 20)) as pilot:
        table = pilot.app.query_one(Watched)
        table.show_columns(_NARROW, HeaderMarks(focused="age"), keeps_all=True)
        table.show(_many(120))
        await _painted(pilot)
        assert [column.key for column in table.columns_in_sight] == ["name", "age"]
        table.forget()
        table.update_row("k3", {"age": Piece("9s")})
        await _painted(pilot)
        assert table.regions == (Region(0, 4, 22, 1),)


async def test_a_burst_is_one_flush() -> None:
    app = TableApp()
    async with app.run_test(size=(160, 40)) as pilot:
        chance = random.Random(1)
        app.table.show(book(30, chance))
        await _painted(pilot)
        for number in range(30):
            app.table.update_row(str(number), {"mark": live_cell(chance, "mark")})
        await _painted(pilot)
        assert app.table.counts.flushes == 1


@pytest.mark.parametrize("count", [500, 10_000])
async def test_a_flush_formats_only_rows_in_sight_however_many_there_are(count: int) -> None:
    app = TableApp()
    async with app.run_test(size=(160, 41)) as pilot:
        chance = random.Random(2)
        app.table.show(book(count, chance))
        await _painted(pilot)
        painted = app.table.counts.painted
        assert painted <= 2 * 40
        for number in range(count):
            app.table.update_row(str(number), {column: live_cell(chance, column) for column in LIVE})
        await _painted(pilot)
        assert app.table.counts.painted - painted <= 40
        assert app.table.counts.flushes == 1


async def test_a_quiet_table_renders_nothing() -> None:
    app = TableApp()
    async with app.run_test(size=(160, 40)) as pilot:
        rows = book(100, random.Random(3))
        app.table.show(rows)
        await _painted(pilot)
        await pilot.pause(0.2)
        before = (app.table.counts.lines, app.table.counts.flushes)
        app.table.show([Row(row.key, dict(row.cells)) for row in rows])
        await pilot.pause(0.3)
        assert (app.table.counts.lines, app.table.counts.flushes) == before


class _Other(Screen[None]):
    def compose(self) -> ComposeResult:
        yield Static("other")


async def _hide_by_screen(app: TableApp) -> None:
    await app.push_screen(_Other())


async def _show_by_screen(app: TableApp) -> None:
    await app.pop_screen()


async def _hide_by_display(app: TableApp) -> None:
    app.table.display = False


async def _show_by_display(app: TableApp) -> None:
    app.table.display = True


@pytest.mark.parametrize(
    ("hide", "reveal"),
    [(_hide_by_screen, _show_by_screen), (_hide_by_display, _show_by_display)],
    ids=["another screen", "display off"],
)
async def test_a_hidden_table_renders_nothing_and_is_right_when_it_comes_back(
    hide: Callable[[TableApp], object], reveal: Callable[[TableApp], object]
) -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.show(_many(15))
        await _painted(pilot)
        await hide(app)  # type: ignore[misc]
        await pilot.pause(0.1)
        before = (app.table.counts.lines, app.table.counts.painted, app.table.counts.flushes)
        for number in range(10):
            app.table.update_row("k2", {"mark": Piece(f"{number}.99")})
            await pilot.pause(0.03)
        assert (app.table.counts.lines, app.table.counts.painted, app.table.counts.flushes) == before
        await reveal(app)  # type: ignore[misc]
        await until(lambda: app.table.counts.lines > before[0])
        shown = app.screen.get_widget_at(1, 3)[0]
        assert shown is app.table
        assert "9.99" in _drawn(app, 3)


def _drawn(app: App[None], line: int) -> str:
    """A line as Textual has it for the terminal, its own caches included."""
    table = app.query_one(LiveTable)
    return table.render_lines(table.size.region)[line].text


async def test_frames_are_skipped_while_the_terminal_is_not_ready() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.show(_many(15))
        await _painted(pilot)
        app.is_ready = False
        for number in range(5):
            app.table.update_row("k2", {"mark": Piece(f"{number}.50")})
            await pilot.pause(0.05)
        assert app.table.counts.flushes == 0
        assert app.table.counts.skipped >= 3
        await pilot.press("down")
        assert app.table.cursor_key == "k1"
        app.is_ready = True
        await _painted(pilot)
        assert app.table.counts.flushes == 1
        assert "4.50" in _drawn(app, 3)


async def test_a_book_that_moves_at_the_pace_of_the_flushes_is_shown_at_once_each_time() -> None:
    app = TableApp(_NARROW)
    app.table.flushes_per_second = 2.5
    app.table.marks_changes = True  # what ends the marks is no flush to wait for
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.show(_many(15))
        await pilot.pause(0.5)
        for number in range(6):
            app.table.update_row("k2", {"mark": Piece(f"{number}.50")})
            await pilot.pause(0.1)
            assert not app.table.model.is_dirty
            await pilot.pause(0.3)


async def test_faster_changes_wait_until_the_table_has_rested() -> None:
    app = TableApp(_NARROW)
    app.table.flushes_per_second = 2
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.show(_many(15))
        await _painted(pilot)
        for number in range(10):
            app.table.update_row("k2", {"mark": Piece(f"{number}.50")})
            await pilot.pause(0.02)
        assert app.table.counts.flushes <= 2
        await until(lambda: "9.50" in _drawn(app, 3))


async def test_cursor_and_scroll_follow_the_row_when_others_move() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 11)) as pilot:
        rows = _many(60)
        app.table.show(rows)
        app.table.go_to("k30")
        await _painted(pilot)
        line = next(number for number, text in enumerate(_lines(app.table)) if text.startswith("k30 "))
        app.clock.advance(60)
        app.table.show([*_rows("new1", "new2", "new3"), *reversed(rows)])
        await _painted(pilot)
        assert app.table.cursor_key == "k30"
        assert app.table.cursor_row == 3 + 29
        assert _lines(app.table)[line].startswith("k30 ")


class Neighbour(Static):
    """Counts how often it is laid out."""

    layouts = 0

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        self.layouts += 1
        return super().get_content_height(container, viewport, width)


class NeighbouredApp(TableApp):
    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield Neighbour("below", markup=False)


async def test_a_table_that_scrolls_already_grows_and_shrinks_without_laying_out_its_neighbours() -> None:
    app = NeighbouredApp(_NARROW)
    async with app.run_test(size=(40, 12)) as pilot:
        app.table.show(_many(100))
        await _painted(pilot)
        neighbour = app.query_one(Neighbour)
        for count in (140, 90):
            before = neighbour.layouts
            app.table.show(_many(count))
            app.table.settle(at_once=True)
            await _painted(pilot)
            assert neighbour.layouts == before
            assert app.table.vertical_scrollbar.window_virtual_size == app.table.virtual_size.height == count + 1
        app.table.go_to("k89")
        await _painted(pilot)
        assert app.table.scroll_y > 70
        app.table.show(_many(30))
        app.table.settle(at_once=True)
        await _painted(pilot)
        assert app.table.scroll_y == app.table.max_scroll_y
        assert "k29" in "".join(_lines(app.table))
        app.table.show(_many(3))
        app.table.settle(at_once=True)
        await _painted(pilot)
        assert not app.table.show_vertical_scrollbar
        assert "k0" in "".join(_lines(app.table))


async def test_rows_do_not_move_while_the_cursor_does_nor_twice_within_seconds() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show(_rows("a", "b", "c"))
        app.clock.advance(60)
        await pilot.press("down")
        app.table.show(_rows("c", "b", "a"))
        assert list(app.table.model.keys) == ["a", "b", "c"]
        app.clock.advance(3)
        app.table.settle()
        assert list(app.table.model.keys) == ["c", "b", "a"]
        app.table.show(_rows("a", "b", "c"))
        app.clock.advance(4)
        app.table.settle()
        assert list(app.table.model.keys) == ["c", "b", "a"]
        app.table.settle(at_once=True)
        assert list(app.table.model.keys) == ["a", "b", "c"]


async def test_the_row_under_the_cursor_goes_and_its_neighbour_is_announced() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show(_rows("a", "b", "c"))
        app.table.go_to("b")
        await pilot.pause()
        app.heard.clear()
        app.table.show(_rows("a", "c"))
        app.table.settle(at_once=True)
        await pilot.pause()
        assert app.table.cursor_key == "c"
        last = app.heard[-1]
        assert isinstance(last, LiveTable.RowHighlighted)
        assert (last.row_key.value, last.cursor_row, last.control) == ("c", 1, app.table)


async def test_keys_move_the_cursor_as_in_a_data_table() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show(_many(50))
        app.table.focus()
        await pilot.pause()
        seen = []
        for key in ("down", "down", "up", "pagedown", "pageup", "ctrl+end", "ctrl+home", "up"):
            await pilot.press(key)
            seen.append(app.table.cursor_row)
        assert seen == [1, 2, 1, 11, 1, 49, 0, 0]
        await pilot.press("enter")
        await pilot.pause()
        assert app.selected() == ["k0"]


async def test_a_click_moves_the_cursor_and_a_second_one_selects() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show(_many(50))
        await pilot.pause()
        await pilot.click(LiveTable, offset=(3, 4))
        assert (app.table.cursor_key, app.selected()) == ("k3", [])
        await pilot.click(LiveTable, offset=(20, 4))
        await pilot.pause()
        assert app.selected() == ["k3"]


async def test_a_click_on_a_label_tells_its_column() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show(_many(5))
        await pilot.pause()
        await pilot.click(LiveTable, offset=(12, 0))
        await pilot.pause()
        last = app.heard[-1]
        assert isinstance(last, LiveTable.HeaderSelected)
        assert (last.column_key.value, last.column_index, last.label) == ("mark", 1, "Mark")


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = TableApp(_NARROW)
    app.animation_level = "none"
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show(_many(50))
        await pilot.pause()
        app.table.scroll_down(animate=False)
        await pilot.pause()
        assert _lines(app.table)[1].startswith("k1 ")
        assert _lines(app.table)[0].startswith("Name")
        assert app.table.cursor_key == "k0"


async def test_the_mouse_marks_the_row_it_is_over() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.show(_many(5))
        await pilot.pause()
        plain = app.table.render_line(3)
        await pilot.hover(LiveTable, offset=(3, 3))
        assert app.table.render_line(3) != plain
        await pilot.hover(LiveTable, offset=(3, 4))
        assert app.table.render_line(3) == plain


async def test_columns_leave_by_rank_and_come_back() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.show(_rows("a"))
        await pilot.pause()
        assert [column.key for column in app.table.visible_columns] == ["name", "mark", "delta", "age"]
        await pilot.resize_terminal(22, 8)
        await until(lambda: [column.key for column in app.table.visible_columns] == ["name", "mark"])
        await pilot.resize_terminal(40, 8)
        await until(lambda: len(app.table.visible_columns) == 4)


async def test_widths_do_not_jump_with_the_values() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.show(_rows("a", mark="1"))
        await _painted(pilot)
        header = _lines(app.table)[0]
        app.table.update_row("a", {"mark": Piece("123,456,789.00")})
        await _painted(pilot)
        assert _lines(app.table)[0] == header
        assert app.table.render_line(1).crop(9, 17).text == "#" * 8


async def test_a_table_that_keeps_its_columns_scrolls_sideways_beside_the_first() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(20, 8)) as pilot:
        app.table.show_columns(_NARROW, HeaderMarks(), keeps_all=True)
        app.table.show(_rows("AAPL"))
        app.table.focus()
        await pilot.pause()
        assert _lines(app.table)[1].startswith("AAPL         1.00")
        await pilot.press("end")
        await pilot.pause()
        header, row = _lines(app.table)[:2]
        assert header.startswith("Name ")
        assert header.rstrip().endswith("Age")
        assert row.startswith("AAPL ")
        assert "1.00" not in row
        await pilot.click(LiveTable, offset=(11, 0))
        await pilot.pause()
        last = app.heard[-1]
        assert isinstance(last, LiveTable.HeaderSelected)
        assert last.column_key.value == "age"
        app.table.update_row("AAPL", {"age": Piece("9s")})
        await _painted(pilot)
        assert "9s" in _drawn(app, 1)


async def test_a_theme_gives_every_token_its_own_colour() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.show([Row("a", {}), Row("b", {"mark": Piece("+1.20", "$success")})])
        await pilot.pause()
        dark = _color_of(app.table.render_line(2), "+1.20")
        app.theme = "textual-light"
        await pilot.pause()
        light = _color_of(app.table.render_line(2), "+1.20")
        assert dark != light
        assert light[0] == app.get_css_variables()["success"].lower()


async def test_the_cursor_bar_keeps_its_own_colours_and_dims_without_focus() -> None:
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.show([Row("a", {"name": Piece("a"), "mark": Piece("+1.20", "$success")})])
        app.table.focus()
        await pilot.pause()
        focused = _color_of(app.table.render_line(1), "+1.20")
        assert focused == _color_of(app.table.render_line(1), "a ")
        app.screen.set_focus(None)
        await pilot.pause()
        assert _color_of(app.table.render_line(1), "+1.20") != focused


async def test_without_colour_the_cursor_can_still_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = TableApp(_NARROW)
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.show(_rows("a", "b"))
        await pilot.pause()
        styles = [segment.style for segment in app.table.render_line(1) if segment.text.strip()]
        assert styles
        assert all(style is not None and style.reverse for style in styles)


def _color_of(strip: Strip, text: str) -> tuple[str, str]:
    style = next(segment.style for segment in strip if text in segment.text)
    assert style is not None
    assert style.color is not None
    assert style.bgcolor is not None
    return style.color.name, style.bgcolor.name


async def test_a_changed_figure_is_bold_for_a_moment_where_its_column_says_so() -> None:
    app = TableApp(_NARROW)
    app.table.marks_changes = True
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.show(_rows("a", "b"))
        await _painted(pilot)
        assert _bold(app.table, 2) == []
        app.table.update_row("b", {"mark": Piece("2.00"), "age": Piece("3s")})
        await _painted(pilot)
        assert _bold(app.table, 2) == ["2.00"]
        await until(lambda: _bold(app.table, 2) == [])
        app.table.marks_changes = False
        app.table.update_row("b", {"mark": Piece("3.00")})
        await _painted(pilot)
        assert _bold(app.table, 2) == []


def _bold(table: LiveTable, line: int) -> list[str]:
    return [segment.text for segment in table.render_line(line) if segment.style is not None and segment.style.bold]
