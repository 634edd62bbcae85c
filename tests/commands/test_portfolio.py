"""`--portfolio` narrows what the commands print; rates, missing rates and excluded accounts are said."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.commands import held
from cotrader_tui.commands.output import Format
from cotrader_tui.commands.reading import Question, read, refuse_unknown_account
from cotrader_tui.config import Settings
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolios import Portfolio, PortfolioSettings
from cotrader_tui.domain.positions import Holding
from cotrader_tui.domain.rates import ReferenceRate
from cotrader_tui.errors import ConfigError
from cotrader_tui.store.writer import Writer
from tests.builders import NOW, account, quote, share
from tests.commands.books import answer, hundred_shares, settings, sync
from tests.commands.conftest import Home, RunCommand

ONE, TWO, THREE = account("5WX00001"), account("5WX00002"), account("5WX00003")
PAIR = Portfolio("pair", (ONE.id, TWO.id))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three accounts with one position each."""
    path = tmp_path / "data" / "cotrader.db"
    shares = [hundred_shares(symbol, of) for symbol, of in (("AAPL", ONE), ("MSFT", TWO), ("KO", THREE))]
    sync(path, *shares)
    return path


def told(database: Path, portfolio: str | None = None, portfolios: PortfolioSettings | None = None) -> Settings:
    return replace(settings(database), portfolio=portfolio, portfolios=portfolios or PortfolioSettings((PAIR,)))


def ask(told: Settings, command: str = "positions", *, everything: bool = False) -> tuple[list[dict[str, Any]], str]:
    """The rows and the words beside them."""
    out, err = io.StringIO(), io.StringIO()
    assert read(told, Question(command, Format.JSON, everything), NOW, out, err) == 0
    return json.loads(out.getvalue(), parse_float=Decimal), err.getvalue()


@pytest.mark.parametrize(
    ("portfolio", "symbols"),
    [
        (None, {"AAPL", "MSFT", "KO"}),
        ("all", {"AAPL", "MSFT", "KO"}),
        ("pair", {"AAPL", "MSFT"}),
        ("5WX00003", {"KO"}),
    ],
)
def test_a_portfolio_narrows_every_table_but_the_connections(
    database: Path, portfolio: str | None, symbols: set[str]
) -> None:
    asked = told(database, portfolio)
    assert {row["symbol"] for row in ask(asked)[0]} == symbols
    assert {row["underlying"] for row in ask(asked, "underlyings")[0]} == symbols
    assert len(ask(asked, "accounts")[0]) == len(ask(asked, "sync-log")[0]) == len(symbols)
    assert len(ask(asked, "connections")[0]) == 1


def test_closed_positions_are_narrowed_too(database: Path) -> None:
    sync(database, *(answer(of=each) for each in (ONE, TWO, THREE)))
    sync(database, *(answer(of=each) for each in (ONE, TWO, THREE)))
    rows, _ = ask(told(database, "pair"), everything=True)
    assert {(row["symbol"], row["status"]) for row in rows} == {("AAPL", "closed"), ("MSFT", "closed")}


def test_an_unknown_portfolio_is_refused_with_the_known_names(database: Path) -> None:
    for refused in (lambda: ask(told(database, "growth")), lambda: refuse_unknown_account(told(database, "growth"))):
        with pytest.raises(ConfigError) as refusal:
            refused()
        assert refusal.value.message == "There is no portfolio growth."
        assert refusal.value.hint == "Known are: All accounts, pair, 5WX00001, 5WX00002, 5WX00003."


def test_the_command_line_exits_2_for_an_unknown_portfolio(cotrader: RunCommand, home: Home, database: Path) -> None:
    home.config.mkdir(parents=True)
    (home.config / "config.toml").write_text('[portfolio.pair]\naccounts = ["tastytrade:5WX00001"]\n')
    done = cotrader("--db", database, "--portfolio", "growth", "positions")
    assert (done.code, done.out) == (2, "")
    assert "There is no portfolio growth." in done.err
    done = cotrader("--db", database, "--portfolio", "pair", "positions", "--json")
    assert done.code == 0
    assert [row["symbol"] for row in json.loads(done.out)] == ["AAPL"]


def test_held_counts_in_the_portfolio_only(database: Path) -> None:
    for portfolio, is_held in (("pair", False), ("5WX00003", True)):
        out = io.StringIO()
        held.report(told(database, portfolio), ["KO"], NOW, as_json=True, out=out, err=io.StringIO())
        assert json.loads(out.getvalue())[0]["is_held"] is is_held


def test_an_excluded_account_keeps_its_row_and_is_said_to_count_nowhere(database: Path) -> None:
    excluding = told(database, portfolios=PortfolioSettings(excluded=frozenset({THREE.id})))
    assert {row["underlying"] for row in ask(excluding, "underlyings")[0]} == {"AAPL", "MSFT"}
    rows, err = ask(excluding, "accounts")
    assert [row["account"] for row in rows] == ["5WX00001", "5WX00002", "5WX00003"]
    assert "Account 5WX00003 is excluded in the configuration: it is in no total." in err
    assert ask(excluding, "connections")[0][0]["accounts"] == 3, "the broker lists it all the same"
    out = io.StringIO()
    held.report(excluding, ["KO"], NOW, as_json=True, out=out, err=io.StringIO())
    assert json.loads(out.getvalue())[0]["is_held"] is False


def test_an_account_that_no_sync_has_found_is_said_and_nothing_more(database: Path) -> None:
    stranger = AccountId("ibkr", "U5550001")
    strange = told(database, "mine", PortfolioSettings((Portfolio("mine", (ONE.id, stranger)),)))
    rows, err = ask(strange)
    assert [row["symbol"] for row in rows] == ["AAPL"]
    assert err == "The portfolio mine names ibkr:U5550001, but no sync has found it.\n"


# Rates


def with_sap(currency: str = "EUR", **rates: str) -> BrokerSnapshot:
    """25 shares bought at 201.50 that stand at 243.10."""
    sap = share("SAP", currency=currency)
    holding = Holding(sap, quantity=Decimal(25), average_open_price=Decimal("201.50"), previous_close=Decimal(241))
    base = answer(holding, quotes=[quote(sap, "243.10")], of=ONE)
    assert base.balances is not None
    given = {name: Decimal(rate) for name, rate in rates.items()}
    return replace(base, balances=replace(base.balances, exchange_rates=given))


def test_the_rate_behind_an_accounts_pnl_is_said(tmp_path: Path) -> None:
    sync(tmp_path / "book.db", with_sap(EUR="1.17"))
    (row,), err = ask(told(tmp_path / "book.db"), "accounts")
    assert (row["open_pnl"], row["positions"]) == (Decimal("1216.80"), 1)
    assert err == "Account 5WX00001: 1 EUR = 1.17 USD: tastytrade's rate of 2026-03-10.\n"
    assert ask(told(tmp_path / "book.db"), "positions")[1] == "", "positions are in their own currency"


def test_the_ecbs_rate_is_said_with_its_date(tmp_path: Path) -> None:
    sync(tmp_path / "book.db", with_sap())
    with Writer(tmp_path / "book.db") as writer:
        writer.store_reference_rates([ReferenceRate("USD", Decimal("1.17"), date(2025, 11, 28))])
    (row,), err = ask(told(tmp_path / "book.db"), "accounts")
    assert row["open_pnl"] == Decimal("1216.80")
    assert err == "Account 5WX00001: 1 EUR = 1.17 USD: ECB reference rate of 2025-11-28.\n"


def test_without_a_rate_an_accounts_pnl_is_unknown_and_the_currency_named(tmp_path: Path) -> None:
    sync(tmp_path / "book.db", with_sap("SEK", EUR="1.17"))
    (row,), err = ask(told(tmp_path / "book.db"), "accounts")
    assert (row["open_pnl"], row["day_pnl"]) == (None, None)
    assert err == "Account 5WX00001: no rate from SEK to USD, so its P&L is unknown.\n"
