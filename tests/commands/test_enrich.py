"""`cotrader enrich`: every cell of a screener's CSV comes back, with what of its candidates is held."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from cotrader_tui.brokers.base import BrokerSnapshot
from cotrader_tui.commands.enrich import report, vote
from cotrader_tui.commands.held import Held, Holdings
from cotrader_tui.config import Settings
from cotrader_tui.domain.positions import Holding
from cotrader_tui.errors import ConfigError
from tests.builders import NOW, account, decimal, leg, option, position, quote, share
from tests.commands.books import answer, hundred_shares, settings, sync
from tests.commands.conftest import Home, RunCommand

PROGRAM = [sys.executable, "-m", "cotrader_tui"]


def winner(symbol: str = "MSFT") -> BrokerSnapshot:
    """An account with 20.5 shares bought at 400 that stand at 410."""
    stock = share(symbol)
    holding = Holding(stock, quantity=Decimal("20.5"), average_open_price=decimal("400"))
    return answer(holding, quotes=[quote(stock, "410")], of=account("5WT00002"))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """100 AAPL at a loss, 20.5 MSFT at a gain in another account."""
    path = tmp_path / "data" / "cotrader" / "cotrader.db"
    sync(path, hundred_shares(), winner())
    return path


def enriched(told: Settings, lines: Sequence[str]) -> str:
    out = io.StringIO()
    assert report(told, [f"{line}\n" for line in lines], NOW, out, io.StringIO()) == 0
    return out.getvalue()


def test_candidates_come_back_with_what_is_held(database: Path) -> None:
    given = ("date,symbol,vote,score", "2026-03-10,AAPL,BUY,1.50", "2026-03-10,MSFT,buy,2", "2026-03-10,XYZ,BUY,3e1")
    assert enriched(settings(database), given).splitlines() == [
        "date,symbol,vote,score,is_held,held_quantity,held_accounts",
        "2026-03-10,AAPL,HOLD,1.50,true,100,5WT00001",
        "2026-03-10,MSFT,SCALE,2,true,20.5,5WT00002",
        "2026-03-10,XYZ,BUY,3e1,false,,",
    ]


def test_votes_other_than_buy_stay(database: Path) -> None:
    given = ("symbol,Vote", "MSFT,SELL", "MSFT,", "MSFT, Buy ", "MSFT,BUY!")
    votes = [row["Vote"] for row in csv.DictReader(io.StringIO(enriched(settings(database), given)))]
    assert votes == ["SELL", "", "SCALE", "BUY!"]


def held_by(*rows: tuple[str, str, str | None]) -> Held:
    """AAPL as quantity, average open price and mark."""
    return Holdings(leg(position(share(), quantity, price), mark) for quantity, price, mark in rows).of("AAPL")


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (held_by(("10", "5", "6")), "SCALE"),
        (held_by(("10", "5", "5")), "SCALE"),
        (held_by(("10", "5", "4.99")), "HOLD"),
        (held_by(("-10", "5", "4")), "HOLD"),
        (held_by(("10", "5", None)), "HOLD"),
        (held_by(("10", "5", "6"), ("1", "5", None)), "HOLD"),
        (held_by(("10", "5", "6"), ("-10", "7", "6")), "HOLD"),
        (Holdings([leg(position(option(), "1", "5"), "9")]).of("AAPL"), "HOLD"),
        (Held(), "BUY"),
    ],
)
def test_a_buy_of_what_is_held_scales_a_long_winner_and_holds_the_rest(held: Held, expected: str) -> None:
    assert vote("BUY", held) == expected


@pytest.mark.parametrize(
    ("header", "row", "is_held"),
    [
        ("Symbol,ticker", "AAPL,XYZ", "true"),
        ("ticker,SYMBOL", "AAPL,XYZ", "false"),
        ("Underlying,Ticker", "XYZ,AAPL", "true"),
        (" underlying ,name", "AAPL,x", "true"),
        ("symbol,symbol", "AAPL,XYZ", "true"),
    ],
)
def test_the_symbol_is_in_the_first_known_column(header: str, row: str, is_held: str, database: Path) -> None:
    (line,) = enriched(settings(database), (header, row)).splitlines()[1:]
    assert line.startswith(f"{row},{is_held},")


def test_without_a_column_for_the_symbol_the_found_ones_are_named(database: Path) -> None:
    with pytest.raises(ConfigError, match="it has: name, price; symbol"):
        enriched(settings(database), ("name,price; symbol", "x,1"))
    with pytest.raises(ConfigError, match="it has: no columns"):
        enriched(settings(database), ())


def test_a_file_that_is_enriched_already_is_refused(database: Path) -> None:
    with pytest.raises(ConfigError, match="already has a column is_held"):
        enriched(settings(database), ("symbol,Is_Held", "AAPL,no"))


def test_every_cell_keeps_its_text(database: Path) -> None:
    cells = [
        "AAPL",
        ' "quoted", with comma ',
        "two\nlines",
        "lone\rreturn",
        "both\r\n",
        "",
        "007",
        "1,5",
        "=1+1",
        "ü€",
        " ",
    ]
    source = io.StringIO(newline="")
    csv.writer(source, quoting=csv.QUOTE_ALL).writerows([["symbol", *map(str, range(10))], cells])
    out = io.StringIO(newline="")
    source.seek(0)
    report(settings(database), source, NOW, out, io.StringIO())
    out.seek(0)
    header, row = csv.reader(out)
    assert header[:-3] == ["symbol", *map(str, range(10))]
    assert row[:-3] == cells


def test_blank_lines_stay_and_short_rows_are_filled_so_that_cells_stand_under_their_header(database: Path) -> None:
    assert enriched(settings(database), ("symbol,a,b", "", "AAPL")).splitlines()[1:] == ["", "AAPL,,,true,100,5WT00001"]


def test_a_row_without_a_symbol_is_not_said_to_be_unheld(database: Path) -> None:
    assert enriched(settings(database), ("a,symbol,vote", "x, ,BUY")).splitlines()[1] == "x, ,BUY,,,"


def test_a_row_longer_than_its_header_is_refused_by_its_line(database: Path) -> None:
    with pytest.raises(ConfigError, match="Line 3 has 3 cells, the header 2"):
        enriched(settings(database), ("symbol,a", "AAPL,1", "AAPL,1,000"))


def test_an_unclosed_quote_is_refused_by_its_line(database: Path) -> None:
    with pytest.raises(ConfigError, match="Line 3 is not CSV"):
        enriched(settings(database), ("symbol,a", 'AAPL,"1', "MSFT,2"))


def test_privacy_masks_the_quantity(database: Path) -> None:
    assert (
        enriched(settings(database, is_private=True), ("symbol", "AAPL")).splitlines()[1] == "AAPL,true,•••••,5WT00001"
    )


def test_a_row_is_written_before_the_next_is_read(database: Path) -> None:
    out = io.StringIO()

    def lines() -> Iterator[str]:
        yield "symbol\n"
        for count in range(1, 4):
            yield "AAPL\n"
            assert out.getvalue().count("\n") == 1 + count

    lines_read = lines()
    assert report(settings(database), lines_read, NOW, out, io.StringIO()) == 0
    assert next(lines_read, None) is None


def test_never_synced_exits_5_with_nothing_on_stdout(cotrader: RunCommand, home: Home) -> None:
    file = home.here / "x.csv"
    file.write_text("symbol\nAAPL\n")
    finished = cotrader("enrich", file)
    assert (finished.code, finished.out) == (5, "")
    assert "There is no database" in finished.err
    assert not home.data.exists()


@pytest.mark.usefixtures("database")
def test_a_file_that_cannot_be_read_exits_2_in_words(cotrader: RunCommand, home: Home) -> None:
    for name in ("none.csv", home.here):
        finished = cotrader("enrich", name)
        assert (finished.code, finished.out) == (2, "")
        assert f"{name} cannot be read" in finished.err


@pytest.mark.usefixtures("database")
def test_wrong_columns_exit_2_with_nothing_on_stdout(cotrader: RunCommand, home: Home) -> None:
    (home.here / "x.csv").write_text("name,price\nx,1\n")
    finished = cotrader("enrich", "x.csv")
    assert (finished.code, finished.out) == (2, "")
    assert "name, price" in finished.err


def run(*arguments: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    return subprocess.run([*PROGRAM, *arguments], input=given, capture_output=True, env=environment, check=False)


@pytest.mark.usefixtures("home", "database")
def test_standard_input_is_utf8_with_a_bom_and_foreign_bytes_pass_whatever_the_locale() -> None:
    given = "\ufeffSymbol,name\r\nAAPL,Zürich €\r\n".encode() + b"MSFT,caf\xe9\r\n"
    finished = run("enrich", "-", given=given)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines() == [
        b"Symbol,name,is_held,held_quantity,held_accounts",
        "AAPL,Zürich €,true,100,5WT00001".encode(),
        b"MSFT,caf\xe9,true,20.5,5WT00002",
    ]


@pytest.mark.usefixtures("database")
def test_a_file_with_a_bom_and_quotes_gives_its_first_column(cotrader: RunCommand, home: Home) -> None:
    (home.here / "x.csv").write_text('"Symbol","note"\n"AAPL","a, b"\n', encoding="utf-8-sig")
    finished = cotrader("enrich", "x.csv")
    assert (finished.code, finished.out.splitlines()[1]) == (0, 'AAPL,"a, b",true,100,5WT00001')


@pytest.mark.usefixtures("database")
def test_a_reader_that_has_gone_ends_it_quietly(home: Home) -> None:
    (home.here / "x.csv").write_text("symbol\n" + "AAPL\n" * 20_000)
    end, stdout = os.pipe()
    os.close(end)
    finished = subprocess.run(
        [*PROGRAM, "enrich", "x.csv"], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(stdout)
    assert (finished.returncode, "Traceback" in finished.stderr, "BrokenPipe" in finished.stderr) == (0, False, False)


@pytest.mark.parametrize("command", ["held", "enrich", "stats"])
@pytest.mark.usefixtures("database")
def test_these_commands_load_nothing_slow(command: str, home: Home) -> None:
    (home.here / "x.csv").write_text("symbol\nAAPL\n")
    arguments = {"held": ["held", "AAPL", "--json"], "enrich": ["enrich", "x.csv"], "stats": ["stats", "--json"]}
    program = (
        f"import sys; from cotrader_tui.cli import main; code = main({arguments[command]!r});"
        "print('loaded:', *sys.modules, file=sys.stderr); sys.exit(code)"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    slow = {"textual", "pandas", "sqlite_utils", "pydantic", "tastytrade", "stamina", "httpx2", "numpy", "asyncio"}
    assert slow.isdisjoint(finished.stderr.partition("loaded:")[2].split())


def test_the_rule_for_votes_is_in_the_help(cotrader: RunCommand) -> None:
    words = " ".join(cotrader("enrich", "--help").out.split())
    assert "BUY becomes SCALE if the net quantity of the symbol itself is long" in words
    assert "else HOLD" in words
