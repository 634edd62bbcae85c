"""`cotrader enrich`: candidates of any screener as CSV, with what of them is held already."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from cotrader_tui.commands.held import Held, Holdings, accounts_text, quantity_shown, read_holdings
from cotrader_tui.commands.output import number_text
from cotrader_tui.config import Settings
from cotrader_tui.domain.text import visible
from cotrader_tui.errors import ConfigError
from cotrader_tui.exit_codes import ExitCode

ADDED = ("is_held", "held_quantity", "held_accounts")
SYMBOL_COLUMNS = ("symbol", "ticker", "underlying")
"""The column the symbol is in: the first of these that there is, in capitals or not."""
VOTE_COLUMN = "vote"


@contextmanager
def opened(name: str) -> Iterator[TextIO]:
    """The lines of the file, `-` for standard input: UTF-8 with or without a BOM; what is none passes unchanged.

    Raises:
        ConfigError: there is no such file, or it cannot be read.
    """
    if name == "-":
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8-sig", errors="surrogateescape", newline="")
        yield sys.stdin
    else:
        with _opened_file(name) as stream:
            yield stream


def _opened_file(name: str) -> TextIO:
    try:
        return Path(name).open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}.", "Name a CSV file, or - for stdin.") from error


def as_bytes_came(out: TextIO) -> TextIO:
    """`out`, writing in UTF-8 what `opened` has read, to the byte."""
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(encoding="utf-8", errors="surrogateescape", newline="")
    return out


def report(settings: Settings, lines: Iterable[str], now: datetime, out: TextIO, err: TextIO) -> int:
    """Write each row of the CSV `lines` as it is read, with `ADDED` behind its own columns.

    A held candidate's vote BUY becomes SCALE or HOLD, see `vote`. Where a row has no symbol, the added cells are empty.
    Cells keep their text; quotes stand only where CSV needs them, every line ends with a line feed, a BOM is dropped.
    Returns 0, or 5 where nothing was ever synced: then nothing is written.

    Raises:
        ConfigError: the CSV has no column for the symbol, has an added column already, or cannot be read; the account
            is unknown, or `--demo` names a database that is not a demo.
        StoreError: the database cannot be read.
    """
    holdings = read_holdings(settings, now, err)
    if holdings is None:
        return ExitCode.NO_DATA
    rows = _Rows(lines)
    header = next(iter(rows), [])
    columns = _Columns.of(header)
    # csv quotes a lone carriage return only if its own line end has one.
    writer = csv.writer(_LineFeeds(out), lineterminator="\r\n")
    writer.writerow([*header, *ADDED])
    for row in rows:
        if len(row) > columns.count:
            raise ConfigError(
                f"Line {rows.line} has {len(row)} cells, the header {columns.count}.",
                "Quote cells that contain a comma; the rows before it are written.",
            )
        if row:
            writer.writerow(_enriched([*row, *[""] * (columns.count - len(row))], columns, holdings, settings))
        else:
            out.write("\n")
    return ExitCode.SUCCESS


def vote(asked: str, held: Held) -> str:
    """What becomes of a candidate's vote: BUY of what is held is SCALE or HOLD, everything else stays.

    SCALE (adding to a winner) where the net quantity of the symbol itself is long and its open P&L is not negative;
    HOLD where it is short, at a loss or flat, where only its derivatives are held, or its open P&L is unknown.
    """
    if asked.strip().upper() != "BUY" or not held.is_held:
        return asked
    is_long = held.quantity is not None and held.quantity > 0
    is_winning = held.open_pnl is not None and held.open_pnl >= 0
    return "SCALE" if is_long and is_winning else "HOLD"


@dataclass(frozen=True, slots=True)
class _Columns:
    """How many columns a CSV has, and which of them count."""

    count: int
    symbol: int
    vote: int | None

    @classmethod
    def of(cls, header: Sequence[str]) -> _Columns:
        names = [name.strip().lower() for name in header]
        found = ", ".join(map(visible, header)) or "no columns"
        symbol = next((name for name in SYMBOL_COLUMNS if name in names), None)
        if symbol is None:
            raise ConfigError(
                f"The CSV has no column for the symbol; it has: {found}.",
                f"Name one {', '.join(SYMBOL_COLUMNS[:-1])} or {SYMBOL_COLUMNS[-1]}, and separate columns by commas.",
            )
        taken = next((name for name in ADDED if name in names), None)
        if taken is not None:
            raise ConfigError(f"The CSV already has a column {taken}; it has: {found}.", "Leave it out or rename it.")
        return cls(len(header), names.index(symbol), names.index(VOTE_COLUMN) if VOTE_COLUMN in names else None)


def _enriched(row: list[str], columns: _Columns, holdings: Holdings, settings: Settings) -> list[str]:
    symbol = row[columns.symbol]
    if not symbol.strip():
        return [*row, "", "", ""]
    held = holdings.of(symbol)
    if columns.vote is not None:
        row[columns.vote] = vote(row[columns.vote], held)
    quantity = quantity_shown(held, settings)
    text = quantity if quantity is None or isinstance(quantity, str) else number_text(quantity)
    return [*row, "true" if held.is_held else "false", text or "", accounts_text(held)]


class _Rows:
    """The rows of CSV `lines`, each a list of cells, a blank line an empty one; what is no CSV is refused in words."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._reader = csv.reader(lines, strict=True)

    @property
    def line(self) -> int:
        """The number of the line read last, from 1."""
        return self._reader.line_num

    def __iter__(self) -> Iterator[list[str]]:
        try:
            yield from self._reader
        except csv.Error as error:
            raise ConfigError(f"Line {self.line} is not CSV: {error}.", "Check its quotes.") from error


class _LineFeeds:
    """Takes lines that end with a carriage return and a line feed, and writes them with a line feed alone."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, line: str) -> int:
        return self._out.write(line.removesuffix("\r\n") + "\n")
