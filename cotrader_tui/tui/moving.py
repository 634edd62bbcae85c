"""The app's part in finding one's way: from screen to screen, and about in the one that can be seen."""

from __future__ import annotations

from textual.containers import VerticalScroll

from cotrader_tui.tui.explaining import ExplainingApp
from cotrader_tui.tui.widgets.book_table import BookTable


class MovingApp(ExplainingApp):
    """Goes where a key leads."""

    async def action_positions(self) -> None:
        await self.go("positions")

    async def action_greeks(self) -> None:
        await self.go("greeks")

    async def action_sync_log(self) -> None:
        await self.go("sync_log")

    async def action_accounts(self) -> None:
        await self.go("accounts")

    async def action_statistics(self) -> None:
        await self.go("statistics")

    async def action_orders(self) -> None:
        await self.go("orders")

    async def go(self, mode: str) -> None:
        if mode != self.current_mode:
            await self.switch_mode(mode)
        while len(self.screen_stack) > 1:
            await self.pop_screen()

    def action_up(self) -> None:
        self._move("cursor_up", "scroll_up")

    def action_down(self) -> None:
        self._move("cursor_down", "scroll_down")

    def action_left(self) -> None:
        if not self.move_column(-1):
            self._move("cursor_left", "scroll_left")

    def action_right(self) -> None:
        if not self.move_column(+1):
            self._move("cursor_right", "scroll_right")

    def action_top(self) -> None:
        self._move("scroll_top", "scroll_home")

    def action_bottom(self) -> None:
        self._move("scroll_bottom", "scroll_end")

    def action_page_down(self) -> None:
        self._move("page_down", "page_down")

    def action_page_up(self) -> None:
        self._move("page_up", "page_up")

    def action_half_down(self) -> None:
        self._move_half(+1)

    def action_half_up(self) -> None:
        self._move_half(-1)

    def _move(self, in_table: str, in_text: str) -> None:
        target = self.screen.focused
        if target is not None:
            name = in_table if isinstance(target, BookTable) else in_text
            getattr(target, f"action_{name}")()

    def _move_half(self, direction: int) -> None:
        target = self.screen.focused
        if isinstance(target, BookTable):
            target.move_cursor(row=target.cursor_row + direction * (target.size.height // 2))
        elif isinstance(target, VerticalScroll):
            target.scroll_relative(y=direction * (target.size.height // 2), animate=False)

    def action_detail(self) -> None:
        if isinstance(self.screen.focused, BookTable):
            self.screen.focused.action_select_cursor()

    async def action_back(self) -> None:
        if self.clear_filter():
            return
        if len(self.screen_stack) > 1:
            await self.pop_screen()

    async def action_quit_or_back(self) -> None:
        if len(self.screen_stack) > 1:
            await self.pop_screen()
        else:
            self.exit()
