"""What every test shares."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.standin.plugin"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
