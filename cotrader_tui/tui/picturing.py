"""The app's part in pictures: the screen as it is seen, as an SVG file."""

from __future__ import annotations

import asyncio

from textual import on, work
from textual._context import visible_screen_stack
from textual.strip import Strip

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.errors import CotraderError
from cotrader_tui.tui.messages import ExportRefused, Pictured
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.taking import TakingApp

_TRY_AGAIN, _TRIES = 0.05, 40
"""Seconds between two looks whether a screen is masked, and how many of them."""


class PicturingApp(TakingApp):
    """Saves pictures where exports go."""

    is_private: bool

    def can_picture(self) -> bool:
        """Whether a picture can be saved."""
        return self.options.export is not None

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Takes the place of Textual's, which would write anywhere."""
        self._picture()

    @work(exit_on_error=False)
    async def _picture(self) -> None:
        """In privacy a large table takes a moment to be masked; a picture waits for that."""
        for _ in range(_TRIES):
            if not self.is_private or self._is_masked:
                self._write_picture(f"screen-{self.clock().astimezone(EXCHANGE_ZONE):%Y%m%d-%H%M%S}.svg", *self._seen())
                return
            await asyncio.sleep(_TRY_AGAIN)
        self.tell_problem("The screen is not masked yet, so there is no picture. Try again in a moment.")

    @property
    def _is_masked(self) -> bool:
        return all(screen.is_masked for screen in self.screen_stack if isinstance(screen, BookScreen))

    def _seen(self) -> tuple[list[Strip], int]:
        """The lines of the screen with what shines through it, and how wide they are."""
        visible_screen_stack.set(self._background_screens)
        return self.screen._compositor.render_strips(), self.size.width

    @work(thread=True, group="export", exit_on_error=False)
    def _write_picture(self, name: str, strips: list[Strip], width: int) -> None:
        from cotrader_tui.tui.present.picture import svg

        if self.options.export is None:
            return
        try:
            self.post_message(Pictured(self.options.export(name, svg(strips, width))))
        except CotraderError as error:
            self.post_message(ExportRefused(error.message, error.hint))

    @on(Pictured)
    def _tell_picture(self, message: Pictured) -> None:
        self.tell(f"The picture is in {message.place}.")
