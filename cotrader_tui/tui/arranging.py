"""The app's part in arranging tables: it hands keys to the screen that can be seen, and keeps saved views."""

from __future__ import annotations

from textual import on, work
from textual.widgets import Input

from cotrader_tui.domain.text import visible
from cotrader_tui.errors import CotraderError
from cotrader_tui.tui.arrange.arrangement import Arrangement
from cotrader_tui.tui.arrange.views import View, Views
from cotrader_tui.tui.messages import ViewsRefused
from cotrader_tui.tui.ports import ViewStore
from cotrader_tui.tui.resizing import ResizingApp
from cotrader_tui.tui.screens.arranging import ArrangedScreen
from cotrader_tui.tui.widgets.book_table import BookTable

ARRANGING = frozenset({"filter", "sort", "reverse", "columns", "all_columns"})
"""Actions on any table; those on groups need a screen that has them."""
GROUPING = frozenset({"group", "fold"})


class ArrangingApp(ResizingApp):
    """What the monitor is built on."""

    views: Views
    keeps_all_columns = False
    """Tables too narrow for their columns scroll sideways; otherwise columns leave by their rank."""

    def tell_problem(self, words: str) -> None:
        """A toast for something a person should know."""
        raise NotImplementedError

    def tell(self, words: str) -> None:
        """A toast for something that was done."""
        raise NotImplementedError

    async def go(self, mode: str) -> None:
        """Show a screen."""
        raise NotImplementedError

    def open_views(self, store: ViewStore | None) -> str:
        """Begin with what is stored; returns what is wrong with it, in words."""
        self.views = Views(store)
        try:
            self.views.load()
        except CotraderError as error:
            return str(error)
        return ""

    def can_arrange(self, action: str) -> bool:
        """Whether one of these actions can be done now."""
        screen = self._arranged
        return screen is not None and (action in ARRANGING or screen.can_group)

    @property
    def _arranged(self) -> ArrangedScreen | None:
        """The uppermost screen, where it has a table to be seen; overlays lie above it."""
        top = next((each for each in reversed(self.screen_stack) if not each.is_modal), None)
        return top if isinstance(top, ArrangedScreen) and top.can_arrange else None

    @property
    def can_act_at_once(self) -> bool:
        """Whether a key is not for a dialog or a line that is written."""
        return not self.screen.is_modal and not isinstance(self.focused, Input)

    async def action_at_once(self, action: str) -> None:
        """Do it before the next key is looked at."""
        await self.run_action(f"app.{action}")

    def action_filter(self) -> None:
        if self._arranged is not None:
            self._arranged.open_filter()

    def action_sort(self) -> None:
        if self._arranged is not None:
            self._arranged.sort()

    def action_reverse(self) -> None:
        if self._arranged is not None:
            self._arranged.turn()

    def action_group(self) -> None:
        if self._arranged is not None:
            self._arranged.group()

    def action_fold(self) -> None:
        if self._arranged is not None:
            self._arranged.fold()

    def action_columns(self) -> None:
        if self._arranged is not None:
            self._arranged.choose_columns()

    def action_all_columns(self) -> None:
        self.keeps_all_columns = not self.keeps_all_columns
        if self._arranged is not None:
            self._arranged.show_arrangement()
            self._arranged.bring_up_to_date()
        words = "All columns stay; a narrow table scrolls sideways." if self.keeps_all_columns else "Columns fit again."
        self.tell(words)

    def move_column(self, by: int) -> bool:
        """Move the column cursor; returns whether there is a table under the hand that has one."""
        screen = self.screen
        if not isinstance(screen, ArrangedScreen) or not isinstance(screen.focused, BookTable):
            return False
        screen.move_column(by)
        return True

    def clear_filter(self) -> bool:
        """Clear the filter of the uppermost screen; returns whether it had one."""
        return isinstance(self.screen, ArrangedScreen) and self.screen.is_ready and self.screen.clear_filter()

    # Saved views

    def remember(self, screen: str, arrangement: Arrangement) -> None:
        """Remember how a screen was left."""
        if self.views.leave(screen, arrangement):
            self._save_views()

    @property
    def can_save_view(self) -> bool:
        """Whether the screen that can be seen is one that a view can lead back to."""
        return self._arranged is not None and self._arranged.area in self.MODES

    def save_view(self, name: str) -> None:
        """Keep the arrangement of the screen that can be seen under a name."""
        screen = self._arranged
        if screen is not None and self.can_save_view:
            is_known = self.views.get(name) is not None
            self.views.keep(name, View(screen.area, screen.arrangement))
            self._save_views()
            self.tell(f"The view {visible(name)} is {'replaced' if is_known else 'saved'}.")

    async def show_view(self, name: str) -> None:
        """Show the screen of a saved view, arranged as it says."""
        view = self.views.get(name)
        if view is None or view.screen not in self.MODES:
            self.tell_problem(f"The view {visible(name)} leads to no screen there is.")
            return
        await self.go(view.screen)
        screen = self.screen
        if isinstance(screen, ArrangedScreen):
            screen.rearrange(view.arrangement)

    def delete_view(self, name: str) -> None:
        """Keep a saved view no longer."""
        self.views.forget(name)
        self._save_views()
        self.tell(f"The view {visible(name)} is deleted.")

    @work(thread=True, group="views", exit_on_error=False)
    def _save_views(self) -> None:
        try:
            self.views.save()
        except CotraderError as error:
            self.post_message(ViewsRefused(error.message, error.hint))

    @on(ViewsRefused)
    def _tell_refused(self, message: ViewsRefused) -> None:
        self.tell_problem(f"{message.message} {message.hint}")
