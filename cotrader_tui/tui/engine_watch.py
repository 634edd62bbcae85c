"""For a screen that starts no engine: whether one syncs its database."""

from __future__ import annotations

import threading
from collections.abc import Callable

from cotrader_tui.tui.ports import EngineState

_LOOK_EVERY = 1.0
_SYNCED = EngineState(is_ours=False, is_running=True)
_NOT_SYNCED = EngineState(
    is_ours=False,
    is_running=False,
    message="Nothing syncs this book at the moment.",
    hint="Run `cotrader serve` again, or `cotrader daemon`, on the machine that keeps it.",
)


class EngineWatch:
    """An `EngineKeeper` that keeps none: it only looks, from a thread of its own."""

    def __init__(self, is_held: Callable[[], bool], look_every: float = _LOOK_EVERY) -> None:
        """`is_held` tells whether some engine syncs the database right now; it is asked every so many seconds."""
        self._is_held = is_held
        self._look_every = look_every
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, on_change: Callable[[EngineState], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, args=(on_change,), name="engine-watch", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _look(self, on_change: Callable[[EngineState], None]) -> None:
        told: EngineState | None = None
        while not self._stopped.is_set():
            state = _SYNCED if self._is_held() else _NOT_SYNCED
            if state != told:
                on_change(told := state)
            self._stopped.wait(self._look_every)
