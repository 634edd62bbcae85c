"""Filter, order, groups, columns and saved views of the tables, by their keys."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.book import SMALL
from cotrader_tui.tui.screens.arranging import ArrangedScreen
from cotrader_tui.tui.screens.column_chooser import ColumnChooser
from cotrader_tui.tui.widgets.filter_line import FilterInput
from cotrader_tui.views_file import ViewsFile
from tests.builders import quote, share, snapshot
from tests.tui.book import Watch, book, held, make_app, numbered, settled, shown, table_of, tell, text_of
from tests.tui.test_actions import press, until
from tests.tui.test_keymap import wished


def symbols(pilot: Pilot[Any]) -> list[str]:
    """The first words of the table's rows, in order."""
    table = table_of(pilot)
    first = table.visible_columns[0].key
    return [table.get_cell(key, first).text.strip() for key in table.model.keys]


def ids(pilot: Pilot[Any]) -> list[str]:
    return list(table_of(pilot).model.keys)


def screen_of(pilot: Pilot[Any]) -> ArrangedScreen:
    screen = pilot.app.screen
    assert isinstance(screen, ArrangedScreen)
    return screen


async def type_text(pilot: Pilot[Any], text: str) -> None:
    named = {":": "colon", "<": "less_than_sign", ">": "greater_than_sign", "!": "exclamation_mark", " ": "space"}
    named |= {"-": "minus", "=": "equals_sign", '"': "quotation_mark", ".": "full_stop"}
    await pilot.press(*(named.get(each, each) for each in text))
    await settled(pilot)


async def filtered(pilot: Pilot[Any], text: str) -> None:
    await press(pilot, "/")
    await type_text(pilot, text)


# The filter


async def test_the_table_is_filtered_while_somebody_types_and_enter_keeps_it() -> None:
    async with shown(book()) as pilot:
        await filtered(pilot, "tsla")
        assert ids(pilot) == ["9"]
        assert "1/9" in text_of(pilot)
        await press(pilot, "enter")
        assert table_of(pilot).has_focus
        await press(pilot, "2", "1")
        assert ids(pilot) == ["9"]
        assert "/ tsla" in text_of(pilot)


async def test_conditions_are_asked_of_the_positions_themselves() -> None:
    async with shown(book()) as pilot:
        await filtered(pilot, "und:AAPL type:option pnl>0 side:short")
        assert ids(pilot) == ["2"]


async def test_escape_clears_the_filter_first_and_then_goes_back() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "2", "enter")
        await filtered(pilot, "245")
        await press(pilot, "enter", "esc")
        assert len(pilot.app.screen_stack) == 2
        assert "/ 245" not in text_of(pilot)
        await press(pilot, "esc")
        assert len(pilot.app.screen_stack) == 1


async def test_escape_while_typing_shows_everything_again() -> None:
    async with shown(book()) as pilot:
        await filtered(pilot, "tsla")
        await press(pilot, "esc")
        assert len(ids(pilot)) == 9
        assert table_of(pilot).has_focus


async def test_a_refused_text_says_why_and_the_last_rows_stay() -> None:
    async with shown(book()) as pilot:
        await filtered(pilot, "tsla foo<")
        assert "Column 6: There is no field foo here." in text_of(pilot)
        await press(pilot, "enter")
        assert not table_of(pilot).has_focus
        await press(pilot, "backspace")
        assert "Column" not in text_of(pilot)


async def test_totals_are_of_the_rows_shown_and_say_so() -> None:
    async with shown(book()) as pilot:
        await filtered(pilot, "aapl type:option")
        assert "Totals of 2 of 9 (2 of 2 legs have Greeks)" in text_of(pilot)
        line = next(line for line in text_of(pilot).splitlines() if "Totals of 2 of 9" in line)
        assert "+695.00" in line


async def test_what_closed_today_is_in_no_total_of_a_filtered_table() -> None:
    whole = book()
    gone = held(share("AAPL"), "0", "1", None)
    realized = replace(gone.position, id=99, closed_at=whole.accounts[0].last_synced_at)
    async with shown(replace(whole, closed_today=(replace(gone, position=realized),))) as pilot:
        await filtered(pilot, "und:AAPL")
        assert "day 4/5" not in text_of(pilot)


async def test_in_privacy_a_kept_filter_works_and_tells_no_amount() -> None:
    async with shown(book()) as pilot:
        await filtered(pilot, "pnl<-900")
        await press(pilot, "enter", "p")
        assert ids(pilot) == ["9"]
        assert "-900" not in text_of(pilot)
        assert "/ pnl<•••••" in text_of(pilot)


async def test_other_tables_are_filtered_by_their_columns() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "3")
        await filtered(pilot, "status:failed")
        assert ids(pilot) == ["1"]
        await press(pilot, "enter", "4")
        await filtered(pilot, "roth")
        assert len(ids(pilot)) == 1
        await press(pilot, "enter", "2")
        await filtered(pilot, "und:AAPL")
        assert ids(pilot) == ["AAPL USD"]
        assert "1 of 6: 4 of 4 legs have Greeks" in text_of(pilot)


async def test_accounts_of_an_underlying_follow_it_and_legs_keep_their_account() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "2", "s")
        await filtered(pilot, "und:AAPL")
        assert len(ids(pilot)) == 3
        assert "1/6" in text_of(pilot)
        await press(pilot, "enter", "enter")
        await filtered(pilot, "245")
        assert ids(pilot) == ["account tastytrade:5WT00001", "2"]


async def test_a_filter_that_leaves_nothing_shows_so() -> None:
    async with shown(book()) as pilot:
        await filtered(pilot, "nothing")
        assert ids(pilot) == []
        assert "0/9 · enter keeps, esc clears" in text_of(pilot)
        assert "Nothing meets the filter; esc clears it." in text_of(pilot)
        await press(pilot, "esc")
        assert "Nothing meets" not in text_of(pilot)
        assert len(ids(pilot)) == 9


async def test_what_clears_a_filter_that_leaves_nothing_is_a_persons_own_key() -> None:
    app = make_app(options=ScreenOptions(is_watching=False, keys=wished(back="f2")))
    async with shown(book(), app) as pilot:
        first = next(at for at, line in enumerate(text_of(pilot).splitlines()) if "AAPL" in line)
        await filtered(pilot, "nothing")
        await press(pilot, "enter")
        lines = text_of(pilot).splitlines()
        assert "Nothing meets the filter; f2 clears it." in lines[first]
        assert "0/9 · f2 clears" in lines[-2]


# The order


def profits() -> tuple[Leg, ...]:
    return numbered(
        *(held(share(name), "10", "5", mark) for name, mark in zip("ABCD", ("7", None, "6", "9"), strict=True))
    )


async def focus(pilot: Pilot[Any], column: str) -> None:
    while screen_of(pilot).focused_column != column:
        await press(pilot, "right")


async def test_o_sorts_by_the_focused_column_and_again_not_at_all() -> None:
    async with shown(snapshot(*profits())) as pilot:
        await focus(pilot, "open")
        await press(pilot, "o")
        assert ids(pilot) == ["3", "1", "4", "2"]
        assert "Open P&L▲" in text_of(pilot)
        await press(pilot, "O")
        assert ids(pilot) == ["4", "1", "3", "2"]
        assert "Open P&L▼" in text_of(pilot)
        await press(pilot, "o")
        assert ids(pilot) == ["1", "2", "3", "4"]
        assert "▲" not in text_of(pilot)


async def test_a_click_on_a_label_sorts_and_another_turns_it_round() -> None:
    async with shown(snapshot(*profits())) as pilot:
        table = table_of(pilot)
        start, _ = table._layout.extent(["open"]) or (0, 0)
        for expected in (["3", "1", "4", "2"], ["4", "1", "3", "2"]):
            await pilot.click(table, offset=(start + 2, 0))
            await settled(pilot)
            assert ids(pilot) == expected


async def test_sorted_rows_move_at_most_every_five_seconds() -> None:
    watch, legs = Watch(), profits()
    async with shown(snapshot(*legs), make_app(clock=watch)) as pilot:
        await focus(pilot, "open")
        await press(pilot, "o")
        dearer = replace(legs[2], quote=quote(legs[2].position.instrument, "20"))
        watch.forward(3)
        await tell(pilot, snapshot(*legs[:2], dearer, legs[3]))
        assert ids(pilot) == ["3", "1", "4", "2"]
        watch.forward(3)
        table_of(pilot).settle()
        assert ids(pilot) == ["1", "4", "3", "2"]


async def test_a_column_that_does_not_fit_comes_into_sight_under_the_column_cursor() -> None:
    async with shown(book(), size=(80, 24)) as pilot:
        assert "gamma" not in [column.key for column in table_of(pilot).visible_columns]
        await focus(pilot, "gamma")
        visible = [column.key for column in table_of(pilot).visible_columns]
        assert {"symbol", "quantity", "mark", "open", "gamma"} <= set(visible)


async def test_other_tables_are_sorted_by_what_their_cells_say() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "2")
        await focus(pilot, "open")
        await press(pilot, "o")
        table = table_of(pilot)
        values = [table.get_cell(key, "open").value for key in table.model.keys]
        known = [value for value in values if value is not None]
        assert known == sorted(known)
        assert values[len(known) :] == [None] * (len(values) - len(known))


async def test_amounts_are_sorted_in_privacy_too() -> None:
    async with shown(book(), make_app(options=ScreenOptions(is_watching=False, is_private=True))) as pilot:
        await press(pilot, "4")
        await focus(pilot, "net_liq")
        await press(pilot, "O")
        assert [key.split()[1] for key in ids(pilot)] == ["5WT00001", "5WT00002"]
        await press(pilot, "O")
        assert [key.split()[1] for key in ids(pilot)] == ["5WT00002", "5WT00001"]


# Groups


async def test_v_goes_through_the_groupings_and_comes_back() -> None:
    async with shown(book()) as pilot:
        for by, first in (
            ("underlying", "▾ AAPL (4)"),
            ("account", "▾ 5WT00001 Margin (8)"),
            ("expiration", "▾ MAR13 (1)"),
            ("type", "▾ cryptocurrency (1)"),
        ):
            await press(pilot, "v")
            assert f"9 positions · by {by}" in text_of(pilot)
            assert symbols(pilot)[0] == first
        await press(pilot, "v")
        assert symbols(pilot)[0].startswith("AAPL  shares")


async def test_the_sums_of_a_group_say_what_they_leave_out() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "v", "v")
        table = table_of(pilot)
        margin = table.model.keys[0]
        open_pnl, theta, delta = (table.get_cell(margin, column).text for column in ("open", "theta", "delta"))
        assert open_pnl.endswith("*")
        assert theta.endswith("*")
        assert delta == ""
        roth = table.get_cell(table.model.keys[9], "open").text
        assert roth == "-96.60"


async def test_a_group_of_one_underlying_is_the_same_as_on_the_greeks() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "2")
        greeks = table_of(pilot)
        expected = [greeks.get_cell("AAPL USD", column).value for column in ("delta", "theta", "value", "open", "day")]
        await press(pilot, "1", "v")
        table = table_of(pilot)
        assert [
            table.get_cell(ids(pilot)[0], column).value for column in ("delta", "theta", "value", "open", "day")
        ] == expected


async def test_z_folds_the_group_under_the_cursor_and_unfolds_it() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "v", "j", "j", "z")
        assert symbols(pilot)[:2] == ["▸ AAPL (4)", "▾ BTC/USD (1)"]
        assert table_of(pilot).cursor_row == 0
        assert "9 positions" in text_of(pilot)
        await press(pilot, "z")
        assert len(ids(pilot)) == 9 + 6


async def test_enter_on_a_group_leads_to_its_underlying_or_folds_it() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "v", "g", "enter")
        assert "Account, leg" in text_of(pilot)
        await press(pilot, "esc", "v", "g", "enter")
        assert symbols(pilot)[0] == "▸ 5WT00001 Margin (8)"


async def test_what_is_in_no_total_is_a_group_without_sums() -> None:
    whole = book()
    ousted = replace(whole.accounts[1], is_included=False, last_synced_at=whole.accounts[0].last_synced_at)
    async with shown(replace(whole, accounts=(whole.accounts[0], ousted))) as pilot:
        await press(pilot, "v")
        table = table_of(pilot)
        group = ids(pilot)[-2]
        assert table.get_cell(group, "symbol").text == "▾ in no total (1)"
        assert table.get_cell(group, "open").text == ""


async def test_groups_of_other_tables_are_not_offered() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "3", "v")
        assert "by underlying" not in text_of(pilot)


async def test_groups_are_sorted_by_their_sums() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "v")
        await focus(pilot, "open")
        await press(pilot, "O")
        table = table_of(pilot)
        sums = [table.get_cell(key, "open").value for key in ids(pilot) if key.startswith("group ")]
        known = [value for value in sums if value is not None]
        assert known == sorted(known, reverse=True)
        assert sums[-1] is None


# Columns


async def test_a_column_is_chosen_moved_and_made_wider() -> None:
    async with shown(book(), size=(160, 40)) as pilot:
        await press(pilot, "c")
        assert isinstance(pilot.app.screen, ColumnChooser)
        await pilot.press(*"j" * 16, "space", *"K" * 15, "plus", "plus", "escape")
        await settled(pilot)
        columns = table_of(pilot).visible_columns
        assert [column.key for column in columns[:2]] == ["symbol", "day_percent"]
        assert columns[1].width == 8
        assert "Day %" in text_of(pilot)


async def test_the_first_column_cannot_be_hidden_and_figures_not_be_cut() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "c")
        await pilot.press("space", "j", "j", "minus", "escape")
        await settled(pilot)
        columns = {column.key: column.width for column in table_of(pilot).visible_columns}
        assert columns["symbol"] == 22
        assert columns["quantity"] == 7


async def test_a_hidden_column_comes_back_with_the_columns_as_they_were() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "c")
        await pilot.press("j", "j", "space", "escape")
        await settled(pilot)
        assert "Qty" not in text_of(pilot)
        await press(pilot, "c")
        await pilot.press("0", "escape")
        await settled(pilot)
        assert "Qty" in text_of(pilot)


async def test_every_extra_column_is_shown_for_every_kind_of_position() -> None:
    async with shown(book(), size=(420, 40)) as pilot:
        screen = screen_of(pilot)
        every = tuple(column.key for column in screen.available)
        screen.rearrange(replace(screen.arrangement, columns=every))
        await settled(pilot)
        table = table_of(pilot)
        assert len(table.visible_columns) == len(every)
        call = {column: table.get_cell("2", column).text for column in every}
        assert call["notional"] == "-45,628.00"
        assert call["extrinsic"] == "-620.00"
        assert call["moneyness"] == "-6.9"
        assert call["expiration"] == "APR17"
        assert call["bid"] == "–"
        assert call["delta_entry"] == "–"
        assert call["opened"] == "5d"
        coin = {column: table.get_cell("5", column).text for column in every}
        assert (coin["moneyness"], coin["strike"], coin["delta_entry"]) == ("", "", "")


# Saved views


def app_with(folder: Path) -> CotraderApp:
    return make_app(options=ScreenOptions(is_watching=False, views=ViewsFile(folder)))


async def command(pilot: Pilot[Any], words: str, offered: str) -> None:
    await press(pilot, ":")
    await type_text(pilot, words)
    await until(pilot, lambda: offered in text_of(pilot))
    await press(pilot, "enter")


async def saved(folder: Path, pilot: Pilot[Any], words: str) -> None:
    await until(pilot, lambda: (folder / "views.json").exists() and words in (folder / "views.json").read_text())


async def test_a_view_is_saved_by_name_and_shown_again_in_another_session(tmp_path: Path) -> None:
    async with shown(book(), app_with(tmp_path)) as pilot:
        await filtered(pilot, "und:AAPL")
        await press(pilot, "enter", "v", "o")
        await command(pilot, "save view earnings", "Save view earnings")
        await until(pilot, lambda: "The view earnings is saved." in text_of(pilot))
        await saved(tmp_path, pilot, "earnings")
    assert (tmp_path / "views.json").stat().st_mode & 0o777 == 0o600
    async with shown(book(), app_with(tmp_path)) as pilot:
        assert "by underlying" in text_of(pilot)
        assert "/ und:AAPL" not in text_of(pilot)
        await press(pilot, "3")
        await command(pilot, "view earnings", "View earnings")
        await until(pilot, lambda: "/ und:AAPL" in text_of(pilot))
        assert pilot.app.current_mode == "positions"
        assert "Symbol▲" in text_of(pilot)
        await command(pilot, "delete view earnings", "Delete view earnings")
        await until(pilot, lambda: '"earnings"' not in (tmp_path / "views.json").read_text())


async def test_two_programs_keep_each_others_views(tmp_path: Path) -> None:
    async with shown(book(), app_with(tmp_path)) as pilot:
        other = app_with(tmp_path)
        other.views.keep("theirs", other.views.get("theirs") or _view())
        other.views.save()
        await command(pilot, "save view mine", "Save view mine")
        await saved(tmp_path, pilot, "mine")
        assert '"theirs"' in (tmp_path / "views.json").read_text()


def _view() -> Any:  # noqa: ANN401 - a view
    from cotrader_tui.tui.arrange.arrangement import Arrangement
    from cotrader_tui.tui.arrange.views import View

    return View("positions", Arrangement())


async def test_a_broken_file_is_told_and_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "views.json").write_text('{"version": 1, "screens": {"positions": {"sort": 7}}}')
    async with shown(book(), app_with(tmp_path)) as pilot:
        assert "The saved views cannot be read" in text_of(pilot)
        await press(pilot, "v")
        await until(pilot, lambda: text_of(pilot).count("The saved views cannot be read") > 1)
    assert "7" in (tmp_path / "views.json").read_text()


async def test_a_view_with_columns_that_are_no_more_is_shown_without_them(tmp_path: Path) -> None:
    (tmp_path / "views.json").write_text(
        '{"version": 1, "views": {"old": {"screen": "positions", "columns": ["gone", "mark"], "sort": "gone",'
        ' "filter": "x<"}}}'
    )
    async with shown(book(), app_with(tmp_path)) as pilot:
        await command(pilot, "view old", "View old")
        await until(pilot, lambda: "is not understood" in text_of(pilot))
        assert [column.key for column in table_of(pilot).visible_columns] == ["symbol", "mark"]
        assert len(ids(pilot)) == 9


# Large books


def large(count: int) -> PortfolioSnapshot:
    return snapshot(*numbered(*(held(share(f"S{at:05d}"), "1", "5", str(1 + at * 7 % 13)) for at in range(count))))


async def test_a_large_book_is_filtered_and_sorted_in_a_thread_and_rows_come_at_once() -> None:
    async with shown(large(SMALL + 50)) as pilot:
        await until(pilot, lambda: len(ids(pilot)) == SMALL + 50)
        await filtered(pilot, "mark>12")
        await until(pilot, lambda: 0 < len(ids(pilot)) < 40)
        await press(pilot, "esc")
        await until(pilot, lambda: len(ids(pilot)) == SMALL + 50)
        await focus(pilot, "mark")
        await press(pilot, "O")
        await until(pilot, lambda: table_of(pilot).get_cell(ids(pilot)[0], "mark").value == Decimal(13))


async def test_keys_that_come_all_at_once_after_the_filters_are_its_text() -> None:
    async with shown(book()) as pilot:
        for key in "/ko":
            pilot.app.post_message(events.Key({"/": "slash"}.get(key, key), key))
        await until(pilot, lambda: "1/9" in text_of(pilot))
        assert "KO" in text_of(pilot)
        await pilot.press("/", "x")
        assert pilot.app.screen.query_one(FilterInput).value == "ko/x"
