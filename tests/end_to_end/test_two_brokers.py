"""One book of two brokers, each behind its own stand-in at the wire: what adds up, and that neither harms the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cotrader_tui.domain.clock import exchange_date
from tests.end_to_end.conftest import Answer, Machine, Row
from tests.standin.faults import Fault
from tests.standin.payloads import equity_row, greeks_event, option_row
from tests.standin.tastytrade import TastytradeStandin
from tests.standin.tws import TwsStandin
from tests.standin.tws_book import TwsBook, TwsContract, TwsGreeks, TwsMarket, TwsPosition

TASTY, IBKR = "5WT40001", "U7340002"
APPLE, CALL = 265598, 710001


def expiration() -> date:
    return exchange_date(datetime.now(UTC)) + timedelta(days=40)


def tws_book() -> TwsBook:
    """Two short AAPL calls at an average cost of 1,250.40, which is 12.504 a share."""
    text = f"{expiration():%Y%m%d}"
    call = TwsContract(
        CALL, "AAPL", "OPT", text, "250", "C", "100",
        local_symbol=f"AAPL  {expiration():%y%m%d}C00250000", trading_class="AAPL",
        under_con_id=APPLE, under_symbol="AAPL", under_sec_type="STK", real_expiration=text,
    )  # fmt: skip
    book = TwsBook()
    book.add_contracts(TwsContract(APPLE, "AAPL", listing="NASDAQ"), call)
    book.market[APPLE] = TwsMarket("231.38", "231.42", "231.40", "230.00")
    book.market[CALL] = TwsMarket("5.30", "5.40", "5.35", "5.50", TwsGreeks("0.31", "0.4", "5.35"))
    book.add_account(IBKR, [TwsPosition(CALL, "-2", "1250.40", price="5.35", market_value="-1070")])
    return book


@dataclass
class Desk:
    """A machine on which both brokers are configured and nothing runs between two syncs."""

    machine: Machine
    tasty: TastytradeStandin
    tws: TwsStandin

    def sync(self) -> Answer:
        return self.machine.run("sync", "--json")

    def synced_at(self) -> dict[str, datetime]:
        return {row["account"]: datetime.fromisoformat(row["as_of"]) for row in self.machine.rows("accounts")}

    def held(self) -> dict[tuple[str, str], Row]:
        return {(row["account"], row["symbol"]): row for row in self.machine.rows("positions")}


@pytest.fixture
def desk(machine: Machine, standin: TastytradeStandin) -> Iterator[Desk]:
    call = option_row("AAPL", expiration(), "C", 250, 1, "6.20", "5.35")
    standin.change(lambda book: book.greeks.update({call["streamer-symbol"]: greeks_event(0.4)}))
    standin.change(lambda book: book.add_account(TASTY, [call, equity_row("AAPL", 100, "220.00", "231.40")]))
    with TwsStandin(tws_book()) as tws:
        machine.grant(standin)
        machine.environ["IBKR_PORT"] = str(tws.port)
        yield Desk(machine, standin, tws)


def test_the_same_call_at_two_brokers_is_two_positions_and_one_underlying(desk: Desk) -> None:
    answer = desk.sync()
    assert answer.code == 0, answer
    calls = {account: row for (account, symbol), row in desk.held().items() if symbol != "AAPL"}
    assert {account: row["quantity"] for account, row in calls.items()} == {TASTY: 1, IBKR: -2}
    assert len({row["symbol"] for row in calls.values()}) == 1
    assert calls[IBKR]["average_open_price"] == Decimal("12.504")
    (apple,) = desk.machine.rows("underlyings")
    assert (apple["underlying"], apple["legs"], apple["legs_with_greeks"]) == ("AAPL", 3, 3)
    assert apple["delta"] == pytest.approx(Decimal(100 + 40 - 80))


def test_a_broker_that_fails_leaves_the_other_and_its_own_last_figures_alone(desk: Desk) -> None:
    assert desk.sync().code == 0
    before = desk.held()
    first = desk.synced_at()

    desk.tasty.fail("*/positions", Fault.status(500))
    answer = desk.sync()
    assert answer.code == 3, answer
    assert {row["account"]: row["status"] for row in answer.rows} == {TASTY: "failed", IBKR: "success"}
    second = desk.synced_at()
    assert second[IBKR] > first[IBKR]
    assert second[TASTY] == first[TASTY]

    desk.tasty.heal()
    desk.tws.stop()
    answer = desk.sync()
    assert answer.code == 3, answer
    assert {row["connection"]: row["status"] for row in answer.rows} == {"tastytrade": "success", "ibkr": "failed"}
    assert desk.synced_at()[IBKR] == second[IBKR]
    assert {key: row["quantity"] for key, row in desk.held().items()} == {
        key: row["quantity"] for key, row in before.items()
    }


def test_the_program_only_reads_from_both(desk: Desk) -> None:
    assert desk.sync().code == 0
    assert desk.tws.refused == []
    assert desk.tasty.refused_writes == []
