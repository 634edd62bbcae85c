"""Every action has a key, does what it says by that key, and can be had from the palette."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual._callback import invoke
from textual.command import CommandPalette, DiscoveryHit
from textual.pilot import Pilot

from cotrader_tui.errors import StoreError
from cotrader_tui.tui.actions import ACTIONS, Action
from cotrader_tui.tui.app import DEMO, CotraderApp
from cotrader_tui.tui.commands import ActionCommands
from cotrader_tui.tui.keymap import DEFAULT_KEYMAP
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.screens.column_chooser import ColumnChooser
from cotrader_tui.tui.screens.help import HelpScreen, help_text
from cotrader_tui.tui.widgets.filter_line import FilterInput
from tests.builders import share, snapshot, sync_run
from tests.tui.book import IRA, Watch, book, held, make_app, settled, shown, table_of, tell, text_of

TYPEABLE = re.compile(r"^(.|up|down|left|right|home|end|pagedown|pageup|enter|esc|ctrl\+[a-z])$")
UNTYPEABLE = {f"ctrl+{letter}" for letter in "ijmhabsqz"}
PRESSED = {"esc": "escape", "?": "question_mark", ":": "colon", "/": "slash"}


def row(pilot: Pilot[Any]) -> int:
    return table_of(pilot).cursor_row


async def press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*(PRESSED.get(key, key) for key in keys))
    await settled(pilot)


def test_ids_and_keys_are_unique() -> None:
    ids = [action.id for action in ACTIONS]
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(set(ids)) == len(ids)
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_key_can_be_typed_in_a_terminal(action: Action) -> None:
    assert all(TYPEABLE.match(key) for key in action.keys)
    assert set(action.keys) - UNTYPEABLE


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_has_its_method(action: Action) -> None:
    assert callable(getattr(CotraderApp, f"action_{action.id}"))


Done = Callable[[Pilot[Any]], bool]

BEFORE: dict[str, tuple[str, ...]] = {
    "positions": ("2",),
    "up": ("j", "j"),
    "top": ("G",),
    "half_up": ("G",),
    "page_up": ("G",),
    "back": ("enter",),
    "quit_or_back": ("enter",),
    "split": ("2",),
    "left": ("l", "l"),
    "fold": ("v",),
}
DONE: dict[str, Done] = {
    "positions": lambda pilot: pilot.app.current_mode == "positions",
    "greeks": lambda pilot: pilot.app.current_mode == "greeks",
    "sync_log": lambda pilot: pilot.app.current_mode == "sync_log",
    "accounts": lambda pilot: pilot.app.current_mode == "accounts",
    "statistics": lambda pilot: pilot.app.current_mode == "statistics",
    "orders": lambda pilot: pilot.app.current_mode == "orders",
    "up": lambda pilot: row(pilot) == 1,
    "down": lambda pilot: row(pilot) == 1,
    "left": lambda pilot: pilot.app.screen.focused_column == "account",  # type: ignore[attr-defined]
    "right": lambda pilot: pilot.app.screen.focused_column == "account",  # type: ignore[attr-defined]
    "filter": lambda pilot: isinstance(pilot.app.focused, FilterInput),
    "group": lambda pilot: "· by underlying" in text_of(pilot),
    "fold": lambda pilot: "▸ S000 (1)" in text_of(pilot),
    "sort": lambda pilot: "Symbol▲" in text_of(pilot),
    "reverse": lambda pilot: "Symbol▼" in text_of(pilot) and "S038" in table_text(pilot, 0),
    "columns": lambda pilot: isinstance(pilot.app.screen, ColumnChooser),
    "all_columns": lambda pilot: (
        len(table_of(pilot).visible_columns) == len(pilot.app.screen.chosen)  # type: ignore[attr-defined]
    ),
    "top": lambda pilot: row(pilot) == 0,
    "bottom": lambda pilot: row(pilot) == 39,
    "half_down": lambda pilot: 5 < row(pilot) < 20,
    "half_up": lambda pilot: 20 < row(pilot) < 35,
    "page_down": lambda pilot: row(pilot) > 10,
    "page_up": lambda pilot: row(pilot) < 29,
    "detail": lambda pilot: len(pilot.app.screen_stack) == 2,
    "explain": lambda pilot: "money in USD" in text_of(pilot),
    "charts": lambda pilot: "1 day" in text_of(pilot),
    "back": lambda pilot: len(pilot.app.screen_stack) == 1,
    "quit_or_back": lambda pilot: len(pilot.app.screen_stack) == 1,
    "sync": lambda pilot: "sync asked for" in text_of(pilot),
    "sync_in_full": lambda pilot: "sync asked for" in text_of(pilot),
    "copy_row": lambda pilot: pilot.app.clipboard.startswith("S000  shares\t10"),
    "copy_cell": lambda pilot: pilot.app.clipboard == "S000  shares",
    "copy_table": lambda pilot: len(pilot.app.clipboard.splitlines()) == 41,
    "next_portfolio": lambda pilot: "Account 5WT00001" in text_of(pilot),
    "previous_portfolio": lambda pilot: "Account 5WT00002" in text_of(pilot),
    "since": lambda pilot: " Since you left " in text_of(pilot),
    "messages": lambda pilot: " Messages of this session " in text_of(pilot),
    "split": lambda pilot: table_of(pilot).row_count == 41,
    "privacy": lambda pilot: "PRIVACY" in text_of(pilot),
    "marks": lambda pilot: not pilot.app.marks_changes,  # type: ignore[attr-defined]
    "low_bandwidth": lambda pilot: "LOWBW" in text_of(pilot).splitlines()[-1],
    "line_rate": lambda pilot: "kB/s" in text_of(pilot).splitlines()[-1],
    "theme": lambda pilot: isinstance(pilot.app.screen, CommandPalette),
    "help": lambda pilot: isinstance(pilot.app.screen, HelpScreen),
    "palette": lambda pilot: isinstance(pilot.app.screen, CommandPalette),
}


def table_text(pilot: Pilot[Any], at: int) -> str:
    table = table_of(pilot)
    return table.get_cell(table.model.keys[at], "symbol").text


def long_book() -> Any:  # noqa: ANN401 - a snapshot
    rows = [held(share(f"S{number:03d}"), "10", "5", "6", "5.5") for number in range(39)]
    rows.append(held(share("S038"), "10", "5", "6", "5.5", account=IRA))
    return snapshot(*(replace(leg, position=replace(leg.position, id=at)) for at, leg in enumerate(rows)))


@pytest.mark.parametrize(
    ("action", "key"), [(action.id, key) for action in ACTIONS if action.id in DONE for key in action.keys]
)
async def test_the_key_does_what_it_says(action: str, key: str) -> None:
    async with shown(long_book(), size=(110, 24)) as pilot:
        await press(pilot, *BEFORE.get(action, ()))
        await press(pilot, key)
        await until(pilot, lambda: DONE[action](pilot))


@pytest.mark.parametrize("action", [action for action in ACTIONS if action.id in DONE], ids=lambda action: action.id)
async def test_the_palettes_command_does_it_too(action: Action) -> None:
    async with shown(long_book(), size=(110, 24)) as pilot:
        await press(pilot, *BEFORE.get(action.id, ()))
        hits = [hit async for hit in ActionCommands(pilot.app.screen).discover()]
        commands = {hit.text: hit.command for hit in hits if isinstance(hit, DiscoveryHit)}
        await invoke(commands[action.description])
        await settled(pilot)
        assert DONE[action.id](pilot)


async def test_the_palette_is_opened_searched_and_obeyed_with_keys() -> None:
    async with shown(book()) as pilot:
        await press(pilot, ":")
        await pilot.press(*"greeks")
        await until(pilot, lambda: "Greeks per underlying" in text_of(pilot))
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.current_mode == "greeks")


async def until(pilot: Pilot[Any], is_so: Callable[[], bool]) -> None:
    for _ in range(250):
        await pilot.pause(0.02)
        if is_so():
            return
    raise AssertionError(text_of(pilot))


def test_every_action_is_covered_here() -> None:
    assert {action.id for action in ACTIONS} == {*DONE, "demo", "redraw", "export", "screenshot"}


async def test_a_theme_can_be_typed_by_name() -> None:
    async with shown(book()) as pilot:
        await press(pilot, ":")
        await pilot.press(*"theme nord")
        await until(pilot, lambda: "Theme nord" in text_of(pilot))
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.theme == "nord")


async def test_an_unknown_theme_is_said_and_not_fatal() -> None:
    async with shown(book(), make_app(options=ScreenOptions(is_watching=False, theme="neon"))) as pilot:
        assert "There is no theme 'neon'" in text_of(pilot)


async def test_q_goes_back_and_at_the_root_quits() -> None:
    app = make_app()
    async with shown(book(), app) as pilot:
        await press(pilot, "enter")
        await press(pilot, "q")
        assert app.is_running
        await pilot.press("q")
        await pilot.pause(0.1)
    assert app.return_value is None
    assert app.return_code == 0


async def test_escape_at_the_root_stays() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "esc")
        assert pilot.app.is_running


async def test_a_screen_key_in_a_detail_leads_to_that_screen() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "enter", "1")
        assert len(pilot.app.screen_stack) == 1
        await press(pilot, "enter", "3")
        assert pilot.app.current_mode == "sync_log"


async def test_help_scrolls_in_a_small_terminal_and_closes() -> None:
    async with shown(book(), size=(60, 12)) as pilot:
        await press(pilot, "?")
        assert "Screens" in text_of(pilot)
        await press(pilot, "G")
        assert "Day %" in text_of(pilot)
        await press(pilot, "esc")
        assert not isinstance(pilot.app.screen, HelpScreen)


def test_no_line_of_the_help_is_longer_than_a_terminal_of_80() -> None:
    assert max(map(len, help_text(DEFAULT_KEYMAP).plain.splitlines())) <= 74


async def test_the_demo_is_offered_on_the_welcome_screen_only() -> None:
    app = make_app(options=ScreenOptions(is_watching=False, unconfigured="No broker is configured."))
    async with shown(None, app) as pilot:
        assert "No broker is configured." in text_of(pilot)
        await pilot.press("d")
        await pilot.pause(0.1)
    assert app.return_value == DEMO
    app = make_app()
    async with shown(book(), app) as pilot:
        await press(pilot, "d")
        assert pilot.app.is_running


async def test_a_wish_to_sync_is_stored_and_shown_until_it_begins() -> None:
    wishes: list[str] = []
    async with shown(book(), make_app(request_sync=lambda name, is_full: wishes.append("r"))) as pilot:
        await press(pilot, "r")
        assert wishes == ["r"]
        assert "sync asked for" in text_of(pilot)
        begun = replace(book(), runs=(sync_run(5), *book().runs))
        await tell(pilot, begun)
        assert "sync asked for" not in text_of(pilot)


@pytest.mark.parametrize(("key", "wish"), [("r", (None, False)), ("R", (None, True))])
async def test_each_key_stores_its_own_wish(key: str, wish: tuple[str | None, bool]) -> None:
    wishes: list[tuple[str | None, bool]] = []
    app = make_app(request_sync=lambda name, is_full: wishes.append((name, is_full)))
    async with shown(book(), app) as pilot:
        await press(pilot, key)
        await until(pilot, lambda: wishes == [wish])


async def test_what_a_full_sync_does_is_said_when_it_is_asked_for() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "r")
        assert "Everything is fetched anew." not in text_of(pilot)
        await press(pilot, "R")
        assert "Everything is fetched anew." in text_of(pilot)


@pytest.mark.parametrize("keys", [("enter",), ("2", "enter")])
async def test_the_footer_of_a_detail_offers_explanation_and_charts(keys: tuple[str, ...]) -> None:
    async with shown(book(), size=(80, 30)) as pilot:
        assert "E Explain" not in text_of(pilot)
        await press(pilot, *keys)
        assert "E Explain  C Charts" in text_of(pilot).splitlines()[-1]


async def test_split_is_offered_only_where_there_is_a_table_to_split() -> None:
    app = make_app(options=ScreenOptions(is_watching=False, unconfigured="No broker is configured."))
    async with shown(None, app) as pilot:
        await press(pilot, "2")
        assert "No broker is configured." in text_of(pilot)
        assert "Split" not in text_of(pilot).splitlines()[-1]
    async with shown(book()) as pilot:
        await press(pilot, "2")
        assert "s Split" in text_of(pilot).splitlines()[-1]


async def test_without_a_way_to_store_them_no_sync_is_offered() -> None:
    async with shown(book(), make_app(request_sync=None)) as pilot:
        await press(pilot, "r", "R")
        assert "sync asked for" not in text_of(pilot)
        hits = [hit async for hit in ActionCommands(pilot.app.screen).discover()]
        words = {str(hit.text) for hit in hits if isinstance(hit, DiscoveryHit)}
        assert {word for word in words if word.startswith("Sync ")} == {"Sync log"}


async def test_a_sync_that_does_not_begin_becomes_a_sentence() -> None:
    watch = Watch()
    async with shown(book(), make_app(clock=watch)) as pilot:
        await press(pilot, "r")
        watch.forward(16)
        await until(pilot, lambda: "No sync has begun within 15 seconds." in text_of(pilot))
        assert "sync asked for" not in text_of(pilot)


async def test_a_refused_wish_is_told() -> None:
    def refuse(name: str | None, is_full: bool) -> None:
        raise StoreError("The database is read-only.", "Make it writable.")

    async with shown(book(), make_app(request_sync=refuse)) as pilot:
        await press(pilot, "r")
        await until(pilot, lambda: "The database is read-only. Make it writable." in text_of(pilot))


async def test_a_fault_in_a_worker_is_told() -> None:
    def fail(name: str | None, is_full: bool) -> None:
        raise RuntimeError("[bold]surprise")

    async with shown(book(), make_app(request_sync=fail)) as pilot:
        await press(pilot, "r")
        await until(pilot, lambda: "RuntimeError: [bold]surprise" in text_of(pilot))
