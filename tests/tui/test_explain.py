"""`E`: every figure with its formula, the numbers put in, and where each is from."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from cotrader_tui.analytics.position_formulas import LEG_FORMULAS
from cotrader_tui.domain.instruments import InstrumentType, OptionType
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.tui.present.detail import figure_lines
from cotrader_tui.tui.present.explain import FORMULA_OF_COLUMN, leg_lines
from cotrader_tui.tui.present.figures import Figures
from cotrader_tui.tui.present.position_columns import EXTRA_COLUMNS
from cotrader_tui.tui.present.positions import COLUMNS
from cotrader_tui.tui.present.text import cell_width
from tests.builders import NOW, option
from tests.tui.book import Watch, book, held, legs, make_app, numbered, settled, shown, tell, text_of

APPLE_SHARES, SHORT_CALLS, NO_MARK, NO_GREEKS = 0, 1, 6, 8
WORDS = {"symbol", "account", "age", "expiration", "type", "underlying", "opened", "source", "broker", "connection"}


def words(place: int, first: str = "", *, is_private: bool = False, width: int = 76) -> str:
    lines = leg_lines(legs()[place], NOW, Figures(is_private), width, first)
    return "\n".join("".join(piece.text for piece in line) for line in lines)


def test_every_column_of_positions_that_is_a_figure_has_a_formula() -> None:
    figures = {column.key for column in (*COLUMNS, *EXTRA_COLUMNS) if not column.is_drawn} - WORDS - {"currency"}
    assert figures == FORMULA_OF_COLUMN.keys()
    assert set(FORMULA_OF_COLUMN.values()) <= LEG_FORMULAS.keys()


def test_a_figure_has_its_formula_with_and_without_the_numbers() -> None:
    found = words(SHORT_CALLS)
    assert re.search(r"Open P&L +\+350\.00  money; \+ gain, − loss\n", found)
    assert "  = (mark − average open price) × quantity × multiplier\n  = (3.10 − 4.85) × -2 × 100\n" in found
    assert re.search(r"  mark +3\.10  broker, 0s ago; money per unit", found)
    assert re.search(r"  delta per unit +0\.24  stream, 1m ago; per unit", found)


def test_an_unknown_figure_names_the_input_that_is_missing() -> None:
    assert re.search(r"Open P&L % +–.*\n.*\n.*\n  unknown: mark: no quote has arrived", words(NO_MARK))
    assert re.search(r"Delta +–.*\n.*\n.*\n  unknown: delta per unit: no Greeks have arrived", words(NO_GREEKS))


def test_what_there_is_not_of_a_share_is_left_out() -> None:
    found = words(APPLE_SHARES)
    assert "Extrinsic" not in found
    assert "Strike" not in found
    assert re.findall("unknown: .*", found) == [
        "unknown: ask: the broker's quote has none",
        "unknown: bid: the broker's quote has none",
    ]


def test_privacy_hides_amounts_and_leaves_prices_and_percentages() -> None:
    found = words(SHORT_CALLS, is_private=True)
    assert "= (3.10 − •••••) × ••••• × 100" in found
    assert "36.1%" in found
    for amount in ("350", "4.85", "-2", "48.0"):
        assert amount not in found, amount


def test_the_figure_asked_about_comes_first_with_its_own_inputs() -> None:
    lines = words(SHORT_CALLS, "day_pnl").splitlines()
    assert lines[0].startswith("Day P&L")
    assert any(line.startswith("    day base") and "previous close" in line for line in lines[:10])


@pytest.mark.parametrize("width", [56, 76, 116])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    for place in range(len(legs())):
        for line in leg_lines(legs()[place], NOW, Figures(), width):
            assert sum(cell_width(piece.text) for piece in line) <= width


@pytest.mark.parametrize("figure", ["market_value", "net_cost", "open_pnl"])
def test_the_detail_of_a_position_has_the_tables_formulas(figure: str) -> None:
    leg, formula = legs()[SHORT_CALLS], LEG_FORMULAS[figure]
    lines = figure_lines(leg, NOW, Figures(), 200)
    detail = "\n".join("".join(piece.text for piece in line) for line in lines)
    numbers = formula.put_in(formula.inputs(leg, NOW), lambda each: f"{each.value:f}")
    assert f"{formula.text} = {numbers}".replace("−", "-") in detail


async def test_e_explains_the_position_under_the_cursor_and_closes_again() -> None:
    async with shown(book(), size=(80, 24)) as pilot:
        await pilot.press("j", "j", "E")
        await settled(pilot)
        assert "AAPL APR17 245 C · 5WT00001 · money in USD" in text_of(pilot)
        await pilot.press("G")
        await settled(pilot)
        assert "strike" in text_of(pilot)
        await pilot.press("E")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1


async def test_the_focused_column_is_explained_first() -> None:
    async with shown(book(), size=(120, 24)) as pilot:
        await pilot.press("j", *["l"] * [column.key for column in COLUMNS].index("day"), "E")
        await settled(pilot)
        first = next(line for line in text_of(pilot).splitlines() if "money; + gain" in line)
        assert "Day P&L" in first


async def test_the_explanation_follows_the_book_and_its_age() -> None:
    watch = Watch()
    async with shown(book(), make_app(clock=watch), size=(120, 60)) as pilot:
        await pilot.press("j", "j", "enter", "E")
        await settled(pilot)
        assert "= 3.10 × -2 × 100" in text_of(pilot)
        moved = replace(legs()[1], quote=replace(legs()[1].quote, mark=legs()[2].position.average_open_price))  # type: ignore[type-var]
        watch.forward(30)
        await tell(pilot, replace(book(), legs=(moved,)))
        assert "= 18.20 × -2 × 100" in text_of(pilot)
        await pilot.press("G")
        await settled(pilot)
        assert "broker, 30s ago" in text_of(pilot)
        await tell(pilot, replace(book(), legs=legs()[3:]))
        assert "This is no longer held. These are its last figures." in text_of(pilot)


async def test_an_underlying_is_explained_by_its_legs() -> None:
    async with shown(book(), size=(120, 60)) as pilot:
        await pilot.press("2", "E")
        await settled(pilot)
        found = text_of(pilot)
        assert "AAPL · money in USD" in found
        assert "= Σ delta" in found
        assert "AAPL shares at 5WT00002" in found


async def test_the_legs_of_a_futures_product_can_be_told_apart() -> None:
    def leg(strike: str, kind: OptionType) -> Leg:
        symbol = f"./ESM6 EW3J6 260417{kind.value[0].upper()}{strike}"
        of = replace(option("/ES", strike, kind), symbol=symbol, type=InstrumentType.FUTURE_OPTION)
        return held(of, "1", "50", "60", delta=0.5, underlying="6700")

    legs = numbered(leg("6300", OptionType.PUT), leg("6300", OptionType.CALL), leg("7100", OptionType.CALL))
    async with shown(replace(book(), legs=legs), size=(80, 60)) as pilot:
        await pilot.press("2", "E")
        await settled(pilot)
        found = text_of(pilot)
    for name in ("/ESM6 APR17 6300 P", "/ESM6 APR17 6300 C", "/ESM6 APR17 7100 C"):
        assert re.search(rf"    {name} +[-+0-9.]+ +worked out", found)
    assert "EW3J6" not in found
    assert " at 5WT00001" not in found  # all are of one account


async def test_an_account_is_explained_by_its_positions() -> None:
    async with shown(book(), size=(120, 60)) as pilot:
        await pilot.press("4", "E")
        await settled(pilot)
        found = text_of(pilot)
        assert "5WT00001 · money in USD" in found
        assert "148,230.55" in found
        assert "7 of 8 are known" in found


async def test_nothing_to_explain_is_nothing_done() -> None:
    async with shown(book()) as pilot:
        await pilot.press("3", "E")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1


def test_ages_are_of_when_the_input_came() -> None:
    lines = leg_lines(legs()[SHORT_CALLS], NOW + timedelta(hours=3), Figures(), 76)
    found = "\n".join("".join(piece.text for piece in line) for line in lines)
    assert "broker, 3h ago" in found
