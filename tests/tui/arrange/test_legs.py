"""Every column and every field of positions has a value to sort and filter by, unrounded and in the units shown."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from cotrader_tui.analytics import contract_figures as contract
from cotrader_tui.domain.instruments import OptionType
from cotrader_tui.tui.arrange.grammar import exactly, parse
from cotrader_tui.tui.arrange.legs import FIELDS, LegView
from cotrader_tui.tui.present import positions
from cotrader_tui.tui.present.figures import Figures
from cotrader_tui.tui.present.position_columns import EXTRA_COLUMNS
from tests.builders import NOW, TODAY, option
from tests.tui.book import book, held

EVERY = tuple(column for column in (*positions.COLUMNS, *EXTRA_COLUMNS) if not column.is_drawn)


def view() -> LegView:
    whole = book()
    return LegView(positions.ordered(whole), whole.accounts, NOW)


def found(text: str) -> list[str]:
    legs, wanted = view(), parse(text, FIELDS)
    return [key for key, leg in legs.legs.items() if wanted.holds(legs.subject(leg))]


@pytest.mark.parametrize("column", [column.key for column in EVERY])
def test_a_column_says_the_same_to_the_eye_and_to_the_order(column: str) -> None:
    rows, legs = positions.PositionRows(book(), NOW, Figures(), EVERY), view()
    for key in rows.keys:
        value, piece = legs.sort_value(key, column), rows.cells(key)[column]
        if piece.value is not None:
            assert exactly(value) == pytest.approx(exactly(piece.value))
        elif value is None:
            assert piece.text in ("", "–")


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_field_can_be_asked_of_every_position(name: str) -> None:
    legs = view()
    for leg in legs.legs.values():
        legs.value(leg, FIELDS[name].key)


def test_fields_mean_what_they_say() -> None:
    assert found("type:option side:short") == ["2", "8", "9"]
    assert found("opt:put dte<5") == ["8"]
    assert found("strike>=262.5 strike<300") == ["3"]
    assert found("iv=27.4 und:AAPL") == ["2", "3"]
    assert found("acct:roth") == ["4"]
    assert found("pnl<0 !type:option") == ["4"]
    assert found("ccy:usd opened>4d type:crypto") == ["5"]
    assert found("theta>8") == ["2", "8"]
    assert found('"APR17 245"') == ["2"]


def test_extrinsic_value_moneyness_and_notional() -> None:
    call = held(option("KO", "60"), "-2", "1", "3.50", underlying="62")
    assert contract.extrinsic_value(call) == Decimal("-300.00")
    assert contract.moneyness(call) == pytest.approx(Decimal("3.3333"), abs=Decimal("0.001"))
    assert contract.notional(call) == -12_400
    put = held(option("KO", "60", OptionType.PUT), "1", "1", "0.40", underlying="62")
    assert contract.extrinsic_value(put) == 40
    assert contract.moneyness(put) == pytest.approx(Decimal("-3.3333"), abs=Decimal("0.001"))


def test_without_the_price_of_its_underlying_an_option_has_no_such_figures() -> None:
    call = held(option("KO", "60"), "-2", "1", "3.50")
    assert (contract.extrinsic_value(call), contract.moneyness(call), contract.notional(call)) == (None, None, None)


def test_percent_of_the_day_is_of_what_the_day_began_with() -> None:
    call = held(option("KO", "60"), "-2", "1", "3.00", "4.00")
    assert contract.day_pnl_percent(call, TODAY) == 25
    assert contract.day_pnl_percent(call, TODAY + timedelta(days=1)) is None
