"""The app's part in a line that carries little: less often, without decoration; and how much goes over it."""

from __future__ import annotations

import time

from textual.app import App

from cotrader_tui.tui.diff_driver import diff_driver_of
from cotrader_tui.tui.line_watch import LineWatch
from cotrader_tui.tui.picturing import PicturingApp
from cotrader_tui.tui.screens.base import BookScreen
from cotrader_tui.tui.themes import Colours
from cotrader_tui.tui.widgets.book_table import BookTable
from cotrader_tui.tui.widgets.key_line import KeyLine
from cotrader_tui.tui.widgets.live_view import FLUSHES_PER_SECOND

_AGES_EVERY, _AGES_SELDOM = 5, 15
"""Seconds between two looks at the ages in tables; in low-bandwidth mode in the header, too."""
_BOOKS_SELDOM = 2
"""Seconds between two books that are shown in low-bandwidth mode."""
_FLUSHES_SELDOM = 1.0
PLAIN_CLASS = "-lowbw"
"""The app's class while it goes without decoration."""


class LowBandwidthApp(PicturingApp):
    """Sends less over a line that does not keep up, or where a person says so.

    Chosen by itself the mode leaves colours and borders: to draw everything anew is what such a line cannot take.
    """

    colours: Colours
    marks_changes: bool
    _is_due = False
    """Whether a book waits to be shown."""

    def _bring_up_to_date(self) -> None:
        """Show the newest book."""
        raise NotImplementedError

    def open_line(self, *, is_low_bandwidth: bool) -> None:
        """Begin in low-bandwidth mode, or in the one that the line asks for."""
        self._line = LineWatch()
        self._colours = self.colours
        self._looks = 0
        self._low_by_hand: bool | None = True if is_low_bandwidth else None
        self._rate_by_hand: bool | None = None
        self.line_words = self._words()
        """What the footer says of the line."""

    @property
    def is_low_bandwidth(self) -> bool:
        """What a person has said of it stands; else what the line is like."""
        return self._line.is_slow if self._low_by_hand is None else self._low_by_hand

    @property
    def is_plain(self) -> bool:
        """Whether decoration is left out."""
        return bool(self._low_by_hand)

    def thrifty(self, colours: Colours) -> Colours:
        """The colours to show of those that there are: the terminal's own 16 take the fewest bytes."""
        self._colours = colours
        self.set_class(self.is_plain, PLAIN_CLASS)
        return Colours.SIXTEEN if self.is_plain and colours in (Colours.ALL, Colours.MANY) else colours

    def pace(self, table: BookTable) -> None:
        """Let a table flush as often, and mark, as the line allows."""
        table.marks_changes = self.marks_changes and not self.is_low_bandwidth
        table.flushes_per_second = _FLUSHES_SELDOM if self.is_low_bandwidth else FLUSHES_PER_SECOND

    def show_when_due(self, *, is_first: bool) -> None:
        """A new book has come."""
        if self.is_low_bandwidth and not is_first:
            self._is_due = True
        else:
            self._bring_up_to_date()

    def pass_second(self, ticks: int, screen: BookScreen) -> None:
        """What a second brings to the screen that can be seen; `ticks` counts them."""
        is_low = self.is_low_bandwidth
        has_new = self._is_due and ticks % _BOOKS_SELDOM == 0
        if has_new or ticks % (_AGES_SELDOM if is_low else _AGES_EVERY) == 0:
            self._is_due = False
            self._bring_up_to_date()
        elif not is_low:
            screen.tick()

    def look_at_line(self) -> None:
        """A second has passed: see how the line does."""
        driver = diff_driver_of(self)
        if driver is not None:
            was_low = self.is_low_bandwidth
            self._line.look(is_behind=driver.is_busy, sent=driver.bytes_sent, now=time.monotonic())
            if self.is_low_bandwidth != was_low:
                self._tell_change()
        self._looks += 1
        if self._looks % (_AGES_SELDOM if self.is_low_bandwidth else _AGES_EVERY) == 0:
            self._show_words()

    def _tell_change(self) -> None:
        if self.is_low_bandwidth:
            self.tell_problem("The terminal does not keep up. In low-bandwidth mode figures change every two seconds.")
        else:
            self.tell("The terminal keeps up again: low-bandwidth mode is off.")
        self._show_words()

    def _show_words(self) -> None:
        """Seldom: the words about the line are not to burden it. Any other screen takes them as it comes into sight."""
        words = self._words()
        if words != self.line_words:
            self.line_words = words
            for each in self.screen.query(KeyLine):
                each.say_aside(words)

    def _words(self) -> str:
        is_low, wanted = self.is_low_bandwidth, self._rate_by_hand
        rate = self._line.kilobytes_per_second
        rate_words = "– kB/s" if rate is None else f"{rate:.1f} kB/s"
        shows_rate = is_low if wanted is None else wanted
        return " ".join(["LOWBW"] * is_low + [rate_words] * shows_rate)

    def action_low_bandwidth(self) -> None:
        self._low_by_hand = not self.is_low_bandwidth
        self.colours = self.thrifty(self._colours)
        self.mutate_reactive(App.theme)
        self._bring_up_to_date()
        self._show_words()
        self.tell(f"Low-bandwidth mode is {'on' if self.is_low_bandwidth else 'off'}.")

    def action_line_rate(self) -> None:
        is_shown = self.is_low_bandwidth if self._rate_by_hand is None else self._rate_by_hand
        self._rate_by_hand = not is_shown
        self._show_words()
