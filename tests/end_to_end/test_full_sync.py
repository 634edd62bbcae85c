"""`cotrader sync --full` at tastytrade's wire: by itself, and through an engine that already syncs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cotrader_tui.domain.clock import exchange_date
from tests.end_to_end.conftest import Answer, Machine, ends, eventually
from tests.standin.history_payloads import trade_row
from tests.standin.payloads import equity_row
from tests.standin.tastytrade import TastytradeStandin

NUMBER = "5WF00001"


def days_back(standin: TastytradeStandin) -> int:
    """How many days before today the transactions were asked for that were asked for last."""
    *_, last = standin.requests_to("*/transactions")
    since = dict(last.query)["start-date"]
    return (exchange_date(datetime.now(UTC)) - datetime.fromisoformat(since).date()).days


def succeeds(answer: Answer) -> None:
    assert answer.code == 0, answer


def test_in_full_the_transactions_of_a_year_are_asked_for_again(machine: Machine, standin: TastytradeStandin) -> None:
    machine.grant(standin)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    row = trade_row(1, "KO", "Buy to Open", 1, "60", net_value="-60", executed_at=yesterday.isoformat())
    standin.change(lambda book: book.add_account(NUMBER, [equity_row("KO", 1, "60.00", "61.00")]))
    standin.change(lambda book: book.book(NUMBER, row))
    succeeds(machine.run("sync"))
    assert days_back(standin) in (365, 366)
    succeeds(machine.run("sync"))
    assert days_back(standin) < 10
    succeeds(machine.run("sync", "--full"))
    assert days_back(standin) in (365, 366)

    daemon = machine.start("daemon")
    count = len(standin.requests_to("*/transactions"))
    eventually(lambda: len(standin.requests_to("*/transactions")) > count, "the daemon's first pass")
    assert days_back(standin) < 10
    succeeds(machine.run("sync", "--full"))
    eventually(lambda: days_back(standin) > 300, "the daemon's pass in full")
    daemon.terminate()
    assert ends(daemon, 4) == 0
