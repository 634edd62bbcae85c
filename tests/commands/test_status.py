"""The book in one line: its figures, its state, its age, and what it says where there is none."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cotrader_tui.commands.status import STATUS_KEYS, StatusFormat, report
from cotrader_tui.config import Settings
from cotrader_tui.errors import BrokerError, ConfigError, ErrorKind
from tests.builders import NOW, account
from tests.commands.books import hundred_shares, settings, sync
from tests.commands.conftest import RunCommand


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "book.db"
    sync(path, hundred_shares())
    return path


def said(
    to: Settings, form: StatusFormat = StatusFormat.TEXT, after: timedelta = timedelta(seconds=3)
) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = report(to, form, NOW + after, out, err)
    return code, out.getvalue(), err.getvalue()


def test_the_line_has_value_day_state_and_age(database: Path) -> None:
    code, out, err = said(settings(database))
    assert (code, err) == (0, "")
    assert out == "NLV 10,000.00 USD  Day -171.00 (-1.68%)  LIVE 3s\n"


def test_tmux_gets_colours_and_no_other_styles(database: Path) -> None:
    assert said(settings(database), StatusFormat.TMUX)[1] == (
        "NLV 10,000.00 USD  #[fg=red,bg=black]Day -171.00 (-1.68%)#[default]  #[fg=green,bg=black]LIVE 3s#[default]\n"
    )
    plain = said(replace(settings(database), has_color=False), StatusFormat.TMUX)[1]
    assert plain == "NLV 10,000.00 USD  Day -171.00 (-1.68%)  LIVE 3s\n"


def test_what_tmux_would_run_or_style_is_escaped(tmp_path: Path) -> None:
    sync(tmp_path / "book.db", hundred_shares(), label="#(reboot)#[fg=red]\x1b[31m")
    line = said(replace(settings(tmp_path / "book.db"), has_color=False), StatusFormat.TMUX)[1]
    assert line.startswith("##(reboot)##[fg=red]␛[31m  NLV")


def test_old_figures_and_failures_are_words_with_an_age(database: Path) -> None:
    assert said(settings(database), after=timedelta(hours=2))[1].endswith("STALE 2h\n")
    assert said(settings(database), after=timedelta(days=3))[1].endswith("CACHED 3d\n")
    sync(database, error=BrokerError(ErrorKind.AUTH, "The grant was refused.", "Make a new one."))
    assert said(settings(database), StatusFormat.TMUX)[1].endswith("#[fg=red,bg=black]LOGIN 3s#[default]\n")


def test_of_several_connections_the_worst_is_named(database: Path) -> None:
    sync(
        database,
        name="other",
        error=BrokerError(ErrorKind.NETWORK, "No answer.", "Wait."),
    )
    assert "other OFFLINE –" in said(settings(database))[1]


def test_privacy_masks_money_and_keeps_the_percentage(database: Path) -> None:
    private = settings(database, is_private=True)
    assert said(private)[1] == "NLV ••••• USD  Day ••••• (-1.68%)  LIVE 3s\n"
    (row,) = json.loads(said(private, StatusFormat.JSON)[1])
    assert (row["net_liquidating_value"], row["day_pnl"]) == ("•••••", "•••••")
    assert "fg=red" not in said(private, StatusFormat.TMUX)[1]


def test_one_account_or_portfolio_is_named(tmp_path: Path) -> None:
    sync(tmp_path / "book.db", hundred_shares(of=account("5WX00001")), hundred_shares(of=account("5WX00002")))
    one = settings(tmp_path / "book.db", account="5WX00002")
    assert said(settings(tmp_path / "book.db"))[1].startswith("NLV 20,000.00")
    assert said(one)[1].startswith("Account 5WX00002  NLV 10,000.00")
    with pytest.raises(ConfigError, match="There is no account 9"):
        said(replace(one, account="9"))


def test_json_has_the_exact_figures_under_its_keys(database: Path) -> None:
    (row,) = json.loads(said(settings(database), StatusFormat.JSON)[1])
    assert tuple(row) == STATUS_KEYS
    assert (row["net_liquidating_value"], row["day_pnl"], row["state"], row["age_seconds"]) == (10000, -171, "LIVE", 3)
    assert (row["positions"], row["positions_with_day_pnl"], row["labels"]) == (1, 1, "")


@pytest.mark.parametrize(("form", "out"), [("text", "cotrader: no data yet\n"), ("tmux", "cotrader: no data yet\n")])
def test_without_data_it_says_so_and_exits_5(cotrader: RunCommand, form: str, out: str) -> None:
    finished = cotrader("status", "--format", form)
    assert (finished.code, finished.out) == (5, out)
    assert "There is no database" in finished.err
    assert cotrader("status", "--json").out == "[]\n"


def test_the_demo_says_that_it_is_one(cotrader: RunCommand) -> None:
    cotrader("--demo", "sync")
    finished = cotrader("--demo", "status")
    assert finished.code == 0
    assert finished.out.startswith("DEMO  NLV ")
