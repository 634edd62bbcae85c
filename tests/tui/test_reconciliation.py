"""How an account's figures compare with its broker's, on screen 4 and in the sync log."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cotrader_tui.domain.checks import AccountChecks, Check, Figure
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import RunStatus, SyncError, SyncRun
from cotrader_tui.tui.ports import ScreenOptions
from tests import builders
from tests.builders import NOW
from tests.tui.book import IRA, MARGIN, book, make_app, settled, shown, table_of, text_of

CALL = builders.option("AAPL", "245").symbol
AGREED = Check(Figure.NET_LIQUIDATING_VALUE, Decimal("148230.55"), Decimal("148230.55"), Decimal("148.23"))
NOT_GIVEN = Check(Figure.OPEN_PNL, Decimal("8310.40"), None, Decimal("148.23"))
APART = Check(Figure.DAY_PNL, Decimal("1404.55"), Decimal("1190"), Decimal("148.23"), CALL, Decimal("214.55"))
COUNTED = Check(Figure.POSITIONS, Decimal(8), Decimal(8), Decimal(0))
MIXED = (AGREED, NOT_GIVEN, APART, COUNTED)


def compared(account: AccountId, *checks: Check, in_book: PortfolioSnapshot | None = None) -> PortfolioSnapshot:
    """The book, with an account compared 14 s ago."""
    whole = in_book or book()
    found = AccountChecks(NOW - timedelta(seconds=14), checks)
    return replace(
        whole,
        accounts=tuple(replace(each, checks=found) if each.account.id == account else each for each in whole.accounts),
    )


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_the_account_under_the_cursor_is_compared_figure_by_figure(size: tuple[int, int]) -> None:
    async with shown(compared(MARGIN, *MIXED), size=size) as pilot:
        await pilot.press("4")
        await settled(pilot)
        text = text_of(pilot)
        assert "tastytrade 5WT00001 against its broker in USD, 10s ago at 11:29:46 New York." in text
        assert "Net liq    ≡ agrees   ours 148,230.55, broker 148,230.55" in text
        assert "Open P&L   – unknown  ours +8,310.40, broker gives none" in text
        assert "Day P&L    ≠ differs  ours +1,404.55, broker +1,190.00: +214.55" in text
        assert "from AAPL APR17 245 C" in " ".join(text.split())
        assert "Positions  ≡ agrees   ours 8, broker 8" in text


async def test_moving_the_cursor_compares_the_next_account_and_names_the_one_that_differs() -> None:
    async with shown(compared(MARGIN, *MIXED)) as pilot:
        await pilot.press("4", "j")
        await settled(pilot)
        assert table_of(pilot).cursor_key == "tastytrade 5WT00002"
        text = text_of(pilot)
        assert "tastytrade 5WT00002 has not been compared with its broker yet." in text
        assert "≠ differs too: tastytrade 5WT00001." in text
        await pilot.press("k")
        await settled(pilot)
        assert "differs too" not in text_of(pilot)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (replace(APART, position_symbol=None, position_difference=None), "+214.55, from no single position"),
        (replace(APART, position_difference=Decimal(120)), "+214.55, +120.00 from AAPL APR17 245 C"),
        (replace(APART, position_symbol="XQZ\x1b[31m"), "+214.55 from XQZ␛[31m"),
        (replace(APART, ours=None, position_difference=None), "ours unknown, something is missing of AAPL APR17 245 C"),
        (replace(AGREED, ours=None), "ours unknown without the broker's cash; broker 148,230.55"),
        (
            replace(COUNTED, brokers=Decimal(9), position_symbol="XQZ", position_difference=Decimal(-1)),
            "9: -1 from XQZ",
        ),
    ],
)
async def test_a_difference_says_what_it_comes_from_and_an_unknown_figure_why(check: Check, words: str) -> None:
    async with shown(compared(MARGIN, check)) as pilot:
        await pilot.press("4")
        await settled(pilot)
        assert words in text_of(pilot)


async def test_privacy_hides_every_amount_of_it() -> None:
    app = make_app(options=ScreenOptions(is_watching=False, is_private=True))
    async with shown(compared(MARGIN, *MIXED), app) as pilot:
        await pilot.press("4")
        await settled(pilot)
        text = text_of(pilot)
        assert "≠ differs  ours •••••, broker •••••: ••••• from AAPL APR17 245 C" in text
        assert not any(amount in text for amount in ("148,230", "1,404", "1,190", "214.55", "8,310"))


async def test_balances_that_were_old_when_compared_say_so() -> None:
    found = compared(MARGIN, *MIXED)
    balances = replace(builders.balances("148230.55"), received_at=NOW - timedelta(minutes=3))
    accounts = tuple(replace(each, balances=balances) for each in found.accounts)
    async with shown(replace(found, accounts=accounts)) as pilot:
        await pilot.press("4")
        await settled(pilot)
        assert "New York; the broker's balances were 2m old." in text_of(pilot)


async def test_other_screens_and_an_empty_book_have_no_such_lines() -> None:
    async with shown(compared(MARGIN, *MIXED)) as pilot:
        assert "against its broker" not in text_of(pilot)
    async with shown(PortfolioSnapshot()) as pilot:
        await pilot.press("4")
        await settled(pilot)
        assert "broker" not in text_of(pilot)


async def test_a_run_in_the_sync_log_shows_the_accounts_last_reconciliation() -> None:
    said = SyncError(None, f"Our day P&L is not the broker's ({CALL}).", "")
    run = builders.sync_run(7, error=said, account=MARGIN.number)
    whole = replace(compared(MARGIN, *MIXED), runs=(run,))
    async with shown(whole) as pilot:
        await pilot.press("3", "enter")
        await settled(pilot)
        text = text_of(pilot)
        assert f"Note           {said.message}" in text
        assert "None" not in text
        assert "Day P&L    ≠ differs  ours +1,404.55, broker +1,190.00: +214.55 from AAPL APR17 245 C" in text


@pytest.mark.parametrize(
    "run",
    [
        builders.sync_run(7, RunStatus.FAILED, account=None),
        replace(builders.sync_run(7, account=MARGIN.number), sync_type="orders"),
        replace(builders.sync_run(7, account=IRA.number), broker="ibkr"),
    ],
)
async def test_a_run_that_is_not_about_an_accounts_positions_shows_none(run: SyncRun) -> None:
    whole = replace(compared(MARGIN, *MIXED), runs=(run,))
    async with shown(whole) as pilot:
        await pilot.press("3", "enter")
        await settled(pilot)
        assert "broker in" not in text_of(pilot)
