"""A broker that answers from a script, a clock that is set by hand, and a loop whose time passes by itself."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cotrader_tui.brokers.base import AccountResult, MarketUpdate
from cotrader_tui.domain.portfolio import Account
from tests.builders import NOW, account

T = TypeVar("T")

Step = Sequence[AccountResult] | BaseException | Callable[[], Coroutine[Any, Any, Sequence[AccountResult]]]
"""What a fetch comes to: results, something raised, or a coroutine function that decides."""


class ManualClock:
    """The instant it was last set to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> datetime:
        self.now += by
        return self.now


class ScriptedBroker:
    """Answers each fetch with the next step of its script; the last one repeats. Refuses overlapping calls."""

    def __init__(self, *steps: Step, accounts: Sequence[Account] | BaseException | None = None) -> None:
        self.steps = list(steps)
        self.listed: Sequence[Account] | BaseException = (account(),) if accounts is None else accounts
        self.wanted: list[tuple[str, ...]] = []
        """The account numbers each fetch was asked for."""
        self.budgets: list[timedelta] = []
        self.closed = 0
        self.is_busy = False

    async def accounts(self) -> tuple[Account, ...]:
        with self._alone():
            await asyncio.sleep(0)
            if isinstance(self.listed, BaseException):
                raise self.listed
            return tuple(self.listed)

    async def fetch(self, accounts: Collection[Account], budget: timedelta) -> tuple[AccountResult, ...]:
        with self._alone():
            self.wanted.append(tuple(each.id.number for each in accounts))
            self.budgets.append(budget)
            step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
            await asyncio.sleep(0)
            if isinstance(step, BaseException):
                raise step
            return tuple(await step() if callable(step) else step)

    async def close(self) -> None:
        self.closed += 1

    @contextmanager
    def _alone(self) -> Iterator[None]:
        assert not self.is_busy, "calls of one broker never overlap"
        self.is_busy = True
        try:
            yield
        finally:
            self.is_busy = False


class StreamingScript(ScriptedBroker):
    """A scripted broker whose stream gives what is put into `updates`; something raised breaks the stream."""

    def __init__(self, *steps: Step, accounts: Sequence[Account] | BaseException | None = None) -> None:
        super().__init__(*steps, accounts=accounts)
        self.updates: list[MarketUpdate | BaseException] = []
        self.starts = 0

    async def stream(self) -> AsyncGenerator[MarketUpdate, None]:
        self.starts += 1
        while True:
            while self.updates:
                update = self.updates.pop(0)
                if isinstance(update, BaseException):
                    raise update
                yield update
            await asyncio.sleep(1)


async def never() -> Sequence[AccountResult]:
    """A broker that does not answer."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


class _SkippingSelector(selectors.DefaultSelector):
    """Instead of waiting until a timer is due, moves the time there."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            ready = super().select(5.0)
            assert ready, "everything waits for something that never comes"
            return ready
        ready = super().select(0)
        if not ready:
            self.skipped += max(timeout, 0.0)
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose sleeps take no time."""

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.skipped


class LoopClock:
    """A wall clock that goes with the running loop's time; `jump` sets it forward or back."""

    def __init__(self, start: datetime = NOW) -> None:
        self.start = start

    def __call__(self) -> datetime:
        return self.start + timedelta(seconds=asyncio.get_running_loop().time())

    def jump(self, by: timedelta) -> None:
        self.start += by


def run_skipping(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on a loop whose sleeps take no time."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(work)
