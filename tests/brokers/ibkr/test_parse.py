"""Units, signs and sentinels of positions, P&L and account values, with worked numbers."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from cotrader_tui.analytics.pnl import day_pnl, open_pnl
from cotrader_tui.brokers.ibkr.contracts import Terms
from cotrader_tui.brokers.ibkr.instruments import instrument_of
from cotrader_tui.brokers.ibkr.parse import (
    AccountValues,
    Pnl,
    PositionRow,
    average_open_price,
    broker_mark,
    day_base,
    has_arrived,
    parse_balances,
    parse_pnl,
    parse_positions,
    portfolio_mark,
)
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.instruments import Instrument
from tests.brokers.ibkr.conftest import AAPL, CALL, ES, NOW, ONE, SAP
from tests.builders import leg, position
from tests.standin.tws_book import TwsContract, TwsPosition
from tests.standin.tws_wire import position as wire_row

UNSET = "1.7976931348623157E308"
DOLLAR = Decimal(1)


def fields(contract: TwsContract, quantity: str, average_cost: str, account: str = ONE) -> tuple[str, ...]:
    return tuple(
        str(each) for each in wire_row(account, contract, TwsPosition(contract.con_id, quantity, average_cost))
    )


def one(contract: TwsContract, quantity: str, average_cost: str) -> tuple[PositionRow, Instrument]:
    row = parse_positions([fields(contract, quantity, average_cost)]).rows[ONE, contract.con_id]
    return row, instrument_of(row.terms, None, None)


def pnl(quantity: str, daily: str = "0", unrealized: str = "0", value: str = "0") -> Pnl:
    return Pnl(Decimal(quantity), Decimal(daily), Decimal(unrealized), Decimal(0), Decimal(value))


@dataclass
class Message:
    position: float = 0
    dailyPnL: float = math.nan  # noqa: N815
    unrealizedPnL: float = math.nan  # noqa: N815
    realizedPnL: float = math.nan  # noqa: N815
    value: float = math.nan


@dataclass
class Item:
    position: float
    marketValue: float  # noqa: N815


def test_two_short_calls_at_an_average_cost_of_1250_40_are_12_504_a_share() -> None:
    row, instrument = one(CALL, "-2", "1250.40")
    assert row.quantity == -2
    assert average_open_price(row, instrument) == Decimal("12.504")


def test_one_es_at_an_average_cost_of_325_000_is_6_500() -> None:
    assert average_open_price(*one(ES, "1", "325000")) == Decimal(6500)


def test_average_cost_of_shares_is_their_price() -> None:
    assert average_open_price(*one(AAPL, "0.5", "198.51234")) == Decimal("198.51234")


@pytest.mark.parametrize("cost", ["", UNSET, "nan", "x"])
def test_an_average_cost_that_tws_does_not_know_is_unknown_and_the_position_stands(cost: str) -> None:
    row, instrument = one(AAPL, "100", cost)
    assert average_open_price(row, instrument) is None


@pytest.mark.parametrize("quantity", ["", UNSET, "nan", "many"])
def test_a_quantity_that_cannot_be_read_is_never_zero(quantity: str) -> None:
    answer = parse_positions([fields(AAPL, quantity, "198.5"), fields(CALL, "-2", "1250.40")])
    assert [key for _, key in answer.rows] == [CALL.con_id]
    ((account, terms, row),) = answer.unreadable
    assert (account, terms.con_id if terms else None) == (ONE, AAPL.con_id)
    assert json.loads(row.raw)[5] == "STK"


@pytest.mark.parametrize("row", [("61", "3", ONE, "x", "AAPL"), ("61", "3"), fields(AAPL, "1", "1")[:12]])
def test_a_row_that_does_not_say_what_it_is_about_has_no_symbol(row: tuple[str, ...]) -> None:
    ((_, terms, quarantined),) = parse_positions([row]).unreadable
    assert terms is None
    assert quarantined.symbol is None


def test_the_last_of_several_rows_about_one_position_counts() -> None:
    answer = parse_positions([fields(AAPL, "100", "198.5"), fields(AAPL, "60", "198.5")])
    assert [row.quantity for row in answer.rows.values()] == [60]


def test_the_same_contract_in_two_accounts_is_two_positions() -> None:
    answer = parse_positions([fields(AAPL, "100", "1"), fields(AAPL, "7", "1", account="U5550002")])
    assert {account: row.quantity for (account, _), row in answer.rows.items()} == {ONE: 100, "U5550002": 7}


def test_a_mark_is_value_by_quantity_and_multiplier() -> None:
    assert broker_mark(*one(CALL, "-2", "1250.40"), pnl("-2", value="-1020"), DOLLAR) == Decimal("5.1")
    assert broker_mark(*one(AAPL, "-100", "198.5"), pnl("-100", value="-23140"), DOLLAR) == Decimal("231.4")


@pytest.mark.parametrize("value", ["300062.5", "25.0"])
def test_a_futures_mark_comes_from_its_unrealized_pnl_whatever_its_value_means(value: str) -> None:
    figures = pnl("-1", unrealized="24937.5", value=value)
    assert broker_mark(*one(ES, "-1", "325000"), figures, DOLLAR) == Decimal("6001.25")


def test_sap_in_euro_is_converted_from_the_base_currency_by_its_rate() -> None:
    row, instrument = one(SAP, "25", "201.5")
    figures = pnl("25", daily="58.5", value="7110.675")
    mark = broker_mark(row, instrument, figures, Decimal("1.17"))
    assert instrument.currency == "EUR"
    assert mark == Decimal("243.1")
    assert day_base(row, instrument, mark, figures, Decimal("1.17")) == Decimal("241.1")


def test_without_a_rate_nothing_is_converted() -> None:
    row, instrument = one(SAP, "25", "201.5")
    assert broker_mark(row, instrument, pnl("25", value="7110.675"), None) is None
    assert day_base(row, instrument, Decimal("243.1"), pnl("25", daily="58.5"), None) is None


def test_figures_for_another_quantity_are_not_used() -> None:
    row, instrument = one(AAPL, "100", "198.5")
    assert broker_mark(row, instrument, pnl("60", value="13884"), DOLLAR) is None
    assert day_base(row, instrument, Decimal("231.4"), pnl("60", daily="10"), DOLLAR) is None


@pytest.mark.parametrize(
    ("contract", "quantity", "cost", "daily", "value", "unrealized"),
    [
        (CALL, "-2", "1250.40", "-30", "-1020", "1480.8"),
        (CALL, "3", "1250.40", "77.31", "1530", "-2221.2"),
        (AAPL, "-40", "149.1", "12.2", "-9256", "-3292"),
        (ES, "2", "325000", "-1250", "0", "-49875"),
    ],
)
def test_our_day_and_open_pnl_are_those_of_tws(
    contract: TwsContract, quantity: str, cost: str, daily: str, value: str, unrealized: str
) -> None:
    row, instrument = one(contract, quantity, cost)
    figures = pnl(quantity, daily, unrealized, value)
    mark = broker_mark(row, instrument, figures, DOLLAR)
    held = replace(
        position(instrument, row.quantity, average_open_price(row, instrument)),
        day_base=day_base(row, instrument, mark, figures, DOLLAR),
    )
    assert open_pnl(leg(held, mark)) == Decimal(unrealized)
    assert day_pnl(leg(held, mark), exchange_date(held.last_synced_at)) == Decimal(daily)


def test_pnl_that_has_not_arrived_is_told_from_pnl_that_is_unknown() -> None:
    assert not has_arrived(Message())
    unknown = Message(1, *[1.7976931348623157e308] * 4)
    assert has_arrived(unknown)
    assert parse_pnl(unknown) == Pnl(Decimal(1), None, None, None, None)


def test_a_portfolio_items_mark_is_its_value_by_quantity_and_multiplier() -> None:
    row, instrument = one(CALL, "-2", "1250.40")
    assert portfolio_mark(row, instrument, Item(-2.0, -1020.0)) == Decimal("5.1")
    assert portfolio_mark(row, instrument, Item(-3.0, -1530.0)) is None
    assert portfolio_mark(row, instrument, Item(-2.0, 1.7976931348623157e308)) is None
    assert portfolio_mark(row, instrument, None) is None


VALUES = {
    ("NetLiquidation", "USD"): "104250.75",
    ("NetLiquidation-S", "USD"): "77",
    ("NetLiquidationByCurrency", "BASE"): "104250.75",
    ("NetLiquidationByCurrency", "EUR"): "9000",
    ("TotalCashValue", "USD"): "-31240.5",
    ("TotalCashBalance", "BASE"): "1",
    ("BuyingPower", "USD"): "84000.25",
    ("MaintMarginReq", "USD"): "15200.5",
    ("GrossPositionValue", "USD"): "0.00",
    ("ExchangeRate", "USD"): "1.00",
    ("ExchangeRate", "BASE"): "1.00",
    ("ExchangeRate", "EUR"): "1.17",
    ("ExchangeRate", "JPY"): "",
}


def test_balances_are_those_of_the_base_currency() -> None:
    balances = parse_balances(AccountValues(VALUES), NOW)
    assert balances is not None
    assert (balances.currency, balances.net_liquidating_value, balances.cash_balance) == (
        "USD", Decimal("104250.75"), Decimal("-31240.5"),
    )  # fmt: skip
    assert (balances.buying_power, balances.maintenance_requirement) == (Decimal("84000.25"), Decimal("15200.5"))
    assert balances.received_at == NOW


def test_an_account_of_futures_alone_still_values_something() -> None:
    balances = parse_balances(AccountValues(VALUES), NOW)
    assert balances is not None
    assert balances.value_positions


def test_exchange_rates_are_base_currency_per_unit_and_unknown_ones_are_left_out() -> None:
    assert AccountValues(VALUES).exchange_rates == {"USD": Decimal(1), "EUR": Decimal("1.17")}


@pytest.mark.parametrize("text", ["", "N/A", UNSET])
def test_an_amount_that_is_no_number_is_unknown(text: str) -> None:
    balances = parse_balances(AccountValues({**VALUES, ("BuyingPower", "USD"): text}), NOW)
    assert balances is not None
    assert balances.buying_power is None


def test_values_that_are_still_loading_are_no_balances() -> None:
    assert parse_balances(AccountValues({**VALUES, ("AccountReady", ""): "false"}), NOW) is None
    assert parse_balances(AccountValues({}), NOW) is None


def test_terms_keep_what_the_row_says() -> None:
    (row,) = parse_positions([fields(CALL, "-2", "1250.40")]).rows.values()
    assert row.terms == Terms(
        700001, "AAPL", "OPT", "20270115", "250", "C", "100", "USD", "AAPL  270115C00250000", "AAPL"
    )
