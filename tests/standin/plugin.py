"""A pytest plugin: no test of the suite ever wrote to a broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.standin.tastytrade import ALL_REFUSED_WRITES
from tests.standin.tws import ALL_REFUSED_MESSAGES


@pytest.fixture(scope="session", autouse=True)
def no_test_wrote_to_a_broker() -> Iterator[None]:
    """Ends the suite in an error if a stand-in was asked for anything but reading and POST /oauth/token."""
    yield
    assert ALL_REFUSED_WRITES == []
    assert ALL_REFUSED_MESSAGES == []
