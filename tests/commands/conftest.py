"""The command line in this process, with folders of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cotrader_tui.cli import main


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Home:
    """The folders a command finds: `here` is its working directory."""

    here: Path
    config: Path
    data: Path
    state: Path


RunCommand = Callable[..., Finished]
"""Takes the arguments as texts."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Empty folders and an environment without any setting."""
    places = Home(*(tmp_path / name for name in ("here", "config/cotrader", "data/cotrader", "state/cotrader")))
    for name in ("COTRADER_DB", "COTRADER_CONFIG", "COTRADER_PRIVACY", "COTRADER_SYNC_INTERVAL", "COTRADER_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("COTRADER_PORTFOLIO", raising=False)
    for name in ("TASTYTRADE_CLIENT_SECRET", "TASTYTRADE_REFRESH_TOKEN", "TT_SECRET", "TT_REFRESH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("TASTYTRADE_USERNAME", "TASTYTRADE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    for name in ("config", "data", "state"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(tmp_path / name))
    places.here.mkdir()
    monkeypatch.chdir(places.here)
    return places


@pytest.fixture
def quiet_logging() -> Iterator[None]:
    """Afterwards nothing of this process is logged to a file a command has opened."""
    root = logging.getLogger()
    level = root.level
    yield
    for handler in root.handlers[:]:
        if isinstance(handler, logging.FileHandler):
            root.removeHandler(handler)
            handler.close()
    root.setLevel(level)


@pytest.fixture
def cotrader(home: Home, quiet_logging: None, capsys: pytest.CaptureFixture[str]) -> RunCommand:
    """Run `cotrader` with some arguments."""

    def run(*arguments: str | Path) -> Finished:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return Finished(code, captured.out, captured.err)

    return run
