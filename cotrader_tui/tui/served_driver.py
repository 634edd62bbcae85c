"""The terminal driver of a screen that is shown in a browser."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

from textual.app import App
from textual.drivers.web_driver import WebDriver

_LAST_RESORT = 0.5
"""Seconds the app has to end in order once nobody shows it any more."""
_HUNG_UP = 129
"""The exit status of a program ended by SIGHUP: 128 + 1."""


class ServedDriver(WebDriver):
    """Textual's driver for the web, which goes on for ever without a server: this one ends the app then."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._events = asyncio.get_running_loop()

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():  # the input has ended by itself: the server is gone
            last_resort = threading.Timer(_LAST_RESORT, os._exit, args=(_HUNG_UP,))
            last_resort.daemon = True
            last_resort.start()
            self._events.call_soon_threadsafe(self._app.exit)
