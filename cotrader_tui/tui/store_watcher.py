"""One thread that notices commits, reads the whole book at one moment, and tells the app."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from textual.message import Message

from cotrader_tui.analytics.model_greeks import GreeksModel
from cotrader_tui.domain.clock import Clock, exchange_date
from cotrader_tui.domain.portfolio import Leg
from cotrader_tui.errors import StoreError, StoreMissingError
from cotrader_tui.store.garbage import collection_paused, find_garbage, keep_for_long, let_go
from cotrader_tui.store.reader import Reader
from cotrader_tui.tui.messages import SnapshotRead, StoreTrouble
from cotrader_tui.tui.present.book import is_small
from cotrader_tui.tui.present.states import Trouble

_TROUBLE_WAIT = 1.0
"""Seconds between attempts while the database cannot be read."""
_STOP_WAIT = 1.0
_BRISK, _BRISK_FOR = 0.08, 1.5
"""Seconds between two looks while the book moves, and how long it counts as moving after a commit: what somebody
watches comes sooner, and a book at rest costs little.
"""
_REST = 4
"""After a read the thread rests so many times as long as that took: a large book must not take a core for itself."""


class StoreWatcher:
    """Reads `path` whenever something was committed, the exchange's date changed, or the file was replaced.

    `post` takes the messages and returns False once the app closes, which ends the thread. It must be thread-safe.
    A `model` fills in the Greeks that the broker does not send.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        post: Callable[[Message], bool],
        poll: timedelta = timedelta(milliseconds=500),
        model: GreeksModel | None = None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._post = post
        self._poll = poll.total_seconds()
        self._model = model
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-watcher", daemon=True)
        self._reader: Reader | None = None
        self._seen: tuple[int, date] | None = None
        self._moved_at = -math.inf
        self._signature: tuple[int, ...] = ()
        self._trouble: Trouble | None = None
        self._is_large = False
        """Whether the last book was."""
        self._past: deque[list[Leg]] = deque()
        """The legs of large books, newest last. Who holds them longest frees them, which the app must not wait for."""

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the database. Safe to call twice, from any other thread."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_WAIT)

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                began = time.monotonic()
                self._look()
                now = time.monotonic()
                poll = _BRISK if now - self._moved_at < _BRISK_FOR else self._poll
                trouble = _TROUBLE_WAIT if self._trouble is not None else 0
                self._stopped.wait(max(min(poll, self._poll), _REST * (now - began), trouble))
        finally:
            self._close()

    def _look(self) -> None:
        while len(self._past) > (1 if self._is_large else 0):
            let_go(self._past.popleft())
        try:
            message = self._news()
        except StoreError as error:
            message = self._failed(Trouble(error.message, error.hint, isinstance(error, StoreMissingError)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the screen says so and the watch goes on
            fault = f"The database {self._path} holds something that cannot be shown: {type(error).__name__}: {error}."
            message = self._failed(Trouble(fault, "`cotrader doctor` checks it; please report this."))
        if message is not None and not self._post(message):
            self._stopped.set()

    def _failed(self, trouble: Trouble) -> Message | None:
        self._close()
        is_new, self._trouble = trouble != self._trouble, trouble
        return StoreTrouble(trouble) if is_new else None

    def _news(self) -> Message | None:
        """The book if there is anything new in it."""
        signature = self._file_signature()
        if self._reader is not None and signature != self._signature:
            self._close()
        if self._reader is None:
            self._reader = Reader(self._path, keeps_legs=True)
            self._signature = self._file_signature()
        today = exchange_date(self._clock())
        seen = (self._reader.data_version(), today)
        if seen == self._seen:
            return None
        if self._is_large:
            find_garbage()
        with collection_paused():
            snapshot = self._reader.snapshot(today)
            if self._model is not None:
                snapshot = self._model.filled(snapshot)
            self._is_large = not is_small(snapshot)
            if self._is_large:
                keep_for_long()
                self._past.append(list(snapshot.legs))
        self._seen, self._trouble, self._moved_at = seen, None, time.monotonic()
        return SnapshotRead(snapshot)

    def _file_signature(self) -> tuple[int, ...]:
        """What differs once the file at the path is another one; of a frozen copy also once it could be live."""
        try:
            stat = self._path.stat()
            signature: tuple[int, ...] = (stat.st_dev, stat.st_ino)
            if self._reader is not None and self._reader.is_frozen:
                folder = self._path.parent.stat()
                signature += (stat.st_ctime_ns, stat.st_size, folder.st_ctime_ns)
        except FileNotFoundError:
            return ()
        return signature

    def _close(self) -> None:
        self._seen = None
        if self._reader is not None:
            reader, self._reader = self._reader, None
            reader.close()
