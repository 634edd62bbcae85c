"""The full-screen program: it keeps the newest book and hands it to the screen that can be seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from rich.segment import Segments
from textual import on
from textual.theme import Theme
from textual.worker import Worker, WorkerState

from cotrader_tui.analytics.model_greeks import GreeksModel
from cotrader_tui.analytics.totals import BookTotals, book_totals
from cotrader_tui.domain.clock import Clock
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.text import visible
from cotrader_tui.store.garbage import keep_for_long
from cotrader_tui.style_files import styles_dir
from cotrader_tui.tui.actions import ACTIONS
from cotrader_tui.tui.apart import Apart
from cotrader_tui.tui.arranging import ARRANGING, GROUPING
from cotrader_tui.tui.bindings import bindings, rebind
from cotrader_tui.tui.clock_watch import ClockWatch
from cotrader_tui.tui.commands import ActionCommands
from cotrader_tui.tui.diff_driver import diff_driver_of, driver_class
from cotrader_tui.tui.explaining import EXPLAINING
from cotrader_tui.tui.keymap import keymap
from cotrader_tui.tui.lifecycle import TerminalWatchdog, exit_on_signals
from cotrader_tui.tui.messages import EngineChanged, SnapshotRead, StoreTrouble
from cotrader_tui.tui.portfolio_choice import PortfolioChoice
from cotrader_tui.tui.ports import EngineKeeper, EngineState, ScreenOptions
from cotrader_tui.tui.present.book import Book, is_small
from cotrader_tui.tui.present.header import HeaderFacts
from cotrader_tui.tui.present.notices import Notice, notices
from cotrader_tui.tui.present.states import Situation, StateKind, Trouble, book_state
from cotrader_tui.tui.returning import ReturningApp
from cotrader_tui.tui.screens.accounts import AccountsScreen
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.screens.connect_form import ConnectForm
from cotrader_tui.tui.screens.disconnect_dialog import DisconnectDialog
from cotrader_tui.tui.screens.greeks import GreeksScreen
from cotrader_tui.tui.screens.help import HelpScreen
from cotrader_tui.tui.screens.orders import OrdersScreen
from cotrader_tui.tui.screens.positions import PositionsScreen
from cotrader_tui.tui.screens.statistics import StatisticsScreen
from cotrader_tui.tui.screens.sync_log import SyncLogScreen
from cotrader_tui.tui.shown_theme import shown
from cotrader_tui.tui.store_watcher import StoreWatcher
from cotrader_tui.tui.syncing import SYNCING, RequestSync, SyncingApp
from cotrader_tui.tui.taking import TAKING
from cotrader_tui.tui.themes import COLOURS_OF, DEFAULT_THEME, OURS, Colours, named, unknown_theme

_REVIEW_EVERY = 30
"""Seconds between two times that a book which has not changed is worked out anew: options expire."""
_GLANCE_AT_MOST = 5
"""Seconds that a first look at the book may stand for a screen that does not come."""
_FEW_NOTICES = 3
"""So many sentences about the settings are shown at the start."""
DEMO = "demo"
"""The result of `run` when the demo is wanted."""


@contextmanager
def _no_color(*, wanted: bool) -> Iterator[None]:
    """NO_COLOR in the environment, which is the only place Textual looks for it as an app is made."""
    before = os.environ.get("NO_COLOR")
    if wanted:
        os.environ["NO_COLOR"] = before or "1"
    try:
        yield
    finally:
        if wanted and before is None:
            del os.environ["NO_COLOR"]


class CotraderApp(ReturningApp, SyncingApp):
    """The monitor. `run` returns `DEMO` when the demo is to be opened instead."""

    TITLE = "cotrader"
    BINDINGS = bindings()
    COMMANDS = {ActionCommands}  # noqa: RUF012 - Textual's own name and type
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    MODES = {  # noqa: RUF012 - Textual's own name and type
        "positions": PositionsScreen,
        "greeks": GreeksScreen,
        "sync_log": SyncLogScreen,
        "accounts": AccountsScreen,
        "statistics": StatisticsScreen,
        "orders": OrdersScreen,
    }
    DEFAULT_MODE = "positions"
    colours = Colours.ALL
    """What themes are shown with; on a terminal what it can show."""

    def __init__(
        self,
        *,
        database: Path,
        clock: Clock,
        request_sync: RequestSync | None,
        keeper: EngineKeeper | None,
        options: ScreenOptions,
    ) -> None:
        """`request_sync` stores a person's wish to sync; `None`: no wishes.

        `keeper` runs an engine behind the screen; `None`: this program starts none.
        """
        with _no_color(wanted=not options.has_color):
            super().__init__(
                driver_class=driver_class(os.environ, is_diffing=options.is_diffing, glance=options.glance),
                css_path=sorted(styles_dir().glob("*.tcss")),
            )
        self.database = database
        self.clock = clock
        self.options = options
        self.keymap = keymap(options.keys)
        rebind(self, self.keymap)
        self.portfolios = PortfolioChoice(options.portfolios, options.account, options.portfolio)
        self._views_trouble = self.open_views(options.views)
        self._book: Book | None = None
        self._books: Apart[tuple[Book, tuple[Notice, ...]]] = Apart(self.tell_fault)
        self.is_private = options.is_private
        self.marks_changes = True
        self.open_line(is_low_bandwidth=options.is_low_bandwidth)
        self.request_sync = request_sync
        self._keeper = keeper
        self._unconfigured = options.unconfigured
        self._has_connections = options.has_connections
        self._trouble: Trouble | None = None
        self._engine: EngineState | None = None
        self._started_at = clock()
        self._ticks = 0
        self._clock_watch = ClockWatch(clock())
        self._possible: tuple[bool, ...] = ()
        """Which actions can be done, as the footer shows them."""
        poll, model = timedelta(seconds=options.poll_seconds), GreeksModel() if options.has_model_greeks else None
        self._watcher = StoreWatcher(database, clock, self.post_message, poll, model)
        self._watchdog = TerminalWatchdog(self._watcher.stop)
        self.animation_level = "none"

    def _fatal_error(self) -> None:
        """As Textual's, without the values of variables: a traceback is pasted into reports."""
        from rich.traceback import Traceback  # which the first paint need not wait for

        self.bell()
        trace = Traceback(show_locals=False, width=None)
        self._exit_renderables.append(Segments(self.console.render(trace, self.console.options)))
        self._close_messages_no_wait()

    def get_theme(self, theme_name: str) -> Theme | None:
        """As it is shown here; Textual takes the current theme from this."""
        return shown(theme_name, self.colours)

    async def on_mount(self) -> None:
        for theme in OURS.values():
            self.register_theme(theme)
        self.colours = self.thrifty(self._colours_there_are())
        self.set_reactive(CotraderApp.theme, self._theme_to_start_with())
        self.mutate_reactive(CotraderApp.theme)  # though Textual may start with the same: the colours differ
        self.set_interval(1, self._tick)
        self._tell_what_is_amiss()
        if not self.is_headless:
            exit_on_signals(self.exit)
            self._watchdog.start()
        if self.options.first is not None:
            self._take(self.portfolios.take(self.options.first))
            self.set_timer(_GLANCE_AT_MOST, partial(self.reveal, at_any_rate=True))
        if self.options.is_watching:
            self._watcher.start()
        if self._keeper is not None and self._has_connections:
            self.call_after_refresh(self._keeper.start, self._engine_changed)

    def _tell_what_is_amiss(self) -> None:
        """What is wrong with the settings and the keymap."""
        words = (*self.options.warnings, *self.keymap.problems, *filter(None, [self._views_trouble]))
        for sentence in words[:_FEW_NOTICES]:
            self.tell_problem(sentence)
        if (more := len(words) - _FEW_NOTICES) > 0:
            self.tell_problem(f"{more} more like this: `cotrader config show` tells them.")

    def _theme_to_start_with(self) -> str:
        wanted = named(self.options.theme)
        if wanted in self.available_themes:
            return wanted
        self.tell_problem(unknown_theme(wanted, self.available_themes))
        return DEFAULT_THEME

    def _colours_there_are(self) -> Colours:
        if self.no_color:
            return Colours.NONE
        return self.colours if self.is_headless else COLOURS_OF.get(self.console.color_system, Colours.ALL)

    def on_unmount(self) -> None:
        self._watchdog.stop()
        self._watcher.stop()
        if self._keeper is not None:
            self._keeper.stop()

    # What threads tell

    def _engine_changed(self, state: EngineState) -> None:
        self.post_message(EngineChanged(state))

    @on(SnapshotRead)
    def _take_snapshot(self, message: SnapshotRead) -> None:
        self._trouble = None
        self.look_whether_it_began(message.snapshot)
        self._take(self.portfolios.take(message.snapshot))
        for sentence in self.portfolios.news():
            self.tell_problem(sentence)

    def _take(self, snapshot: PortfolioSnapshot) -> None:
        """Show a book. A large one is worked out in a thread, and the one before stays so long."""
        now = self.clock()

        def work_out() -> tuple[Book, tuple[Notice, ...]]:
            return Book.of(snapshot, now), notices(self.snapshot, snapshot, now)

        if is_small(snapshot):
            self._show(work_out())
        else:
            self._books.run(work_out, self._show)

    def _show(self, worked_out: tuple[Book, tuple[Notice, ...]]) -> None:
        if self._book is None and not self.is_headless:
            # The widgets stay: each search for garbage would go through them and hold up the keys.
            self.call_after_refresh(keep_for_long)
        is_first = self._book is None
        self._book, told = worked_out
        for notice in told:
            if notice.is_quiet:
                self.list_quietly(notice.text, "warning" if notice.is_problem else "information")
            else:
                self._toast(notice.text, is_problem=notice.is_problem)
        self.show_when_due(is_first=is_first)

    @on(StoreTrouble)
    def _take_trouble(self, message: StoreTrouble) -> None:
        self._trouble = message.trouble
        self._bring_up_to_date()

    @on(EngineChanged)
    def _take_engine(self, message: EngineChanged) -> None:
        self._engine = message.state
        self._bring_up_to_date()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self.tell_fault(event.worker.error)

    # What screens ask

    @property
    def _is_welcoming(self) -> bool:
        state = book_state(self.situation, self.clock())
        return state is not None and state.kind is StateKind.WELCOME

    @property
    def snapshot(self) -> PortfolioSnapshot | None:
        """What of the newest book is in the portfolio shown."""
        return None if self._book is None else self._book.snapshot

    def totals(self, snapshot: PortfolioSnapshot, now: datetime) -> BookTotals:
        """Of the book that is shown those that were worked out with it. May be called in a thread."""
        book = self._book
        return book.totals if book is not None and book.snapshot is snapshot else book_totals(snapshot, now)

    @property
    def situation(self) -> Situation:
        return Situation(self.snapshot, self._trouble, self._engine, self._unconfigured, self._started_at, self.keymap)

    @property
    def header_facts(self) -> HeaderFacts:
        lease = self.snapshot.lease if self.snapshot else None
        is_other = lease is not None and self._engine is not None and not self._engine.is_ours
        return HeaderFacts(
            book=self._book,
            is_private=self.is_private,
            is_demo=self.options.is_demo,
            is_read_only=self.options.is_read_only,
            is_low_bandwidth=self.is_low_bandwidth,
            is_sync_asked=self.asked is not None,
            other_engine=lease.pid if lease is not None and is_other else None,
            has_engine=self._engine is None or self._engine.is_running,
        )

    def tell_fault(self, error: BaseException | None) -> None:
        """A toast for a fault of this program."""
        self.tell_problem(f"{type(error).__name__}: {error}")

    def tell_problem(self, words: str) -> None:
        """A toast for something a person should know."""
        self._toast(words, is_problem=True)

    def tell(self, words: str) -> None:
        self._toast(words, is_problem=False)

    def _toast(self, words: str, *, is_problem: bool) -> None:
        self.notify(
            visible(words.strip()),
            severity="warning" if is_problem else "information",
            timeout=12 if is_problem else 5,
            markup=False,
        )

    def reveal(self, *, at_any_rate: bool = False) -> None:
        """There is something to show: the first look at the book gives way to it, once the book is there too."""
        driver, is_waiting = diff_driver_of(self), self._book is None and self.options.first is not None
        if driver is not None and (at_any_rate or not is_waiting):
            driver.reveal()

    def is_drained(self) -> bool:
        """Whether the terminal has taken the last frame: the moment to make a new one."""
        driver = diff_driver_of(self)
        return driver is None or driver.is_drained()

    # What time does

    @property
    def _top(self) -> BookScreen | None:
        """The uppermost screen of the book; overlays lie above it."""
        return next((each for each in reversed(self.screen_stack) if isinstance(each, BookScreen)), None)

    def _bring_up_to_date(self) -> None:
        if self._top is None:
            return
        self._top.bring_up_to_date()
        possible = tuple(bool(self.check_action(action.id, ())) for action in ACTIONS)
        if possible != self._possible:
            self._possible = possible
            self.refresh_bindings()

    def _tick(self) -> None:
        if not self.is_running:
            return  # it is being taken down: the parts of its screens are gone
        self._ticks += 1
        self.look_at_line()
        self._look_for_a_first_connection()
        self.miss_the_sync()
        self.look_whether_returned()
        has_jumped = self._clock_watch.has_jumped(self.clock())
        if self.snapshot is not None and (has_jumped or self._ticks % _REVIEW_EVERY == 0):
            self._take(self.snapshot)
        if has_jumped:
            self._bring_up_to_date()
        if self._top is None:
            return
        self.pass_second(self._ticks, self._top)

    def _look_for_a_first_connection(self) -> None:
        """Somebody may have run `cotrader connect` in another terminal."""
        programs = self.options.programs
        if not self._has_connections and programs is not None and programs.kept():
            self.connection_made()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "at_once":
            return self.can_act_at_once and bool(self.check_action(str(parameters[0]), ()))
        if action == "demo":
            return self._is_welcoming
        if action in SYNCING:
            return self.request_sync is not None and not self._is_welcoming
        if action in ("next_portfolio", "previous_portfolio"):
            return len(self.portfolios.known) > 1
        if action == "split":
            return isinstance(self._top, GreeksScreen) and self._top.can_arrange
        if action in ARRANGING | GROUPING:
            return self.can_arrange(action)
        if action in EXPLAINING:
            return self.can_explain(action)
        if action in TAKING:
            return self.can_take(action)
        if action == "screenshot":
            return self.can_picture()
        if action == "detail":
            return self._top is not None and self._top.can_open
        return True

    # Connections

    def connect(self, broker: str) -> None:
        """Open the form that connects to `broker`."""
        if self.options.programs is not None:
            self.push_screen(ConnectForm(self.options.programs, broker))

    def disconnect(self, name: str) -> None:
        """Ask whether `name` is to be disconnected."""
        if self.options.programs is not None:
            self.push_screen(DisconnectDialog(self.options.programs, name))

    def connection_made(self) -> None:
        """There is a connection that was not there: an engine that runs takes it up, else one is started."""
        self._unconfigured, self._has_connections = None, True
        if self._keeper is not None:
            self._keeper.start(self._engine_changed)
        self._bring_up_to_date()

    def action_demo(self) -> None:
        self.exit(result=DEMO)

    def action_redraw(self) -> None:
        driver = diff_driver_of(self)
        if driver is not None:
            driver.redraw()
        self.refresh()

    def action_privacy(self) -> None:
        self.is_private = not self.is_private
        self._bring_up_to_date()

    async def action_next_portfolio(self) -> None:
        await self.show_portfolio(self.portfolios.neighbour(+1))

    async def action_previous_portfolio(self) -> None:
        await self.show_portfolio(self.portfolios.neighbour(-1))

    async def show_portfolio(self, name: str) -> None:
        """A detail gives way to its table: it may lie outside of what is shown now."""
        snapshot = self.portfolios.show(name)
        if snapshot is not None:
            self._take(snapshot)
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        if self._top is not None:
            self._top.bring_up_to_date(at_once=True)

    def action_split(self) -> None:
        if isinstance(self._top, GreeksScreen):
            self._top.toggle_split()

    def action_marks(self) -> None:
        self.marks_changes = not self.marks_changes
        self._toast(f"Changes are {'marked' if self.marks_changes else 'not marked'}.", is_problem=False)
        self._bring_up_to_date()

    def action_theme(self) -> None:
        self.search_themes()

    async def action_help(self) -> None:
        if isinstance(self.screen, HelpScreen):
            await self.pop_screen()
        else:
            await self.push_screen(HelpScreen(self.keymap))

    def action_palette(self) -> None:
        self.action_command_palette()
