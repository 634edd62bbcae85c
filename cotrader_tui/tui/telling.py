"""The app's part in what it tells a person: toasts, and the list of those of this session."""

from __future__ import annotations

from collections import deque
from functools import cached_property

from textual.notifications import SeverityLevel

from cotrader_tui.domain.clock import Clock
from cotrader_tui.tui.moving import MovingApp
from cotrader_tui.tui.present.told import MOST, Told
from cotrader_tui.tui.screens.base import BookScreen


class TellingApp(MovingApp):
    """Remembers every toast, and what is only for the list."""

    clock: Clock

    @cached_property
    def told(self) -> deque[Told]:
        """The newest sentences, oldest first."""
        return deque(maxlen=MOST)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """As Textual's, and remembered."""
        self.list_quietly(f"{title}: {message}" if title else message, severity)
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def list_quietly(self, text: str, severity: SeverityLevel) -> None:
        """Put a sentence into the list, without a toast."""
        number = self.told[-1].number + 1 if self.told else 1
        self.told.append(Told(number, self.clock(), severity, text))

    async def action_messages(self) -> None:
        """Open the list, or close it again."""
        from cotrader_tui.tui.screens.messages import MessagesScreen

        screen = self.screen
        if isinstance(screen, BookScreen) and screen.opened_by == "messages":
            await self.pop_screen()
        else:
            self.clear_notifications()  # they are in the list, and would lie on it
            await self.push_screen(MessagesScreen())
