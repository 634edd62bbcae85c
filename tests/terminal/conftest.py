"""The demo on a machine of its own, in as many terminals as a test opens."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal.emulator import Terminal

Open = Callable[..., Terminal]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "cotrader" / "demo.db"


@pytest.fixture
def opened(environ: dict[str, str], tmp_path: Path) -> Iterator[Open]:
    terminals: list[Terminal] = []

    def open_demo(columns: int = 140, lines: int = 40) -> Terminal:
        command = [sys.executable, "-m", "cotrader_tui", "--demo"]
        terminals.append(Terminal(command, environ, tmp_path, columns, lines))
        return terminals[-1]

    yield open_demo
    for terminal in terminals:
        terminal.__exit__(None, None, None)


def until(happened: Callable[[], bool], seconds: float) -> float:
    """Wait for something outside of the picture; returns how long it took."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - began


def has_book(text: str) -> bool:
    return "AAPL" in text and re.search(r"NLV [\d,]+\.\d\d", text) is not None
