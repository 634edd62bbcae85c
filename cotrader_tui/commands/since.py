"""`cotrader since`: what became of the book since the screen was last used, or since another moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TextIO

from cotrader_tui.analytics.position_since import PositionSince
from cotrader_tui.analytics.since import NOTHING_BEFORE, Since, UnderlyingSince, since_then
from cotrader_tui.commands.output import Format, tell_if_none, write_rows
from cotrader_tui.commands.portfolio import misfit_words, select_asked
from cotrader_tui.commands.reading import has_landed, refuse_other_than_demo, words
from cotrader_tui.commands.rows import Row
from cotrader_tui.config import Settings
from cotrader_tui.domain.clock import EXCHANGE_ZONE, exchange_date
from cotrader_tui.domain.since import SyncTally
from cotrader_tui.domain.text import MASK
from cotrader_tui.errors import ConfigError, StoreMissingError
from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.store.reader import Reader

_A_DAY = timedelta(hours=24)
_GREEK_KEYS = ("delta_change", "gamma_change", "theta_change", "vega_change")
UNDERLYING_KEYS = (
    *("since", "underlying", "currency", "pnl", "positions", "positions_with_pnl", "positions_estimated"),
    *(*_GREEK_KEYS, "delta_dollars_change", "legs", "legs_with_greek_changes"),
)
POSITION_KEYS = (
    *("since", "connection", "broker", "account", "symbol", "underlying", "instrument_type", "currency", "happening"),
    *("quantity_before", "quantity", "mark_before", "mark", "pnl", "unknown_because", "realized_pnl"),
    *("realized_source", *_GREEK_KEYS, "figures_before_at"),
)
SYNC_KEYS = ("since", "connection", "sync_type", "status", "cycles", "last_at", "error_kind", "error_message", "hint")
_HIDDEN = frozenset({"pnl", "quantity_before", "quantity", "realized_pnl", "delta_dollars_change", *_GREEK_KEYS})
"""What privacy hides."""


@dataclass(frozen=True, slots=True)
class SinceQuestion:
    """What is asked: a table, and since when; without a moment, since the screen was `seen` last."""

    table: str
    form: Format
    hours: float | None = None
    moment: str | None = None
    """An instant in ISO 8601; without an offset it is New York's."""
    seen: datetime | None = None


def report(settings: Settings, question: SinceQuestion, now: datetime, out: TextIO, err: TextIO) -> int:
    """Print one of the tables, and to `err` since when and what it misses; returns the exit code.

    Raises:
        ConfigError: the moment, the account or the portfolio makes no sense, or `--demo` names a database that is no
            demo.
        StoreError: the database cannot be read.
    """
    table, since = _TABLES[question.table], _moment(question, now)
    try:
        with Reader(settings.database) as reader:
            refuse_other_than_demo(settings, reader)
            snapshot = reader.snapshot(exchange_date(now), runs=0)
            selected = select_asked(settings, snapshot)
            accounts = tuple(book.account.id for book in selected.accounts if book.is_included)
            found = since_then(reader.since(accounts, since), now)
    except StoreMissingError as error:
        write_rows([], table.keys, question.form, out)
        err.write(f"{error}\n")
        return ExitCode.NO_DATA
    rows = [{"since": since, **row} for row in table.rows(found)]
    write_rows(_masked(rows) if settings.is_private else rows, table.keys, question.form, out)
    if not has_landed(snapshot):
        err.write("Nothing has been synced yet.\n")
        return ExitCode.NO_DATA
    tell_if_none(rows, question.form, err)
    told = (*_told(found, question), *words(selected, now), *misfit_words(settings, snapshot, selected))
    err.writelines(f"{line}\n" for line in told)
    return ExitCode.SUCCESS


def _moment(question: SinceQuestion, now: datetime) -> datetime:
    if question.hours is not None:
        return now - timedelta(hours=question.hours)
    if question.moment is None:
        return now - _A_DAY if question.seen is None or question.seen > now else question.seen
    try:
        found = datetime.fromisoformat(question.moment)
    except ValueError as error:
        raise ConfigError(
            f"{question.moment!r} is no moment.", "Write it as 2026-03-09 or 2026-03-09T16:00, New York's time."
        ) from error
    found = found if found.tzinfo is not None else found.replace(tzinfo=EXCHANGE_ZONE)
    if found > now:
        raise ConfigError(f"{question.moment} is still to come.", "Name a moment that has passed.")
    return found.astimezone(UTC)


def _told(found: Since, question: SinceQuestion) -> Iterator[str]:
    """Since when, and what the figures miss."""
    is_last_use = question.hours is None and question.moment is None
    at = found.since.astimezone(EXCHANGE_ZONE)
    known = (
        "the screen was last used then" if found.since == question.seen else "when the screen was last used is unknown"
    )
    yield f"Since {at:%Y-%m-%d %H:%M} New York{f': {known}' if is_last_use else ''}."
    if not found.has_landed:
        yield "Nothing has been synced since then."
    if not found.had_landed:
        yield NOTHING_BEFORE
    elif found.unknown:
        count, of = len(found.unknown), len(found.positions)
        yield f"P&L since then is not known of {count} of {of} positions: `cotrader since positions` says why."


def _underlying_row(each: UnderlyingSince) -> Row:
    """One underlying in one currency; `pnl` is over `positions_with_pnl` of its `positions`, null where none is known.

    The changes of Greeks are now − then, over the `legs_with_greek_changes` of which they are known both times.
    """
    greeks = each.greeks
    return {
        "underlying": each.underlying,
        "currency": each.currency,
        "pnl": each.pnl.value,
        "positions": each.pnl.of,
        "positions_with_pnl": each.pnl.known,
        "positions_estimated": each.estimated,
        "delta_change": greeks.delta,
        "gamma_change": greeks.gamma,
        "theta_change": greeks.theta,
        "vega_change": greeks.vega,
        "delta_dollars_change": greeks.dollars,
        "legs": greeks.legs,
        "legs_with_greek_changes": greeks.legs_with_greeks,
    }


def _position_row(each: PositionSince) -> Row:
    """One position held then or now; `happening` is null where it is held as it was."""
    position, instrument = each.leg.position, each.leg.position.instrument
    delta, gamma, theta, vega = each.greeks if each.greeks is not None else (None,) * 4
    return {
        "connection": each.leg.connection,
        "broker": position.account.broker,
        "account": position.account.number,
        "symbol": instrument.symbol,
        "underlying": instrument.underlying,
        "instrument_type": instrument.type,
        "currency": instrument.currency,
        "happening": each.happening,
        "quantity_before": each.quantity_before,
        "quantity": each.quantity,
        "mark_before": each.mark_before,
        "mark": None if each.leg.quote is None else each.leg.quote.mark,
        "pnl": each.pnl,
        "unknown_because": each.unknown_because,
        "realized_pnl": each.realized,
        "realized_source": each.realized_source,
        "delta_change": delta,
        "gamma_change": gamma,
        "theta_change": theta,
        "vega_change": vega,
        "figures_before_at": each.before_at,
    }


def _sync_row(each: SyncTally) -> Row:
    """The syncs of one connection and kind that failed, or landed in part; the error is the newest one's."""
    error = each.error
    return {
        "connection": each.connection,
        "sync_type": each.sync_type,
        "status": each.status,
        "cycles": each.cycles,
        "last_at": each.last_at,
        "error_kind": None if error is None else error.kind,
        "error_message": None if error is None else error.message,
        "hint": None if error is None else error.hint or None,
    }


@dataclass(frozen=True, slots=True)
class _Table:
    keys: tuple[str, ...]
    rows: Callable[[Since], Iterable[Row]]


_TABLES = {
    "underlyings": _Table(UNDERLYING_KEYS, lambda found: map(_underlying_row, found.underlyings)),
    "positions": _Table(POSITION_KEYS, lambda found: map(_position_row, found.positions)),
    "syncs": _Table(SYNC_KEYS, lambda found: map(_sync_row, found.failures)),
}


def _masked(rows: Iterable[Row]) -> list[Row]:
    return [
        {key: MASK if key in _HIDDEN and value is not None else value for key, value in row.items()} for row in rows
    ]
