"""What holds of every screen at every size: no figure is cut, nothing overlaps, and what matters most is whole."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from cotrader_tui.tui.actions import ACTIONS
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.present import positions
from cotrader_tui.tui.present.figures import Figures
from cotrader_tui.tui.present.text import GAP, clipped, fitting
from cotrader_tui.tui.screens.arranging import ArrangedScreen
from cotrader_tui.tui.widgets.key_line import Hint, KeyLine, fitting_hints
from tests import builders
from tests.builders import NOW
from tests.tui.book import held, make_app, numbered, settled, shown, table_of, tell, text_of
from tests.tui.every_screen import SCREENS, app_for, book

SIZES = [(60, 20), (80, 24), (120, 40), (200, 50), (300, 80)]
AMPLE = (300, 110)
MUST = ("symbol", "quantity", "mark", "open")
_FIGURE = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?(?:[kMB%m*](?!\w))?")
_DRAWN = {"charts", "position"}
"""Charts have ticks of their own at every size."""


def figures_of(text: str) -> set[str]:
    return set(_FIGURE.findall(text))


async def resize(pilot: Pilot[Any], size: tuple[int, int]) -> None:
    await pilot.resize_terminal(*size)
    await settled(pilot)


@asynccontextmanager
async def opened(screen: str, size: tuple[int, int]) -> AsyncIterator[Pilot[Any]]:
    async with app_for(screen).run_test(size=size) as pilot:
        await settled(pilot)
        await SCREENS[screen](pilot)
        yield pilot


def _parts(pilot: Pilot[Any]) -> Iterator[tuple[Widget, Region]]:
    """What stands on the screen, each beside the others, with where it can be seen."""
    for widget in pilot.app.screen.walk_children(Widget):
        is_leaf = not [each for each in widget.children if each.display]
        if is_leaf and widget.display and widget.is_on_screen and widget.region.area:
            yield widget, widget.region


def nothing_overlaps(pilot: Pilot[Any]) -> None:
    whole = pilot.app.screen.region
    in_flow = [(widget, region) for widget, region in _parts(pilot) if widget.parent is pilot.app.screen]
    for widget, region in in_flow:
        assert whole.contains_region(region), widget
    for at, (one, here) in enumerate(in_flow):
        for other, there in in_flow[at + 1 :]:
            assert not here.overlaps(there), (one, other)


@pytest.mark.parametrize("screen", SCREENS)
async def test_no_figure_is_cut_and_nothing_overlaps(screen: str) -> None:
    """Every figure on a small screen is one of those on a screen with room for all, which are whole."""
    async with opened(screen, AMPLE) as pilot:
        every = figures_of(text_of(pilot))
        for size in [*SIZES, (40, 12), (17, 6)]:
            await resize(pilot, size)
            text = text_of(pilot)
            assert [cell_len(line) for line in text.splitlines()] == [size[0]] * size[1]
            nothing_overlaps(pilot)
            if screen not in _DRAWN:
                assert figures_of(text) <= every, (size, text)


def app_of(pilot: Pilot[Any]) -> CotraderApp:
    assert isinstance(pilot.app, CotraderApp)
    return pilot.app


def arranged(pilot: Pilot[Any]) -> ArrangedScreen:
    assert isinstance(pilot.app.screen, ArrangedScreen)
    return pilot.app.screen


_TABLES = ("positions", "greeks", "sync_log", "accounts", "orders")


@pytest.mark.parametrize("screen", [screen for screen in SCREENS if screen in _TABLES])
async def test_with_all_columns_no_figure_is_cut_either(screen: str) -> None:
    async with opened(screen, AMPLE) as pilot:
        every = figures_of(text_of(pilot)) | {str(number) for number in range(30)}  # it counts the columns
        app_of(pilot).keeps_all_columns = True
        for size in ((60, 20), (80, 24), (40, 12)):
            await resize(pilot, size)
            for _ in range(4):
                text = text_of(pilot)
                assert [cell_len(line) for line in text.splitlines()] == [size[0]] * size[1]
                nothing_overlaps(pilot)
                assert figures_of(text) <= every, (size, text)
                for _column in range(3):
                    await press_and_settle(pilot, "l")


async def test_all_columns_scroll_sideways_to_the_column_in_focus_beside_the_first() -> None:
    async with shown(book(), app_for("positions"), (60, 20)) as pilot:
        table, fit = table_of(pilot), [column.key for column in table_of(pilot).visible_columns]
        chosen = [column.key for column in arranged(pilot).chosen]
        assert len(fit) < len(chosen)
        await press_and_settle(pilot, "W")
        pilot.app.clear_notifications()
        assert [column.key for column in table.visible_columns] == chosen
        lefts = []
        for _ in chosen:
            await press_and_settle(pilot, "l")
            lefts.append(table.scroll_offset.x)
            seen = [column.key for column in table.columns_in_sight]
            assert seen[0] == chosen[0]
            assert arranged(pilot).focused_column in seen
            head, *lines = text_of(pilot).splitlines()[2:]
            assert [column.label for column in table.columns_in_sight if column.label.split()[0] not in head] == []
            assert any(line.startswith("AAPL") for line in lines)
        assert lefts == sorted(lefts)
        assert lefts[-1] > lefts[0] == 0
        assert seen[-1] == chosen[-1]
        for _ in chosen:
            await press_and_settle(pilot, "h")
        assert table.scroll_offset.x == 0
        await press_and_settle(pilot, "W")
        assert [column.key for column in table.visible_columns] == fit


async def test_all_columns_hold_on_every_screen_and_change_nothing_where_there_is_room() -> None:
    async with shown(book(), app_for("positions"), (60, 20)) as pilot:
        await press_and_settle(pilot, "W")
        await press_and_settle(pilot, "3")
        assert len(table_of(pilot).visible_columns) == len(arranged(pilot).chosen)
        await resize(pilot, (200, 50))
        pilot.app.clear_notifications()
        await settled(pilot)
        wide = text_of(pilot)
        await press_and_settle(pilot, "W")
        pilot.app.clear_notifications()
        await settled(pilot)
        assert text_of(pilot) == wide


@pytest.mark.parametrize("size", SIZES)
async def test_symbol_quantity_mark_and_open_pnl_are_whole(size: tuple[int, int]) -> None:
    async with shown(book(), app_for("positions"), size) as pilot:
        table = table_of(pilot)
        assert [column.key for column in table.visible_columns if column.key in MUST] == list(MUST)
        lines = text_of(pilot).splitlines()
        for key in table.seen_keys:
            cells = [table.get_cell(key, column).text for column in MUST]
            assert any(re.search(r" +(?:\S+ +)*".join(map(re.escape, cells)), line) for line in lines), cells


@pytest.mark.parametrize("name", ["GOOGL JUN18'27 1262.5 C ·01", "GOOGL JUN18'27 1262.5 C ·02"])
async def test_a_long_name_is_whole_in_60_columns(name: str) -> None:
    async with shown(book(), app_for("positions"), (60, 20)) as pilot:
        assert name in text_of(pilot)


@pytest.mark.parametrize("width", [59, 50, 44, 30, 24, 12])
async def test_below_60_columns_each_position_is_one_line(width: int) -> None:
    async with shown(book(), app_for("positions"), (width, 24)) as pilot:
        table = table_of(pilot)
        assert table.row_count == len(book().legs)
        lines = [line for line in text_of(pilot).splitlines() if line.startswith(("AAPL", "GOOGL"))]
        assert len(lines) == 6


def test_columns_leave_by_their_rank() -> None:
    every = positions.COLUMNS
    ranks = {column.key: column.rank for column in every}
    for width in range(1, 260):
        kept = fitting(every, width)
        assert sum(column.width for column in kept) + GAP * (len(kept) - 1) <= width
        room = width - sum(column.width + GAP for column in kept)
        for gone in set(every) - set(kept) - {every[0]}:
            better = [column for column in kept if ranks[column.key] > ranks[gone.key]]
            # A column that matters less stands only where one that matters more is too wide for what is left.
            assert room + sum(column.width + GAP for column in better) < gone.width + GAP or better
            assert room < gone.width + GAP


# The keys below


async def test_no_key_of_the_footer_is_cut() -> None:
    words = {f"{action.keys[0]} {action.short or action.description}" for action in ACTIONS}
    async with shown(book(), app_for("positions"), (200, 50)) as pilot:
        for width in range(200, 8, -13):
            await resize(pilot, (width, 20))
            line = text_of(pilot).splitlines()[-1]
            assert {each.strip() for each in re.split("  +", line) if each.strip()} <= words, line
            assert "? Help" in line


def test_keys_leave_by_their_rank() -> None:
    hints = [Hint(action.keys[0], action) for action in ACTIONS if action.is_shown_in_footer]
    for width in range(200):
        kept = fitting_hints(hints, width)
        gone = [hint.action.rank for hint in hints if hint not in kept]
        assert not gone or min(gone) >= max((hint.action.rank for hint in kept), default=0)


async def test_a_click_on_a_key_does_what_it_does() -> None:
    async with shown(book(), app_for("positions"), (200, 30)) as pilot:
        at = text_of(pilot).splitlines()[-1].index("p Privacy")
        await pilot.click(KeyLine, offset=(at + 3, 0))
        await settled(pilot)
        assert "PRIVACY" in text_of(pilot)


# Resizing


def _tour() -> list[tuple[int, int]]:
    """Once from each size to each other one."""
    order = (1, 2, 1, 3, 1, 4, 1, 5, 2, 3, 2, 4, 2, 5, 3, 4, 3, 5, 4, 5, 1)
    return [SIZES[at - 1] for at in order]


async def test_from_any_size_to_any_other_it_looks_as_if_it_had_begun_there() -> None:
    fresh = {}
    for size in SIZES:
        async with shown(book(), app_for("positions"), size) as pilot:
            fresh[size] = text_of(pilot)
    async with shown(book(), app_for("positions"), SIZES[0]) as pilot:
        for after in _tour()[1:]:
            await resize(pilot, after)
            assert text_of(pilot) == fresh[after]


async def test_many_sizes_in_a_row_are_drawn_once() -> None:
    told: list[int] = []

    def heard(message: Message) -> None:
        if isinstance(message, events.Resize) and message.size.height == 1:  # the header, or the keys below
            told.append(message.size.width)

    app = app_for("positions")
    async with app.run_test(size=(80, 24), message_hook=heard) as pilot:
        await settled(pilot)
        await tell(pilot, book())
        told.clear()
        for width in (*range(79, 61, -1), 60, 95, 60, 90):
            await pilot.resize_terminal(width, 24)
        assert app.is_settling
        assert not told
        await settled(pilot)
        assert set(told) == {90}
        assert len(told) <= 3


async def test_a_size_that_is_taken_back_changes_nothing() -> None:
    async with shown(book(), app_for("positions"), (120, 40)) as pilot:
        before = text_of(pilot)
        await pilot.resize_terminal(60, 20)
        await resize(pilot, (120, 40))
        assert text_of(pilot) == before


async def test_cursor_and_scroll_follow_their_row() -> None:
    legs = [held(builders.share(f"S{at:03d}"), str(at + 1), "5", "6") for at in range(120)]
    async with shown(builders.snapshot(*numbered(*legs)), make_app(), (120, 40)) as pilot:
        table = table_of(pilot)
        table.go_to("70")
        await settled(pilot)
        for after in _tour()[1:]:
            await resize(pilot, after)
            assert table.cursor_key == "70"
            assert "70" in table.seen_keys
        assert "S069" in text_of(pilot)


async def test_a_cursor_out_of_sight_does_not_move_what_somebody_reads() -> None:
    legs = [held(builders.share(f"S{at:03d}"), str(at + 1), "5", "6") for at in range(120)]
    async with shown(builders.snapshot(*numbered(*legs)), make_app(), (120, 40)) as pilot:
        table = table_of(pilot)
        table.scroll_to(y=60, animate=False, force=True)
        await settled(pilot)
        top = table.seen_keys[0]
        await resize(pilot, (80, 24))
        assert table.seen_keys[0] == top


async def test_the_totals_are_one_line_again_in_a_narrow_terminal_that_was_wide() -> None:
    async with shown(book(), app_for("positions"), (140, 40)) as pilot:
        await resize(pilot, (80, 24))
        lines = text_of(pilot).splitlines()
        assert lines[-2].startswith("Totals (")


async def test_the_titles_of_the_areas_are_whole() -> None:
    async with shown(book(), app_for("positions"), (60, 20)) as pilot:
        assert "─ 1 Positions ─ 2 Greeks ─ 3 Sync log ─ 4 ─ 5 ─ 6 ──" in text_of(pilot)
        await press_and_settle(pilot, "5")
        assert "5 Statistics ─" in text_of(pilot)
        await resize(pilot, (80, 24))
        assert "─ 5 Statistics ─ 6 Orders ─" in text_of(pilot)


async def press_and_settle(pilot: Pilot[Any], key: str) -> None:
    await pilot.press(key)
    await settled(pilot)


# Any size, any book

_texts = st.text(alphabet="ABC xyz0123456789.,+-%()/", min_size=1, max_size=40)


@given(_texts, st.integers(1, 40))
def test_a_text_is_cut_between_its_figures(text: str, width: int) -> None:
    cut = clipped(text, width)
    assert len(cut) <= width
    if cut != text and " " in cut.removesuffix("…").strip() and not set(cut) <= {"#"}:
        assert set(re.findall(r"\S*\d\S*", cut.removesuffix("…"))) <= set(re.findall(r"\S*\d\S*", text))


_amounts = st.decimals(min_value=Decimal("-1e7"), max_value=Decimal("1e7"), places=4, allow_nan=False)


@settings(max_examples=12)
@given(st.lists(st.tuples(_amounts, _amounts.map(abs)), min_size=1, max_size=6), st.integers(60, 300))
def test_any_figure_fits_its_column_at_any_width(amounts: list[tuple[Decimal, Decimal]], width: int) -> None:
    legs = numbered(*(held(builders.share("AAPL"), str(size), "3.5", str(mark)) for size, mark in amounts))
    rows = positions.PositionRows(builders.snapshot(*legs), NOW, Figures())
    for column in fitting(positions.COLUMNS, width):
        for key in rows.keys:
            assert len(rows.cells(key)[column.key].text) <= column.width
