"""Ending cleanly when the terminal or the system says so."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

_LOOK_EVERY = 1.0
_HUNG_UP = 129
"""The exit status of a program ended by SIGHUP: 128 + 1."""


def exit_on_signals(leave: Callable[[], None]) -> None:
    """Call `leave` on the running loop at SIGHUP and SIGTERM, also where SIGHUP was inherited as ignored."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(number, leave)


class TerminalWatchdog:
    """Ends the program when its terminal is gone and nobody sent a signal.

    Textual's input thread would spin then, and its writer would block an orderly exit, so the process ends at once
    after `close`.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="terminal-watchdog", daemon=True)

    def start(self) -> None:
        if sys.__stdin__ is not None and os.isatty(0):
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY):
            if not os.isatty(0):
                try:
                    self._close()
                finally:
                    os._exit(_HUNG_UP)
