"""What Textual writes, turned into what a terminal that may be slow has to be sent.

Frames are read into a picture. While the terminal is busy the picture just goes on changing; once it is free, the
difference between what it shows and the newest picture is sent, so that a slow line gets fewer frames, not old ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cotrader_tui.tui.diff_output import DiffScreen

SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
_RESET_PEN = "\x1b[m"
_ASIDE = re.compile(
    r"(?:\x1b\[\?(?:7|25|100[0-6]|101[56]|1049|2004|2048)[hl]"  # modes; the alternate screen comes with `start`
    r"|\x1b\[\?\d+\$p|\x1b\[[<>=][0-9;]*u"  # queries, the keyboard protocol
    r"|\x1b\](?:0|1|2|9|22|52|777);[^\x07\x1b]*(?:\x07|\x1b\\)|\x07"  # titles, notices, pointer, clipboard, bell
    r"|\x1bP(?:\x1b\]52;)?[\w;+/=]*\x07?\x1b\\)+"  # the clipboard in pieces, for GNU screen
)
"""What says nothing about cells."""
_SLOW_WRITE = 0.05
"""Seconds. A write that took longer means a slow line; it gets smaller pieces, so that each is newer."""
_SLOW_PIECE = 2000
"""Bytes."""
_NEVER_TORN = 250
"""Characters. So few arrive in one go, and need no synchronized update around them."""


class DiffStream:
    """Sends the fewest bytes that make the terminal show what was written; one piece at a time.

    `send` takes bytes without blocking; `written` is called when the terminal has taken them. `size` is the
    terminal's, columns and lines, or `None` where it cannot be told.
    """

    def __init__(self, send: Callable[[bytes], None], size: Callable[[], tuple[int, int] | None]) -> None:
        self.bytes_sent = 0
        """Bytes handed to the terminal so far."""
        self._send = send
        self._size = size
        self._diff = DiffScreen()
        self._outgoing: list[str] = []
        """What is sent as it is, before the next difference."""
        self._is_busy = False
        self._is_shown = False
        self._is_resized = False
        self._has_sync = False
        self._most: int | None = None
        self._turn = 0

    @property
    def is_busy(self) -> bool:
        """Whether the terminal has not taken yet what it was handed."""
        return self._is_busy

    def is_drained(self) -> bool:
        """Whether the terminal has taken everything: the moment to make a new frame."""
        return not self._is_busy and not self._outgoing and self._diff.is_up_to_date

    def start(self) -> None:
        """The terminal shows this program now, and may show anything at first."""
        self._turn += 1
        self._is_busy = False
        self._is_shown = self._is_resized = True
        self.flush()

    def stop(self) -> None:
        """The terminal is about to show something else: frames are kept, not sent, until `start`."""
        self._turn += 1
        self._is_shown = False
        self._outgoing.append(_RESET_PEN)

    def redraw(self) -> None:
        """Send everything again, for when something else has written to the terminal."""
        self._diff.forget_sent()
        self.flush()

    def resized(self) -> None:
        """The terminal has another size and may show anything. May be called from a signal handler."""
        self._is_resized = True

    def write(self, data: str) -> None:
        """Take what Textual writes; frames go out with `flush`, everything else at once."""
        if data in (SYNC_START, SYNC_END):
            self._has_sync = True
            return
        self._take_size()
        if _ASIDE.fullmatch(data):
            self._outgoing.append(data)
        elif self._diff.meant.read(data):
            return
        else:
            # It may say anything about any cell: it goes out in its place, and nothing is known behind it.
            before = self._difference(None) if self._is_shown else ""
            self._outgoing.append(before + _RESET_PEN + data)
            self._diff.forget()
        self.flush()

    def flush(self) -> None:
        """Send what is due, unless the terminal is still busy with what it got."""
        if not self._is_busy:
            turn = self._turn
            difference = self._difference(self._most) if self._is_shown else ""
            if turn == self._turn:
                self._hand_over(difference)
            else:
                self._diff.forget_sent()  # A signal has stopped or started the screen in between.

    def send_rest(self) -> None:
        """Send what is not a frame even to a busy terminal; for the end."""
        self._hand_over("")

    def written(self, seconds: float) -> None:
        """The terminal has taken what was sent, in so many seconds."""
        self._is_busy = False
        self._most = _SLOW_PIECE if seconds > _SLOW_WRITE else None
        self.flush()

    def _hand_over(self, difference: str) -> None:
        data = "".join([*self._outgoing, difference]).encode(errors="replace")
        self._outgoing.clear()
        if data:
            self.bytes_sent += len(data)
            self._is_busy = True
            self._send(data)

    def _difference(self, most: int | None) -> str:
        self._take_size()
        changes = self._diff.changes(most)
        return f"{SYNC_START}{changes}{SYNC_END}" if self._has_sync and len(changes) > _NEVER_TORN else changes

    def _take_size(self) -> None:
        if not self._is_resized:
            return
        self._is_resized = False
        if (size := self._size()) is not None:
            self._diff.meant.clip(*size)
        self._diff.forget_sent()
