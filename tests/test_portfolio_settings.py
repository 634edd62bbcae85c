"""Portfolios, base currencies and excluded accounts from the configuration file; what is refused, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from cotrader_tui.config import Options
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolios import NO_PORTFOLIOS, Portfolio, PortfolioSettings
from cotrader_tui.errors import ConfigError
from tests.config_place import Place

TOLD = """
base_currency = "eur"
exclude_accounts = ["ibkr:U5550009"]

[portfolio.retirement]
accounts = ["tastytrade:5WX00001", "IBKR: U5550001", "ibkr:U5550001"]
base_currency = "USD"

[portfolio."Play money"]
accounts = ["ibkr:U5550002"]
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_settings_there_are_none(place: Place) -> None:
    settings = place.load()
    assert (settings.portfolios, settings.portfolio) == (NO_PORTFOLIOS, None)


def test_portfolios_are_read_in_their_order_with_broker_and_number(place: Place) -> None:
    place.toml(TOLD)
    one, two = AccountId("tastytrade", "5WX00001"), AccountId("ibkr", "U5550001")
    assert place.load().portfolios == PortfolioSettings(
        named=(
            Portfolio("retirement", (one, two), "USD"),
            Portfolio("Play money", (AccountId("ibkr", "U5550002"),)),
        ),
        base_currency="EUR",
        excluded=frozenset({AccountId("ibkr", "U5550009")}),
    )


def test_the_demo_has_none_of_them(place: Place) -> None:
    place.toml(TOLD)
    settings = place.load(Options(demo=True), COTRADER_PORTFOLIO="retirement")
    assert (settings.portfolios, settings.portfolio) == (NO_PORTFOLIOS, None)


def test_the_option_goes_before_the_setting_and_so_does_an_account(place: Place) -> None:
    place.toml('portfolio_shown = "a"')
    assert place.load().portfolio == "a"
    assert place.load(COTRADER_PORTFOLIO="b").portfolio == "b"
    assert place.load(Options(portfolio="c"), COTRADER_PORTFOLIO="b").portfolio == "c"
    assert place.load(Options(account="5WX00001"), COTRADER_PORTFOLIO="b").portfolio is None


def test_an_account_and_a_portfolio_are_not_both_asked_for(place: Place) -> None:
    with pytest.raises(ConfigError, match="--portfolio and --account are both given"):
        place.load(Options(portfolio="c", account="5WX00001"))


@pytest.mark.parametrize(
    ("toml", "said", "right"),
    [
        ('portfolio = "retirement"', "portfolio is no section", "[portfolio.NAME]"),
        ("[portfolio]\nretirement = 5", "portfolio.retirement is no section", "[portfolio.retirement]"),
        ("[portfolio.income]\n", "[portfolio.income] names no accounts", "ibkr:U1234567"),
        ("[portfolio.income]\naccounts = []", "portfolio.income.accounts is empty", "ibkr:U1234567"),
        ('[portfolio.income]\naccounts = "ibkr:U1"', "portfolio.income.accounts is no list", "brackets"),
        ('[portfolio.income]\naccounts = ["U1"]', "portfolio.income.accounts has 'U1'", "broker:number"),
        ('[portfolio.income]\naccounts = ["ibkr: "]', "portfolio.income.accounts has 'ibkr: '", "broker:number"),
        ("[portfolio.income]\naccounts = [1234]", "portfolio.income.accounts has 1234", "broker:number"),
        ('[portfolio.income]\nacounts = ["ibkr:U1"]', "[portfolio.income] has a 'acounts'", "accounts, base_currency"),
        (
            '[portfolio.income]\naccounts = ["ibkr:U1"]\nbase_currency = "Euro"',
            "portfolio.income.base_currency is 'Euro'",
            "three letters",
        ),
        ('base_currency = "€"', "base_currency is '€'", "three letters"),
        ("base_currency = 5", "base_currency is 5", "three letters"),
        ('exclude_accounts = "ibkr:U1"', "exclude_accounts is no list", "brackets"),
        ("exclude_accounts = [5]", "exclude_accounts has 5", "broker:number"),
        ('[portfolio."all accounts"]\naccounts = ["ibkr:U1"]', "'all accounts' is no name", "Choose another"),
        ('[portfolio." "]\naccounts = ["ibkr:U1"]', "' ' is no name", "Choose another"),
        ('[portfolio."a:b"]\naccounts = ["ibkr:U1"]', "'a:b' is no name", "Choose another"),
    ],
)
def test_what_has_the_wrong_shape_is_refused_with_its_key_and_what_would_be_right(
    place: Place, toml: str, said: str, right: str
) -> None:
    written = place.toml(toml)
    with pytest.raises(ConfigError) as refusal:
        place.load()
    assert said in refusal.value.message
    assert str(written) in refusal.value.message
    assert right in refusal.value.hint
