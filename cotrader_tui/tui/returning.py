"""The app's part in "Since you left": it notices who comes back, and opens one screen for them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.widgets import Input

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.errors import CotraderError, StoreError
from cotrader_tui.tui.apart import Apart
from cotrader_tui.tui.keymap import Keymap
from cotrader_tui.tui.messages import SeenRefused
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.presence import Presence, is_settled
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.telling import TellingApp

if TYPE_CHECKING:
    from cotrader_tui.analytics.since import Since

_KEEP_EVERY = timedelta(minutes=3)
"""The last use is written so often while the screen is used: a crash loses no more."""
_FOR_FIGURES = timedelta(seconds=30)
"""So long at most current figures are waited for."""
_AT_MOST = timedelta(minutes=2)
"""So long after a return the screen may open by itself."""
_QUIET = timedelta(seconds=1)
"""It opens under no hand: so long no key was touched."""
_USES = (events.Key, events.Paste, events.MouseDown, events.MouseScrollDown, events.MouseScrollUp)


class ReturningApp(TellingApp):
    """Opens the screen after more than an hour, once figures are current and nobody is in the middle of something.

    It does not open where there is nothing to tell.
    """

    options: ScreenOptions
    database: Path
    keymap: Keymap
    _presence: Presence | None = None
    _kept: datetime | None = None
    """What is written, as far as this program knows."""
    _kept_at: datetime | None = None
    """When it last wrote, or began."""
    _can_keep = True
    """Whether nothing has refused to be written."""
    _looked_at: object = None
    """The state of the book of which it was last found out."""
    _reading: Apart[Since] | None = None
    _found: Since | None = None
    """What is worth telling, until it is told."""

    @property
    def snapshot(self) -> PortfolioSnapshot | None:
        """What of the newest book is in the portfolio shown."""
        raise NotImplementedError

    def tell_fault(self, error: BaseException | None) -> None:
        """A toast for a fault of this program."""
        raise NotImplementedError

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell that nobody has been told yet."""
        return self._found is not None

    async def on_mount(self) -> None:
        self._kept_at = self.clock()
        self._presence = Presence(self._kept_at, self._last_seen())
        self._reading = Apart(self._give_up)
        self._kept = self._presence.to_keep if self._presence.absence is not None else None

    def on_unmount(self) -> None:
        presence, store = self._presence, self.options.last_seen
        if presence is not None and store is not None and presence.to_keep != self._kept:
            with suppress(CotraderError):  # nobody is left to be told
                store.write(presence.to_keep)

    async def on_event(self, event: events.Event) -> None:
        """As Textual's; of a key, a click or the wheel it is remembered that there was one."""
        if isinstance(event, _USES) and not event.is_forwarded and self._presence is not None:
            now = self.clock()
            self._presence.use(now, self._last_seen() if self._presence.is_return(now) else None)
        await super().on_event(event)

    async def action_since(self) -> None:
        """Open it, or close it again."""
        from cotrader_tui.tui.screens.since import SinceScreen

        screen, presence = self.screen, self._presence
        if isinstance(screen, BookScreen) and screen.opened_by == "since":
            await self.pop_screen()
        elif presence is not None:
            presence.absence = None
            await self.push_screen(SinceScreen(presence.left_at))

    # Coming back

    def look_whether_returned(self) -> None:
        """A second has passed."""
        presence, now = self._presence, self.clock()
        if presence is None or not self.is_running:
            return
        self._keep_seen(presence, now)
        absence, snapshot = presence.absence, self.snapshot
        if absence is None:
            return
        waited = now - absence.returned_at
        if not timedelta() <= waited <= _AT_MOST:
            self._miss(presence)
        elif snapshot is not None and (waited > _FOR_FIGURES or is_settled(snapshot, now)):
            self._find_out(absence.left_at, snapshot, now)
            self._open_if_possible(presence)

    def _find_out(self, since: datetime, snapshot: PortfolioSnapshot, now: datetime) -> None:
        """Read what happened, once for each state of the book."""
        from cotrader_tui.tui.present.charts import counted
        from cotrader_tui.tui.screens.since import read_since

        accounts = counted(snapshot)
        synced = [(each.name, each.last_sync_at, each.consecutive_failures) for each in snapshot.connections]
        book = (since, accounts, synced)
        if self._reading is not None and book != self._looked_at:
            self._looked_at, database = book, self.database
            self._reading.run(lambda: read_since(database, accounts, since, now), self._keep_found)

    def _keep_found(self, found: Since) -> None:
        self._found = found if found.is_worth_telling else None
        if self._presence is not None:
            self._open_if_possible(self._presence)

    def _open_if_possible(self, presence: Presence) -> None:
        from cotrader_tui.tui.screens.since import SinceScreen

        found, absence = self._found, presence.absence
        if found is not None and absence is not None and absence.left_at == found.since and self._may_open:
            presence.absence = self._found = None
            is_left_open = isinstance(self.screen, SinceScreen)
            show = self.switch_screen if is_left_open else self.push_screen
            show(SinceScreen(found.since, found))

    def _miss(self, presence: Presence) -> None:
        """Too late to open by itself."""
        if self._found is not None:
            self.tell(f"{self.keymap.way_to('since')} shows what happened since you left.")
        presence.absence = self._found = None

    @property
    def _may_open(self) -> bool:
        """Whether neither a dialog is open nor somebody types or has just pressed a key."""
        is_quiet = self._presence is not None and self.clock() - self._presence.used_at >= _QUIET
        return is_quiet and isinstance(self.screen, BookScreen) and not isinstance(self.focused, Input)

    def _give_up(self, error: Exception) -> None:
        """A store that cannot be read is said by the screen below; it is looked at again once the book has changed."""
        if not isinstance(error, StoreError):
            self.tell_fault(error)

    # What is remembered

    def _last_seen(self) -> datetime | None:
        if self.options.last_seen is None:
            return None
        try:
            return self.options.last_seen.read()
        except CotraderError as error:
            self.tell_problem(str(error))
            return None

    def _keep_seen(self, presence: Presence, now: datetime) -> None:
        if self.snapshot is not None and self.snapshot.is_frozen:
            return  # nothing can be written beside it
        is_due = self._kept_at is None or abs(now - self._kept_at) >= _KEEP_EVERY
        if is_due and presence.to_keep != self._kept:
            self._kept, self._kept_at = presence.to_keep, now
            self._write_seen(presence.to_keep)

    @work(thread=True, group="seen", exit_on_error=False)
    def _write_seen(self, at: datetime) -> None:
        if self.options.last_seen is None or not self._can_keep:
            return
        try:
            self.options.last_seen.write(at)
        except CotraderError as error:
            self.post_message(SeenRefused(error.message, error.hint))

    @on(SeenRefused)
    def _tell_unseen(self, message: SeenRefused) -> None:
        self._can_keep = False
        self.tell_problem(f"{message.message} {message.hint}")
