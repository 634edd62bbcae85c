"""`cotrader status`: the book in one line, for a status bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TextIO

from cotrader_tui.analytics.freshness import SEVERITY, DataState, freshness
from cotrader_tui.analytics.streams import newest_age, stream_facts, stream_status
from cotrader_tui.analytics.totals import BookTotals, book_totals, day_percent
from cotrader_tui.commands.output import Format, write_rows
from cotrader_tui.commands.portfolio import select_asked
from cotrader_tui.commands.reading import has_landed, refuse_other_than_demo
from cotrader_tui.commands.rows import Row
from cotrader_tui.config import Settings
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import ConnectionStatus
from cotrader_tui.domain.text import MASK, UNKNOWN, age, visible
from cotrader_tui.errors import StoreMissingError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.store.lease import is_held
from cotrader_tui.store.reader import Reader

STATUS_KEYS = (
    *("portfolio", "currency", "net_liquidating_value", "day_pnl", "day_pnl_percent", "accounts"),
    *("accounts_with_net_liquidating_value", "positions", "positions_with_day_pnl", "connection", "state"),
    *("age_seconds", "last_sync_at", "labels"),
)
_COLOURS = {
    DataState.LIVE: "green",
    DataState.DELAYED: "yellow",
    DataState.PAUSED: "yellow",
    DataState.STALE: "yellow",
    DataState.CACHED: "yellow",
}
_WORST_COLOUR = "red"


class StatusFormat(StrEnum):
    TEXT = "text"
    TMUX = "tmux"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Worst:
    """The connection in the worst state, and how old its newest figures are."""

    name: str
    state: DataState
    age: timedelta | None
    last_sync_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """What the line says."""

    portfolio: str
    is_whole: bool
    """All accounts, not a portfolio of them."""
    totals: BookTotals
    worst: Worst | None
    connections: int
    labels: tuple[str, ...]


def report(settings: Settings, form: StatusFormat, now: datetime, out: TextIO, err: TextIO) -> int:
    """Print the line; returns 0, or 5 where nothing was ever synced.

    Raises:
        ConfigError: the account or portfolio is unknown, or `--demo` names a database that is not a demo.
        StoreError: the database cannot be read.
    """
    try:
        with Reader(settings.database) as reader:
            refuse_other_than_demo(settings, reader)
            snapshot = reader.snapshot(exchange_date(now), runs=0)
    except StoreMissingError as error:
        return _nothing(str(error), form, out, err)
    if not has_landed(snapshot):
        return _nothing("Nothing has been synced yet.", form, out, err)
    found = status_of(select_asked(settings, snapshot), now, has_engine=is_held(settings.database))
    if form is StatusFormat.JSON:
        write_rows([status_row(found, is_private=settings.is_private)], STATUS_KEYS, Format.JSON, out)
    else:
        has_colour = form is StatusFormat.TMUX and settings.has_color
        pieces = _pieces(found, is_private=settings.is_private)
        line = "  ".join(
            _tmux(*each, has_colour=has_colour) if form is StatusFormat.TMUX else each[0] for each in pieces
        )
        out.write(f"{line}\n")
    return ExitCode.SUCCESS


def _nothing(words: str, form: StatusFormat, out: TextIO, err: TextIO) -> int:
    out.write("[]\n" if form is StatusFormat.JSON else "cotrader: no data yet\n")
    err.write(f"{words}\n")
    return ExitCode.NO_DATA


def status_of(snapshot: PortfolioSnapshot, now: datetime, *, has_engine: bool) -> Status:
    """The status of the part of the book that is asked for."""
    in_use = [each for each in snapshot.connections if each.status is not ConnectionStatus.REVOKED]
    labels = dict.fromkeys(each.label for each in in_use if each.label)
    return Status(
        portfolio=snapshot.portfolio.title,
        is_whole=snapshot.portfolio.accounts is None,
        totals=book_totals(snapshot, now),
        worst=_worst(snapshot, now, has_engine=has_engine),
        connections=len(in_use),
        labels=(*labels, *(["FROZEN COPY"] if snapshot.is_frozen else [])),
    )


def _worst(snapshot: PortfolioSnapshot, now: datetime, *, has_engine: bool) -> Worst | None:
    in_use = [each for each in snapshot.connections if each.status is not ConnectionStatus.REVOKED]
    if not in_use:
        return None
    facts = stream_facts(snapshot)
    worst = max(in_use, key=lambda each: SEVERITY.index(freshness(each, now).state))
    stream = stream_status(worst, snapshot, facts, now, has_engine=has_engine)
    fresh = freshness(worst, now)
    return Worst(worst.name, fresh.state, newest_age(worst, facts, stream, now), fresh.since)


def status_row(status: Status, *, is_private: bool) -> Row:
    """The same as a row; `day_pnl_percent` is in percent, `labels` a text with commas between."""
    totals, worst = status.totals, status.worst
    value, day = totals.net_liquidating_value, totals.pnl.day_pnl
    return {
        "portfolio": status.portfolio,
        "currency": totals.currency,
        "net_liquidating_value": MASK if is_private and value.value is not None else value.value,
        "day_pnl": MASK if is_private and day.value is not None else day.value,
        "day_pnl_percent": day_percent(totals),
        "accounts": value.of,
        "accounts_with_net_liquidating_value": value.known,
        "positions": totals.pnl.positions,
        "positions_with_day_pnl": totals.pnl.positions - day.missing,
        "connection": None if worst is None else worst.name,
        "state": None if worst is None else worst.state,
        "age_seconds": None if worst is None or worst.age is None else int(worst.age.total_seconds()),
        "last_sync_at": None if worst is None else worst.last_sync_at,
        "labels": ",".join(status.labels),
    }


def _pieces(status: Status, *, is_private: bool) -> list[tuple[str, str]]:
    """The parts of the line, each with its colour ("" for none)."""
    totals = status.totals
    value, day = totals.net_liquidating_value, totals.pnl.day_pnl
    parts = [(label, "yellow") for label in status.labels]
    if not status.is_whole:
        parts.append((status.portfolio, ""))
    money = MASK if is_private else "" if value.value is None else f"{value.value:z,.2f}"
    parts.append((f"NLV {money or UNKNOWN}{_currency(totals)}{_of(value.known, value.of)}", ""))
    gain = UNKNOWN if day.value is None else MASK if is_private else _signed(day.value)
    percent = day_percent(totals)
    share = "" if percent is None else f" ({_signed(percent)}%)"
    colour = "" if not day.value or is_private else "green" if day.value > 0 else "red"
    parts.append((f"Day {gain}{share}{_of(day.known, day.of)}", colour))
    parts.append(_state(status))
    return [(visible(text), colour) for text, colour in parts]


def _state(status: Status) -> tuple[str, str]:
    worst = status.worst
    if worst is None:
        return "no connection", _WORST_COLOUR
    name = f"{worst.name} " if status.connections > 1 else ""
    return f"{name}{worst.state} {age(worst.age)}", _COLOURS.get(worst.state, _WORST_COLOUR)


def _currency(totals: BookTotals) -> str:
    return "" if totals.currency is None else f" {totals.currency}"


def _of(known: int, of: int) -> str:
    """Where a sum misses something: of how many it is."""
    return "" if known == of or not known else f" ({known}/{of})"


def _signed(value: Decimal) -> str:
    text = f"{value:z,.2f}"
    return f"+{text}" if value > 0 and text != "0.00" else text


def _tmux(text: str, colour: str, *, has_colour: bool) -> str:
    """As tmux wants it: a style in brackets, readable on any bar, and each # of the text doubled."""
    escaped = text.replace("#", "##")
    return f"#[fg={colour},bg=black]{escaped}#[default]" if colour and has_colour else escaped
