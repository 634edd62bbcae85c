"""Named connections: stored without secrets, editable by hand, merged with those of the environment."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.config import Options
from cotrader_tui.connections_file import forget_connection, read_connections, store_connection
from cotrader_tui.errors import ConfigError
from cotrader_tui.private_files import write_private
from tests.config_place import GRANT, Place, written

TASTYTRADE = {"broker": "tastytrade"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def stored(place: Place, connections: dict[str, Any]) -> None:
    written(place.config / "connections.json", json.dumps(connections))


def named(place: Place, name: str, definition: dict[str, Any], **environ: str) -> ConnectionConfig:
    stored(place, {name: definition})
    (found,) = (config for config in place.load(**environ).connections if config.name == name)
    return found


# The file


def test_storing_and_forgetting_one_leaves_what_others_were_edited_to(tmp_path: Path) -> None:
    edited = {"broker": "ibkr", "port": 7497, "sync_interval": 15}
    written(tmp_path / "connections.json", json.dumps({"paper": edited}, indent=8))
    store_connection(tmp_path, "ira", TASTYTRADE)
    assert read_connections(tmp_path) == {"paper": edited, "ira": TASTYTRADE}
    forget_connection(tmp_path, "ira")
    forget_connection(tmp_path, "never there")
    assert read_connections(tmp_path) == {"paper": edited}


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    store_connection(tmp_path / "config", "ira", TASTYTRADE)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "config", *(tmp_path / "config").iterdir())]
    assert modes == [0o700, 0o600]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_private(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"ira": {}}', '{"ira": []}', '{"-x": {"broker": "ibkr"}}', '{"a b": {"broker": "ibkr"}}']
)
def test_a_file_that_is_not_what_it_should_be_is_told_and_kept(text: str, tmp_path: Path) -> None:
    file = written(tmp_path / "connections.json", text)
    with pytest.raises(ConfigError):
        read_connections(tmp_path)
    with pytest.raises(ConfigError):
        store_connection(tmp_path, "joint", TASTYTRADE)
    assert file.read_text() == text


# As settings


def test_a_named_connection_names_its_secrets_and_holds_none(place: Place) -> None:
    config = named(place, "ira", {"broker": "tastytrade", "account_number": ["5WA00001"], "sandbox": True})
    assert (config.broker, config.label, config.account_filter) == ("tastytrade", "SANDBOX", frozenset({"5WA00001"}))
    assert config.secrets == {}
    assert config.secret_names == ("client_secret", "refresh_token")


def test_several_of_one_broker_stand_beside_those_of_the_environment(place: Place) -> None:
    stored(place, {"ira": TASTYTRADE, "joint": TASTYTRADE, "paper": {"broker": "ibkr", "port": 7497}})
    settings = place.load(**GRANT)
    assert [config.name for config in settings.connections] == ["tastytrade", "ira", "joint", "paper"]
    assert settings.unnamed == {"tastytrade"}
    assert settings.warnings == ()
    assert settings.config_folder == place.config


def test_each_has_its_own_interval_or_the_common_one(place: Place) -> None:
    common = {"COTRADER_SYNC_INTERVAL": "90"}
    assert named(place, "ira", {**TASTYTRADE, "sync_interval": 15}, **common).sync_interval == timedelta(seconds=15)
    assert named(place, "ira", TASTYTRADE, **common).sync_interval == timedelta(seconds=90)


def test_the_settings_of_the_environment_are_not_those_of_a_named_connection(place: Place) -> None:
    config = named(place, "ira", TASTYTRADE, TASTYTRADE_ACCOUNT_NUMBER="5WA00001", TASTYTRADE_SANDBOX="1")
    assert (config.label, config.account_filter) == ("", frozenset())


def test_the_environments_connection_goes_before_a_stored_one_of_its_name(place: Place) -> None:
    stored(place, {"tastytrade": {"broker": "tastytrade", "sandbox": True}})
    settings = place.load(**GRANT)
    assert [(config.name, config.label) for config in settings.connections] == [("tastytrade", "")]
    assert "stored connection tastytrade is not used" in settings.warnings[0]


def test_the_demo_has_no_named_connections(place: Place) -> None:
    stored(place, {"ira": TASTYTRADE})
    assert [config.name for config in place.load(Options(demo=True)).connections] == ["demo"]


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({"broker": "tastytrade", "acount_number": "5WA00001"}, "acount_number"),
        ({"broker": "tastytrade", "refresh_token": "canary"}, "refresh_token"),
        ({"broker": "tastytrade", "api_url": "http://api.example.com"}, "without encryption"),
        ({"broker": "tastytrade", "sync_interval": 1}, "at least 5|shortest interval"),
        ({"broker": "etrade"}, "no broker 'etrade'"),
        ({"broker": "ibkr"}, "lacks a setting"),
    ],
)
def test_a_definition_that_is_wrong_is_told_in_words(place: Place, definition: dict[str, Any], words: str) -> None:
    stored(place, {"ira": definition})
    with pytest.raises(ConfigError, match=words) as refusal:
        place.load()
    assert "canary" not in str(refusal.value)
    assert "connections.json" in str(refusal.value) or "etrade" in words
