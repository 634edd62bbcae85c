"""`cotrader config init` and `show`, and what of the keymap `doctor` tells."""

from __future__ import annotations

import json
import stat
import tomllib

from tests.commands.conftest import Home, RunCommand

CANARY = "canary-9d2e"


def test_init_writes_one_commented_file_that_only_its_owner_reads(cotrader: RunCommand, home: Home) -> None:
    file = home.config / "config.toml"
    finished = cotrader("config", "init")
    assert (finished.code, finished.out) == (0, "")
    assert str(file) in finished.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert tomllib.loads(file.read_text("utf-8")) == {"tastytrade": {}, "ibkr": {}, "keys": {}}
    assert "#sync_interval = 60" in file.read_text("utf-8")
    assert cotrader("config", "show").err == ""


def test_init_overwrites_only_when_forced_also_what_cannot_be_read(cotrader: RunCommand, home: Home) -> None:
    file = home.here / "mine.toml"
    file.write_text("theme = ")
    refused = cotrader("--config", file, "config", "init")
    assert (refused.code, file.read_text()) == (2, "theme = ")
    assert "--force" in refused.err
    assert cotrader("--config", file, "config", "init", "--force").code == 0
    assert cotrader("--config", file, "config", "show").code == 0


def test_show_prints_what_holds_and_masks_secrets(cotrader: RunCommand, home: Home) -> None:
    (home.here / ".env").write_text(f"TASTYTRADE_CLIENT_SECRET={CANARY}\nTASTYTRADE_REFRESH_TOKEN={CANARY}\n")
    finished = cotrader("--privacy", "config", "show", "--origin")
    lines = {line.split()[0]: line.split() for line in finished.out.splitlines()}
    assert lines["privacy"] == ["privacy", "1", "--privacy"]
    assert lines["tastytrade.client_secret"] == ["tastytrade.client_secret", "****", str(home.here / ".env")]
    assert lines["ibkr.client_id"] == ["ibkr.client_id", "71", "default"]
    assert lines["ibkr.port"] == ["ibkr.port", "–", "not", "set"]
    assert CANARY not in finished.out + finished.err
    assert "default" not in cotrader("config", "show").out


def test_show_as_json_has_the_origin_too(cotrader: RunCommand, home: Home) -> None:
    home.config.mkdir(parents=True)
    file = home.config / "config.toml"
    file.write_text("sync_interval = 30\n")
    rows = {row["setting"]: row for row in json.loads(cotrader("config", "show", "--json").out)}
    assert rows["sync_interval"] == {
        "setting": "sync_interval",
        "environment": "COTRADER_SYNC_INTERVAL",
        "value": "30",
        "origin": "file",
        "place": f"{file}, line 1",
    }
    assert (rows["ibkr.port"]["value"], rows["ibkr.port"]["place"]) == (None, None)


def test_what_is_amiss_is_said_on_stderr_by_every_command_and_of_keys_by_show_and_doctor(
    cotrader: RunCommand, home: Home
) -> None:
    home.config.mkdir(parents=True)
    file = home.config / "config.toml"
    file.write_text('thme = "nord"\n[keys]\nsync = "p"\n')
    setting, key = (
        f"{file}, line 1: there is no setting thme. Did you mean theme?",
        f"{file}, line 3: p, wanted for sync",
    )
    paths, show, doctor = cotrader("paths"), cotrader("config", "show"), cotrader("doctor")
    assert (paths.code, show.code) == (0, 0)
    assert setting in paths.err
    assert key not in paths.err
    assert setting in show.err
    assert key in show.err
    assert doctor.code == 2
    assert setting in doctor.out
    assert key in doctor.out


def test_a_wrong_value_names_its_line_and_exits_2(cotrader: RunCommand, home: Home) -> None:
    home.config.mkdir(parents=True)
    (home.config / "config.toml").write_text("\nprivacy = 'perhaps'\n")
    finished = cotrader("positions", "--json")
    assert (finished.code, finished.out) == (2, "")
    assert "config.toml, line 2." in finished.err


def test_keys_needs_a_terminal_and_lists_without_one(cotrader: RunCommand, home: Home) -> None:
    refused = cotrader("keys")
    assert (refused.code, refused.out) == (2, "")
    assert "terminal" in refused.err
    home.config.mkdir(parents=True)
    (home.config / "config.toml").write_text('[keys]\nsync = ["x", "f5"]\nmarks = ""\nsynk = "z"\n')
    listed = cotrader("keys", "--json")
    rows = {row["action"]: row for row in json.loads(listed.out)}
    assert rows["sync"] == {"action": "sync", "keys": "x f5", "description": "Sync now"}
    assert rows["marks"]["keys"] is None
    assert "Did you mean sync?" in listed.err
    assert "Sync now" in cotrader("keys", "--list").out
