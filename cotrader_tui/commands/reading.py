"""The commands that print what is stored: positions, underlyings, accounts, connections, sync-log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TextIO

from cotrader_tui.analytics.coverage import coverages
from cotrader_tui.analytics.exposure import exposures
from cotrader_tui.analytics.freshness import DataState, freshness
from cotrader_tui.analytics.model_greeks import GreeksModel
from cotrader_tui.analytics.streams import stream_facts, stream_status
from cotrader_tui.analytics.totals import account_pnls
from cotrader_tui.commands import rows
from cotrader_tui.commands.output import Format, masked, tell_if_none, write_rows
from cotrader_tui.commands.portfolio import misfit_words, select_asked
from cotrader_tui.commands.rows import Row
from cotrader_tui.config import Settings
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.portfolio import Leg, PortfolioSnapshot
from cotrader_tui.domain.sync import Connection, RunStatus
from cotrader_tui.domain.text import visible
from cotrader_tui.errors import StoreError, StoreMissingError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.store.lease import is_held
from cotrader_tui.store.reader import Reader


@dataclass(frozen=True, slots=True)
class Book:
    """What one command reads: the whole book, what is asked for of it, closed positions if asked for."""

    everything: PortfolioSnapshot
    selected: PortfolioSnapshot
    closed: tuple[Leg, ...]
    has_engine: bool = False
    """Whether some engine syncs the database now."""


@dataclass(frozen=True, slots=True)
class ReadingCommand:
    """A reading command: its keys, its rows from a book at an instant, and whether there is anything to print."""

    keys: tuple[str, ...]
    rows: Callable[[Book, datetime], Iterable[Row]]
    has_data: Callable[[PortfolioSnapshot], bool]
    notes: Callable[[Book, datetime], Iterable[str]] = lambda book, now: ()
    """Sentences on how its figures came about."""


def has_landed(snapshot: PortfolioSnapshot) -> bool:
    """Whether any account has ever landed."""
    return any(book.last_synced_at is not None for book in snapshot.accounts)


def _positions(book: Book, now: datetime) -> Iterable[Row]:
    return (rows.position_row(leg, now) for leg in (*book.selected.legs, *book.closed))


def _underlyings(book: Book, now: datetime) -> Iterable[Row]:
    covered = coverages(book.selected, now)
    for each in exposures(book.selected, now):
        yield rows.underlying_row(each, covered[each.underlying, each.currency])


def _accounts(book: Book, now: datetime) -> Iterable[Row]:
    pnls = account_pnls(book.selected, now)
    return (rows.account_row(each, pnls[each.account.id]) for each in book.selected.accounts)


def _account_notes(book: Book, now: datetime) -> Iterable[str]:
    """At what rates the P&L of the accounts was converted, and where it could not be."""
    for account, pnl in account_pnls(book.selected, now).items():
        yield from (f"Account {account.number}: {rate.words}." for rate in pnl.conversions.rates)
        if pnl.without_rate:
            missing = " and ".join(pnl.without_rate)
            yield f"Account {account.number}: no rate from {missing} to {pnl.currency}, so its P&L is unknown."


def _connections(book: Book, now: datetime) -> Iterable[Row]:
    facts = stream_facts(book.everything)
    for each in book.everything.connections:
        status = stream_status(each, book.everything, facts, now, has_engine=book.has_engine)
        yield rows.connection_row(each, book.everything, status)


def _sync_log(book: Book, now: datetime) -> Iterable[Row]:
    return map(rows.sync_log_row, book.selected.runs)


COMMANDS = {
    "positions": ReadingCommand(rows.POSITION_KEYS, _positions, has_landed),
    "underlyings": ReadingCommand(rows.UNDERLYING_KEYS, _underlyings, has_landed),
    "accounts": ReadingCommand(rows.ACCOUNT_KEYS, _accounts, has_landed, _account_notes),
    "connections": ReadingCommand(rows.CONNECTION_KEYS, _connections, lambda snapshot: bool(snapshot.connections)),
    "sync-log": ReadingCommand(rows.SYNC_LOG_KEYS, _sync_log, lambda snapshot: bool(snapshot.runs)),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a reading command.

    `everything` adds closed positions, or lifts the sync log's `limit` to its newest so many runs.
    """

    command: str
    form: Format = Format.TEXT
    everything: bool = False
    limit: int = 20


def read(settings: Settings, question: Question, now: datetime, out: TextIO, err: TextIO) -> int:
    """Print the rows asked for, and to `err` what should be known about their age; returns the exit code.

    Raises:
        ConfigError: the account or portfolio is unknown, or `--demo` names a database that is not a demo.
        StoreError: the database cannot be read.
    """
    command = COMMANDS[question.command]
    try:
        with Reader(settings.database) as reader:
            refuse_other_than_demo(settings, reader)
            snapshot = _snapshot(reader, settings, question, now)
            closed = reader.closed_legs() if question.everything and question.command == "positions" else ()
    except StoreMissingError as error:
        write_rows([], command.keys, question.form, out)
        err.write(f"{error}\n")
        return ExitCode.NO_DATA
    if not command.has_data(snapshot):
        write_rows([], command.keys, question.form, out)
        err.writelines(f"{line}\n" for line in ("Nothing has been synced yet.", *words(snapshot, now)))
        return ExitCode.NO_DATA
    book = _book(settings, snapshot, closed, None if question.everything else question.limit)
    found = list(command.rows(book, now))
    write_rows(masked(found) if settings.is_private else found, command.keys, question.form, out)
    tell_if_none(found, question.form, err)
    told = (*words(book.selected, now), *misfit_words(settings, snapshot, book.selected))
    err.writelines(f"{line}\n" for line in (*told, *map(visible, command.notes(book, now))))
    return 0


def refuse_other_than_demo(settings: Settings, reader: Reader) -> None:
    """Raises ConfigError where `--demo` was pointed at a database of real accounts."""
    if settings.is_demo and reader.property_value("demo_epoch") is None and reader.connections():
        raise settings.not_a_demo()


def refuse_unknown_account(settings: Settings) -> None:
    """Raises ConfigError where the account or portfolio asked for is none of the book's; silent while that is empty."""
    try:
        with Reader(settings.database) as reader:
            select_asked(settings, reader.snapshot(date.min, runs=0))
    except StoreError:
        return  # what needs the database tells it better


def _snapshot(reader: Reader, settings: Settings, question: Question, now: datetime) -> PortfolioSnapshot:
    is_log = question.command == "sync-log"
    is_part = settings.account is not None or settings.portfolio is not None
    needs_all = question.everything or is_part  # an account's newest runs are found among all
    snapshot = reader.snapshot(exchange_date(now), runs=(-1 if needs_all else question.limit) if is_log else 0)
    return GreeksModel().filled(snapshot) if settings.has_model_greeks and not is_log else snapshot


def _book(settings: Settings, snapshot: PortfolioSnapshot, closed: Sequence[Leg], limit: int | None) -> Book:
    selected = select_asked(settings, snapshot)
    open_ids = {leg.position.id for leg in snapshot.legs}
    return Book(
        everything=snapshot,
        selected=replace(selected, runs=selected.runs[:limit]),
        closed=tuple(
            leg
            for leg in closed
            if leg.position.id not in open_ids  # it closed after the snapshot was read
            and selected.portfolio.holds(leg.position.account)
        ),
        has_engine=is_held(settings.database),
    )


def words(snapshot: PortfolioSnapshot, now: datetime) -> Iterable[str]:
    """What a reader of the figures must know beside them, one sentence a line."""
    if snapshot.is_frozen:
        yield "This is a frozen copy: the database lies in a place that cannot be written, later syncs do not show."
    for connection in snapshot.connections:
        yield from map(visible, _connection_words(connection, now))
    for book in snapshot.accounts:
        if book.is_excluded:
            yield f"Account {visible(book.account.id.number)} is excluded in the configuration: it is in no total."
        elif not book.is_included:
            yield (
                f"Account {visible(book.account.id.number)} is no longer listed by its broker or is filtered out: "
                f"it is in no total. Its figures are {_age(book.last_synced_at, now)}."
            )


def _connection_words(connection: Connection, now: datetime) -> Iterable[str]:
    name, error = connection.name, connection.last_sync_error
    if connection.label:
        yield f"Connection {name}: {connection.label}."
    fresh = freshness(connection, now)
    if fresh.state is not DataState.LIVE:
        yield f"Connection {name} is {fresh.state}: its figures are {_age(fresh.since, now)}."
    if error is not None and connection.last_sync_status is not RunStatus.SUCCESS:
        ending = "failed" if connection.last_sync_status is RunStatus.FAILED else "was partial"
        yield f"Its last sync {ending}: {error.message} {error.hint}".rstrip()


def _age(since: datetime | None, now: datetime) -> str:
    if since is None:
        return "still to come, none has landed yet"
    seconds = max(int((now - since).total_seconds()), 0)
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'} old"
    return f"{seconds} s old"
