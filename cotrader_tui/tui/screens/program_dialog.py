"""A dialog that runs one program and shows what it said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from cotrader_tui.tui.ports import ConnectionPrograms
from cotrader_tui.tui.subprogram import Finished, run_program

if TYPE_CHECKING:
    from cotrader_tui.tui.app import CotraderApp


class ProgramDialog(ModalScreen[None]):
    """`esc` stops the program while it runs, else closes the dialog. What is below stays live."""

    BINDINGS = [Binding("escape", "stop_or_close", "Close")]  # noqa: RUF012 - Textual's name

    def __init__(self, programs: ConnectionPrograms) -> None:
        super().__init__()
        self._programs = programs
        self._worker: Worker[None] | None = None

    @property
    def book_app(self) -> CotraderApp:
        return cast("CotraderApp", self.app)

    @property
    def is_busy(self) -> bool:
        return self._worker is not None

    def say(self, words: str, hint: str) -> None:
        """Show `words`, and below them what can be done next."""
        self.query_one("#words", Static).update(words)
        below = self.query_one("#hint", Static)
        below.update(hint)
        below.scroll_visible(animate=False)

    def run_it(self, command: Sequence[str], given: bytes = b"") -> None:
        """Begin the program; `finished` is called with what came of it."""
        # A coroutine and no decorated method: Textual keeps the arguments of those in the worker's description.
        self._worker = self.run_worker(self._run(command, given), group="program", exit_on_error=False)

    async def _run(self, command: Sequence[str], given: bytes) -> None:
        result = await run_program(command, given)
        self._worker = None
        self.finished(result)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self._worker = None
            self.finished(Finished(False, f"{type(event.worker.error).__name__}: {event.worker.error}"))

    def finished(self, result: Finished) -> None:
        """The program has ended by itself or by its time limit."""
        raise NotImplementedError

    def stopped(self) -> None:
        """Somebody has stopped the program."""
        raise NotImplementedError

    def action_stop_or_close(self) -> None:
        if self._worker is None:
            self.dismiss()
            return
        self._worker.cancel()
        self._worker = None
        self.stopped()
