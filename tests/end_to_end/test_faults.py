"""The fault table: what the sync log says, what the exit code is, and that no position closes.

One row a test, through the real adapter, engine and store against the stand-in, with short time limits.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.brokers.tastytrade.client import TastytradeBroker
from cotrader_tui.brokers.tastytrade.stream import StreamLimits
from cotrader_tui.commands.sync import exit_code
from cotrader_tui.domain.clock import exchange_date, system_clock
from cotrader_tui.domain.sync import RunStatus, SyncRun
from cotrader_tui.errors import ErrorKind
from cotrader_tui.store.reader import Reader
from cotrader_tui.store.writer import Writer
from cotrader_tui.sync.engine import Engine
from tests.standin.book import Book
from tests.standin.faults import Fault, StreamFault
from tests.standin.payloads import (
    MISSING,
    Json,
    balances_payload,
    changed,
    equity_row,
    greeks_event,
    market_data_row,
    option_row,
)
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TastytradeStandin

ALL = ONE, TWO, THREE = "5WT00001", "5WT00002", "5WT00003"
LIST, TOKEN, QUOTE_TOKEN, MARKET_DATA = (
    *("/customers/me/accounts", "/oauth/token", "/api-quote-tokens"),
    "/market-data/by-type",
)
OF_ALL, OF_TWO, BALANCES_OF_TWO = "*/positions", f"*/{TWO}/positions", f"*/{TWO}/balances"

NO_FAULT, PARTIAL, FAILED = 0, 3, 4
AUTH, NETWORK, RATE_LIMIT, BROKER, PAYLOAD = (
    *(ErrorKind.AUTH, ErrorKind.NETWORK, ErrorKind.RATE_LIMIT),
    *(ErrorKind.BROKER, ErrorKind.PAYLOAD),
)

Holdings = dict[tuple[str, str], str]


@dataclass
class Lab:
    """Three accounts at a stand-in, and a database."""

    standin: TastytradeStandin
    database: Path
    has_landed: bool = False
    """Whether something of the last sync landed."""

    def sync(self) -> tuple[SyncRun, ...]:
        """One cycle by a program that has just started; its runs."""
        config = ConnectionConfig(
            "tastytrade",
            "tastytrade",
            options={"api_url": self.standin.url},
            secrets={"client_secret": Secret(CLIENT_SECRET), "refresh_token": Secret(REFRESH_TOKEN)},
        )
        broker = TastytradeBroker(
            config,
            system_clock,
            policy=RetryPolicy(attempts=2, wait_initial=0, wait_max=0, wait_jitter=0),
            call_timeout=0.7,
            stream_limits=StreamLimits(opening=0.7, quiet=0.5, total=0.7),
        )
        with Writer(self.database) as writer:
            (outcome,) = asyncio.run(Engine(writer, [(config, broker)], system_clock).sync_once())
        self.has_landed = outcome.status is not RunStatus.FAILED
        with Reader(self.database) as reader:
            return reader.cycle(outcome.number)

    def holdings(self) -> Holdings:
        """Quantity, average open price and Greeks of every open position; there must be no closed one."""
        with Reader(self.database) as reader:
            assert reader.closed_legs() == ()
            legs = reader.snapshot(exchange_date(system_clock())).legs
        return {
            (leg.position.account.number, leg.position.instrument.symbol): (
                f"{leg.position.quantity} at {leg.position.average_open_price}, "
                f"delta {leg.greeks.delta if leg.greeks else None}"
            )
            for leg in legs
        }


def _put(strike: int) -> Json:
    expiration = exchange_date(datetime.now(UTC)) + timedelta(days=40)
    return option_row("KO", expiration, "P", strike, -2, "7.47", "5.05")


def _rows(account: str) -> list[Json]:
    return [equity_row("T", 100, "54.50", "52.79"), _put(55 + ALL.index(account))]


def _fill(book: Book) -> None:
    for account in ALL:
        book.add_account(account, _rows(account))
        book.greeks[_rows(account)[1]["streamer-symbol"]] = greeks_event(-0.25)
    book.add_market_data(market_data_row("Equity", "KO", mark="62.10", last="62.10"))


@pytest.fixture(scope="module")
def synced(shared_standin: TastytradeStandin, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Synced once without a fault."""
    shared_standin.change(_fill)
    made = Lab(shared_standin, tmp_path_factory.mktemp("faults") / "cotrader.db")
    assert exit_code(made.sync()) == NO_FAULT
    assert len(made.holdings()) == 6
    return made


@pytest.fixture
def lab(synced: Lab, tmp_path: Path) -> Iterator[Lab]:
    """A copy of what was synced; after a fault that left something to mend, it is synced again without the fault."""
    before = synced.holdings()
    made = Lab(synced.standin, Path(shutil.copy(synced.database, tmp_path)))
    yield made
    made.standin.heal()
    made.standin.change(_fill)
    if made.has_landed:
        runs = made.sync()
        assert exit_code(runs) == NO_FAULT
        assert [run.counts.unchanged for run in runs] == [2, 2, 2]
        assert made.holdings() == before


@dataclass(frozen=True)
class Case:
    """A fault and what becomes of it: for which accounts (`None`: the connection itself), with which words."""

    name: str
    arrange: Callable[[TastytradeStandin], object]
    code: int
    kind: ErrorKind
    words: str
    whose: tuple[str | None, ...] = (TWO,)


def at(pattern: str, fault: Fault) -> Callable[[TastytradeStandin], object]:
    return lambda standin: standin.fail(pattern, fault)


def of_two(*rows: Json) -> Callable[[TastytradeStandin], object]:
    """The second account answers with its share and with `rows` in place of its put."""
    return lambda standin: standin.hold(TWO, [_rows(TWO)[0], *rows])


def streams(fault: StreamFault) -> Callable[[TastytradeStandin], object]:
    return lambda standin: standin.fail_stream(fault)


PUT = _put(56)
HTML = "tastytrade answered 502 when asked for"
CONNECTION = (None,)
LISTED = [
    Case("list 401", at(LIST, Fault.status(401)), FAILED, AUTH, "answered 401", CONNECTION),
    Case("list 403", at(LIST, Fault.status(403)), FAILED, AUTH, "answered 403", CONNECTION),
    Case("list 404", at(LIST, Fault.status(404)), FAILED, BROKER, "answered 404", CONNECTION),
    Case("list 406", at(LIST, Fault.status(406)), FAILED, BROKER, "answered 406", CONNECTION),
    Case("list 422", at(LIST, Fault.status(422)), FAILED, BROKER, "answered 422", CONNECTION),
    Case("list 429", at(LIST, Fault.status(429)), FAILED, RATE_LIMIT, "answered 429", CONNECTION),
    Case("list 500", at(LIST, Fault.status(500)), FAILED, BROKER, "answered 500", CONNECTION),
    Case("list 502 as HTML", at(LIST, Fault.html(502)), FAILED, BROKER, HTML, CONNECTION),
    Case("list time-out", at(LIST, Fault.hang()), FAILED, NETWORK, "did not answer within", CONNECTION),
    Case("list cut in mid-body", at(LIST, Fault.cut()), FAILED, NETWORK, "connection to tastytrade broke", CONNECTION),
    Case("list invalid JSON", at(LIST, Fault.invalid_json()), FAILED, PAYLOAD, "not valid JSON", CONNECTION),
    Case("list missing keys", at(LIST, Fault.json({"data": {}})), FAILED, PAYLOAD, "data.items", CONNECTION),
    Case("list empty", at(LIST, Fault.json({"data": {"items": []}})), FAILED, BROKER, "lists no accounts", CONNECTION),
    Case("token 500", at(TOKEN, Fault.status(500)), FAILED, BROKER, "answered 500", CONNECTION),
    Case("token 502 as HTML", at(TOKEN, Fault.html(502)), FAILED, BROKER, HTML, CONNECTION),
    Case("token odd", at(TOKEN, Fault.json({"token": "x"})), FAILED, PAYLOAD, "an access token", CONNECTION),
    Case("refused grant", at(TOKEN, Fault.refused_grant()), FAILED, AUTH, "refused the grant", CONNECTION),
    Case(
        *("refused client", at(TOKEN, Fault.refused_grant("invalid_client")), FAILED, AUTH, "refused the grant"),
        CONNECTION,
    ),
]
POSITIONS = [
    Case("401", at(OF_ALL, Fault.status(401)), FAILED, AUTH, "answered 401", ALL),
    Case("403", at(OF_ALL, Fault.status(403)), FAILED, AUTH, "answered 403", ALL),
    Case("429", at(OF_ALL, Fault.status(429)), FAILED, RATE_LIMIT, "answered 429", ALL),
    Case("500", at(OF_ALL, Fault.status(500)), FAILED, BROKER, "answered 500", ALL),
    Case("one of three 401", at(OF_TWO, Fault.status(401)), PARTIAL, AUTH, "answered 401"),
    Case("one of three 403", at(OF_TWO, Fault.status(403)), PARTIAL, AUTH, "answered 403"),
    Case("one of three 404", at(OF_TWO, Fault.status(404)), PARTIAL, BROKER, "answered 404"),
    Case("one of three 406", at(OF_TWO, Fault.status(406)), PARTIAL, BROKER, "answered 406"),
    Case("one of three 422", at(OF_TWO, Fault.status(422)), PARTIAL, BROKER, "answered 422"),
    Case("one of three 429", at(OF_TWO, Fault.status(429)), PARTIAL, RATE_LIMIT, "answered 429"),
    Case("one of three 500", at(OF_TWO, Fault.status(500)), PARTIAL, BROKER, "answered 500"),
    Case("one of three 502 as HTML", at(OF_TWO, Fault.html(502)), PARTIAL, BROKER, HTML),
    Case("one of three times out", at(OF_TWO, Fault.hang()), PARTIAL, NETWORK, "did not answer within"),
    Case("one of three cut", at(OF_TWO, Fault.cut()), PARTIAL, NETWORK, "connection to tastytrade broke"),
    Case("one of three invalid JSON", at(OF_TWO, Fault.invalid_json()), PARTIAL, PAYLOAD, "not valid JSON"),
    Case("one of three without data", at(OF_TWO, Fault.json({"data": {}})), PARTIAL, PAYLOAD, "data.items"),
    Case("one of three null", at(OF_TWO, Fault.json(None)), PARTIAL, PAYLOAD, "not a JSON object"),
    Case(
        *("one of three emptied", at(OF_TWO, Fault.json({"data": {"items": []}})), PARTIAL, BROKER),
        "still values",
    ),
    Case(
        "one of three in pages",
        at(OF_TWO, Fault.json({"data": {"items": _rows(TWO)[:1]}, "pagination": {"total-pages": 2}})),
        PARTIAL,
        PAYLOAD,
        "nothing was closed",
    ),
]
ROWS = [
    Case(
        *("unknown instrument type", of_two(changed(PUT, instrument_type="Prediction Market")), PARTIAL, PAYLOAD),
        PUT["symbol"],
    ),
    Case("NaN quantity", of_two(changed(PUT, quantity="NaN")), PARTIAL, PAYLOAD, "quantity"),
    Case("NaN price", of_two(changed(PUT, average_open_price="NaN")), PARTIAL, PAYLOAD, "average-open-price"),
    Case("missing quantity", of_two(changed(PUT, quantity=MISSING)), PARTIAL, PAYLOAD, "quantity"),
    Case("missing multiplier", of_two(changed(PUT, multiplier=MISSING)), PARTIAL, PAYLOAD, "multiplier"),
    Case("missing symbol", of_two(changed(PUT, symbol=MISSING)), PARTIAL, PAYLOAD, "without a readable symbol"),
    Case("unknown direction", of_two(changed(PUT, quantity_direction="Up")), PARTIAL, PAYLOAD, "quantity-direction"),
    Case("contradicting duplicates", of_two(PUT, changed(PUT, quantity=7)), PARTIAL, PAYLOAD, "contradict"),
    Case("a row that is none", lambda standin: _hold_raw(standin, 7), PARTIAL, PAYLOAD, "A row"),
]
BESIDES = [
    Case("balances 500", at(BALANCES_OF_TWO, Fault.status(500)), PARTIAL, BROKER, "Balances are unknown"),
    Case(
        "balances NaN",
        lambda standin: standin.change(lambda book: book.balances.update({TWO: balances_payload("NaN", "1")})),
        PARTIAL,
        BROKER,
        "net-liquidating-value",
    ),
    Case("market data 500", at(MARKET_DATA, Fault.status(500)), PARTIAL, BROKER, "1 price missing", ALL),
    Case("market data invalid", at(MARKET_DATA, Fault.invalid_json()), PARTIAL, BROKER, "1 price missing", ALL),
    Case("quote token 403", at(QUOTE_TOKEN, Fault.status(403)), PARTIAL, BROKER, "No Greeks arrived", ALL),
    Case("socket refused", streams(StreamFault.REFUSE_UPGRADE), PARTIAL, BROKER, "stream broke", ALL),
    Case("socket mute", streams(StreamFault.MUTE), PARTIAL, BROKER, "did not open within", ALL),
    Case("bad quote token", streams(StreamFault.REFUSE_TOKEN), PARTIAL, BROKER, "did not open within", ALL),
    Case("socket silent", streams(StreamFault.SILENT), PARTIAL, BROKER, "stayed silent", ALL),
    Case("socket dropped", streams(StreamFault.DROP), PARTIAL, BROKER, "0 of 3 options", ALL),
    Case("socket dropped later", streams(StreamFault.DROP_AFTER_FIRST), PARTIAL, BROKER, "1 of 3 options", ALL),
    Case("odd frame", streams(StreamFault.ODD_ROW), PARTIAL, BROKER, "stream broke", ALL),
]
CASES = [*LISTED, *POSITIONS, *ROWS, *BESIDES]


def _hold_raw(standin: TastytradeStandin, row: object) -> None:
    body = {"data": {"items": [_rows(TWO)[0], row]}}
    standin.fail(OF_TWO, Fault.json(body))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_told_and_closes_nothing(lab: Lab, case: Case) -> None:
    before = lab.holdings()
    case.arrange(lab.standin)
    runs = lab.sync()
    assert exit_code(runs) == case.code
    troubled = [run for run in runs if run.status is not RunStatus.SUCCESS]
    assert {run.account for run in troubled} == set(case.whose)
    assert {run.account for run in runs} == (set(CONNECTION) if case.whose == CONNECTION else set(ALL))
    for run in troubled:
        assert run.error is not None
        assert run.error.kind is case.kind
        assert case.words in run.error.message
        assert run.error.message.endswith(".")
        assert run.error.hint.endswith(".")
        assert "<html" not in run.error.message
        assert run.completed_at is not None
        assert run.counts.closed == 0
    assert lab.holdings() == before


def test_a_connection_that_is_refused_is_a_network_fault(lab: Lab) -> None:
    before = lab.holdings()
    lab.standin.stop()
    runs = lab.sync()
    lab.standin.start()
    (run,) = runs
    assert exit_code(runs) == FAILED
    assert run.error is not None
    assert (run.account, run.error.kind) == (None, NETWORK)
    assert "could not be reached" in run.error.message
    assert lab.holdings() == before


@pytest.mark.parametrize(
    ("name", "pattern", "fault"),
    [
        ("an access token that expired", OF_TWO, Fault.status(401)),
        ("a 429", OF_TWO, Fault.status(429)),
        ("a 500 of the account list", LIST, Fault.status(500)),
        ("a 502 of the token", TOKEN, Fault.html(502)),
        ("a connection cut", OF_TWO, Fault.cut()),
    ],
)
def test_a_fault_that_passes_is_overcome_within_the_sync(lab: Lab, name: str, pattern: str, fault: Fault) -> None:
    lab.standin.fail(pattern, fault, times=1)
    assert exit_code(lab.sync()) == NO_FAULT, name


def test_the_same_row_twice_is_one_position(lab: Lab) -> None:
    before = lab.holdings()
    lab.standin.hold(TWO, [*_rows(TWO), *_rows(TWO)])
    assert exit_code(lab.sync()) == NO_FAULT
    assert lab.holdings() == before


def test_a_refused_grant_is_tried_once(lab: Lab) -> None:
    lab.standin.refuse_grant()
    lab.standin.forget_requests()
    lab.sync()
    assert len(lab.standin.requests_to(TOKEN)) == 1
