"""Calls to a broker, tried again while that can help. Shared by the adapters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import stamina

from cotrader_tui.errors import BrokerError

P = ParamSpec("P")
T = TypeVar("T")


def is_transient(error: Exception) -> bool:
    """Whether trying again soon can help: a `BrokerError` that says so (429, 5xx, network), nothing else."""
    return isinstance(error, BrokerError) and error.is_transient


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a call is tried. Waits are in seconds, doubled each time, with random jitter."""

    attempts: int = 4
    wait_initial: float = 0.5
    wait_max: float = 8.0
    wait_jitter: float = 1.0

    async def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `function(*args, **kwargs)`, called again after a transient fault.

        Raises:
            BrokerError: the last one, once the tries are used up, or the first that no retry mends.
        """
        caller = stamina.AsyncRetryingCaller(
            attempts=self.attempts,
            timeout=None,
            wait_initial=self.wait_initial,
            wait_max=self.wait_max,
            wait_jitter=self.wait_jitter,
        )
        return await caller(is_transient, function, *args, **kwargs)
