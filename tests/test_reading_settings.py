"""The settings of a program that only shows what is stored: no broker, no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from cotrader_tui.config import SETTINGS, Options, load_settings, without_brokers
from cotrader_tui.errors import ConfigError

OF_BROKERS = {
    "TASTYTRADE_CLIENT_SECRET": "a",
    "TASTYTRADE_REFRESH_TOKEN": "b",
    "TT_SECRET": "c",
    "TT_REFRESH": "d",
    "TASTYTRADE_USERNAME": "e",
    "TASTYTRADE_PASSWORD": "f",
    "TASTYTRADE_SANDBOX": "1",
    "IBKR_PORT": "7497",
    "COTRADER_PASSPHRASE": "g",
}
KEPT = {"HOME": "/home/me", "COTRADER_DB": "/book.db", "COTRADER_PRIVACY": "1", "NO_COLOR": "1"}


def test_what_is_of_brokers_is_taken_out_of_an_environment() -> None:
    assert without_brokers({**OF_BROKERS, **KEPT}) == KEPT


def test_no_secret_there_is_would_stay() -> None:
    every = {setting.env: "x" for setting in SETTINGS}
    assert not [each.env for each in SETTINGS if each.is_secret and each.env in without_brokers(every)]


def test_without_brokers_nothing_of_theirs_is_read(tmp_path: Path) -> None:
    config = tmp_path / "config" / "cotrader"
    config.mkdir(parents=True)
    (config / "connections.json").write_text("{ no json")
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "TASTYTRADE_CLIENT_SECRET": "half"}
    with pytest.raises(ConfigError):
        load_settings(Options(), environ, tmp_path)
    assert load_settings(Options(no_brokers=True), environ, tmp_path).connections == ()
