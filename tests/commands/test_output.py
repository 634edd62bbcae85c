"""Numbers are exact and plain, unknown is null, text cannot move the cursor."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.commands.output import Format, masked, number_text, write_rows
from cotrader_tui.commands.rows import Row, Value
from cotrader_tui.domain.positions import PositionStatus
from cotrader_tui.domain.text import MASK

DECIMALS = st.builds(
    lambda digits, places: Decimal(digits).scaleb(places), st.integers(-(10**28), 10**28), st.integers(-30, 30)
)


def written(rows: list[Row], form: Format, keys: tuple[str, ...] | None = None) -> str:
    out = io.StringIO()
    write_rows(rows, keys if keys is not None else tuple(rows[0]), form, out)
    return out.getvalue()


def as_json(value: Value) -> str:
    """The text a value has in JSON."""
    text = written([{"value": value}], Format.JSON)
    return text.removeprefix('[{"value": ').removesuffix("}]\n")


@given(DECIMALS)
def test_a_decimal_comes_back_from_json_exactly_and_without_an_exponent(value: Decimal) -> None:
    text = as_json(value)
    assert set(text) <= set("-.0123456789")
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_from_json_exactly_and_without_an_exponent(value: float) -> None:
    text = as_json(value)
    assert set(text) <= set("-.0123456789")
    assert float(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0E-8"), "0.00000000"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("231.40"), "231.40"),
        (Decimal("0.12345678"), "0.12345678"),
        (Decimal("NaN"), "null"),
        (float("nan"), "null"),
        (float("inf"), "null"),
        (-0.0, "0.0"),
        (1e-7, "0.0000001"),
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (PositionStatus.OPEN, '"open"'),
        (date(2026, 4, 17), '"2026-04-17"'),
        (datetime(2026, 3, 10, 11, 30, tzinfo=timezone(timedelta(hours=-4))), '"2026-03-10T15:30:00+00:00"'),
        ("A \x1b[31m", '"A \\u001b[31m"'),
    ],
)
def test_a_value_has_one_text_in_json(value: Value, text: str) -> None:
    assert as_json(value) == text


def test_json_is_one_array_with_an_object_a_line() -> None:
    text = written([{"a": 1}, {"a": Decimal("2.50")}], Format.JSON)
    assert text == '[{"a": 1},\n {"a": 2.50}]\n'
    assert written([], Format.JSON, ("a",)) == "[]\n"


def test_csv_has_the_keys_as_its_header_also_without_rows() -> None:
    assert written([], Format.CSV, ("a", "b")) == "a,b\n"


def test_csv_has_the_texts_of_json_and_nothing_for_unknown() -> None:
    row: Row = {"a": Decimal("1E+3"), "b": None, "c": 'say "x", y', "d": True}
    header, values = csv.reader(io.StringIO(written([row], Format.CSV)))
    assert header == ["a", "b", "c", "d"]
    assert values == ["1000", "", 'say "x", y', "true"]


def test_the_table_aligns_numbers_to_the_right_and_shows_unknown_as_a_dash() -> None:
    rows: list[Row] = [{"name": "A", "price": Decimal("9.5")}, {"name": "Long", "price": None}]
    assert written(rows, Format.TEXT).splitlines() == [
        "name  price",
        "A       9.5",
        "Long      –",
    ]


def test_the_table_rounds_floats_half_even_and_knows_no_negative_zero() -> None:
    rows: list[Row] = [{"x": 0.03125}, {"x": -0.00001}, {"x": 1e30}]
    assert [line.strip() for line in written(rows, Format.TEXT).splitlines()[1:3]] == ["0.0312", "0.0000"]


@pytest.mark.parametrize("form", [Format.TEXT, Format.CSV, Format.JSON])
def test_no_control_character_reaches_the_terminal(form: Format) -> None:
    text = written([{"symbol": "A\x1b[2J\x9b1m\u202eB\r\nC"}], form)
    assert all(character.isprintable() for character in text.replace("\n", ""))
    assert len(text.splitlines()) == (1 if form is Format.JSON else 2)


@pytest.mark.parametrize("form", [Format.TEXT, Format.CSV, Format.JSON])
def test_a_masked_amount_shows_in_no_form(form: Format) -> None:
    rows: list[Row] = [{"symbol": "A", "quantity": Decimal("12345"), "mark": Decimal("9.5"), "delta": None}]
    text = written(masked(rows), form)
    assert "12345" not in text
    assert "9.5" in text
    if form is Format.JSON:
        assert json.loads(text) == [{"symbol": "A", "quantity": MASK, "mark": 9.5, "delta": None}]


def test_number_text_is_none_for_what_is_no_number() -> None:
    assert number_text(Decimal("Infinity")) is None
