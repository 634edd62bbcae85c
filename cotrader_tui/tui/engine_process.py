"""The engine as the screen's background worker: started where nobody syncs, restarted with backoff, ended with it."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cotrader_tui.exit_codes import ExitCode
from cotrader_tui.tui.ports import EngineState

_LOOK_EVERY = 2.0
_BACKOFF = (1.0, 60.0)
_SETTLED_AFTER = 60.0
_LOG_RECORD = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2},\d{3} ")

_Words = tuple[str, str]
"""A message and a hint; empty where there is none."""


class EngineProcess:
    """Keeps one engine syncing the database while the screen is open."""

    def __init__(self, command: Sequence[str], log_file: Path, is_held: Callable[[], bool]) -> None:
        """`command` runs the engine until its standard input closes; `is_held` says whether some engine syncs now."""
        self._command = list(command)
        self._log_file = log_file
        self._is_held = is_held
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._told: EngineState | None = None

    def start(self, on_change: Callable[[EngineState], None]) -> None:
        """Begin; `on_change` is called from a thread of its own whenever the state changes.

        Called again it tries at once where it waits before another try, and where only a mended configuration helps.
        """
        if self._thread is not None:
            self._woken.set()
            return
        self._thread = threading.Thread(target=self._keep, args=(on_change,), name="engine-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the worker by closing its input; what it does is finished or rolled back."""
        self._stop.set()
        self._woken.set()
        self._close_input()

    def _keep(self, on_change: Callable[[EngineState], None]) -> None:
        wait = _BACKOFF[0]
        try:
            while not self._stop.is_set():
                if self._is_held():
                    self._tell(on_change, EngineState(is_ours=False, is_running=True))
                    self._wait(_LOOK_EVERY)
                    continue
                began = time.monotonic()
                code, words = self._run_once(on_change)
                if self._stop.is_set() or code == ExitCode.LEASE_HELD:
                    continue
                wait = _BACKOFF[0] if time.monotonic() - began > _SETTLED_AFTER else wait
                self._tell(on_change, _ended(code, words, self._log_file))
                self._wait(None if code == ExitCode.USAGE else wait)
                wait = min(2 * wait, _BACKOFF[1])
        finally:
            self._close_input()

    def _wait(self, seconds: float | None) -> None:
        self._woken.wait(seconds)
        self._woken.clear()

    def _run_once(self, on_change: Callable[[EngineState], None]) -> tuple[int, _Words]:
        """Run the worker to its end; returns its exit code and its last words."""
        try:
            child, words_from = self._spawn()
        except OSError as error:
            return 1, (f"The log file {self._log_file} cannot be written: {error.strerror}.", "Check its folder.")
        self._child = child
        self._tell(on_change, EngineState(is_ours=True, is_running=True))
        if self._stop.is_set():  # meanwhile: whoever said so saw no child whose input could be closed
            self._close_input()
        code = child.wait()
        self._close_input()
        return code, _last_words(self._log_file, words_from)

    def _spawn(self) -> tuple[subprocess.Popen[bytes], int]:
        self._log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        output = os.open(self._log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            words_from = os.fstat(output).st_size
            child = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )
        finally:
            os.close(output)
        return child, words_from

    def _close_input(self) -> None:
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()

    def _tell(self, on_change: Callable[[EngineState], None], state: EngineState) -> None:
        if state != self._told:
            self._told = state
            on_change(state)


def _ended(code: int, words: _Words, log_file: Path) -> EngineState:
    message, hint = words
    return EngineState(
        is_ours=True,
        is_running=False,
        message=message or f"The sync engine ended with exit code {code}.",
        hint=hint or f"The log file {log_file} tells more.",
    )


def _last_words(path: Path, start: int) -> _Words:
    """What the worker said last, of what it wrote from `start` on: a refusal is a message and a hint, a line each.

    Empty if nothing, if its last words are a log record, or if the file was rotated.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return "", ""
    *_, before, last = "", "", *lines
    if _LOG_RECORD.match(last):
        return "", ""
    if not before or before[0].isspace() or _LOG_RECORD.match(before):
        return last.strip(), ""
    return before.strip(), last.strip()
