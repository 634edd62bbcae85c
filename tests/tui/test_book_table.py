"""Values change in place; rows never move under the cursor."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

from textual.app import App, ComposeResult
from textual.geometry import Region, Size
from textual.pilot import Pilot

from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.tui.present.text import Column, Piece, Row
from cotrader_tui.tui.widgets.book_table import BookTable
from tests.builders import quote, share, snapshot
from tests.tui.book import Watch, held, legs, make_app, settled, shown, table_of, tell, text_of


def book_of(*held_legs: Leg) -> PortfolioSnapshot:
    return snapshot(*held_legs)


def many(count: int) -> tuple[Leg, ...]:
    """Shares named by rising letters, so that the order is known."""
    named = [held(share(f"S{number:03d}"), "10", "5", "6", "5.5") for number in range(count)]
    return tuple(replace(leg, position=replace(leg.position, id=100 + at)) for at, leg in enumerate(named))


def cursor_text(pilot: Pilot[str]) -> str:
    table = table_of(pilot)
    return str(table.get_row_at(table.cursor_row)[0]).split()[0]


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


async def test_a_book_that_did_not_change_writes_no_cell() -> None:
    async with shown(snapshot(*legs())) as pilot:
        table = table_of(pilot)
        before = [table.get_row_at(row) for row in range(table.row_count)]
        await tell(pilot, replace(snapshot(*legs()), notes=("said",)))
        after = [table.get_row_at(row) for row in range(table.row_count)]
        assert all(
            old is new for olds, news in zip(before, after, strict=True) for old, new in zip(olds, news, strict=True)
        )


class PaintedTable(BookTable):
    """Remembers what Textual takes from it to paint on the screen."""

    painted: list[Region]

    def _exchange_repaint_regions(self) -> Collection[Region]:
        regions = super()._exchange_repaint_regions()
        self.painted.extend(regions)
        return regions


class TableApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.table = PaintedTable(
            (Column("name", "Name", 10, 0, is_text=True), Column("value", "Value", 9, 1)), Watch()
        )
        self.table.painted = []

    def compose(self) -> ComposeResult:
        yield self.table


async def test_only_the_changed_cell_is_painted_again() -> None:
    def rows(value: str) -> list[Row]:
        values = {"b": value}
        return [Row(key, {"name": Piece(key), "value": Piece(values.get(key, "1"))}) for key in "abcd"]

    app = TableApp()
    app.table.marks_changes = False
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.show(rows("1"))
        await settled(pilot)
        app.table.painted.clear()
        app.table.show(rows("2"))
        await settled(pilot)
        assert [(region.size, region.y) for region in app.table.painted] == [(Size(9, 1), 2)]
        assert "b                  2" in text_of(pilot)


async def test_a_changed_value_is_marked_for_a_moment() -> None:
    rows = many(3)
    dearer = replace(rows[1], quote=quote(rows[1].position.instrument, "7.25"))
    async with shown(book_of(*rows)) as pilot:
        table = table_of(pilot)
        await tell(pilot, book_of(rows[0], dearer, rows[2]))
        mark = table.get_cell("101", "mark")
        assert [str(span.style) for span in mark.spans] == ["bold"]
        assert not table.get_cell("100", "mark").spans
        for _ in range(200):
            await pilot.pause(0.02)
            if not table.get_cell("101", "mark").spans:
                break
        assert not table.get_cell("101", "mark").spans


async def test_marking_can_be_switched_off() -> None:
    rows = many(2)
    dearer = replace(rows[1], quote=quote(rows[1].position.instrument, "7.25"))
    async with shown(book_of(*rows)) as pilot:
        await pilot.press("m")
        await tell(pilot, book_of(rows[0], dearer))
        assert not table_of(pilot).get_cell("101", "mark").spans


async def test_a_resize_keeps_the_cursor_on_its_instrument() -> None:
    async with shown(book_of(*many(40))) as pilot:
        await pilot.press(*"jjjjjjj")
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert cursor_text(pilot) == "S007"
        assert "delta" in table_of(pilot).columns
        assert "gamma" not in table_of(pilot).columns


async def test_quantities_move_with_their_row_after_a_reorder() -> None:
    watch = Watch()
    first, second = many(2)
    more = replace(first, position=replace(first.position, quantity=Decimal(77)))
    renamed = replace(share("ZZZ"), id=first.position.instrument.id)
    moved = replace(more, position=replace(more.position, instrument=renamed))
    async with shown(book_of(first, second), make_app(clock=watch)) as pilot:
        await later(pilot, watch, book_of(moved, second))
        table = table_of(pilot)
        assert [str(cell).strip() for cell in table.get_row_at(1)][:2] == ["ZZZ   shares", "77"]
        assert cursor_text(pilot) == "ZZZ"
