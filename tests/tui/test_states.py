"""Empty, loading, failing and not configured are four different screens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cotrader_tui.domain.sync import RunStatus, SyncError
from cotrader_tui.errors import ErrorKind
from cotrader_tui.tui.keymap import DEFAULT_KEYS, Keymap
from cotrader_tui.tui.messages import StoreTrouble
from cotrader_tui.tui.ports import EngineState, ScreenOptions
from cotrader_tui.tui.present.states import PATIENCE, Situation, StateKind, Trouble, book_state, empty_state, notice
from tests.builders import NOW, connection, snapshot
from tests.tui.book import Watch, book, make_app, settled, shown, text_of

MISSING = Trouble("There is no database at /x/book.db yet.", "Run `cotrader sync`.", is_missing=True)
LOCKED = Trouble("The database /x/book.db is locked.", "End the program that holds it.")
EMPTY = snapshot()
NEVER = replace(EMPTY, accounts=())
FAILURE = SyncError(ErrorKind.AUTH, "tastytrade refused the grant.", "Make a new one.")


def situation(**changes: object) -> Situation:
    whole = {"snapshot": None, "trouble": None, "engine": None, "unconfigured": None, "started_at": NOW, **changes}
    return Situation(**whole)  # type: ignore[arg-type]


def kind(**changes: object) -> StateKind | None:
    state = book_state(situation(**changes), NOW)
    return None if state is None else state.kind


def test_each_situation_has_its_own_screen() -> None:
    failed = replace(connection(), last_sync_status=RunStatus.FAILED, last_sync_error=FAILURE, last_sync_at=None)
    assert kind() is StateKind.LOADING
    assert kind(trouble=MISSING) is StateKind.LOADING
    assert kind(trouble=LOCKED) is StateKind.FAILING
    assert kind(unconfigured="No broker.") is StateKind.WELCOME
    assert kind(unconfigured="No broker.", trouble=MISSING) is StateKind.WELCOME
    assert kind(unconfigured="No broker.", trouble=LOCKED) is StateKind.FAILING
    assert kind(snapshot=replace(NEVER, connections=(failed,))) is StateKind.FAILING
    assert kind(snapshot=replace(NEVER, connections=(replace(failed, is_syncing=True),))) is StateKind.LOADING
    assert kind(snapshot=book(), trouble=LOCKED, unconfigured="No broker.") is None


def test_loading_turns_into_a_sentence_with_the_next_step() -> None:
    state = book_state(situation(started_at=NOW - PATIENCE - timedelta(seconds=5)), NOW)
    assert state is not None
    assert "Nothing has arrived for 25s." in state.paragraphs
    assert any("cotrader doctor" in each for each in state.paragraphs)


def test_loading_says_why_the_engine_does_not_run() -> None:
    engine = EngineState(is_ours=True, is_running=False, message="The engine ended.", hint="See the log.")
    state = book_state(situation(engine=engine), NOW)
    assert state is not None
    assert state.paragraphs == ("The engine ended.", "See the log.")


def test_the_first_failure_tells_reason_and_next_step() -> None:
    failed = replace(connection(), last_sync_status=RunStatus.FAILED, last_sync_error=FAILURE)
    state = book_state(situation(snapshot=replace(NEVER, connections=(failed,))), NOW)
    assert state is not None
    assert state.paragraphs[:2] == ("tastytrade refused the grant.", "Make a new one.")


def test_an_empty_book_says_when_it_was_synced() -> None:
    state = empty_state(EMPTY, NOW + timedelta(minutes=3))
    assert state.kind is StateKind.EMPTY
    assert state.paragraphs[0] == "Last synced 3m ago. The broker lists 1 account without positions."


def test_figures_that_remain_are_said_to_be_the_last_ones() -> None:
    words = notice(situation(snapshot=book(), trouble=LOCKED))
    assert words == "These are the last figures read. The database /x/book.db is locked. End the program that holds it."
    assert notice(situation(snapshot=book(), unconfigured="No broker.")).startswith("These are stored figures")
    assert notice(situation(snapshot=replace(book(), notes=("The disk is full.",)))) == "The disk is full."
    assert notice(situation(snapshot=book())) == ""


async def test_the_empty_book_and_its_accounts() -> None:
    async with shown(EMPTY) as pilot:
        assert "No open positions." in text_of(pilot)
        await pilot.press("4")
        await settled(pilot)
        assert "10,000.00" in text_of(pilot)


async def test_trouble_without_figures_fills_the_screen_and_leaves_again() -> None:
    watch = Watch()
    async with shown(None, make_app(clock=watch)) as pilot:
        assert "Loading the book…" in text_of(pilot)
        pilot.app.post_message(StoreTrouble(LOCKED))
        await settled(pilot)
        assert "The book cannot be read." in text_of(pilot)
        assert "End the program that holds it." in text_of(pilot)


async def test_trouble_with_figures_keeps_them() -> None:
    async with shown(book(), size=(80, 24)) as pilot:
        pilot.app.post_message(StoreTrouble(LOCKED))
        await settled(pilot)
        assert "These are the last figures read." in text_of(pilot)
        assert "AAPL  APR17 245 C" in text_of(pilot)


async def test_the_welcome_screen_says_what_to_do() -> None:
    options = ScreenOptions(is_watching=False, unconfigured="tastytrade no longer takes passwords: use OAuth.")
    async with shown(None, make_app(options=options), size=(80, 24)) as pilot:
        words = text_of(pilot)
        for needed in ("no longer takes passwords", "OAuth", "read scope", ".env", "cotrader doctor", "Press d"):
            assert needed in words


async def test_the_welcome_screen_scrolls_in_a_tiny_terminal() -> None:
    options = ScreenOptions(is_watching=False, unconfigured="No broker is configured.")
    async with shown(None, make_app(options=options), size=(40, 10)) as pilot:
        await pilot.press("G")
        await settled(pilot)
        assert "Press d to open the demo" in text_of(pilot)


def test_sentences_name_the_keys_a_person_has_chosen() -> None:
    failed = replace(connection(), last_sync_status=RunStatus.FAILED, last_sync_error=FAILURE)
    own = Keymap({**DEFAULT_KEYS, "sync": ("f5",), "sync_log": (), "demo": ("D",), "palette": ("P",)})
    state = book_state(situation(snapshot=replace(NEVER, connections=(failed,)), keymap=own), NOW)
    assert state is not None
    again = "It is tried again on schedule; press f5 to try now. : Sync log shows the sync log."
    assert state.paragraphs[-1] == again
    welcome = book_state(situation(unconfigured="No broker.", keymap=own), NOW)
    assert welcome is not None
    assert welcome.paragraphs[-1].startswith("Press D to open the demo")
    assert "or press P and choose Connect" in " ".join(welcome.paragraphs)
    empty = empty_state(EMPTY, NOW, own)
    assert empty.paragraphs[1] == "4 shows the accounts, : Sync log the sync log, f5 syncs now."
