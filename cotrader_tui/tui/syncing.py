"""The app's part in asking for syncs: a wish is stored, shown until it begins, and missed if it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from textual import on, work

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.sync import SyncKind
from cotrader_tui.errors import CotraderError
from cotrader_tui.tui.keymap import Keymap
from cotrader_tui.tui.messages import SyncRefused
from cotrader_tui.tui.moving import MovingApp
from cotrader_tui.tui.portfolio_choice import PortfolioChoice

SYNCING = frozenset({"sync", "sync_in_full"})
_PATIENCE = timedelta(seconds=15)
"""A sync that was asked for and has not begun by then is worth a sentence."""

RequestSync = Callable[[str | None, bool], None]
"""Stores a person's wish to sync one connection, or all of them where it is given `None`; in full, which fetches
everything anew, where the second is true. Called in a thread; raises CotraderError."""


class SyncingApp(MovingApp):
    """Asks the engine for syncs: the only thing the screen ever writes to the database."""

    portfolios: PortfolioChoice
    keymap: Keymap
    request_sync: RequestSync | None
    asked: tuple[datetime, int] | None = None
    """When a sync was asked for, and the newest run then."""

    def _bring_up_to_date(self) -> None:
        """Show what has changed."""
        raise NotImplementedError

    def action_sync(self) -> None:
        self.sync(None)

    def action_sync_in_full(self) -> None:
        self.sync(None, is_full=True)

    def sync(self, connection: str | None, *, is_full: bool = False) -> None:
        """Ask for a sync of one connection, or of all; `is_full` fetches everything anew."""
        self.asked = (self.clock(), self.portfolios.newest_run)
        self._ask_for_sync(connection, is_full)
        if is_full:
            self.tell("Everything is fetched anew.")
        self._bring_up_to_date()

    @work(thread=True, group="sync", exit_on_error=False)
    def _ask_for_sync(self, connection: str | None, is_full: bool) -> None:
        if self.request_sync is None:
            return
        try:
            self.request_sync(connection, is_full)
        except CotraderError as error:
            self.post_message(SyncRefused(error.message, error.hint))

    @on(SyncRefused)
    def _take_refusal(self, message: SyncRefused) -> None:
        self.asked = None
        self.tell_problem(f"{message.message} {message.hint}")

    def look_whether_it_began(self, snapshot: PortfolioSnapshot) -> None:
        """A sync that was asked for is no longer waited for once its first run is there."""
        if self.asked is not None and any(
            run.id > self.asked[1] and run.sync_type == SyncKind.POSITIONS for run in snapshot.runs
        ):
            self.asked = None

    def miss_the_sync(self) -> None:
        """Say so if a sync that was asked for does not begin."""
        if self.asked is not None and self.clock() - self.asked[0] > _PATIENCE:
            self.asked = None
            self.tell_problem(
                f"No sync has begun within {_PATIENCE.seconds} seconds. "
                f"Is an engine running? `cotrader doctor` says; {self.keymap.way_to('sync_log')} shows the sync log."
            )
