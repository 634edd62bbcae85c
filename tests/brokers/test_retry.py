"""Which faults are tried again, and how often."""

from __future__ import annotations

import pytest

from cotrader_tui.brokers.retry import RetryPolicy
from cotrader_tui.errors import BrokerError, ErrorKind

NO_WAITING = RetryPolicy(wait_initial=0, wait_max=0, wait_jitter=0)


class Flaky:
    """Raises `error` so many times, then answers."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error = error
        self.times = times
        self.calls = 0

    async def __call__(self, answer: str) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return answer


TRANSIENT = BrokerError(ErrorKind.BROKER, "500", is_transient=True)
REFUSED = BrokerError(ErrorKind.AUTH, "refused", is_grant_refused=True)


async def test_transient_fault_is_tried_four_times_at_most() -> None:
    overcome, hopeless = Flaky(TRANSIENT, 3), Flaky(TRANSIENT, 9)
    assert await NO_WAITING.call(overcome, "yes") == "yes"
    with pytest.raises(BrokerError):
        await NO_WAITING.call(hopeless, "no")
    assert (overcome.calls, hopeless.calls) == (4, 4)


@pytest.mark.parametrize("error", [REFUSED, ValueError("odd")])
async def test_what_no_retry_mends_is_raised_at_once(error: Exception) -> None:
    flaky = Flaky(error, 1)
    with pytest.raises(type(error)):
        await NO_WAITING.call(flaky, "no")
    assert flaky.calls == 1
