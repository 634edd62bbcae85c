"""The interval and the switches of each connection, in the configuration file and in `connections.json`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.config import Options
from cotrader_tui.domain.sync import SyncKind
from cotrader_tui.errors import ConfigError
from tests.config_place import GRANT, Place, written

EVERYTHING = frozenset(SyncKind)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def named(place: Place, **keys: object) -> ConnectionConfig:
    """The stored connection `ira` with these keys."""
    written(place.config / "connections.json", json.dumps({"ira": {"broker": "tastytrade", **keys}}))
    (found,) = (config for config in place.load().connections if config.name == "ira")
    return found


def test_everything_a_broker_gives_is_synced_unless_switched_off(place: Place) -> None:
    assert place.tastytrade().sync_kinds == EVERYTHING
    assert named(place).sync_kinds == EVERYTHING
    assert place.load(IBKR_PORT="7497").connections[-1].sync_kinds == EVERYTHING
    assert SyncKind.POSITIONS in place.load(Options(demo=True)).connections[0].sync_kinds


@pytest.mark.parametrize("kind", SyncKind)
def test_each_kind_has_a_switch_of_its_own(place: Place, kind: SyncKind) -> None:
    place.toml(f"[tastytrade]\n{kind} = false\n[ibkr]\nport = 7497\n")
    kinds = {each.name: each.sync_kinds for each in place.load(**GRANT).connections}
    assert kinds == {"tastytrade": EVERYTHING - {kind}, "ibkr": EVERYTHING}
    assert named(place, **{kind: False}).sync_kinds == EVERYTHING - {kind}


@pytest.mark.parametrize(("value", "is_on"), [(True, True), ("yes", True), (1, True), (0, False), ("OFF", False)])
def test_a_switch_takes_the_words_of_every_other_flag(place: Place, value: object, is_on: bool) -> None:
    assert (SyncKind.ORDERS in named(place, orders=value).sync_kinds) is is_on


def test_a_section_has_its_own_interval_before_the_common_one(place: Place) -> None:
    place.toml("sync_interval = 40\n[tastytrade]\nsync_interval = 120\n[ibkr]\nport = 7497\n")
    intervals = {each.name: each.sync_interval.seconds for each in place.load(**GRANT).connections}
    assert intervals == {"tastytrade": 120, "ibkr": 40}
    environ = {**GRANT, "COTRADER_SYNC_INTERVAL": "30"}
    intervals = {each.name: each.sync_interval.seconds for each in place.load(**environ).connections}
    assert intervals == {"tastytrade": 120, "ibkr": 30}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("positions = 'perhaps'", "positions is 'perhaps' .*tastytrade.*config.toml.*true or false"),
        ("orders = 2", "orders is '2' .*tastytrade.*config.toml.*true or false"),
        ("sync_interval = 'often'", "sync_interval is 'often' .*tastytrade.*config.toml.*number of seconds"),
        ("sync_interval = 4", "sync_interval is 4 s .*tastytrade.*config.toml.*5 seconds"),
        ("sync_interval = inf", "sync_interval is 'inf' .*tastytrade.*config.toml.*number of seconds"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_key_its_place_and_what_would(place: Place, line: str, words: str) -> None:
    place.toml(f"[tastytrade]\n{line}\n")
    with pytest.raises(ConfigError) as refusal:
        place.tastytrade()
    assert refusal.match(words)


def test_in_a_stored_connection_the_words_name_it(place: Place) -> None:
    with pytest.raises(ConfigError, match=r"transactions is 'no way' in the connection ira of .*connections\.json"):
        named(place, transactions="no way")


def test_a_sync_of_all_passes_over_what_is_switched_off_and_one_by_name_says_so(place: Place) -> None:
    place.toml("[tastytrade]\npositions = false\n[ibkr]\nport = 7497\n")
    settings = place.load(**GRANT)
    assert [each.name for each in settings.only(None).connections] == ["ibkr"]
    with pytest.raises(ConfigError, match="The positions of tastytrade are switched off"):
        settings.only(["ibkr", "tastytrade"])
    place.toml("[tastytrade]\npositions = false\n")
    with pytest.raises(ConfigError, match="The positions of tastytrade are switched off"):
        place.load(**GRANT).only(None)
