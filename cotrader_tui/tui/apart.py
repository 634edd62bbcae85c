"""Work that would hold up the keys, done in a thread: one piece at a time, and of what waits only the newest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from cotrader_tui.store.garbage import collection_paused

T = TypeVar("T")


class Apart(Generic[T]):
    """For one kind of result. Use it on the loop only."""

    def __init__(self, on_trouble: Callable[[Exception], None]) -> None:
        """`on_trouble` is told of work that raised."""
        self._on_trouble = on_trouble
        self._waiting: tuple[Callable[[], T], Callable[[T], None]] | None = None
        self._task: asyncio.Task[None] | None = None

    def run(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Do `work` in a thread, then hand its result to `then` on the loop. Newer work replaces what waits."""
        self._waiting = work, then
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run_all())

    async def _run_all(self) -> None:
        while self._waiting is not None:
            (work, then), self._waiting = self._waiting, None
            try:
                result = await asyncio.to_thread(_undisturbed, work)
            except Exception as error:  # noqa: BLE001 - whatever it is, a person is told and the next piece is done
                self._on_trouble(error)
            else:
                then(result)


def _undisturbed(work: Callable[[], T]) -> T:
    with collection_paused():
        return work()
