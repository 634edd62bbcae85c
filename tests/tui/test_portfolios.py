"""The screen shows one portfolio at a time and says which; a key goes on to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.portfolios import Portfolio, PortfolioSettings
from cotrader_tui.domain.rates import ReferenceRate
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.messages import SnapshotRead
from cotrader_tui.tui.ports import ScreenOptions
from tests import builders
from tests.builders import account, account_book, balances, share
from tests.tui.book import IRA, MARGIN, book, held, make_app, numbered, settled, shown, table_of, tell, text_of, texts

RETIREMENT = PortfolioSettings((Portfolio("retirement", (IRA,)),))
EURO = AccountId("ibkr", "U5550001")


def app_with(
    settings: PortfolioSettings = RETIREMENT, *, portfolio: str | None = None, account: str | None = None
) -> CotraderApp:
    options = ScreenOptions(is_watching=False, portfolios=settings, portfolio=portfolio, account=account)
    return make_app(options=options)


def header(text: str) -> str:
    return "\n".join(text.splitlines()[:2])


def two_currencies(rate: str | None = None) -> PortfolioSnapshot:
    """An account in dollars at one broker, one in euro at another, and the ECB's `rate` of dollars per euro."""
    euro_worth = replace(balances("20000"), currency="EUR")
    accounts = [
        account_book(account("5WT00001")),
        replace(
            account_book(account(EURO.number, broker="ibkr", base_currency="EUR"), connection="ibkr"),
            balances=euro_worth,
        ),
    ]
    sap = held(share("SAP", currency="EUR", broker="ibkr"), "25", "201.50", "243.10", account=EURO)
    found = builders.snapshot(*numbered(held(share("KO"), "100", "54.50", "52.79"), sap), accounts=accounts)
    rates = () if rate is None else (ReferenceRate("USD", Decimal(rate), date(2025, 11, 28)),)
    return replace(found, reference_rates=rates)


async def test_a_key_cycles_the_portfolios_forward_and_another_back() -> None:
    async with shown(book(), app_with()) as pilot:
        assert "All accounts · USD" in header(text_of(pilot))
        assert "NLV 180,107.64" in header(text_of(pilot))
        seen = []
        for key in ("a", "a", "a", "a", "A"):
            await pilot.press(key)
            await settled(pilot)
            seen.append((header(text_of(pilot)).split("·")[0].split("  ")[-1].strip(), table_of(pilot).row_count))
        assert seen == [
            ("retirement", 1),
            ("Account 5WT00001", 8),
            ("Account 5WT00002", 1),
            ("All accounts", 9),
            ("Account 5WT00002", 1),
        ]


async def test_tables_totals_and_header_follow_the_portfolio_on_every_screen_and_with_every_book() -> None:
    async with shown(book(), app_with(portfolio="retirement")) as pilot:
        for key in "1234":
            await pilot.press(key)
            await settled(pilot)
            assert "retirement · USD" in header(text_of(pilot)), key
            assert "NLV 31,877.09" in header(text_of(pilot)), key
        assert [texts(pilot, 0)[0], table_of(pilot).row_count] == [IRA.number, 1]
        await tell(pilot, book())
        assert "retirement · USD" in header(text_of(pilot))
        await pilot.press("2")
        await settled(pilot)
        assert table_of(pilot).row_count == 1


async def test_changing_the_portfolio_is_no_change_of_positions() -> None:
    app = app_with()
    async with shown(book(), app) as pilot:
        await pilot.press("a")
        await tell(pilot, book())
        await pilot.press("a")
        await tell(pilot, book())
        assert [each.message for each in app._notifications] == []


async def test_a_detail_gives_way_to_the_table_of_the_next_portfolio() -> None:
    async with shown(book(), app_with()) as pilot:
        await pilot.press("j", "enter")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 2
        await pilot.press("a")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1
        assert "retirement · USD" in header(text_of(pilot))


async def test_the_palette_shows_a_portfolio_by_its_name() -> None:
    async with shown(book(), app_with()) as pilot:
        await pilot.press(":")
        await pilot.press(*"portfolio retir", "enter")
        await pilot.app.workers.wait_for_complete()
        await settled(pilot)
        assert "retirement · USD" in header(text_of(pilot))


async def test_a_single_account_has_nothing_to_cycle() -> None:
    app = app_with(PortfolioSettings())
    one = replace(book(), accounts=book().accounts[:1])
    async with shown(one, app) as pilot:
        assert app.check_action("next_portfolio", ()) is False
        await pilot.press("a")
        await settled(pilot)
        assert "All accounts · USD" in header(text_of(pilot))


async def test_an_account_asked_for_is_the_only_thing_shown() -> None:
    async with shown(book(), app_with(account=IRA.number)) as pilot:
        assert f"Account {IRA.number} · USD" in header(text_of(pilot))
        await pilot.press("a")
        await settled(pilot)
        assert f"Account {IRA.number} · USD" in header(text_of(pilot))
        assert table_of(pilot).row_count == 1


@pytest.mark.parametrize("width", [60, 80, 100, 140])
async def test_part_of_the_book_is_named_at_every_width(width: int) -> None:
    async with shown(book(), app_with(portfolio="retirement"), (width, 24)) as pilot:
        assert "retirement · USD" in header(text_of(pilot))
        assert "NLV 31,877.09" in header(text_of(pilot))


async def test_an_unknown_portfolio_is_said_once_and_all_accounts_shown() -> None:
    app = app_with(portfolio="growth")
    async with shown(book(), app) as pilot:
        await tell(pilot, book())
        (said,) = [each.message for each in app._notifications]
        assert said.startswith("There is no portfolio growth; all accounts are shown.")
        assert said.endswith("Known are: All accounts, retirement, 5WT00001, 5WT00002.")
        assert "All accounts · USD" in header(text_of(pilot))


async def test_a_portfolio_waits_for_the_first_book_with_accounts() -> None:
    app = app_with(PortfolioSettings(), portfolio=IRA.number)
    async with shown(PortfolioSnapshot(), app) as pilot:
        assert [each.message for each in app._notifications] == []
        await tell(pilot, book())
        assert f"Account {IRA.number} · USD" in header(text_of(pilot))


async def test_an_account_that_no_sync_has_found_is_said_once() -> None:
    app = app_with(PortfolioSettings((Portfolio("both", (MARGIN, EURO)),)))
    async with shown(book(), app) as pilot:
        await tell(pilot, book())
        said = [each.message for each in app._notifications]
        assert said == ["The portfolio both names ibkr:U5550001, but no sync has found it."]


async def test_an_excluded_account_is_listed_dim_and_counts_nowhere() -> None:
    async with shown(book(), app_with(PortfolioSettings(excluded=frozenset({IRA})))) as pilot:
        assert "NLV 148,230.55" in header(text_of(pilot))
        await pilot.press("4")
        await settled(pilot)
        last = texts(pilot, 1)
        assert (last[0], last[1]) == (IRA.number, "not counted")
        cell = table_of(pilot).get_cell(f"{IRA.broker} {IRA.number}", "account")
        assert cell.style == "$stale"


# Currencies


async def test_a_total_over_two_currencies_names_its_own_and_the_date_of_the_rate() -> None:
    async with shown(two_currencies("1.25"), app_with(PortfolioSettings(base_currency="USD"))) as pilot:
        assert "All accounts · USD" in header(text_of(pilot))
        assert "NLV 35,000.00" in header(text_of(pilot))
        assert "EUR at ECB 2025-11-28" in header(text_of(pilot))
        await pilot.press("4")
        await settled(pilot)
        assert [texts(pilot, row)[3] for row in range(2)] == ["EUR", "USD"]
        totals = next(line for line in text_of(pilot).splitlines() if "Totals in USD" in line)
        assert "35,000.00" in totals
        assert "1 EUR = 1.25 USD: ECB reference rate of 2025-11-28." in text_of(pilot)


async def test_without_a_configured_currency_the_first_accounts_is_taken_and_named() -> None:
    async with shown(two_currencies("1.25"), app_with(PortfolioSettings()), (80, 24)) as pilot:
        assert "All accounts · EUR" in header(text_of(pilot))
        assert "NLV 28,000.00" in header(text_of(pilot))
        assert "ECB 2025-11-28" in header(text_of(pilot))


async def test_what_has_no_rate_is_named_as_left_out() -> None:
    async with shown(two_currencies(), app_with(PortfolioSettings(base_currency="USD"))) as pilot:
        assert "NLV 10,000.00 (1/2)" in header(text_of(pilot))
        assert "without EUR" in header(text_of(pilot))
        assert "without EUR" in text_of(pilot).splitlines()[-3]


async def test_without_any_rate_there_is_no_total_and_it_is_said_why() -> None:
    async with shown(two_currencies(), app_with(PortfolioSettings())) as pilot:
        assert "NLV –" in header(text_of(pilot))
        assert "no rate between EUR, USD" in header(text_of(pilot))


async def test_each_portfolio_has_its_own_base_currency() -> None:
    settings = PortfolioSettings((Portfolio("at home", (EURO,), "EUR"), Portfolio("abroad", (EURO,), "USD")))
    async with shown(two_currencies("1.25"), app_with(settings)) as pilot:
        await pilot.press("a")
        await settled(pilot)
        assert "at home · EUR" in header(text_of(pilot))
        assert "NLV 20,000.00" in header(text_of(pilot))
        await pilot.press("a")
        await settled(pilot)
        assert "abroad · USD" in header(text_of(pilot))
        assert "NLV 25,000.00" in header(text_of(pilot))
        pilot.app.post_message(SnapshotRead(two_currencies("1.20")))
        await settled(pilot)
        assert "NLV 24,000.00" in header(text_of(pilot))


async def test_a_sync_asked_for_is_under_way_whichever_portfolio_is_shown() -> None:
    async with shown(book(), app_with(PortfolioSettings((Portfolio("other", (EURO,)),)), portfolio="other")) as pilot:
        await pilot.press("r", "A")
        await tell(pilot, book())
        assert "sync asked for" in header(text_of(pilot)), "the runs of other accounts are older than the wish"
