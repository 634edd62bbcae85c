"""Values change in place; rows never move under the cursor."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from textual.pilot import Pilot

from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from tests.builders import quote, share, snapshot
from tests.tui.book import Watch, held, make_app, settled, shown, table_of, tell, text_of, texts


def book_of(*held_legs: Leg) -> PortfolioSnapshot:
    return snapshot(*held_legs)


def many(count: int) -> tuple[Leg, ...]:
    """Shares named by rising letters, so that the order is known."""
    named = [held(share(f"S{number:03d}"), "10", "5", "6", "5.5") for number in range(count)]
    return tuple(replace(leg, position=replace(leg.position, id=100 + at)) for at, leg in enumerate(named))


def cursor_text(pilot: Pilot[str]) -> str:
    return texts(pilot, table_of(pilot).cursor_row)[0].split()[0]


def cursor_line(pilot: Pilot[str]) -> int:
    table = table_of(pilot)
    return table.cursor_row - int(table.scroll_y)


async def later(pilot: Pilot[str], watch: Watch, book: PortfolioSnapshot) -> None:
    watch.forward(10)
    await tell(pilot, book)


async def test_the_cursor_stays_on_its_instrument_when_rows_appear_and_vanish() -> None:
    watch, rows = Watch(), many(30)
    async with shown(book_of(*rows[5:]), make_app(clock=watch), size=(80, 24)) as pilot:
        await pilot.press(*"jjjj")
        assert cursor_text(pilot) == "S009"
        await later(pilot, watch, book_of(*rows))
        assert cursor_text(pilot) == "S009"
        await later(pilot, watch, book_of(*rows[7:20]))
        assert cursor_text(pilot) == "S009"


async def test_the_scroll_follows_the_cursors_row() -> None:
    watch, rows = Watch(), many(60)
    async with shown(book_of(*rows[5:]), make_app(clock=watch), size=(80, 24)) as pilot:
        await pilot.press("G", *"kkkkk")
        before, line = cursor_text(pilot), cursor_line(pilot)
        await later(pilot, watch, book_of(*rows))
        assert (cursor_text(pilot), cursor_line(pilot)) == (before, line)


async def test_the_cursor_takes_the_place_of_a_position_that_is_gone() -> None:
    watch, rows = Watch(), many(6)
    async with shown(book_of(*rows), make_app(clock=watch)) as pilot:
        await pilot.press(*"jj")
        await later(pilot, watch, book_of(*rows[:2], *rows[3:]))
        assert cursor_text(pilot) == "S003"


async def test_rows_do_not_move_while_the_cursor_does() -> None:
    watch, rows = Watch(), many(8)
    async with shown(book_of(*rows[2:]), make_app(clock=watch)) as pilot:
        watch.forward(10)
        await pilot.press("j")
        await tell(pilot, book_of(*rows))
        assert table_of(pilot).row_count == 6
        watch.forward(3)
        table_of(pilot).settle()
        assert table_of(pilot).row_count == 8


async def test_rows_move_at_most_every_five_seconds() -> None:
    watch, rows = Watch(), many(8)
    async with shown(book_of(*rows[4:]), make_app(clock=watch)) as pilot:
        watch.forward(6)
        await tell(pilot, book_of(*rows[3:]))
        watch.forward(3)
        await tell(pilot, book_of(*rows))
        assert table_of(pilot).row_count == 5
        watch.forward(3)
        table_of(pilot).settle()
        assert table_of(pilot).row_count == 8


async def test_values_change_at_once_even_while_rows_wait() -> None:
    watch, rows = Watch(), many(8)
    dearer = replace(rows[3], quote=quote(rows[3].position.instrument, "7.25"))
    async with shown(book_of(*rows[2:]), make_app(clock=watch)) as pilot:
        await tell(pilot, book_of(*rows[:3], dearer, *rows[4:]))
        assert table_of(pilot).row_count == 6
        assert "7.25" in text_of(pilot)


async def test_a_resize_keeps_the_cursor_on_its_instrument() -> None:
    async with shown(book_of(*many(40))) as pilot:
        await pilot.press(*"jjjjjjj")
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert cursor_text(pilot) == "S007"
        columns = [column.key for column in table_of(pilot).visible_columns]
        assert "delta" in columns
        assert "gamma" not in columns


async def test_quantities_move_with_their_row_after_a_reorder() -> None:
    watch = Watch()
    first, second = many(2)
    more = replace(first, position=replace(first.position, quantity=Decimal(77)))
    renamed = replace(share("ZZZ"), id=first.position.instrument.id)
    moved = replace(more, position=replace(more.position, instrument=renamed))
    async with shown(book_of(first, second), make_app(clock=watch)) as pilot:
        await later(pilot, watch, book_of(moved, second))
        assert texts(pilot, 1)[:2] == ["ZZZ   shares", "77"]
        assert cursor_text(pilot) == "ZZZ"
