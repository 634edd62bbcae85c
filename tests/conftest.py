"""What every test shares."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.standin.plugin"]

# Time says nothing on a busy machine. Where CI is set hypothesis has a profile of its own, with fixed examples.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if not os.environ.get("CI"):
    settings.load_profile("untimed")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
