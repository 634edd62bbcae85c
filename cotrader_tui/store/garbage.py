"""Reading or writing a whole book without stops to look for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause the search for reference cycles in all threads; what is no longer referred to is freed as ever.

    A book read makes hundreds of thousands of values that live on and no cycle: the search would go through them
    again and again, for half the time of the reading itself, and hold up the other threads.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def keep_for_long() -> None:
    """Let later searches pass over all values there are now; they are freed as ever once nothing refers to them.

    The first search after a large book was read would else stop every thread for a tenth of a second. Cycles there are
    now are never found: where it is called often, call `find_garbage` before.
    """
    gc.freeze()


def find_garbage() -> None:
    """Look for reference cycles among the values that `keep_for_long` has not set aside."""
    gc.collect()


def search_seldom() -> None:
    """Look for reference cycles after ten thousands of new values instead of hundreds.

    A full repaint makes and frees as many: it would be interrupted scores of times, for a fourth of its time.
    """
    gc.set_threshold(_NEW_VALUES, 20, 20)


_NEW_VALUES = 20_000
_PIECE = 100


def let_go(values: list[Any]) -> None:
    """Empty a list piece by piece: the other threads get their turn in between.

    To free ten thousand legs at once takes 20 ms, in which every thread stands still.
    """
    while values:
        del values[-_PIECE:]
