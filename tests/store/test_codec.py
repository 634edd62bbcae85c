"""Values as text: exact, sortable, unknown as NULL."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.store.codec import (
    date_text,
    date_value,
    decimal_text,
    decimal_value,
    instant_text,
    instant_value,
)

EPOCH = datetime(1990, 1, 1, tzinfo=UTC)

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
    lambda value: abs(value.adjusted()) < 50
)
instants = st.integers(0, 4 * 10**15).map(lambda micros: EPOCH + timedelta(microseconds=micros))


@given(decimals)
def test_decimals_round_trip_to_the_last_digit_in_plain_notation(value: Decimal) -> None:
    text = decimal_text(value)
    assert text is not None
    assert "E" not in text.upper()
    back = decimal_value(text)
    assert back == value
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (value TEXT) STRICT")
        connection.execute("INSERT INTO t VALUES (?)", (text,))
        assert connection.execute("SELECT value FROM t").fetchone()[0] == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("0E-8", "0.00000000"), ("1E+3", "1000"), ("-0.00012300", "-0.00012300"), ("5", "5")],
)
def test_plain_notation(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="unknown is None"):
        decimal_text(Decimal(value))


@given(instants, st.integers(-12, 14))
def test_instants_round_trip_from_any_zone(instant: datetime, hours: int) -> None:
    elsewhere = instant.astimezone(timezone(timedelta(hours=hours)))
    text = instant_text(elsewhere)
    assert text is not None
    assert text.endswith("+00:00")
    assert instant_value(text) == instant


@given(instants, instants)
def test_instants_sort_as_text(one: datetime, other: datetime) -> None:
    assert (str(instant_text(one)) < str(instant_text(other))) == (one < other)


def test_both_passes_of_a_repeated_hour_are_told_apart() -> None:
    first = datetime(2026, 11, 1, 1, 30, tzinfo=EXCHANGE_ZONE)
    second = first.replace(fold=1)
    assert first == second, "to Python, in one zone"
    assert instant_text(first) == "2026-11-01T05:30:00.000000+00:00"
    assert instant_text(second) == "2026-11-01T06:30:00.000000+00:00"


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        instant_text(datetime(2026, 3, 10))  # noqa: DTZ001


def test_unknown_stays_unknown() -> None:
    assert (decimal_text(None), decimal_value(None)) == (None, None)
    assert (instant_text(None), instant_value(None)) == (None, None)
    assert (date_text(None), date_value(None)) == (None, None)
    assert date_value(date_text(date(2026, 3, 10))) == date(2026, 3, 10)
