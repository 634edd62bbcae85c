"""A whole sync of tastytrade against what its balances and its rows say themselves."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.analytics.reconciliation import reconcile_account
from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.domain.checks import AccountChecks, Figure
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.sync import RunStatus, Trigger
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.cycle import run_cycle
from tests.brokers.tastytrade.conftest import NOW, Connect, answer_greeks, only_snapshot
from tests.standin.payloads import MISSING, balances_payload, changed, equity_row, future_row, option_row
from tests.standin.sample import MAIN, ROTH, sample_book
from tests.standin.tastytrade import TastytradeStandin

TODAY = exchange_date(NOW)
ACCOUNT = "5WX00001"
SHARES = equity_row("AAPL", 100, "198.50", "231.40")
CALLS = option_row("AAPL", TODAY.replace(year=TODAY.year + 1), "C", 250, -2, "12.50", "5.10")
WORTH = Decimal("22120")
"""Of both: 23,140 − 1,020."""


async def reconciled(connect: Connect, path: Path) -> tuple[dict[str, AccountChecks], dict[str, str | None]]:
    """One cycle: the reconciliation of each account, and what the sync log says of it."""
    config = ConnectionConfig("tastytrade", "tastytrade")
    with Writer(path) as writer:
        number = writer.ensure_connection("tastytrade", "tastytrade", "", config.sync_interval)
        outcome = await run_cycle(
            writer, connect(), config, number, Trigger.MANUAL, lambda: NOW, checker=reconcile_account
        )
        assert outcome.status is not RunStatus.FAILED, outcome
    with Reader(path) as reader:
        snapshot = reader.snapshot(TODAY)
    checks = {book.account.id.number: book.checks for book in snapshot.accounts}
    words = {run.account or "": None if run.error is None else run.error.message for run in snapshot.runs}
    return {number: each for number, each in checks.items() if each is not None}, words


async def test_an_options_traders_whole_book_agrees(
    server: TastytradeStandin, connect: Connect, tmp_path: Path
) -> None:
    book = sample_book(TODAY)
    server.change(lambda _: setattr(server, "book", book))
    found, words = await reconciled(connect, tmp_path / "book.db")
    assert words == {MAIN: None, ROTH: None}
    for checks in found.values():
        compared = {check.figure: check.agrees for check in checks.checks}
        assert compared[Figure.NET_LIQUIDATING_VALUE] is compared[Figure.POSITIONS] is True
    by_figure = {check.figure: check for check in found[MAIN].checks}
    assert by_figure[Figure.POSITIONS].brokers == 41, "the row closed today is no position"


async def test_tastytrade_gives_no_pnl_of_an_account(
    server: TastytradeStandin, connect: Connect, tmp_path: Path
) -> None:
    server.change(lambda book: book.add_account(ACCOUNT, [SHARES], balances_payload("23640", "500")))
    found, _ = await reconciled(connect, tmp_path / "book.db")
    for figure in (Figure.OPEN_PNL, Figure.DAY_PNL):
        check = found[ACCOUNT].of(figure)
        assert check is not None
        assert (check.ours is not None, check.brokers) == (True, None)


async def test_a_position_that_tastytrade_values_otherwise_is_named(
    server: TastytradeStandin, connect: Connect, tmp_path: Path
) -> None:
    odd = changed(CALLS, mark="1420.0")
    server.change(
        lambda book: book.add_account(ACCOUNT, [SHARES, odd], balances_payload(str(WORTH - 400 + 1000), "1000"))
    )
    answer_greeks(server, [CALLS])
    found, words = await reconciled(connect, tmp_path / "book.db")
    check = found[ACCOUNT].of(Figure.NET_LIQUIDATING_VALUE)
    assert check is not None
    assert (check.difference, check.agrees) == (Decimal(400), False)
    assert (check.position_symbol, check.position_difference) == (CALLS["symbol"], Decimal(400))
    assert words[ACCOUNT] == f"Our net liquidating value is not the broker's ({CALLS['symbol']})."


async def test_a_row_that_cannot_be_read_is_missing_from_ours_and_named(
    server: TastytradeStandin, connect: Connect, tmp_path: Path
) -> None:
    odd = changed(equity_row("XQZ", 100, "10", "12"), instrument_type="Prediction Market")
    server.change(lambda book: book.add_account(ACCOUNT, [SHARES, odd], balances_payload("24840", "500")))
    found, _ = await reconciled(connect, tmp_path / "book.db")
    value, count = (found[ACCOUNT].of(figure) for figure in (Figure.NET_LIQUIDATING_VALUE, Figure.POSITIONS))
    assert value is not None
    assert count is not None
    assert (value.difference, value.position_symbol) == (Decimal(-1200), "XQZ")
    assert (count.ours, count.brokers, count.position_symbol) == (Decimal(1), Decimal(2), "XQZ")


@pytest.mark.parametrize("net_liq", ["10000.00", "12500.00"])
async def test_what_a_future_made_today_may_be_in_cash_or_not(
    server: TastytradeStandin, connect: Connect, tmp_path: Path, net_liq: str
) -> None:
    """Two contracts at 50 a point, 25 points up since the last settlement."""
    row = future_row("/ESZ6", 2, "5950", "6001", multiplier=50, average_daily_market_close_price="5976")
    server.change(lambda book: book.add_account(ACCOUNT, [row], balances_payload(net_liq, "10000.00")))
    found, _ = await reconciled(connect, tmp_path / "book.db")
    assert found[ACCOUNT].agrees is True


async def test_rows_that_cannot_be_read_count_as_positions(server: TastytradeStandin, connect: Connect) -> None:
    rows = [
        SHARES,
        SHARES,
        changed(CALLS, quantity="many"),
        changed(CALLS, quantity="more"),
        changed(equity_row("KO", 0, "60", "61"), multiplier=MISSING),
        equity_row("SPY", 0, "560", "598"),
    ]
    server.change(lambda book: book.add_account(ACCOUNT, rows))
    told = (await only_snapshot(connect())).balances
    assert told is not None
    assert told.position_count == 2, "each position once, what is closed not at all"


@pytest.mark.parametrize(("quantity", "value"), [(-3, "-36.0"), (3, "36.0"), (0, "0.0")])
async def test_the_brokers_value_of_a_position_has_its_sign(
    server: TastytradeStandin, connect: Connect, quantity: int, value: str
) -> None:
    server.change(lambda book: book.add_account(ACCOUNT, [equity_row("KO", quantity, "10", "12.0")]))
    (holding,) = (await only_snapshot(connect())).holdings
    assert holding.broker_value == Decimal(value)
    assert (holding.broker_open_pnl, holding.broker_day_pnl) == (None, None)
