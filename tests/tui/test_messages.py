"""`!`: what this session has told, newest first, when its toasts are gone."""

from __future__ import annotations

from pathlib import Path

from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.told import MOST, Told, rows
from cotrader_tui.tui.screens.messages import MessagesScreen
from cotrader_tui.tui.screens.positions import PositionsScreen
from tests.builders import NOW
from tests.tui.book import Watch, book, make_app, settled, shown, table_of, text_of, texts
from tests.tui.test_actions import press, until

LONG = "The broker did not answer for so long that nobody waits any more. " * 4


def told(app: CotraderApp, *words: str) -> None:
    for each in words:
        app.tell(each)


async def test_they_are_listed_newest_first_with_their_time_and_kind() -> None:
    watch = Watch()
    app = make_app(clock=watch)
    async with shown(book(), app, (80, 24)) as pilot:
        app.tell("tastytrade is back.")
        watch.forward(90)
        app.tell_problem("tastytrade is lost.")
        await press(pilot, "!")
        assert texts(pilot, 0) == ["11:31:30", "warning", "tastytrade is lost."]
        assert texts(pilot, 1) == ["11:30:00", "note", "tastytrade is back."]
        assert table_of(pilot).row_count == 2


async def test_the_one_under_the_cursor_is_there_in_full_and_the_toasts_do_not_lie_on_it() -> None:
    app = make_app()
    async with shown(book(), app, (60, 20)) as pilot:
        told(app, LONG, "Short.")
        await press(pilot, "!")
        assert text_of(pilot).count("Short.") == 2
        await press(pilot, "j")
        assert LONG.strip() in " ".join(text_of(pilot).split())


async def test_a_message_can_be_copied_whole_and_filtered() -> None:
    app = make_app()
    async with shown(book(), app, (60, 20)) as pilot:
        told(app, "First.", LONG)
        await press(pilot, "!", "y")
        assert app.clipboard == f"11:30:00\tnote\t{LONG.strip()}"
        await press(pilot, "/", *"First", "enter")
        assert table_of(pilot).row_count == 1


async def test_one_that_comes_while_it_is_open_is_added() -> None:
    watch = Watch()
    app = make_app(clock=watch)
    async with shown(book(), app) as pilot:
        told(app, "First.")
        await press(pilot, "!")
        told(app, "Second.")
        watch.forward(6)
        await until(pilot, lambda: table_of(pilot).row_count == 2)


async def test_the_key_closes_it_again_and_so_do_esc_and_q() -> None:
    async with shown(book()) as pilot:
        for key in ("!", "esc", "q"):
            await press(pilot, "!")
            assert [type(screen) for screen in pilot.app.screen_stack] == [PositionsScreen, MessagesScreen]
            await press(pilot, key)
            assert [type(screen) for screen in pilot.app.screen_stack] == [PositionsScreen]


async def test_without_any_it_says_so() -> None:
    async with shown(book()) as pilot:
        await press(pilot, "!")
        assert "Nothing has been told yet." in text_of(pilot)


async def test_before_there_is_a_book_it_can_be_read_too() -> None:
    app = make_app(options=ScreenOptions(is_watching=False, warnings=("The setting `them` is not known.",)))
    async with shown(None, app) as pilot:
        await press(pilot, "!")
        await settled(pilot)
        assert "The setting `them` is not known." in text_of(pilot)


async def test_their_number_is_bounded() -> None:
    app = make_app(database=Path("/nonexistent/book.db"))
    async with shown(book(), app):
        told(app, *(f"Message {number}." for number in range(MOST + 20)))
        app.clear_notifications()
        assert len(app.told) == MOST
        assert app.told[-1].text == f"Message {MOST + 19}."
        assert app.told[-1].number == MOST + 20


def test_a_text_from_elsewhere_is_shown_as_text() -> None:
    (row,) = rows([Told(1, NOW, "error", "\x1b[2J[bold]gone")], NOW)
    assert row.cells["text"].text == "␛[2J[bold]gone"
    assert row.cells["kind"].text == "error"
