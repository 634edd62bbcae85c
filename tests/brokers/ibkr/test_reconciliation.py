"""A whole sync of Interactive Brokers against what TWS reckons for the account and for each position."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.analytics.reconciliation import reconcile_account
from cotrader_tui.brokers.base import BrokerSnapshot, ConnectionConfig
from cotrader_tui.brokers.ibkr.client import IbkrBroker
from cotrader_tui.domain.checks import AccountChecks, Check, Figure
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.sync import RunStatus, Trigger
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.cycle import run_cycle
from tests.brokers.ibkr.conftest import (
    AAPL,
    BUDGET,
    CALL,
    NOW,
    ONE,
    SAP,
    SHARES,
    SHORT,
    SHORT_CALLS,
    TWO,
    Connect,
    only_snapshot,
    snapshots,
)
from tests.standin.tws import TwsStandin
from tests.standin.tws_book import UNSET, TwsPosition, balance_values
from tests.standin.tws_sample import sample_book

TODAY = exchange_date(NOW)
WORTH = balance_values("23120", "1000")
"""Cash of 1,000, shares of 23,140 and calls of −1,020."""


async def reconciled(broker: IbkrBroker, path: Path) -> dict[str, AccountChecks]:
    """One cycle: the reconciliation of each account."""
    config = ConnectionConfig("ibkr", "ibkr")
    with Writer(path) as writer:
        number = writer.ensure_connection("ibkr", "ibkr", "", config.sync_interval)
        outcome = await run_cycle(
            writer, broker, config, number, Trigger.MANUAL, lambda: NOW, checker=reconcile_account
        )
        assert outcome.status is not RunStatus.FAILED, outcome
    with Reader(path) as reader:
        books = reader.snapshot(TODAY).accounts
    return {book.account.id.number: book.checks for book in books if book.checks is not None}


def figure(checks: AccountChecks, which: Figure) -> Check:
    found = checks.of(which)
    assert found is not None
    return found


async def test_an_options_traders_whole_book_agrees_in_all_accounts(
    server: TwsStandin, connect: Connect, tmp_path: Path
) -> None:
    """Shares, options on three kinds of underlying, two futures, and a share in euro."""
    book = sample_book(TODAY)
    server.change(lambda _: setattr(server, "book", book))
    found = await reconciled(connect(), tmp_path / "book.db")
    assert len(found) == 2
    for checks in found.values():
        assert [check.agrees for check in checks.checks] == [True] * 4, checks


async def test_a_single_accounts_figures_agree_too(server: TwsStandin, connect: Connect, tmp_path: Path) -> None:
    server.change(lambda book: book.add_account(ONE, [SHARES, SHORT_CALLS], WORTH))
    checks = (await reconciled(connect(), tmp_path / "book.db"))[ONE]
    assert [check.agrees for check in checks.checks] == [True] * 4
    assert [check.brokers for check in checks.checks] == [Decimal(23120), Decimal("4770.8"), Decimal(220), Decimal(2)]


async def test_the_position_that_tws_reckons_otherwise_is_named(
    server: TwsStandin, connect: Connect, tmp_path: Path
) -> None:
    """TWS's open P&L of the calls is 500 less than its own average cost says."""
    odd = replace(SHORT_CALLS, unrealized="980.8")
    server.change(lambda book: book.add_account(ONE, [SHARES, odd], WORTH))
    checks = (await reconciled(connect(), tmp_path / "book.db"))[ONE]
    check = figure(checks, Figure.OPEN_PNL)
    assert (check.difference, check.agrees) == (Decimal(500), False)
    assert (check.position_symbol, check.position_difference) == (CALL.local_symbol, Decimal(500))


async def test_a_value_of_the_portfolio_that_is_not_the_pnls_is_named(
    server: TwsStandin, connect: Connect, tmp_path: Path
) -> None:
    shares = replace(SHARES, price="225.4", market_value="22540")
    worth = {**WORTH, ("NetLiquidation", "USD"): "22520"}
    server.change(lambda book: book.add_account(ONE, [shares, SHORT_CALLS], worth))
    check = figure((await reconciled(connect(), tmp_path / "book.db"))[ONE], Figure.NET_LIQUIDATING_VALUE)
    assert (check.difference, check.position_symbol, check.position_difference) == (Decimal(600), "AAPL", Decimal(600))


async def test_what_tws_made_beyond_our_positions_is_of_no_single_one(
    server: TwsStandin, connect: Connect, tmp_path: Path
) -> None:
    """A position opened and closed this morning, before the first sync."""
    server.change(lambda book: book.add_account(ONE, [SHARES, SHORT_CALLS], WORTH))
    server.change(lambda book: book.pnl.update({ONE: ("720", "4770.8")}))
    check = figure((await reconciled(connect(), tmp_path / "book.db"))[ONE], Figure.DAY_PNL)
    assert (check.difference, check.agrees, check.position_symbol) == (Decimal(-500), False, None)


async def test_a_row_that_cannot_be_read_is_missing_from_ours_and_named(
    server: TwsStandin, connect: Connect, tmp_path: Path
) -> None:
    odd = replace(SHORT_CALLS, quantity="many")
    server.change(lambda book: book.add_account(ONE, [SHARES, odd], WORTH))
    checks = (await reconciled(connect(limits=SHORT), tmp_path / "book.db"))[ONE]
    count = figure(checks, Figure.POSITIONS)
    assert (count.ours, count.brokers, count.position_symbol) == (Decimal(1), Decimal(2), CALL.local_symbol)
    value = figure(checks, Figure.NET_LIQUIDATING_VALUE)
    assert (value.difference, value.position_symbol) == (Decimal(1020), CALL.local_symbol)


async def test_accrued_interest_and_dividends_belong_to_the_net_liquidating_value(
    server: TwsStandin, connect: Connect, tmp_path: Path
) -> None:
    accrued = {("AccruedCash", "USD"): "-12.5", ("AccruedDividend", "USD"): "412.5"}
    worth = {**WORTH, **accrued, ("NetLiquidation", "USD"): "23520"}
    server.change(lambda book: book.add_account(ONE, [SHARES, SHORT_CALLS], worth))
    check = figure((await reconciled(connect(), tmp_path / "book.db"))[ONE], Figure.NET_LIQUIDATING_VALUE)
    assert check.difference == 0


# What the adapter gives for it


@pytest.mark.parametrize("unknown", [UNSET, "", "nan"])
async def test_account_pnl_that_tws_does_not_know_is_unknown_and_never_zero(
    server: TwsStandin, connect: Connect, unknown: str
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES), lambda book: book.pnl.update({ONE: (unknown, "3290")}))
    told = (await only_snapshot(connect())).balances
    assert told is not None
    assert (told.open_pnl, told.day_pnl) == (Decimal(3290), None)


async def test_account_pnl_that_never_comes_leaves_the_rest_as_it_is(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    server.muted = {(92, ONE)}
    told = (await only_snapshot(connect(limits=SHORT))).balances
    assert told is not None
    assert (told.open_pnl, told.day_pnl, told.position_count) == (None, None, 1)


async def test_each_synced_account_has_one_pnl_subscription_and_the_others_none(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.add_account(TWO, [SHORT_CALLS]))
    broker = connect()
    for _ in range(3):
        await snapshots(broker)
    assert sorted(server.open_account_pnl) == [ONE, TWO]
    one, _ = await broker.accounts()
    await broker.fetch([one], BUDGET)
    assert server.open_account_pnl == [ONE]


async def test_a_new_connection_subscribes_anew(server: TwsStandin, connect: Connect) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    broker = connect()
    await only_snapshot(broker)
    server.stop()
    server.start()
    told = (await only_snapshot(broker)).balances
    assert told is not None
    assert (told.open_pnl, server.open_account_pnl) == (Decimal(3290), [ONE])


async def test_a_positions_own_figures_are_in_its_currency(server: TwsStandin, connect: Connect) -> None:
    held = TwsPosition(SAP.con_id, "25", "201.5", daily="90.675", unrealized="1216.8", value="7110.675")
    values = {**balance_values("7110.675", "0"), ("ExchangeRate", "EUR"): "1.17"}
    server.change(lambda book: book.add_account(ONE, [held], values), lambda book: book.market.clear())
    (holding,) = (await only_snapshot(connect(limits=SHORT))).holdings
    assert (holding.broker_value, holding.broker_open_pnl, holding.broker_day_pnl) == (
        Decimal("6077.5"), Decimal(1040), Decimal("77.5"),
    )  # fmt: skip


def count_of(snapshot: BrokerSnapshot) -> int | None:
    assert snapshot.balances is not None
    return snapshot.balances.position_count


async def test_a_row_that_names_no_account_may_be_anybodys_so_that_no_number_of_positions_is_known(
    server: TwsStandin, connect: Connect
) -> None:
    server.change(lambda book: book.hold(ONE, SHARES))
    server.change(lambda book: book.raw_positions.append(("61", "3", "", str(AAPL.con_id))))
    assert count_of(await only_snapshot(connect())) is None
