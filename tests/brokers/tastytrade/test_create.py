"""How a connection is made."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from cotrader_tui.brokers.base import Broker, ConnectionConfig, Secret
from cotrader_tui.brokers.tastytrade import create
from cotrader_tui.errors import ConfigError
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TastytradeStandin


def clock() -> datetime:
    return datetime(2026, 11, 18, 20, 46, tzinfo=UTC)


async def test_connection_from_settings_lists_its_accounts(server: TastytradeStandin) -> None:
    server.change(lambda book: book.add_account("5WX00001", nickname="Trading"))
    config = ConnectionConfig(
        "tastytrade",
        "tastytrade",
        options={"api_url": server.url},
        secrets={"client_secret": Secret(CLIENT_SECRET), "refresh_token": Secret(REFRESH_TOKEN)},
    )
    broker: Broker = create(config, clock)
    try:
        assert [account.nickname for account in await broker.accounts()] == ["Trading"]
    finally:
        await broker.close()


@pytest.mark.parametrize(
    ("secrets", "setting"),
    [
        ({}, "TASTYTRADE_CLIENT_SECRET"),
        ({"client_secret": Secret("x")}, "TASTYTRADE_REFRESH_TOKEN"),
        ({"client_secret": Secret(""), "refresh_token": Secret("x")}, "TASTYTRADE_CLIENT_SECRET"),
    ],
)
def test_missing_secret_is_named(secrets: dict[str, Secret], setting: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        create(ConnectionConfig("tastytrade", "tastytrade", secrets=secrets), clock)


def test_importing_the_adapter_does_not_import_the_sdk() -> None:
    code = (
        "import sys, cotrader_tui.brokers.tastytrade;"
        "sys.exit(any(name in sys.modules for name in ('tastytrade', 'httpx2', 'pandas', 'pydantic')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
