"""Screen 2 by account, what is naked where, and the legs of one underlying."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.instruments import OptionType
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.tui.screens.position_detail import PositionDetail
from cotrader_tui.tui.screens.underlying_detail import UnderlyingDetail
from tests import builders
from tests.tui.book import MARGIN, Watch, book, held, make_app, numbered, settled, shown, table_of, tell, text_of

THERE = AccountId("ibkr", "U7654321")
SHARES = held(builders.share("AAPL"), "200", "211.37", "228.14", "227.02")
CALL = builders.option("AAPL", "245")
PUT = builders.option("AAPL", "210", OptionType.PUT)


def there(leg: Leg) -> Leg:
    """The same position at the other broker."""
    return replace(leg, connection="ibkr", position=replace(leg.position, account=THERE))


def sold(quantity: str = "-2", **more: Any) -> Leg:  # noqa: ANN401 - arguments of `held`
    return held(CALL, quantity, "4.85", "3.10", "3.42", delta=0.24, underlying="228.14", **more)


def apart() -> PortfolioSnapshot:
    """Shares here, calls on them sold there, a put without Greeks; another underlying here only."""
    put = there(held(PUT, "1", "2.00", None))
    return builders.snapshot(*numbered(SHARES, there(sold()), put, held(builders.share("KO"), "10", "58", "60")))


@asynccontextmanager
async def greeks(
    snapshot: PortfolioSnapshot, *keys: str, size: tuple[int, int] = (140, 40), watch: Watch | None = None
) -> AsyncIterator[Pilot[Any]]:
    """Screen 2 of a book, after some keys."""
    async with shown(snapshot, make_app(clock=watch) if watch else None, size) as pilot:
        await press(pilot, "2", *keys)
        yield pilot


async def press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def cells(pilot: Pilot[Any], row: int) -> dict[str, str]:
    """Every cell of a row, also of columns that there is no room for."""
    table = table_of(pilot)
    return {key: piece.text.strip() for key, piece in table.model.cells(table.model.keys[row]).items()}


async def test_covered_overall_and_naked_in_one_account_is_said_on_the_row() -> None:
    async with greeks(apart()) as pilot:
        assert cells(pilot, 0)["cover"] == "naked at U7654321"
        assert cells(pilot, 1)["cover"] == ""


async def test_a_key_splits_each_underlying_into_the_accounts_that_hold_it() -> None:
    async with greeks(apart(), "s") as pilot:
        rows = [cells(pilot, row) for row in range(table_of(pilot).row_count)]
        assert [row["underlying"] for row in rows] == ["AAPL", "U7654321", "5WT00001", "KO"]
        assert [row["cover"] for row in rows] == ["naked at U7654321", "naked 2C", "", ""]
        assert [row["delta"] for row in rows] == ["+152.0", "-48.0", "+200.0", "+10.0"]
        assert [row["legs"] for row in rows] == ["2/3", "1/2", "1/1", "1/1"]
        assert "2 underlyings" in text_of(pilot)


async def test_the_split_is_kept_while_the_program_runs_and_goes_with_the_same_key() -> None:
    async with greeks(apart(), "s", "1", "2") as pilot:
        assert table_of(pilot).row_count == 4
        await press(pilot, "s")
        assert table_of(pilot).row_count == 2


async def test_the_cursor_stays_on_its_underlying_when_it_is_split() -> None:
    async with greeks(apart(), "j", "s") as pilot:
        assert table_of(pilot).cursor_key == "KO USD"


async def test_splitting_is_offered_on_the_greeks_only() -> None:
    async with greeks(apart()) as pilot:
        assert "s Split" in text_of(pilot)
        for keys in (["enter"], ["1"], ["5"]):
            await press(pilot, *keys)
            assert "s Split" not in text_of(pilot)


async def test_what_is_naked_overall_has_its_number_and_beside_it_what_only_another_account_covers() -> None:
    puts = [held(PUT, "-3", "2", "1"), there(held(PUT, "3", "2", "1"))]
    naked = builders.snapshot(*numbered(sold(), *puts))
    async with greeks(naked, "s") as pilot:
        assert [cells(pilot, row)["cover"] for row in range(3)] == ["naked 2C (3P)", "", "naked 2C 3P"]


async def test_shares_and_a_later_call_cover_and_a_short_put_alone_is_naked() -> None:
    async with greeks(book()) as pilot:
        rows = [cells(pilot, row) for row in range(table_of(pilot).row_count)]
        assert {row["underlying"]: row["cover"] for row in rows if row["cover"]} == {
            "AAPL": "covered",
            "SPX": "naked 1P",
            "TSLA": "naked 3P",
        }


async def test_an_adjusted_option_leaves_it_unknown() -> None:
    adjusted = replace(sold(), position=builders.position(replace(CALL, is_adjusted=True), "-1"))
    async with greeks(builders.snapshot(*numbered(SHARES, adjusted))) as pilot:
        assert cells(pilot, 0)["cover"] == "naked –C"


async def test_privacy_hides_how_many_are_naked() -> None:
    async with greeks(builders.snapshot(*numbered(sold("-37"))), "p", "s") as pilot:
        assert cells(pilot, 0)["cover"] == "naked •••••"
        await press(pilot, "enter")
        assert "naked •••••" in text_of(pilot)
        assert "37" not in text_of(pilot)


async def test_at_140_columns_there_is_room_for_all_of_the_screen_and_at_80_for_what_counts() -> None:
    async with greeks(apart()) as pilot:
        assert len(table_of(pilot).visible_columns) == 13
    async with greeks(apart(), "s", size=(80, 24)) as pilot:
        words = text_of(pilot)
        assert "naked at U7654321" in words
        assert "2/3" in words
        assert "5 Statistics" in words.splitlines()[1]


# The legs


async def test_enter_shows_the_legs_by_account_with_their_sums() -> None:
    async with greeks(apart(), "enter") as pilot:
        names = [cells(pilot, row)["symbol"] for row in range(5)]
        assert names == [
            "U7654321  naked 2C",
            "AAPL  APR17 210 P",
            "AAPL  APR17 245 C",
            "5WT00001",
            "AAPL  shares",
        ]
        there_sum, put, call, here_sum, shares = (cells(pilot, row) for row in range(5))
        assert (there_sum["delta"], there_sum["legs"], there_sum["connection"]) == ("-48.0", "1/2", "ibkr")
        assert (there_sum["value"], there_sum["open"]) == ("-620.00*", "+350.00*"), "the put has no mark"
        assert (put["delta"], put["mark"], call["delta"], call["quantity"]) == ("–", "–", "-48.0", "-2")
        assert (call["dte"], call["connection"], call["iv"]) == ("38", "ibkr", "27.4")
        assert (here_sum["legs"], shares["day"]) == ("1/1", "+224.00")
        assert "AAPL USD · covered overall, naked at ibkr U7654321" in text_of(pilot)
        assert "3 legs" in text_of(pilot)


async def test_the_grand_total_is_the_row_of_the_screen_before() -> None:
    async with greeks(apart()) as pilot:
        before = cells(pilot, 0)
        await press(pilot, "enter")
        total = next(line for line in text_of(pilot).splitlines() if "All accounts  " in line)
        for column in ("delta", "gamma", "theta", "vega", "value", "open", "day", "legs"):
            assert f" {before[column]} " in total, column


async def test_enter_on_a_split_row_opens_its_underlying() -> None:
    async with greeks(apart(), "s", "j", "enter") as pilot:
        assert isinstance(pilot.app.screen, UnderlyingDetail)
        assert "AAPL USD" in text_of(pilot)


async def test_enter_on_a_leg_opens_the_position_and_esc_leads_back_level_by_level() -> None:
    async with greeks(apart(), "enter", "enter") as pilot:
        assert isinstance(pilot.app.screen, UnderlyingDetail), "an account's sums lead nowhere"
        await press(pilot, "j", "j", "enter")
        assert isinstance(pilot.app.screen, PositionDetail)
        assert "AAPL APR17 245 C · U7654321" in text_of(pilot)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, UnderlyingDetail)
        assert table_of(pilot).cursor_key == "2"
        await press(pilot, "escape")
        assert "Underlying" in text_of(pilot)


async def test_the_legs_stay_live() -> None:
    async with greeks(apart(), "enter") as pilot:
        whole = apart()
        dearer = tuple(
            replace(leg, quote=builders.quote(leg.position.instrument, "4.00")) if leg.position.id == 2 else leg
            for leg in whole.legs
        )
        await tell(pilot, replace(whole, legs=dearer))
        assert cells(pilot, 2)["mark"] == "4.00"
        assert cells(pilot, 0)["open"] == "+170.00*"


async def test_a_leg_that_comes_moves_the_rows_but_not_the_cursor() -> None:
    watch = Watch()
    async with greeks(apart(), "enter", "G", watch=watch) as pilot:
        assert table_of(pilot).cursor_key == "1"
        watch.forward(6)
        more = held(builders.option("AAPL", "250"), "1", "2", "3", account=MARGIN)
        await tell(pilot, replace(apart(), legs=(*apart().legs, *numbered(SHARES, SHARES, SHARES, SHARES, more)[4:])))
        assert table_of(pilot).row_count == 6
        assert table_of(pilot).cursor_key == "1"


async def test_an_underlying_that_is_no_longer_held_says_so() -> None:
    async with greeks(apart(), "enter") as pilot:
        await tell(pilot, replace(apart(), legs=apart().legs[3:]))
        assert "AAPL is no longer held." in text_of(pilot)


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_a_small_terminal_keeps_quantity_delta_and_what_the_sums_leave_out(size: tuple[int, int]) -> None:
    async with greeks(apart(), "enter", size=size) as pilot:
        labels = [column.label for column in table_of(pilot).visible_columns]
        assert {"Account, leg", "Qty", "Δ", "Legs"} <= set(labels)


async def test_hostile_names_are_text() -> None:
    hostile = "[/b]\x1b[31mX"
    one = held(builders.share(hostile), "1", "5", "6")
    book_shown = builders.snapshot(*numbered(one, there(one)))
    bad = replace(book_shown.accounts[0], account=replace(book_shown.accounts[0].account, nickname=hostile))
    async with greeks(replace(book_shown, accounts=(bad, *book_shown.accounts[1:])), "s", "enter") as pilot:
        words = text_of(pilot)
        assert "[/b]␛[31mX" in words
        assert "\x1b" not in words
