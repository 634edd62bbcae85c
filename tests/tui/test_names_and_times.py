"""What positions are called, and how time is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cotrader_tui.domain.instruments import OptionType
from cotrader_tui.tui.present.names import column_name, name
from cotrader_tui.tui.present.times import age, calm_age, countdown, duration, moment
from tests import builders
from tests.builders import NOW, TODAY


@pytest.mark.parametrize(
    ("expiration", "text"),
    [
        (date(2026, 4, 17), "AAPL APR17 250 C"),
        (date(2027, 3, 10), "AAPL MAR10 250 C"),
        (date(2027, 6, 18), "AAPL JUN18'27 250 C"),
        (date(2026, 3, 6), "AAPL MAR06'26 250 C"),
    ],
)
def test_a_contract_has_its_year_when_it_is_far_or_past(expiration: date, text: str) -> None:
    assert name(builders.option(expiration=expiration), TODAY) == text


def test_a_root_of_its_own_is_kept() -> None:
    weekly = replace(builders.option("SPX", "6725", OptionType.PUT), symbol="SPXW  260417P06725000")
    future = replace(builders.option("/ES", "6400", OptionType.PUT), symbol="./ESM6 EW3J6 260417P6400")
    assert name(weekly, TODAY) == "SPXW APR17 6725 P"
    assert name(future, TODAY) == "/ESM6 APR17 6400 P"


def test_what_is_no_option_says_what_it_is() -> None:
    assert [name(each, TODAY) for each in (builders.share("KO"), builders.future(), builders.coin())] == [
        "KO shares",
        "/ESM6 future",
        "BTC/USD coins",
    ]


def test_adjusted_and_orphaned_positions_are_flagged() -> None:
    leg = builders.leg(builders.position(replace(builders.option(), is_adjusted=True)))
    assert column_name(leg, TODAY, 22) == "AAPL  ≈APR17 250 C"
    orphan = replace(leg, position=replace(leg.position, orphaned_since=NOW))
    assert column_name(orphan, TODAY, 22) == "AAPL  !≈APR17 250 C"


@pytest.mark.parametrize(
    ("seconds", "exact_text", "calm_text"),
    [
        (0, "0s", "<5s"),
        (7, "7s", "5s"),
        (59, "59s", "55s"),
        (60, "1m", "1m"),
        (7260, "2h", "2h"),
        (180_000, "2d", "2d"),
    ],
)
def test_ages(seconds: int, exact_text: str, calm_text: str) -> None:
    assert age(timedelta(seconds=seconds)) == exact_text
    assert calm_age(timedelta(seconds=seconds)) == calm_text


@pytest.mark.parametrize(
    ("minutes", "text"), [(0.5, "<1m"), (17, "17m"), (72, "1h 12m"), (60, "1h 00m"), (3000, "2d 2h")]
)
def test_countdowns(minutes: float, text: str) -> None:
    assert countdown(timedelta(minutes=minutes)) == text


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 3, 10, 14, 5, 9, tzinfo=UTC), "10:05:09"),
        (datetime(2026, 3, 10, 3, 0, tzinfo=UTC), "Mar 09 23:00"),
        (datetime(2025, 1, 2, 15, 0, tzinfo=UTC), "2025-01-02"),
    ],
)
def test_moments_are_new_yorks(instant: datetime, text: str) -> None:
    assert moment(instant, NOW) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.42, "0.4s"), (12, "12s"), (65, "1m 05s")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text
