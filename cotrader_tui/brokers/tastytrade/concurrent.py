"""Running several calls side by side so that no one's fault or slowness harms another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from cotrader_tui.errors import BrokerError, ErrorKind

log = logging.getLogger(__name__)

K = TypeVar("K")
T = TypeVar("T")


async def settle(
    calls: Mapping[K, Coroutine[Any, Any, T]], seconds: float, running: set[asyncio.Task[Any]]
) -> dict[K, T | BrokerError]:
    """Each call's result or its error. Calls not done after `seconds` are cancelled: a `BrokerError` of kind network.

    The tasks stand in `running` while they run; cancelling one of them ends only that one.
    No task outlives this call, also when it is cancelled itself.
    """
    tasks = {key: asyncio.create_task(call) for key, call in calls.items()}
    if not tasks:
        return {}
    running.update(tasks.values())
    try:
        await asyncio.wait(tasks.values(), timeout=max(seconds, 0))
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        running.difference_update(tasks.values())
    return {key: _outcome(task) for key, task in tasks.items()}


def _outcome(task: asyncio.Task[T]) -> T | BrokerError:
    if task.cancelled():
        return BrokerError(
            ErrorKind.NETWORK,
            "tastytrade had not answered when the time for this sync was over.",
            "Check the network; it will be tried again.",
            is_transient=True,
        )
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, BrokerError):
        return error
    log.error("An unexpected fault while reading tastytrade", exc_info=error)
    return BrokerError(
        ErrorKind.INTERNAL,
        f"Reading tastytrade's answer failed unexpectedly ({type(error).__name__}).",
        "The log file has the details; please report it.",
    )
