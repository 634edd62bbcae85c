"""Real processes on a machine of their own: a temporary home, a clean environment, loopback only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import simplejson

from cotrader_tui.commands.output import Format
from cotrader_tui.commands.parser import build_parser
from cotrader_tui.commands.reading import Question, read
from cotrader_tui.config import Options, load_settings
from cotrader_tui.domain.clock import system_clock
from tests.standin.tastytrade import CLIENT_SECRET, REFRESH_TOKEN, TOKEN_PATH, TastytradeStandin

PATIENCE = 30.0
"""How long something may take on a busy machine before a test gives up, in seconds."""

Row = dict[str, Any]


def eventually(condition: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
    """Wait until `condition` holds.

    Raises:
        AssertionError: it does not within so many seconds; `what` says what was waited for.
    """
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"not within {within:g} s: {what}"
        threading.Event().wait(0.02)


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Row]:
        """The JSON on standard output, numbers as exact decimals."""
        rows: list[Row] = simplejson.loads(self.out, use_decimal=True, parse_int=Decimal)
        return rows


@dataclass
class Machine:
    """A home folder with nothing in it, and the commands somebody runs there."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for folder in (self.home, self.here, self.temporary):
            folder.mkdir(parents=True)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def here(self) -> Path:
        """The working directory."""
        return self.root / "here"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    @property
    def data(self) -> Path:
        return self.root / "data" / "cotrader"

    @property
    def database(self) -> Path:
        return self.data / "cotrader.db"

    @property
    def environment(self) -> dict[str, str]:
        """Everything a command sees of its environment."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        xdg = {f"XDG_{name.upper()}_HOME": str(self.root / name) for name in ("config", "data", "state", "cache")}
        return {**kept, **xdg, "HOME": str(self.home), "TMPDIR": str(self.temporary), **self.environ}

    def grant(self, standin: TastytradeStandin) -> None:
        """Put a grant for the stand-in into `.env`."""
        (self.here / ".env").write_text(
            f"TASTYTRADE_CLIENT_SECRET={CLIENT_SECRET}\n"
            f"TASTYTRADE_REFRESH_TOKEN={REFRESH_TOKEN}\n"
            f"TASTYTRADE_API_URL={standin.url}\n"
        )

    def run(self, *arguments: object, within: float = 120) -> Answer:
        """Run one command to its end."""
        done = subprocess.run(
            _command(arguments),
            cwd=self.here,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within,
            check=False,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def rows(self, *arguments: object) -> list[Row]:
        """The JSON rows of a reading command that must succeed.

        Read in this process, with the machine's environment: a process for each would take most of the tests' time.
        """
        given = build_parser().parse_args([*map(str, arguments), "--json"])
        options = Options(db=given.db, demo=given.demo, account=given.account)
        settings = load_settings(options, self.environment, self.here)
        question = Question(given.command, Format.JSON, given.all, getattr(given, "limit", 0))
        out, err = StringIO(), StringIO()
        code = read(settings, question, system_clock(), out, err)
        answer = Answer(code, out.getvalue(), err.getvalue())
        assert answer.code == 0, answer
        return answer.rows

    def start(
        self, *arguments: object, errors: Path | None = None, wrapper: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a command that runs until it is ended; its standard input is a pipe, stderr goes to `errors`."""
        with (errors or self.root / "started.err").open("ab") as file:
            process = subprocess.Popen(
                [*wrapper, *_command(arguments)],
                cwd=self.here,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=file,
            )
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


def _command(arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", "cotrader_tui", *map(str, arguments)]


def ends(process: subprocess.Popen[bytes], within: float) -> int:
    """The exit code of a process that must end within so many seconds."""
    try:
        return process.wait(within)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        raise AssertionError(f"the process did not end within {within:g} s") from None


def writes_other_than_the_token(standin: TastytradeStandin) -> list[tuple[str, str]]:
    """Requests that read nothing and are not for an access token."""
    return [
        (each.method, each.path)
        for each in standin.requests
        if each.method != "GET" and (each.method, each.path) != ("POST", TOKEN_PATH)
    ]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine")
    yield made
    made.end()


@pytest.fixture(scope="module")
def shared_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine for all tests of a module."""
    made = Machine(tmp_path_factory.mktemp("shared") / "machine")
    yield made
    made.end()


@pytest.fixture
def standin() -> Iterator[TastytradeStandin]:
    """A server, to which nothing but reading and asking for an access token may come."""
    with TastytradeStandin() as server:
        yield server
        assert writes_other_than_the_token(server) == []


@pytest.fixture(scope="module")
def shared_standin() -> Iterator[TastytradeStandin]:
    """The same for all tests of a module."""
    with TastytradeStandin() as server:
        yield server
        assert writes_other_than_the_token(server) == []
