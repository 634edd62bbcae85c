"""The question before a connection is disconnected."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Center, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from cotrader_tui.domain.text import visible
from cotrader_tui.tui.ports import ConnectionPrograms
from cotrader_tui.tui.screens.program_dialog import ProgramDialog
from cotrader_tui.tui.subprogram import Finished

_WORDS = """It is no longer synced, and what was kept on this machine to log in is wiped.
Its history stays; its accounts leave the totals."""


class DisconnectDialog(ProgramDialog):
    """`y` disconnects; anything else keeps it."""

    BINDINGS = [  # noqa: RUF012 - Textual's own name and type
        Binding("y", "disconnect", "Disconnect"),
        Binding("n,q", "stop_or_close", "Keep it"),
    ]

    def __init__(self, programs: ConnectionPrograms, name: str) -> None:
        super().__init__(programs)
        self._name_kept = name
        self._is_asking = True

    def compose(self) -> ComposeResult:
        with Center(), VerticalScroll(id="dialog", can_focus=False) as box:
            box.border_title = Content(f" Disconnect {visible(self._name_kept)}? ")
            yield Static(_WORDS, markup=False, id="words")
            yield Static("y disconnects it, n keeps it.", markup=False, id="hint")

    def action_disconnect(self) -> None:
        if self._is_asking:
            self._is_asking = False
            self.say(f"{visible(self._name_kept)} is being disconnected…", "esc stops it.")
            self.run_it(self._programs.disconnect(self._name_kept))

    def finished(self, result: Finished) -> None:
        self._is_asking = not result.is_well
        self.say(result.words, "esc closes." if result.is_well else "y tries again, esc closes.")

    def stopped(self) -> None:
        self._is_asking = True
        self.say("Stopped before it was done.", "y goes on, esc closes.")
