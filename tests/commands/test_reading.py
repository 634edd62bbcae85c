"""The reading commands print what a sync stored, say how old it is, and never make a database."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cotrader_tui.brokers.base import AccountFailure
from cotrader_tui.commands.output import Format
from cotrader_tui.commands.reading import COMMANDS, Question, read, refuse_unknown_account
from cotrader_tui.config import Settings
from cotrader_tui.domain.positions import Holding
from cotrader_tui.domain.sync import StreamState, StreamStatus
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.store.lease import Lease
from cotrader_tui.store.writer import Writer
from tests.builders import NOW, account, coin, quote, share
from tests.commands.books import answer, hundred_shares, settings, sync

MINUTE = timedelta(minutes=1)
OTHER = account("5WT00002")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "cotrader.db"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed: its exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        found = json.loads(self.out, parse_float=Decimal)
        assert isinstance(found, list)
        return found


def ask(
    told: Settings,
    command: str = "positions",
    *,
    form: Format = Format.JSON,
    everything: bool = False,
    limit: int = 20,
    now: datetime = NOW,
) -> Answer:
    out, err = io.StringIO(), io.StringIO()
    code = read(told, Question(command, form, everything, limit), now, out, err)
    return Answer(code, out.getvalue(), err.getvalue())


@pytest.mark.parametrize("command", COMMANDS)
def test_before_the_first_sync_there_is_nothing_and_no_database_is_made(command: str, database: Path) -> None:
    answered = ask(settings(database), command)
    assert (answered.code, answered.out) == (ExitCode.NO_DATA, "[]\n")
    assert "There is no database" in answered.err
    assert not database.parent.exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_before_the_first_sync_csv_has_its_header_and_the_table_is_nothing(command: str, database: Path) -> None:
    keys = COMMANDS[command].keys
    assert ask(settings(database), command, form=Format.CSV).out.strip().split(",") == list(keys)
    answered = ask(settings(database), command, form=Format.TEXT)
    assert answered.out == ""
    assert "There is no database" in answered.err


def test_a_synced_account_without_positions_is_told(database: Path) -> None:
    sync(database, answer())
    answered = ask(settings(database), form=Format.TEXT)
    assert (answered.code, answered.out) == (0, "")
    assert answered.err.startswith("There is nothing to list.\n")
    assert "nothing to list" not in ask(settings(database), form=Format.CSV).err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_an_engine_has_just_made_has_no_data_yet(command: str, database: Path) -> None:
    Writer(database).close()
    answered = ask(settings(database), command)
    assert (answered.code, answered.rows) == (ExitCode.NO_DATA, [])
    assert "Nothing has been synced yet." in answered.err


def test_a_synced_empty_book_is_empty_and_well(database: Path) -> None:
    sync(database, answer())
    answered = ask(settings(database))
    assert (answered.code, answered.out, answered.err) == (0, "[]\n", "")


def test_positions_tell_what_was_synced(database: Path) -> None:
    sync(database, hundred_shares())
    (row,) = ask(settings(database)).rows
    assert row["symbol"] == "AAPL"
    assert (row["quantity"], row["mark"], row["open_pnl"]) == (100, Decimal("52.79"), Decimal("-171.00"))
    assert row["last_synced_at"] == "2026-03-10T15:30:00+00:00"


def test_a_fractional_coin_is_exact_to_the_last_digit_on_stdout(database: Path) -> None:
    coins = Holding(coin(), Decimal("0.12345678"), Decimal("60000.01"))
    sync(database, answer(coins, quotes=[quote(coin(), "61234.57")]))
    out = ask(settings(database)).out
    assert '"quantity": 0.12345678,' in out
    assert '"open_pnl": 152.4148023168,' in out


def test_the_same_symbol_in_two_accounts_is_two_positions(database: Path) -> None:
    sync(database, hundred_shares(), hundred_shares(of=OTHER))
    assert [row["account"] for row in ask(settings(database)).rows] == ["5WT00001", "5WT00002"]
    (exposure,) = ask(settings(database), "underlyings").rows
    assert (exposure["positions"], exposure["delta"]) == (2, 200)


def test_an_account_narrows_every_table_but_the_connections(database: Path) -> None:
    sync(database, hundred_shares(), hundred_shares("MSFT", of=OTHER))
    told = settings(database, account=OTHER.id.number)
    assert [row["symbol"] for row in ask(told).rows] == ["MSFT"]
    assert [row["underlying"] for row in ask(told, "underlyings").rows] == ["MSFT"]
    assert [row["account"] for row in ask(told, "accounts").rows] == [OTHER.id.number]
    assert [row["account"] for row in ask(told, "sync-log").rows] == [OTHER.id.number]
    assert [row["accounts"] for row in ask(told, "connections").rows] == [2]


def test_an_unknown_account_is_refused_with_the_known_ones(database: Path) -> None:
    sync(database, hundred_shares())
    with pytest.raises(ConfigError, match=r"no account 9.*5WT00001"):
        ask(settings(database, account="9"))
    with pytest.raises(ConfigError, match=r"no account 9.*5WT00001"):
        refuse_unknown_account(settings(database, account="9"))


def test_no_data_yet_comes_before_an_unknown_account(database: Path) -> None:
    told = settings(database, account="9")
    assert ask(told).code == ExitCode.NO_DATA
    refuse_unknown_account(told)


def test_all_adds_closed_positions(database: Path) -> None:
    sync(database, hundred_shares())
    sync(database, answer(Holding(share("MSFT"), Decimal(1), Decimal(400))), now=NOW + MINUTE)
    sync(database, answer(Holding(share("MSFT"), Decimal(1), Decimal(400))), now=NOW + 2 * MINUTE)
    later = NOW + 2 * MINUTE
    assert [row["symbol"] for row in ask(settings(database), now=later).rows] == ["MSFT"]
    open_row, closed_row = ask(settings(database), everything=True, now=later).rows
    assert (open_row["symbol"], open_row["status"]) == ("MSFT", "open")
    assert (closed_row["symbol"], closed_row["status"], closed_row["quantity"]) == ("AAPL", "closed", 0)
    assert (closed_row["mark"], closed_row["market_value"], closed_row["delta"]) == (Decimal("52.79"), None, None)
    assert (closed_row["realized_pnl"], closed_row["realized_source"]) == (Decimal("-171.00"), "estimated")


def test_the_sync_log_is_newest_first_and_limited(database: Path) -> None:
    for minute in range(4):
        sync(database, hundred_shares(), hundred_shares(of=OTHER), now=NOW + minute * MINUTE)
    told = settings(database)
    limited = ask(told, "sync-log", limit=3).rows
    assert [row["started_at"][14:16] for row in limited] == ["33", "33", "32"]
    assert len(ask(told, "sync-log", limit=3, everything=True).rows) == 8
    narrowed = ask(replace(told, account=OTHER.id.number), "sync-log", limit=3).rows
    assert [row["started_at"][14:16] for row in narrowed] == ["33", "32", "31"]
    assert {row["account"] for row in narrowed} == {OTHER.id.number}


def test_a_failed_first_sync_is_in_the_log_and_no_data_elsewhere(database: Path) -> None:
    sync(database, error=BrokerError(ErrorKind.NETWORK, "The broker did not answer.", "Check the network."))
    told = settings(database)
    answered = ask(told)
    assert (answered.code, answered.rows) == (ExitCode.NO_DATA, [])
    assert "The broker did not answer. Check the network." in answered.err
    (run,) = ask(told, "sync-log").rows
    assert (run["account"], run["status"], run["error_kind"]) == (None, "failed", "network")
    (connection,) = ask(told, "connections").rows
    assert (connection["last_sync_status"], connection["consecutive_failures"]) == ("failed", 1)
    assert connection["last_sync_message"] == "The broker did not answer."


def test_an_account_that_never_landed_is_listed_without_figures(database: Path) -> None:
    refusal = BrokerError(ErrorKind.BROKER, "No.", "Ask the broker.")
    sync(database, hundred_shares(), AccountFailure(OTHER, refusal))
    answered = ask(settings(database), "accounts")
    first, second = answered.rows
    assert (first["net_liquidating_value"], first["as_of"]) == (10000, "2026-03-10T15:30:00+00:00")
    assert (second["account"], second["net_liquidating_value"], second["as_of"]) == (OTHER.id.number, None, None)
    assert "Its last sync was partial" in answered.err


def test_old_figures_say_their_age_on_stderr(database: Path) -> None:
    sync(database, hundred_shares())
    answered = ask(settings(database), now=NOW + timedelta(hours=3, minutes=5))
    assert answered.code == 0
    assert answered.err == "Connection tastytrade is STALE: its figures are 3 hours old.\n"


def test_an_account_the_broker_no_longer_lists_says_so(database: Path) -> None:
    sync(database, hundred_shares(), hundred_shares(of=OTHER))
    sync(database, hundred_shares(), now=NOW + MINUTE)
    answered = ask(settings(database), now=NOW + MINUTE)
    assert [row["account"] for row in answered.rows] == ["5WT00001", OTHER.id.number]
    assert f"Account {OTHER.id.number} is no longer listed" in answered.err
    assert "1 minute old" in answered.err
    (exposure,) = ask(settings(database), "underlyings", now=NOW + MINUTE).rows
    assert exposure["positions"] == 1


def test_a_label_is_a_visible_word(database: Path) -> None:
    sync(database, hundred_shares(), label="SANDBOX")
    assert "SANDBOX" in ask(settings(database)).err
    (row,) = ask(settings(database), "connections").rows
    assert row["label"] == "SANDBOX"


def test_stream_is_told_while_an_engine_runs_and_unknown_once_it_is_gone(database: Path) -> None:
    sync(database, hundred_shares())
    status = StreamStatus(StreamState.BROKEN, NOW, "It broke off. It starts again.", 312)
    keys = ("stream_state", "stream_since", "stream_message", "stream_overflow")
    with Lease(database) as lease, Writer(database) as writer:
        assert lease.acquire()
        writer.store_stream(1, status)
        (row,) = ask(settings(database), "connections").rows
    assert [row[key] for key in keys] == ["broken", "2026-03-10T15:30:00+00:00", status.message, 312]
    (row,) = ask(settings(database), "connections").rows
    assert [row[key] for key in keys] == [None] * 4


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("command", ["positions", "underlyings", "accounts"])
def test_privacy_masks_amounts_in_every_form(command: str, form: Format, database: Path) -> None:
    sync(database, hundred_shares())
    shown = ask(settings(database), command, form=form).out
    hidden = ask(settings(database, is_private=True), command, form=form).out
    amounts = {"positions": "5279.00", "underlyings": "-171.00", "accounts": "8000.50"}
    assert amounts[command] in shown
    assert amounts[command] not in hidden
    if command == "positions":
        assert "52.79" in hidden
        assert "54.50" not in hidden


def test_csv_and_json_tell_the_same(database: Path) -> None:
    sync(database, hundred_shares())
    (as_csv,) = csv.DictReader(io.StringIO(ask(settings(database), form=Format.CSV).out))
    (as_json,) = ask(settings(database)).rows
    assert list(as_csv) == list(as_json)
    assert {key: _in_csv(value) for key, value in as_json.items()} == as_csv


def _in_csv(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else "" if value is None else str(value)


def test_a_demo_command_refuses_a_database_of_real_accounts(database: Path) -> None:
    sync(database, hundred_shares())
    with pytest.raises(ConfigError, match="not a demo"):
        ask(settings(database, is_demo=True))


def test_a_place_that_cannot_be_opened_for_sharing_is_read_as_a_frozen_copy(database: Path) -> None:
    sync(database, hundred_shares())
    database.with_name(database.name + "-shm").symlink_to("nowhere")  # SQLite can make none, as in a read-only folder
    answered = ask(settings(database))
    assert (answered.code, len(answered.rows)) == (0, 1)
    assert "frozen copy" in answered.err
