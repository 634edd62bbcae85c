"""tastytrade end to end: the real SDK, a stand-in at the wire, a daemon, and the figures worked by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from cotrader_tui.domain.clock import exchange_date
from tests.end_to_end.conftest import Answer, Machine, Row, ends, eventually
from tests.standin.faults import Fault
from tests.standin.payloads import (
    EMPTY_BOOK_VALUES,
    Json,
    balances_payload,
    changed,
    crypto_row,
    equity_row,
    future_row,
    greeks_event,
    option_row,
)
from tests.standin.tastytrade import TastytradeStandin

_numbers = count(1)


def today() -> date:
    """New York's."""
    return exchange_date(datetime.now(UTC))


def expiration() -> date:
    return today() + timedelta(days=40)


@dataclass
class Desk:
    """A person's machine where a daemon syncs with the stand-in whenever `cotrader sync` asks for it."""

    machine: Machine
    standin: TastytradeStandin

    def holds(self, account: str, *rows: Json, balances: Json | None = None) -> None:
        """The account with these rows. Every option sends Greeks: a silent one lets a sync wait for seconds."""
        greeks = {
            row["streamer-symbol"]: greeks_event(0.5) for row in rows if row["instrument-type"] == "Equity Option"
        }
        self.standin.change(lambda book: book.greeks.update(greeks))
        self.standin.change(lambda book: book.add_account(account, rows, balances))

    def sync(self) -> Answer:
        return self.machine.run("sync", "--json")

    def run_of(self, account: str) -> Row:
        """Sync, which must work, and the run of one account."""
        answer = self.sync()
        assert answer.code == 0, answer
        (run,) = [run for run in answer.rows if run["account"] == account]
        return run

    def positions(self, account: str) -> list[Row]:
        """Open and closed ones of one account."""
        return self.machine.rows("--account", account, "positions", "--all")

    def position(self, account: str) -> Row:
        (position,) = self.positions(account)
        return position


@pytest.fixture(scope="module")
def desk(shared_machine: Machine, shared_standin: TastytradeStandin) -> Iterator[Desk]:
    shared_machine.grant(shared_standin)
    shared_machine.environ["COTRADER_SYNC_INTERVAL"] = "3600"
    made = Desk(shared_machine, shared_standin)
    made.holds("5WT00000", equity_row("KO", 1, "60.00", "61.00"))
    daemon = shared_machine.start("daemon")
    eventually(lambda: shared_machine.run("positions").code == 0, "the daemon's first sync")
    yield made
    daemon.terminate()
    assert ends(daemon, 4) == 0


@pytest.fixture
def account(desk: Desk) -> Iterator[str]:
    """An account of this test's own; it and the faults of the test are gone after it."""
    number = f"5WT{next(_numbers):05d}"
    yield number
    desk.standin.heal()
    desk.standin.change(lambda book: book.accounts.pop(number, None))


def figures(row: Row, *keys: str) -> tuple[object, ...]:
    return tuple(row[key] for key in keys)


def decimals(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


def counts(run: Row) -> tuple[object, ...]:
    """Added, updated, closed, unchanged."""
    return figures(run, *(f"positions_{name}" for name in ("added", "updated", "closed", "unchanged")))


# Worked by hand

WORKED = {
    # (mark − average open price) × quantity × multiplier
    "long call": (option_row("KO", expiration(), "C", 60, 1, "5.00", "3.00"), "300.00", "-200.00"),
    "short puts": (option_row("QQQ", expiration(), "P", 470, -2, "7.47", "5.05"), "-1010.00", "484.00"),
    "shares": (equity_row("T", 100, "54.50", "52.79"), "5279.00", "-171.00"),
    "multiplier 0.5": (future_row("/MYMZ6", 3, "43870", "44121", multiplier="0.5"), "66181.5", "376.5"),
    # 33465.26 × 0.02187654 and 94485.81 × 0.02187654, to the last digit
    "fractional crypto": (
        crypto_row("BTC/USD", "0.02187654", "61020.55", "94485.81"),
        "2067.0226018974",
        "732.1040990004",
    ),
}


def test_figures_are_those_worked_by_hand(desk: Desk, account: str) -> None:
    desk.holds(account, *(row for row, *_ in WORKED.values()))
    assert counts(desk.run_of(account)) == (5, 0, 0, 0)
    found = {row["symbol"]: row for row in desk.positions(account)}
    for name, (wire, value, profit) in WORKED.items():
        row = found[wire["symbol"]]
        assert figures(row, "market_value", "open_pnl") == decimals(value, profit), name
    (sums,) = desk.machine.rows("--account", account, "accounts")
    assert sums["open_pnl"] == Decimal("-200") + 484 - 171 + Decimal("376.5") + Decimal("732.1040990004")
    assert sums["positions"] == 5


def test_numbers_reach_the_json_as_exact_text(desk: Desk, account: str) -> None:
    desk.holds(account, WORKED["fractional crypto"][0])
    desk.run_of(account)
    text = desk.machine.run("--account", account, "positions", "--json").out
    for number in ('"quantity": 0.02187654', '"open_pnl": 732.1040990004', '"average_open_price": 61020.55'):
        assert number in text


def test_greeks_are_the_positions_and_unknown_ones_are_null(desk: Desk, account: str) -> None:
    """Delta −0.31 × −2 × 100 = 62; the other put stays silent, and no model is used on an adjusted one."""
    told = option_row("IWM", expiration(), "P", 210, -2, "3.10", "2.80")
    silent = option_row("IWM", expiration(), "P", 200, 2, "1.10", "0.90", root="IWM1")
    desk.holds(account, told, silent, equity_row("IWM", -50, "220.00", "226.05"))
    desk.standin.change(lambda book: book.greeks.update({told["streamer-symbol"]: greeks_event(-0.31, gamma=0.02)}))
    desk.standin.change(lambda book: book.greeks.pop(silent["streamer-symbol"]))
    desk.run_of(account)
    found = {row["symbol"]: row for row in desk.positions(account)}
    assert float(found[told["symbol"]]["delta"]) == pytest.approx(62.0)
    assert float(found[told["symbol"]]["gamma"]) == pytest.approx(-4.0)
    assert figures(found[silent["symbol"]], "delta", "gamma", "theta", "vega", "iv") == (None,) * 5
    assert figures(found["IWM"], "delta", "gamma", "theta", "vega") == (-50, 0, 0, 0)
    (row,) = desk.machine.rows("--account", account, "underlyings")
    assert figures(row, "underlying", "legs", "legs_with_greeks", "price") == ("IWM", 3, 2, Decimal("226.05"))
    assert float(row["delta"]) == pytest.approx(12.0)
    assert float(row["delta_dollars"]) == pytest.approx(12.0 * 226.05)


def test_a_silent_options_greeks_are_a_models_and_said_so(desk: Desk, account: str) -> None:
    """The model's delta of a put 5 % out of the money with 40 days to go, whose mark implies 24 %."""
    told = option_row("IWM", expiration(), "P", 210, -2, "3.10", "2.80")
    silent = option_row("IWM", expiration(), "P", 215, 2, "3.10", "2.65")
    desk.holds(account, told, silent, equity_row("IWM", -50, "220.00", "226.05"))
    desk.standin.change(lambda book: book.greeks.pop(silent["streamer-symbol"]))
    desk.run_of(account)
    found = {row["symbol"]: row for row in desk.positions(account)}
    assert figures(found[told["symbol"]], "greeks_source") == ("stream",)
    assert figures(found[silent["symbol"]], "greeks_source") == ("model",)
    assert -60 < found[silent["symbol"]]["delta"] < -40
    (row,) = desk.machine.rows("--account", account, "underlyings")
    assert figures(row, "legs", "legs_with_greeks", "legs_with_model_greeks") == (3, 3, 1)


# The lifecycle


def test_the_same_answer_twice_changes_nothing_but_the_time_of_the_sync(desk: Desk, account: str) -> None:
    desk.holds(account, equity_row("T", 100, "54.50", "52.79"))
    assert counts(desk.run_of(account)) == (1, 0, 0, 0)
    before = desk.position(account)
    assert counts(desk.run_of(account)) == (0, 0, 0, 1)
    after = desk.position(account)
    assert after.pop("last_synced_at") > before.pop("last_synced_at")
    assert after == before


def test_a_position_increases_and_reduces(desk: Desk, account: str) -> None:
    """The 60 sold at the mark of 58 realize (58 − 52) × 60 = 360."""
    desk.holds(account, equity_row("T", 100, "50.00", "52.00"))
    opened = desk.run_of(account), desk.position(account)["opened_at"]
    desk.holds(account, equity_row("T", 200, "52.00", "55.00"))
    assert counts(desk.run_of(account)) == (0, 1, 0, 0)
    grown = desk.position(account)
    assert figures(grown, "quantity", "average_open_price", "open_pnl", "realized_pnl") == (200, 52, 600, None)
    desk.holds(account, equity_row("T", 140, "52.00", "58.00"))
    assert counts(desk.run_of(account)) == (0, 1, 0, 0)
    reduced = desk.position(account)
    assert figures(reduced, "quantity", "open_pnl", "realized_pnl") == (140, 840, 360)
    assert figures(reduced, "realized_source", "status", "opened_at") == ("estimated", "open", opened[1])


def test_a_zero_row_closes_with_the_brokers_own_figure(desk: Desk, account: str) -> None:
    kept = equity_row("KO", 10, "60.00", "61.00")
    desk.holds(account, kept, equity_row("T", 100, "50.00", "52.00"))
    desk.run_of(account)
    realized: Json = {
        "realized_today": "212.40",
        "realized_today_effect": "Credit",
        "realized_today_date": today().isoformat(),
    }
    closed = equity_row("T", 0, "50.00", "52.00", **realized)
    for expected in ((0, 0, 1, 1), (0, 0, 0, 1)):
        desk.holds(account, kept, closed)
        assert counts(desk.run_of(account)) == expected
        (row,) = [row for row in desk.positions(account) if row["symbol"] == "T"]
        assert figures(row, "status", "quantity", "average_open_price") == ("closed", 0, 50)
        assert figures(row, "realized_pnl", "realized_source") == (Decimal("212.40"), "broker")
        assert figures(row, "market_value", "open_pnl", "day_pnl", "delta") == (None,) * 4
        assert row["closed_at"] is not None


def test_absence_from_a_whole_answer_closes_at_the_last_mark(desk: Desk, account: str) -> None:
    """Short 2 puts from 7.47, last seen at 5.05: +484."""
    kept = equity_row("KO", 10, "60.00", "61.00")
    desk.holds(account, kept, option_row("QQQ", expiration(), "P", 470, -2, "7.47", "5.05"))
    desk.run_of(account)
    desk.holds(account, kept)
    assert counts(desk.run_of(account)) == (0, 0, 1, 1)
    (row,) = [row for row in desk.positions(account) if row["status"] == "closed"]
    assert figures(row, "realized_pnl", "realized_source", "mark") == (484, "estimated", Decimal("5.05"))


def test_passing_through_zero_is_a_close_and_an_open(desk: Desk, account: str) -> None:
    desk.holds(account, equity_row("T", 100, "50.00", "52.00"))
    desk.run_of(account)
    desk.holds(account, equity_row("T", -40, "53.00", "53.00"))
    assert counts(desk.run_of(account)) == (1, 0, 1, 0)
    rows = {row["status"]: row for row in desk.positions(account)}
    assert figures(rows["closed"], "quantity", "realized_pnl") == (0, 300)
    assert figures(rows["open"], "quantity", "average_open_price", "realized_pnl") == (-40, 53, None)
    assert rows["open"]["opened_at"] >= rows["closed"]["closed_at"]


def test_an_emptied_account_that_is_still_valued_is_believed_the_second_time(desk: Desk, account: str) -> None:
    desk.holds(account, equity_row("T", 100, "50.00", "52.00"))
    desk.run_of(account)
    desk.holds(account, balances=balances_payload("5200.00", "0.00"))
    answer = desk.sync()
    assert answer.code == 3
    (run,) = [run for run in answer.rows if run["account"] == account]
    assert figures(run, "status", "positions_closed") == ("partial", 0)
    assert "T" in run["error_message"]
    assert desk.position(account)["status"] == "open"
    assert counts(desk.run_of(account)) == (0, 0, 1, 0)
    assert desk.position(account)["status"] == "closed"


def test_a_synced_empty_book_is_an_empty_list(desk: Desk, account: str) -> None:
    desk.holds(account, balances=balances_payload("250.00", "250.00", **EMPTY_BOOK_VALUES))
    desk.run_of(account)
    assert desk.machine.rows("--account", account, "positions") == []


# Exit codes and what the sync log says


def test_an_odd_row_makes_the_sync_partial_and_the_rest_lands(desk: Desk, account: str) -> None:
    odd = changed(equity_row("XQZ1", 3, "10.00", "11.00"), instrument_type="Prediction Market")
    desk.holds(account, odd, equity_row("T", 100, "54.50", "52.79"))
    answer = desk.sync()
    assert answer.code == 3
    (run,) = [run for run in answer.rows if run["account"] == account]
    assert figures(run, "status", "error_kind", "quarantined", "positions_added") == ("partial", "payload", 1, 1)
    assert "XQZ1" in run["error_message"]
    assert run["hint"]
    assert desk.position(account)["symbol"] == "T"


def test_one_account_that_fails_leaves_the_others_whole(desk: Desk, account: str) -> None:
    desk.holds(account, equity_row("T", 100, "54.50", "52.79"))
    desk.run_of(account)
    desk.holds(account)
    desk.standin.fail(f"*/{account}/positions", Fault.status(403))
    answer = desk.sync()
    assert answer.code == 3
    statuses = {run["account"]: run["status"] for run in answer.rows}
    assert statuses.pop(account) == "failed"
    assert set(statuses.values()) == {"success"}
    assert desk.position(account)["status"] == "open"
    run = next(run for run in desk.machine.rows("--account", account, "sync-log") if run["sync_type"] == "positions")
    assert figures(run, "status", "error_kind") == ("failed", "auth")


def test_a_connection_that_cannot_list_its_accounts_fails_in_one_row_without_account(desk: Desk, account: str) -> None:
    desk.holds(account, equity_row("T", 100, "54.50", "52.79"))
    desk.run_of(account)
    desk.standin.fail("/customers/me/accounts", Fault.status(403))
    answer = desk.sync()
    assert answer.code == 4
    (run,) = answer.rows
    assert figures(run, "status", "account", "error_kind") == ("failed", None, "auth")
    assert run["hint"] in answer.err
    assert desk.position(account)["status"] == "open"
    desk.standin.heal()
    assert desk.run_of(account)["status"] == "success"
    (connection,) = desk.machine.rows("connections")
    assert figures(connection, "consecutive_failures", "status") == (0, "active")


def test_a_grant_refused_twice_is_expired_and_heals_with_a_new_one(desk: Desk, account: str) -> None:
    desk.holds(account, equity_row("T", 100, "54.50", "52.79"))
    desk.run_of(account)
    desk.standin.refuse_grant()
    for status in ("active", "expired"):
        answer = desk.sync()
        assert answer.code == 4
        assert [run["error_kind"] for run in answer.rows] == ["auth"]
        (connection,) = desk.machine.rows("connections")
        assert connection["status"] == status
    desk.standin.heal()
    assert desk.run_of(account)["status"] == "success"
    (connection,) = desk.machine.rows("connections")
    assert connection["status"] == "active"


def test_a_foreign_host_is_visible_as_a_word(desk: Desk) -> None:
    (connection,) = desk.machine.rows("connections")
    assert connection["label"] == desk.standin.url.removeprefix("http://")
    assert connection["label"] in desk.machine.run("connections").out


def test_an_unknown_account_or_connection_is_a_usage_error(desk: Desk) -> None:
    for arguments in (("--account", "5WT99999", "positions"), ("sync", "--connection", "fidelity")):
        answer = desk.machine.run(*arguments)
        assert (answer.code, answer.out) == (2, "")
        assert arguments[1] in answer.err or arguments[2] in answer.err


# Without a daemon


def test_a_sync_by_itself_lands_and_says_so(machine: Machine, standin: TastytradeStandin) -> None:
    standin.change(lambda book: book.add_account("5WT00001", [equity_row("T", 100, "54.50", "52.79")]))
    machine.grant(standin)
    answer = machine.run("sync", "--connection", "tastytrade")
    assert answer.code == 0, answer
    assert "5WT00001" in answer.out
    assert "1 added" in answer.out
    (row,) = machine.rows("positions")
    assert row["open_pnl"] == Decimal("-171.00")
    assert {(run["sync_type"], run["trigger"]) for run in machine.rows("sync-log")} == {
        (kind, "manual") for kind in ("positions", "transactions", "orders")
    }


@pytest.mark.parametrize("command", ["sync", "daemon"])
def test_with_nothing_configured_a_sync_says_what_to_do(machine: Machine, command: str) -> None:
    answer = machine.run(command)
    assert (answer.code, answer.out) == (2, "")
    assert "--demo" in answer.err
    assert not list(machine.root.rglob("*.db*"))


@pytest.mark.parametrize("command", ["sync", "daemon"])
def test_a_password_of_old_is_answered_with_oauth(machine: Machine, command: str) -> None:
    machine.environ |= {"TASTYTRADE_USERNAME": "ada", "TASTYTRADE_PASSWORD": "canary-password"}
    answer = machine.run(command)
    assert (answer.code, answer.out) == (2, "")
    assert "OAuth" in answer.err
    assert "canary" not in answer.err


@pytest.mark.parametrize("arguments", [(), ("--demo",)])
def test_the_screen_without_a_terminal_is_a_usage_error(machine: Machine, arguments: Iterable[str]) -> None:
    answer = machine.run(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert "terminal" in answer.err
