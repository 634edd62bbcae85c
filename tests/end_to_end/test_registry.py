"""Brokers by name, as the installed package tells them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cotrader_tui.brokers.registry import broker_factory, broker_names
from cotrader_tui.errors import ConfigError


def test_the_brokers_are_known_by_name() -> None:
    assert set(broker_names()) >= {"demo", "tastytrade"}
    assert callable(broker_factory("demo"))


def test_an_unknown_broker_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        broker_factory("fidelity")
    assert "fidelity" in caught.value.message
    assert "tastytrade" in caught.value.hint


def test_neither_names_nor_factories_load_a_vendors_library() -> None:
    program = (
        "import sys\n"
        "from cotrader_tui.brokers.registry import broker_factory, broker_names\n"
        "for name in broker_names(): broker_factory(name)\n"
        "print(sorted({'tastytrade', 'ib_async', 'pandas', 'httpx2', 'pydantic'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
