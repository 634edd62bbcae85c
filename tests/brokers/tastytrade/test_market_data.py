"""What is asked of `/market-data/by-type`, and how a mark is chosen."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cotrader_tui.brokers.tastytrade.instruments import instrument_of, underlying_of
from cotrader_tui.brokers.tastytrade.market import market_data_calls, parse_market_data
from cotrader_tui.brokers.tastytrade.parse import UnreadableError
from cotrader_tui.brokers.tastytrade.rows import PositionRow
from cotrader_tui.domain.instruments import Instrument
from cotrader_tui.domain.market import MarkSource, Quote
from tests.standin.payloads import Json, changed, equity_row, future_option_row, market_data_row, option_row

NOW = datetime(2026, 11, 18, 20, 46, tzinfo=UTC)
DECEMBER = date(2026, 12, 18)


def quote(kind: str, **changes: object) -> Quote:
    answer = parse_market_data({"data": {"items": [market_data_row(kind, "XYZ", **changes)]}}, NOW)
    (only,) = answer.quotes
    return only


def instrument(row: Json) -> Instrument:
    return instrument_of(PositionRow.model_validate(row))


@pytest.mark.parametrize(
    ("changes", "mark", "source"),
    [
        ({"mark": "2.05", "bid": "1", "ask": "2", "last": "3"}, "2.05", MarkSource.BROKER),
        ({"mark": None, "bid": "1.10", "ask": "1.30", "last": "3"}, "1.2", MarkSource.MID),
        ({"mark": "NaN", "bid": "0.0", "ask": "0.05"}, "0.025", MarkSource.MID),
        ({"bid": "1", "last": "1.4", "close": "1.5"}, "1.4", MarkSource.LAST),
        ({"bid": "2", "ask": "1", "last": "1.4"}, "1.4", MarkSource.LAST),
        ({"bid": "0", "ask": "0", "close": "0.05"}, "0.05", MarkSource.CLOSE),
        ({"close": "1.5", "prev_close": "1.6"}, "1.5", MarkSource.CLOSE),
        ({"prev_close": "1.6"}, "1.6", MarkSource.CLOSE),
        ({"bid": "1", "ask": "3", "last": "1.4", "is_trading_halted": True}, "1.4", MarkSource.LAST),
        (
            {"bid": "1", "ask": "3", "last": "1.4", "is_trading_halted": None, "halt_start_time": 1795033800000},
            "1.4",
            MarkSource.LAST,
        ),
        ({"bid": "1", "ask": "3", "is_trading_halted": None, "halt_start_time": -1}, "2", MarkSource.MID),
        ({}, None, None),
    ],
)
def test_mark_is_the_best_price_there_is(changes: Json, mark: str | None, source: MarkSource | None) -> None:
    chosen = quote("Equity Option", **changes)
    assert chosen.mark == (None if mark is None else Decimal(mark))
    assert chosen.mark_source is source


def test_level_of_an_index_is_its_last_and_not_its_synthetic_mark() -> None:
    level = quote("Index", mark="5509.6", bid="5400", ask="5619.2", last="5528.75", prev_close="5510")
    assert (level.mark, level.mark_source) == (Decimal("5528.75"), MarkSource.LAST)
    assert level.previous_close == 5510


@pytest.mark.parametrize("last", ["0.0", "NaN", None])
def test_index_without_a_last_has_its_close(last: str | None) -> None:
    level = quote("Index", mark="5509.6", last=last, close="0.0", prev_close="5510")
    assert (level.mark, level.mark_source) == (Decimal(5510), MarkSource.CLOSE)


def test_base_of_the_days_change_is_the_previous_close_and_not_todays() -> None:
    assert quote("Equity", mark="10", close="9.8", prev_close="9.5").previous_close == Decimal("9.5")


def test_rows_that_do_not_say_what_they_are_about_are_counted() -> None:
    items = [market_data_row("Equity", "KO", mark="62"), {"mark": "1"}, None, market_data_row("Novelty", "X")]
    answer = parse_market_data({"data": {"items": items}}, NOW)
    assert ([each.instrument.key for each in answer.quotes], answer.unreadable) == (["equity:KO"], 3)


def test_market_data_without_a_list_is_unreadable() -> None:
    with pytest.raises(UnreadableError):
        parse_market_data({"data": {}}, NOW)


def test_one_call_asks_for_at_most_a_hundred_symbols_over_all_types() -> None:
    shares = [instrument(equity_row(f"S{n}", 1, "1", "1")) for n in range(150)]
    options = [instrument(option_row("KO", DECEMBER, "C", 50 + n, 1, "1", "1")) for n in range(70)]
    calls = market_data_calls([*shares, *options, *shares])
    assert [len(call) for call in calls] == [100, 100, 20]
    assert len({pair for call in calls for pair in call}) == 220


def test_types_are_asked_for_by_their_names() -> None:
    future_option = instrument(future_option_row("/MESZ6", "EX3Z6", DECEMBER, "P", 6450, 1, "1", "1", multiplier=5))
    spx = instrument(option_row("SPX", DECEMBER, "P", 6000, 1, "1", "1", root="SPXW"))
    index, contract = underlying_of(spx), underlying_of(future_option)
    assert index is not None
    assert contract is not None
    bond = instrument(changed(equity_row("912810", 1, "1", "1"), instrument_type="Bond"))
    assert market_data_calls([future_option, spx, index, contract, bond]) == [
        [
            ("equity-option", "SPXW  261218P06000000"),
            ("future", "/MESZ6"),
            ("future-option", "./MESZ6EX3Z6 261218P6450"),
            ("index", "SPX"),
        ]
    ]


def test_nothing_to_ask_is_no_call() -> None:
    assert market_data_calls([]) == []
