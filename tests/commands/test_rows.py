"""Rows carry the contract's keys in its order, and figures worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.analytics.coverage import coverages
from cotrader_tui.analytics.exposure import exposures
from cotrader_tui.analytics.totals import account_pnls
from cotrader_tui.commands import rows
from cotrader_tui.commands.rows import Row
from cotrader_tui.domain.checks import AccountChecks, Check, Figure
from cotrader_tui.domain.instruments import Instrument, InstrumentType, OptionType
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.positions import PositionStatus, RealizedSource
from cotrader_tui.domain.sync import RunStatus, SyncCounts, SyncError, SyncKind
from cotrader_tui.errors import ErrorKind
from tests import builders
from tests.builders import NOW, account_book, coin, connection, future, greeks, leg, option, position, share, snapshot

CONTRACT = {
    "positions": """
        connection broker account symbol underlying instrument_type option_type strike expiration dte multiplier
        currency quantity average_open_price mark mark_source previous_close market_value open_pnl day_pnl realized_pnl
        realized_source delta gamma theta vega iv greeks_source greeks_as_of status opened_at closed_at
        last_synced_at""",
    "underlyings": """
        underlying currency price legs legs_with_greeks delta gamma theta vega delta_dollars market_value open_pnl
        day_pnl oldest_greeks_as_of""",
    "accounts": """
        connection broker account nickname base_currency net_liquidating_value cash_balance buying_power
        maintenance_requirement open_pnl day_pnl positions as_of""",
    "connections": """
        connection broker status sync_enabled sync_interval last_sync_at last_sync_status last_sync_message
        consecutive_failures accounts""",
    "sync-log": """
        id connection broker account trigger sync_type status started_at completed_at duration_ms positions_added
        positions_updated positions_closed positions_unchanged transactions_added orders_synced quarantined error_kind
        error_message hint""",
}
"""The keys other programs rely on: more may follow them, none may go or move."""

BOOK = snapshot(leg(position(share()), "11"))


def _account_row(book: PortfolioSnapshot) -> Row:
    """Of its first account."""
    first = book.accounts[0]
    return rows.account_row(first, account_pnls(book, NOW)[first.account.id])


COVERAGE = coverages(BOOK, NOW)["AAPL", "USD"]

ROWS: dict[str, tuple[tuple[str, ...], Row]] = {
    "positions": (rows.POSITION_KEYS, rows.position_row(BOOK.legs[0], NOW)),
    "underlyings": (rows.UNDERLYING_KEYS, rows.underlying_row(exposures(BOOK, NOW)[0], COVERAGE)),
    "accounts": (rows.ACCOUNT_KEYS, _account_row(BOOK)),
    "connections": (rows.CONNECTION_KEYS, rows.connection_row(connection(), BOOK)),
    "sync-log": (rows.SYNC_LOG_KEYS, rows.sync_log_row(builders.sync_run())),
}


@pytest.mark.parametrize("command", CONTRACT)
def test_keys_begin_with_the_contracts_in_its_order(command: str) -> None:
    keys, row = ROWS[command]
    contract = CONTRACT[command].split()
    assert list(keys[: len(contract)]) == contract
    assert tuple(row) == keys


@pytest.mark.parametrize(
    ("instrument", "quantity", "average_open_price", "mark", "open_pnl"),
    [
        (option(), "1", "5.00", "3.00", "-200"),
        (option(option_type=OptionType.PUT), "-2", "7.47", "5.05", "484"),
        (share(), "100", "54.50", "52.79", "-171.00"),
        (future("/MYMM6", "/MYM", "0.5"), "2", "41250", "41371", "121"),
        (coin(), "0.12345678", "60000.01", "61234.57", "152.4148023168"),
    ],
    ids=["long call", "short puts", "shares", "half-dollar multiplier", "fractional coin"],
)
def test_open_pnl_equals_the_figure_worked_by_hand(
    instrument: Instrument, quantity: str, average_open_price: str, mark: str, open_pnl: str
) -> None:
    row = rows.position_row(leg(position(instrument, quantity, average_open_price), mark), NOW)
    assert row["open_pnl"] == Decimal(open_pnl)
    assert row["quantity"] == Decimal(quantity)


def test_market_value_is_signed_and_keeps_every_digit() -> None:
    assert rows.position_row(leg(position(option(), "-2"), "5.05"), NOW)["market_value"] == Decimal("-1010.00")
    fraction = leg(position(coin(), "0.12345678"), "61234.57")
    assert rows.position_row(fraction, NOW)["market_value"] == Decimal("7559.8228368846")


def test_position_greeks_are_scaled_by_quantity_and_multiplier() -> None:
    puts = option(option_type=OptionType.PUT)
    row = rows.position_row(
        leg(position(puts, "-2", "7.47"), "5.05", greeks=greeks(puts, -0.25, 0.5, -0.125, 0.5)), NOW
    )
    assert (row["delta"], row["gamma"], row["theta"], row["vega"]) == (50.0, -100.0, 25.0, -100.0)
    assert row["iv"] == 0.25
    assert row["greeks_source"] == "stream"
    assert row["greeks_as_of"] == NOW - timedelta(minutes=1)


@pytest.mark.parametrize("instrument", [share(), coin(), future()])
def test_what_moves_one_to_one_has_delta_without_a_source(instrument: Instrument) -> None:
    row = rows.position_row(leg(position(instrument, "-2")), NOW)
    assert row["delta"] == -2.0 * float(instrument.multiplier)
    assert (row["gamma"], row["theta"], row["vega"], row["iv"], row["greeks_source"]) == (0.0, 0.0, 0.0, None, None)


@pytest.mark.parametrize("kind", [InstrumentType.BOND, InstrumentType.WARRANT, InstrumentType.FOREX])
def test_types_without_greeks_have_none(kind: InstrumentType) -> None:
    row = rows.position_row(leg(position(builders.instrument("X", kind)), "9"), NOW)
    assert [row[key] for key in ("delta", "gamma", "theta", "vega")] == [None] * 4


def test_unknown_inputs_make_unknown_figures() -> None:
    row = rows.position_row(leg(position(option(), "1", None)), NOW)
    unknown = ("average_open_price", "mark", "mark_source", "market_value", "open_pnl", "day_pnl", "delta", "iv")
    assert {key: row[key] for key in unknown} == dict.fromkeys(unknown)


def test_day_pnl_starts_from_the_previous_close_or_from_the_price_paid_today() -> None:
    overnight = position(share(), "100", "54.50", previous_close="53.00")
    today = replace(overnight, opened_at=NOW - timedelta(hours=1))
    assert rows.position_row(leg(overnight, "52.79"), NOW)["day_pnl"] == Decimal("-21")
    assert rows.position_row(leg(today, "52.79"), NOW)["day_pnl"] == Decimal("-171")


def test_dte_counts_from_new_yorks_date() -> None:
    late = NOW.replace(hour=3)  # still the ninth in New York
    row = rows.position_row(leg(position(option(expiration=date(2026, 3, 13)))), late)
    assert row["dte"] == 4


def closed() -> Leg:
    gone = replace(
        position(option(), "0", "5.00"),
        status=PositionStatus.CLOSED,
        closed_at=NOW,
        realized_pnl=Decimal("-200"),
        realized_source=RealizedSource.ESTIMATED,
    )
    return leg(gone, "3.00", greeks=greeks(gone.instrument))


def test_a_closed_row_keeps_its_prices_and_has_no_value_or_greeks() -> None:
    row = rows.position_row(closed(), NOW)
    kept = {"quantity": 0, "average_open_price": 5, "mark": 3, "realized_pnl": -200, "realized_source": "estimated"}
    assert {key: row[key] for key in kept} == kept
    empty = ("market_value", "open_pnl", "day_pnl", "delta", "gamma", "theta", "vega", "iv", "greeks_source")
    assert {key: row[key] for key in empty} == dict.fromkeys(empty)
    assert (row["status"], row["closed_at"]) == ("closed", NOW)


def underlying(*legs: Leg) -> Row:
    book = snapshot(*legs)
    (exposure,), (coverage,) = exposures(book, NOW), coverages(book, NOW).values()
    return rows.underlying_row(exposure, coverage)


def test_an_underlyings_sums_say_what_they_leave_out() -> None:
    call = option()
    row = underlying(
        leg(position(share(), "100", "54.50"), "52.79"),
        leg(replace(position(call, "1", "5.00"), id=2)),
    )
    assert (row["legs"], row["legs_with_greeks"], row["delta"]) == (2, 1, 100.0)
    assert (row["open_pnl"], row["positions"], row["positions_with_open_pnl"]) == (Decimal("-171.00"), 2, 1)
    assert (row["day_pnl"], row["positions_with_day_pnl"]) == (None, 0)


def test_an_underlying_tells_what_is_naked_and_in_which_accounts() -> None:
    elsewhere = builders.account("U7654321", broker="ibkr").id
    held, sold = leg(position(share(), "100")), leg(position(option(broker="ibkr"), "-1", account=elsewhere))
    apart = underlying(held, sold)
    assert [apart[key] for key in ("naked_calls", "naked_puts", "naked_accounts")] == [0, 0, "U7654321"]
    more = underlying(held, leg(position(option(), "-3")), sold)
    assert [more[key] for key in ("naked_calls", "naked_puts", "naked_accounts")] == [3, 0, "U7654321,5WT00001"]
    adjusted = underlying(held, leg(position(replace(option(), is_adjusted=True), "-1")))
    assert [adjusted[key] for key in ("naked_calls", "naked_puts", "naked_accounts")] == [None, 0, None]


def test_an_accounts_sums_say_what_they_leave_out() -> None:
    book = snapshot(leg(position(share(), "100", "54.50"), "52.79"), leg(replace(position(option()), id=2)))
    row = _account_row(book)
    assert (row["open_pnl"], row["positions"], row["positions_with_open_pnl"]) == (Decimal("-171.00"), 2, 1)


def test_an_accounts_pnl_in_a_foreign_currency_is_unknown() -> None:
    book = snapshot(leg(position(share(currency="EUR"), "100", "54.50"), "52.79"))
    row = _account_row(book)
    assert (row["open_pnl"], row["day_pnl"], row["positions_with_open_pnl"]) == (None, None, 0)


def test_an_account_is_as_old_as_its_oldest_figures() -> None:
    later = replace(account_book(), last_synced_at=NOW + timedelta(hours=1))
    assert _account_row(snapshot(accounts=[later]))["as_of"] == NOW
    row = _account_row(snapshot(accounts=[replace(later, balances=None)]))
    assert (row["as_of"], row["net_liquidating_value"]) == (NOW + timedelta(hours=1), None)


@pytest.mark.parametrize(("interval", "expected"), [(60, 60), (7.5, 7.5)])
def test_a_connections_interval_is_in_seconds(interval: float, expected: float) -> None:
    each = replace(connection(label="SANDBOX"), sync_interval=timedelta(seconds=interval))
    row = rows.connection_row(each, BOOK)
    assert (row["sync_interval"], row["label"], row["accounts"]) == (expected, "SANDBOX", 1)


def test_a_connection_tells_what_of_it_is_synced() -> None:
    everything = replace(connection(), sync_kinds=frozenset(SyncKind))
    assert rows.connection_row(everything, BOOK)["sync_kinds"] == "positions,transactions,orders"
    nothing = replace(connection(), sync_enabled=False, sync_kinds=frozenset[SyncKind]())
    row = rows.connection_row(nothing, BOOK)
    assert (row["sync_enabled"], row["sync_kinds"]) == (False, "")


def test_a_connection_counts_only_accounts_its_broker_lists() -> None:
    gone = replace(account_book(), is_included=False)
    assert rows.connection_row(connection(), snapshot(accounts=[gone]))["accounts"] == 0


def test_a_sync_run_tells_its_duration_and_its_counts() -> None:
    run = builders.sync_run(counts=SyncCounts(added=1, updated=2, closed=3, unchanged=4, quarantined=5))
    row = rows.sync_log_row(run)
    counts = [row[f"positions_{name}"] for name in ("added", "updated", "closed", "unchanged")]
    assert (counts, row["quarantined"], row["duration_ms"]) == ([1, 2, 3, 4], 5, 1250)
    assert (row["transactions_added"], row["orders_synced"]) == (0, 0)


def test_a_running_sync_has_no_duration() -> None:
    row = rows.sync_log_row(builders.sync_run(status=RunStatus.RUNNING))
    assert (row["duration_ms"], row["completed_at"]) == (None, None)


def test_a_failed_sync_tells_kind_message_and_hint() -> None:
    error = SyncError(ErrorKind.NETWORK, "No answer.", "Check the network.")
    row = rows.sync_log_row(builders.sync_run(status=RunStatus.FAILED, error=error, account=None))
    assert [row[key] for key in ("account", "error_kind", "error_message", "hint")] == [
        None,
        "network",
        "No answer.",
        "Check the network.",
    ]


def every_amount(keys: Sequence[str]) -> set[str]:
    return {key for key in keys if key in rows.AMOUNT_KEYS}


def test_privacy_covers_amounts_and_leaves_prices_days_and_iv() -> None:
    assert {"quantity", "average_open_price", "market_value", "delta", "vega"} <= every_amount(rows.POSITION_KEYS)
    assert not {"mark", "previous_close", "strike", "dte", "iv", "multiplier"} & every_amount(rows.POSITION_KEYS)
    assert every_amount(rows.SYNC_LOG_KEYS) == set()


def test_an_account_tells_how_far_its_figures_are_from_its_brokers() -> None:
    checks = (
        Check(Figure.NET_LIQUIDATING_VALUE, Decimal("10012.30"), Decimal(10000), Decimal(10), "AAPL", Decimal("12.30")),
        Check(Figure.OPEN_PNL, Decimal(5), None, Decimal(10)),
        Check(Figure.POSITIONS, Decimal(3), Decimal(3), Decimal(0)),
    )
    book = snapshot(accounts=[replace(account_book(), checks=AccountChecks(NOW, checks))])
    row = _account_row(book)
    assert [row[key] for key in rows.ACCOUNT_KEYS[-6:]] == [NOW, Decimal("12.30"), None, None, Decimal(0), False]


def test_an_account_that_was_never_compared_has_no_differences() -> None:
    assert [_account_row(BOOK)[key] for key in rows.ACCOUNT_KEYS[-6:]] == [None] * 6


def test_privacy_covers_differences_of_money() -> None:
    assert {"net_liquidating_value_difference", "open_pnl_difference", "day_pnl_difference"} <= rows.AMOUNT_KEYS
