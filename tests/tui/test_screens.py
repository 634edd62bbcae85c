"""What the screens show, and that it stays true in a small terminal, in privacy and with hostile text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from cotrader_tui.domain.market import TradingSession
from cotrader_tui.domain.portfolio import LeaseHolder
from cotrader_tui.domain.sync import RunStatus, SyncError
from cotrader_tui.errors import ErrorKind
from cotrader_tui.tui.messages import EngineChanged
from cotrader_tui.tui.ports import EngineState, ScreenOptions
from tests import builders
from tests.builders import NOW, snapshot
from tests.tui.book import IRA, book, held, legs, make_app, settled, shown, table_of, tell, text_of, texts

HOSTILE = "[/b]\x1b[31mX\u202e[red]"


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_symbol_quantity_mark_and_open_pnl_are_whole_in_a_small_terminal(size: tuple[int, int]) -> None:
    async with shown(book(), size=size) as pilot:
        line = next(line for line in text_of(pilot).splitlines() if "APR17 245 C" in line)
        assert re.search(r"AAPL  APR17 245 C +-2 .*3\.10 +\+350\.00", line)
        header = text_of(pilot).splitlines()[0]
        assert "NLV 180,107.64" in header
        assert "● LIVE 14s" in header


async def test_even_a_very_narrow_terminal_has_one_line_a_position() -> None:
    async with shown(book(), size=(44, 16)) as pilot:
        assert "AAPL  APR17 245 C" in text_of(pilot)
        assert table_of(pilot).row_count == len(legs())


async def test_wide_screens_have_every_column() -> None:
    async with shown(book(), size=(200, 50)) as pilot:
        assert len(table_of(pilot).visible_columns) == 16


async def test_worked_examples_stand_in_their_cells() -> None:
    worked = (
        held(builders.option("SPY", "500"), "1", "5", "3"),
        held(builders.option("SPY", "510"), "-2", "7.47", "5.05"),
        held(builders.share("KO"), "100", "54.50", "52.79"),
    )
    numbered = [replace(leg, position=replace(leg.position, id=at)) for at, leg in enumerate(worked)]
    async with shown(snapshot(*numbered)) as pilot:
        profits = [table_of(pilot).get_cell(str(at), "open").text.strip() for at in range(3)]
        assert profits == ["-200.00", "+484.00", "-171.00"]


async def test_missing_figures_are_dashes_and_totals_say_what_they_miss() -> None:
    async with shown(book()) as pilot:
        shares = texts(pilot, table_of(pilot).model.index("7"))
        assert shares[4:8] == ["–", "–", "–", "–"]
        assert "Totals (8 of 9 legs have Greeks, open 8/9, day 8/9)" in text_of(pilot)
        assert re.search(r"Open \+8,544\.32 \(8/9\)", text_of(pilot))


async def test_the_greeks_screen_counts_legs_and_adds_only_what_adds_up() -> None:
    async with shown(book()) as pilot:
        await pilot.press("2")
        await settled(pilot)
        shown_text = text_of(pilot)
        tesla = next(line for line in shown_text.splitlines() if "TSLA" in line)
        assert "0/1" in tesla
        totals = next(line for line in shown_text.splitlines() if "8 of 9 legs have Greeks" in line)
        assert "8/9" in totals


async def test_the_sync_log_shows_runs_newest_first_with_error_and_next_step() -> None:
    async with shown(book()) as pilot:
        await pilot.press("3")
        await settled(pilot)
        rows = [texts(pilot, row) for row in range(4)]
        assert [row[4] for row in rows] == ["… running", "✓ success", "~ partial", "× failed"]
        assert rows[0][5:9] == ["–", "–", "–", "–"]
        assert rows[1][6:9] == ["1", "4", "0"]
        assert rows[3][9].startswith("api.tastyworks.example did not answer within 30 s.")


async def test_an_account_that_no_longer_counts_is_said_so_and_leaves_the_totals() -> None:
    whole = book()
    ousted = replace(whole.accounts[1], is_included=False, last_synced_at=NOW - timedelta(days=3))
    async with shown(replace(whole, accounts=(whole.accounts[0], ousted))) as pilot:
        assert "NLV 148,230.55" in text_of(pilot)
        assert texts(pilot, len(legs()) - 1)[0].startswith("AAPL  shares ·02")
        await pilot.press("4")
        await settled(pilot)
        last = next(line for line in text_of(pilot).splitlines() if IRA.number in line)
        assert "not counted" in last
        assert "3d" in last


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5"])
async def test_privacy_hides_every_amount_on_every_screen(key: str) -> None:
    async with shown(book(), make_app(options=ScreenOptions(is_watching=False, is_private=True)), (200, 50)) as pilot:
        await pilot.press(key)
        await settled(pilot)
        words = text_of(pilot)
        assert "PRIVACY" in words
        for amount in ("180,107", "148,230", "21,040", "27,376", "2,012.40", "211.37", "-2 ", "120 ", "+350.00"):
            assert amount not in words, amount
        if key in "124":
            assert "•••••" in words


async def test_privacy_hides_amounts_in_the_detail_but_leaves_prices() -> None:
    async with shown(book(), size=(140, 50)) as pilot:
        await pilot.press("p", "j", "j", "enter")
        await settled(pilot)
        words = text_of(pilot)
        assert "mark × quantity × multiplier = 3.10 × ••••• × 100" in words
        assert "(3.10 - •••••) × ••••• × 100" in words
        assert "4.85" not in words
        assert "+350.00" not in words


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5"])
async def test_hostile_text_is_shown_as_text(key: str) -> None:
    bad = held(builders.share(HOSTILE), "1", "5", "6")
    base = snapshot(bad)
    error = SyncError(ErrorKind.BROKER, f"Broker said {HOSTILE}", HOSTILE)
    account = replace(base.accounts[0], account=replace(base.accounts[0].account, nickname=HOSTILE))
    connection = replace(
        base.connections[0], name=HOSTILE, label=HOSTILE, last_sync_status=RunStatus.FAILED, last_sync_error=error
    )
    failed = replace(builders.sync_run(1, RunStatus.FAILED, error=error, account=HOSTILE), connection=HOSTILE)
    hostile = replace(base, connections=(connection,), accounts=(account,), runs=(failed,), notes=(HOSTILE,))
    async with shown(snapshot(bad), size=(200, 50)) as pilot:
        await tell(pilot, hostile)
        await pilot.press(key)
        await settled(pilot)
        words = text_of(pilot)
        assert "[/b]␛[31mX" in words
        assert "\x1b" not in words
        assert "\u202e" not in words


async def test_hostile_text_in_details() -> None:
    bad = held(replace(builders.share(HOSTILE), symbol=HOSTILE), "1", "5", "6")
    failed = builders.sync_run(1, RunStatus.FAILED, error=SyncError(ErrorKind.BROKER, HOSTILE, HOSTILE))
    async with shown(snapshot(bad, runs=[failed])) as pilot:
        for keys in (["1", "enter"], ["3", "enter"]):
            await pilot.press(*keys)
            await settled(pilot)
            assert "[/b]␛[31mX" in text_of(pilot)


async def test_the_header_tells_state_in_words() -> None:
    whole = book()
    failed = replace(
        whole.connections[0],
        name="ibkr",
        label="PAPER",
        last_sync_status=RunStatus.FAILED,
        last_sync_error=SyncError(ErrorKind.NETWORK, "No answer.", "Start the gateway."),
        last_sync_at=NOW - timedelta(hours=2),
    )
    syncing = replace(whole.connections[0], is_syncing=True)
    mixed = replace(whole, connections=(syncing, failed), is_frozen=True, is_demo=True)
    async with shown(mixed) as pilot:
        second = text_of(pilot).splitlines()[1]
        for words in ("tastytrade ↻ SYNCING 14s", "ibkr × OFFLINE 2h", "PAPER", "DEMO", "FROZEN COPY"):
            assert words in second
        assert "11:30:00 ET open, closes 4h 30m" in second
    async with shown(mixed, size=(80, 24)) as pilot:
        only = text_of(pilot).splitlines()[0]
        for words in ("ibkr × OFFLINE 2h", "PAPER", "DEMO", "FROZEN COPY"):
            assert words in only


async def test_an_unknown_market_phase_shows_only_the_time() -> None:
    async with shown(replace(book(), sessions=())) as pilot:
        assert re.search(r"11:30:00 ET {2,}", text_of(pilot).splitlines()[1])


async def test_a_holiday_and_an_early_close_are_named() -> None:
    opens = NOW - timedelta(hours=2)
    early = TradingSession(builders.TODAY, opens, NOW + timedelta(minutes=17), is_early_close=True)
    async with shown(replace(book(), sessions=(early,))) as pilot:
        assert "ET open, closes early 17m" in text_of(pilot)


async def test_the_engine_of_another_program_is_named() -> None:
    async with shown(replace(book(), lease=LeaseHolder(4711, "desk", NOW))) as pilot:
        assert "pid" not in text_of(pilot)
        pilot.app.post_message(EngineChanged(EngineState(is_ours=False, is_running=True)))
        await settled(pilot)
        assert "synced by pid 4711" in text_of(pilot)


async def test_a_stopped_engine_is_said_above_the_figures() -> None:
    async with shown(book()) as pilot:
        pilot.app.post_message(EngineChanged(EngineState(True, False, "The engine ended with 1.", "It starts again.")))
        await settled(pilot)
        assert "The engine ended with 1. It starts again." in text_of(pilot)
        assert "AAPL  APR17 245 C" in text_of(pilot)


async def test_one_account_can_be_shown_alone() -> None:
    async with shown(book(), make_app(options=ScreenOptions(is_watching=False, account=IRA.number))) as pilot:
        assert table_of(pilot).row_count == 1
        assert f"Account {IRA.number}" in text_of(pilot)
        assert "NLV 31,877.09" in text_of(pilot)


async def test_hidden_screens_are_not_brought_up_to_date() -> None:
    async with shown(book()) as pilot:
        await pilot.press("2")
        await settled(pilot)
        hidden = table_of(pilot)
        before = hidden.get_cell("TSLA USD", "open")
        await pilot.press("1")
        await settled(pilot)
        whole = book()
        dearer = tuple(
            replace(leg, quote=builders.quote(leg.position.instrument, "99")) if leg.position.id == 9 else leg
            for leg in whole.legs
        )
        await tell(pilot, replace(whole, legs=dearer))
        assert hidden.get_cell("TSLA USD", "open") is before
        await pilot.press("2")
        await settled(pilot)
        assert hidden.get_cell("TSLA USD", "open").text.strip() == "-26,325.00"


async def test_ages_tick_without_touching_other_cells() -> None:
    from tests.tui.book import Watch

    watch = Watch()
    async with shown(book(), make_app(clock=watch)) as pilot:
        table = table_of(pilot)
        mark, old_age = table.get_cell("1", "mark"), table.get_cell("1", "age")
        watch.forward(31)
        pilot.app.screen.bring_up_to_date()  # type: ignore[attr-defined]
        assert table.get_cell("1", "mark") == mark
        assert (old_age.text.strip(), table.get_cell("1", "age").text.strip()) == ("<5s", "30s")
