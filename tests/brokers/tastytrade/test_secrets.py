"""Credentials and tokens stay where they belong: in no log line, error or traceback."""

from __future__ import annotations

import logging
import traceback
from datetime import date

import pytest

from cotrader_tui.brokers.base import AccountFailure
from cotrader_tui.errors import BrokerError
from tests.brokers.tastytrade.conftest import BUDGET, SHORT_STREAM, Connect
from tests.standin.faults import Fault, StreamFault
from tests.standin.payloads import greeks_event, option_row
from tests.standin.tastytrade import TastytradeStandin

NUMBER = "5WX00001"


@pytest.fixture(autouse=True)
def one_option(server: TastytradeStandin) -> None:
    rows = [option_row("KO", date(2026, 12, 18), "C", 65, 1, "1", "1.1")]
    server.change(lambda book: book.add_account(NUMBER, rows))
    server.change(lambda book: book.greeks.update({".KO261218C65": greeks_event(0.4)}))


async def words_of_a_cycle(connect: Connect) -> str:
    """Everything a cycle says: errors with their tracebacks, warnings, the reprs of its results."""
    broker = connect(stream_limits=SHORT_STREAM)
    try:
        results = await broker.fetch(await broker.accounts(), BUDGET)
    except BrokerError as error:
        return "".join(traceback.format_exception(error)) + repr(error)
    errors = [result.error for result in results if isinstance(result, AccountFailure)]
    return repr(results) + "".join("".join(traceback.format_exception(error)) for error in errors)


@pytest.mark.parametrize(
    "path",
    [None, "/oauth/token", "/customers/me/accounts", "*/positions", "*/balances", "/api-quote-tokens"],
)
@pytest.mark.parametrize("fault", [Fault.html(401), Fault.invalid_json(), Fault.cut(), Fault.refused_grant()])
async def test_no_secret_in_logs_and_errors(
    server: TastytradeStandin, connect: Connect, caplog: pytest.LogCaptureFixture, path: str | None, fault: Fault
) -> None:
    caplog.set_level(logging.DEBUG)
    if path is not None:
        server.fail(path, fault)
    words = await words_of_a_cycle(connect)
    assert words
    assert "canary" not in words
    assert "canary" not in caplog.text
    assert "Bearer" not in caplog.text


@pytest.mark.parametrize("fault", list(StreamFault))
async def test_no_quote_token_in_what_a_broken_stream_says(
    server: TastytradeStandin, connect: Connect, caplog: pytest.LogCaptureFixture, fault: StreamFault
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail_stream(fault)
    assert "canary" not in await words_of_a_cycle(connect)
    assert server.quote_tokens
    assert "canary" not in caplog.text


async def test_neither_the_sdk_nor_its_http_client_logs_frames_or_addresses(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await words_of_a_cycle(connect)
    speakers = {record.name.split(".")[0] for record in caplog.records}
    assert speakers.isdisjoint({"tastytrade", "httpx2", "httpcore2"})
