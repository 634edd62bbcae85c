"""What stands where the tables would be when there is nothing to put into them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import RunStatus, SyncError
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.keymap import DEFAULT_KEYMAP, Keymap
from cotrader_tui.tui.ports import EngineState
from cotrader_tui.tui.present.figures import WARN
from cotrader_tui.tui.present.text import Line, Piece
from cotrader_tui.tui.present.times import age, since

PATIENCE = timedelta(seconds=20)
"""After so long without figures, loading says what to do."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the book cannot be read, in words."""

    message: str
    hint: str
    is_missing: bool = False
    """There is no database yet, which is no failure while an engine makes one."""


def trouble_line(trouble: Trouble) -> Line:
    """Both sentences, safe to show."""
    return (Piece(visible(f"{trouble.message} {trouble.hint}".strip()), WARN),)


class StateKind(StrEnum):
    WELCOME = "welcome"
    LOADING = "loading"
    FAILING = "failing"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class BookState:
    """One of the four screens without a table: a title, and paragraphs below it."""

    kind: StateKind
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """All that decides which it is."""

    snapshot: PortfolioSnapshot | None
    trouble: Trouble | None
    engine: EngineState | None
    unconfigured: str | None
    started_at: datetime
    """When the screen began to wait."""
    keymap: Keymap = DEFAULT_KEYMAP
    """What sentences name keys of."""


def has_landed(snapshot: PortfolioSnapshot | None) -> bool:
    """Whether any account has ever been synced."""
    return snapshot is not None and any(book.last_synced_at is not None for book in snapshot.accounts)


def book_state(situation: Situation, now: datetime) -> BookState | None:
    """The screen to show instead of the tables, or `None` where there are figures."""
    if has_landed(situation.snapshot):
        return None
    trouble = situation.trouble
    if trouble is not None and not trouble.is_missing:
        return BookState(StateKind.FAILING, "The book cannot be read.", _said(trouble.message, trouble.hint))
    if situation.unconfigured is not None:
        return _welcome(situation.unconfigured, situation.keymap)
    failure = _first_failure(situation.snapshot)
    if failure is not None:
        sync, log = map(situation.keymap.way_to, ("sync", "sync_log"))
        again = f"It is tried again on schedule; press {sync} to try now. {log} shows the sync log."
        return BookState(StateKind.FAILING, "The first sync failed.", _said(failure.message, failure.hint, again))
    return _loading(situation, now)


def empty_state(snapshot: PortfolioSnapshot, now: datetime, keymap: Keymap = DEFAULT_KEYMAP) -> BookState:
    """The screen of a book that holds nothing."""
    accounts_key, log, sync = map(keymap.way_to, ("accounts", "sync_log", "sync"))
    last = max((book.last_synced_at for book in snapshot.accounts if book.last_synced_at), default=None)
    synced = "" if last is None else f"Last synced {age(since(last, now))} ago. "
    count = sum(book.is_included for book in snapshot.accounts)
    accounts = "1 account" if count == 1 else f"{count} accounts"
    return BookState(
        StateKind.EMPTY,
        "No open positions.",
        (
            f"{synced}The broker lists {accounts} without positions.",
            f"{accounts_key} shows the accounts, {log} the sync log, {sync} syncs now.",
        ),
    )


def notice(situation: Situation) -> str:
    """One line of warning above figures that are still shown; empty where all is well."""
    if not has_landed(situation.snapshot):
        return ""
    trouble, engine = situation.trouble, situation.engine
    if trouble is not None:
        return " ".join(_said("These are the last figures read.", trouble.message, trouble.hint))
    if engine is not None and not engine.is_running and engine.message:
        return " ".join(_said(engine.message, engine.hint))
    if situation.snapshot is not None and situation.snapshot.notes:
        return " ".join(_said(*situation.snapshot.notes))
    if situation.unconfigured is not None:
        return " ".join(_said("These are stored figures; nothing syncs them.", situation.unconfigured))
    return ""


def _said(*sentences: str) -> tuple[str, ...]:
    return tuple(visible(sentence) for sentence in sentences if sentence)


_STEPS = """To see your tastytrade book:
  1  At my.tastytrade.com, under Manage, My Profile, API, make an OAuth
     application with the read scope, and a grant for it.
  2  Put its two values into a file named .env, here or in the
     configuration folder (cotrader paths names it):
       TASTYTRADE_CLIENT_SECRET=…
       TASTYTRADE_REFRESH_TOKEN=…
     or press {palette} and choose Connect tastytrade, which keeps them safe.
  3  Run cotrader doctor: it says what is still missing."""


def _welcome(reason: str, keymap: Keymap) -> BookState:
    return BookState(
        StateKind.WELCOME,
        "Welcome to cotrader.",
        (
            *_said(reason),
            _STEPS.format(palette=keymap.way_to("palette")),
            "cotrader only reads: it cannot trade.",
            f"Press {keymap.way_to('demo')} to open the demo: a simulated book, no account needed.",
        ),
    )


def _first_failure(snapshot: PortfolioSnapshot | None) -> SyncError | None:
    if snapshot is None:
        return None
    for connection in snapshot.connections:
        if connection.last_sync_status is RunStatus.FAILED and not connection.is_syncing:
            return connection.last_sync_error
    return None


_WHAT_NOW = """Run cotrader doctor in another terminal: it says what is missing.
The log file tells more; cotrader paths names it."""


def _loading(situation: Situation, now: datetime) -> BookState:
    syncing = situation.snapshot is not None and any(each.is_syncing for each in situation.snapshot.connections)
    title = "The first sync is running…" if syncing else "Loading the book…"
    engine = situation.engine
    paragraphs = _said(engine.message, engine.hint) if engine is not None else ()
    if now - situation.started_at > PATIENCE:
        paragraphs += (f"Nothing has arrived for {age(now - situation.started_at)}.", _WHAT_NOW)
    elif not paragraphs:
        paragraphs = ("Figures appear here as soon as the first account has been read.",)
    return BookState(StateKind.LOADING, title, paragraphs)
