"""`cotrader since`: the three tables, since when, what is missing."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cotrader_tui.cli import build_parser, main
from cotrader_tui.commands.output import Format
from cotrader_tui.commands.since import POSITION_KEYS, SYNC_KEYS, UNDERLYING_KEYS, SinceQuestion, report
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.store.writer import Writer
from tests.builders import NOW, option, share
from tests.commands.books import settings, sync
from tests.store.test_since import CALL, LATER, LEFT, held, land

PUT = option("AAPL", "230")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Since LEFT: shares gained, a short call was reduced, an option has no mark; one sync failed."""
    path = tmp_path / "book.db"
    stock, unmarked = held(share(), "100"), held(PUT, "1")
    before = (stock, unmarked, held(CALL, "-2", "4.85", realized="0"))
    land(path, LEFT - timedelta(minutes=1), *before, marks={share(): "50.00", CALL: "3.60"})
    sync(path, error=BrokerError(ErrorKind.NETWORK, "No answer.", "Is it up?"), now=NOW - timedelta(hours=1))
    after = (stock, unmarked, held(CALL, "-1", "4.85", realized="165"))
    land(path, LATER, *after, marks={share(): "51.25", CALL: "3.20"})
    return path


def asked(path: Path, table: str = "underlyings", *, is_private: bool = False, **of: Any) -> tuple[int, Any, str]:  # noqa: ANN401
    """The exit code, the rows and the words; by default since LEFT, when the screen was last used."""
    out, err = io.StringIO(), io.StringIO()
    question = SinceQuestion(table, Format.JSON, **{"seen": LEFT, **of})
    code = report(settings(path, is_private=is_private), question, NOW, out, err)
    return code, json.loads(out.getvalue(), parse_float=Decimal), err.getvalue()


def test_without_a_sync_before_it_says_so_once(tmp_path: Path) -> None:
    path = tmp_path / "first.db"
    land(path, LATER, held(share(), "100"), marks={share(): "51.25"})
    code, (row,), words = asked(path)
    assert (code, row["pnl"], row["positions"]) == (0, None, 1)
    assert "Nothing had been synced by then, so what has changed since is not known.\n" in words
    assert "`cotrader since positions` says why" not in words


def test_underlyings_with_how_many_positions_their_sums_have(path: Path) -> None:
    code, (row,), words = asked(path)
    assert code == 0
    assert tuple(row) == UNDERLYING_KEYS
    assert row["since"] == LEFT.isoformat()
    # 100 × 1.25; 165 realized + 165 open − 250 open then
    assert (row["underlying"], row["pnl"]) == ("AAPL", Decimal("205.00"))
    assert (row["positions"], row["positions_with_pnl"], row["positions_estimated"]) == (3, 2, 0)
    assert (row["legs"], row["legs_with_greek_changes"]) == (3, 1)
    assert "Since 2026-03-10 08:30 New York: the screen was last used then." in words
    assert "P&L since then is not known of 1 of 3 positions: `cotrader since positions` says why." in words


def test_positions_with_what_happened_and_why_one_is_unknown(path: Path) -> None:
    _, rows, _ = asked(path, "positions")
    assert all(tuple(row) == POSITION_KEYS for row in rows)
    told = {row["symbol"]: row for row in rows}
    call = told[CALL.symbol]
    assert (call["happening"], call["quantity_before"], call["quantity"], call["pnl"]) == ("reduced", -2, -1, 80)
    assert (call["realized_pnl"], call["realized_source"]) == (165, "broker")
    unmarked = told[PUT.symbol]
    assert (unmarked["pnl"], unmarked["unknown_because"], unmarked["happening"]) == (None, "no_mark", None)


def test_syncs_that_failed(path: Path) -> None:
    _, (row,), _ = asked(path, "syncs")
    assert tuple(row) == SYNC_KEYS
    assert (row["connection"], row["status"], row["cycles"]) == ("tastytrade", "failed", 1)
    assert (row["error_kind"], row["error_message"], row["hint"]) == ("network", "No answer.", "Is it up?")


def test_since_so_many_hours_or_a_moment_in_new_york(path: Path) -> None:
    _, (row, *_), words = asked(path, hours=1.5)
    assert row["since"] == (NOW - timedelta(hours=1.5)).isoformat()
    assert "last used" not in words
    _, (row, *_), _ = asked(path, moment="2026-03-10T09:00")
    assert row["since"] == "2026-03-10T13:00:00+00:00"
    _, (row, *_), _ = asked(path, moment="2026-03-10T09:00:00+01:00")
    assert row["since"] == "2026-03-10T08:00:00+00:00"


@pytest.mark.parametrize("seen", [None, NOW + timedelta(hours=1)])
def test_without_a_last_use_a_day_is_told_and_said(path: Path, seen: datetime | None) -> None:
    _, (row, *_), words = asked(path, seen=seen)
    assert row["since"] == (NOW - timedelta(days=1)).isoformat()
    assert "when the screen was last used is unknown" in words


@pytest.mark.parametrize("moment", ["yesterday", "2026-03-10T12:00"])
def test_no_moment_and_one_to_come_are_refused_in_words(path: Path, moment: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        asked(path, moment=moment)
    assert moment in str(refusal.value)


@pytest.mark.parametrize("hours", ["0", "-3", "nan", "inf", "many"])
def test_no_number_of_hours_is_a_usage_error(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["since", f"--hours={hours}"])
    assert end.value.code == ExitCode.USAGE
    assert "is no number of hours" in capsys.readouterr().err


def test_privacy_masks_amounts_and_leaves_marks(path: Path) -> None:
    _, rows, _ = asked(path, "positions", is_private=True)
    call = next(row for row in rows if row["symbol"] == CALL.symbol)
    assert {call[key] for key in ("pnl", "quantity", "quantity_before", "realized_pnl")} == {"•••••"}
    assert call["mark"] == Decimal("3.20")
    assert next(row for row in rows if row["symbol"] == PUT.symbol)["pnl"] is None


def test_no_sync_since_is_said_and_nothing_counts_as_unchanged(path: Path) -> None:
    code, (row,), words = asked(path, hours=0.001)
    assert code == 0
    assert (row["pnl"], row["positions_with_pnl"]) == (None, 0)
    assert "Nothing has been synced since then." in words


def test_never_synced_is_no_data(tmp_path: Path) -> None:
    code, rows, words = asked(tmp_path / "none.db")
    assert (code, rows) == (ExitCode.NO_DATA, [])
    assert "There is no database" in words
    Writer(tmp_path / "new.db").close()
    code, rows, words = asked(tmp_path / "new.db")
    assert (code, rows, words) == (ExitCode.NO_DATA, [], "Nothing has been synced yet.\n")


def test_the_parser_offers_one_way_to_say_when() -> None:
    arguments = build_parser().parse_args(["since", "positions", "--from", "2026-03-09", "--csv"])
    assert (arguments.table, arguments.moment, arguments.csv) == ("positions", "2026-03-09", True)
    with pytest.raises(SystemExit):
        build_parser().parse_args(["since", "--from", "2026-03-09", "--hours", "3"])
