"""`connections.json` as an engine that runs follows it."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cotrader_tui.brokers.base import Broker, ConnectionConfig
from cotrader_tui.connections_file import forget_connection, mark_leaving, store_connection
from cotrader_tui.domain.sync import SyncKind
from cotrader_tui.errors import ConfigError
from cotrader_tui.roster import FileRoster
from cotrader_tui.sync.roster import Wanted
from tests.config_place import GRANT, Place, written
from tests.sync.fakes import ScriptedBroker

IRA = {"broker": "tastytrade"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def make(config: ConnectionConfig) -> Broker:
    return ScriptedBroker(())


def following(place: Place, **environ: str) -> FileRoster:
    """A roster that has been asked once, as when its engine has just started."""
    roster = FileRoster(place.load(**environ), make)
    roster.changed()
    return roster


def stored(place: Place, connections: dict[str, Any] | str) -> None:
    text = connections if isinstance(connections, str) else json.dumps(connections)
    written(place.config / "connections.json", text)


def names(wanted: Wanted | None) -> list[str]:
    assert wanted is not None
    return [config.name for config in wanted.connections]


def test_at_first_it_wants_what_the_settings_say(place: Place) -> None:
    stored(place, {"ira": {**IRA, "sync_interval": 15}, "paper": {"broker": "ibkr", "port": 7497}})
    settings = place.load(COTRADER_SYNC_INTERVAL="90", **GRANT)
    assert FileRoster(settings, make).changed() == Wanted(settings.connections)


def test_it_tells_each_change_once(place: Place) -> None:
    roster = following(place, COTRADER_SYNC_INTERVAL="90")
    assert roster.changed() is None
    store_connection(place.config, "ira", IRA)
    wanted = roster.changed()
    assert names(wanted) == ["ira"]
    assert wanted is not None
    assert wanted.connections[0].sync_interval == timedelta(seconds=90)
    assert roster.changed() is None
    store_connection(place.config, "ira", {**IRA, "positions": False})
    wanted = roster.changed()
    assert wanted is not None
    assert wanted.connections[0].sync_kinds == {SyncKind.TRANSACTIONS, SyncKind.ORDERS}
    forget_connection(place.config, "ira")
    assert names(roster.changed()) == []
    (place.config / "connections.json").unlink()
    assert names(roster.changed()) == []
    assert roster.changed() is None


def test_connecting_again_is_a_change_even_if_the_definition_is_the_same(place: Place) -> None:
    stored(place, {"ira": {**IRA, "connected_at": "2026-03-10T16:00:00+00:00"}})
    roster = FileRoster(place.load(), make)
    before = roster.changed()
    stored(place, {"ira": {**IRA, "connected_at": "2026-03-10T17:00:00+00:00"}})
    after = roster.changed()
    assert before is not None
    assert after is not None
    assert before.connections != after.connections


def test_one_that_is_being_disconnected_leaves_with_its_mark(place: Place) -> None:
    stored(place, {"ira": IRA, "joint": IRA})
    roster = following(place)
    mark = mark_leaving(place.config, "ira")
    wanted = roster.changed()
    assert names(wanted) == ["joint"]
    assert wanted is not None
    assert wanted.leaving == {"ira": mark}


def test_what_the_environment_defines_stays_and_goes_before_a_stored_one(place: Place) -> None:
    roster = following(place, **GRANT)
    store_connection(place.config, "tastytrade", {**IRA, "sandbox": True})
    mark_leaving(place.config, "tastytrade")
    wanted = roster.changed()
    assert wanted is not None
    assert [(config.name, config.label) for config in wanted.connections] == [("tastytrade", "")]
    assert wanted.leaving == {}


def test_a_file_that_cannot_be_read_changes_nothing_until_it_can(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    stored(place, {"ira": IRA})
    roster = following(place)
    with caplog.at_level(logging.WARNING):
        stored(place, "{")
        assert (roster.changed(), roster.changed()) == (None, None)
    assert caplog.text.count("The connections stay as they are") == 1
    stored(place, {"ira": IRA, "joint": IRA})
    assert names(roster.changed()) == ["ira", "joint"]


def test_a_definition_that_is_wrong_leaves_its_connection_as_it_was(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    stored(place, {"ira": {**IRA, "sync_interval": 30}})
    roster = following(place)
    with caplog.at_level(logging.WARNING):
        stored(place, {"ira": {**IRA, "sync_interval": "often"}, "joint": {"broker": "etrade"}, "third": IRA})
        wanted = roster.changed()
    assert wanted is not None
    assert {each.name: each.sync_interval.seconds for each in wanted.connections} == {"ira": 30, "third": 60}
    assert "The connection ira stays as it was: sync_interval is 'often'" in caplog.text
    assert "The connection joint is not served" in caplog.text


# Marks


def test_a_mark_is_kept_and_no_two_are_the_same(place: Place) -> None:
    stored(place, {"ira": IRA, "joint": IRA})
    first = mark_leaving(place.config, "ira")
    assert mark_leaving(place.config, "ira") == first
    assert mark_leaving(place.config, "joint") != first
    store_connection(place.config, "ira", IRA)
    assert mark_leaving(place.config, "ira") != first
    with pytest.raises(ConfigError, match="no connection third"):
        mark_leaving(place.config, "third")


def test_one_that_is_marked_is_not_among_the_connections_of_the_settings(place: Place) -> None:
    stored(place, {"ira": IRA, "joint": IRA})
    mark_leaving(place.config, "ira")
    settings = place.load()
    assert [each.name for each in settings.connections] == ["joint"]
    assert settings.leaving == {"ira"}
