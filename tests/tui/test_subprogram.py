"""Running a program of its own from the screen."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from cotrader_tui.tui.subprogram import Finished, run_program
from tests.end_to_end.conftest import eventually

NEVER_ENDS = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(600)"


def program(body: str, *arguments: object) -> list[str]:
    return [sys.executable, "-S", "-c", body, *map(str, arguments)]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_in(path: Path) -> int:
    eventually(lambda: path.exists() and path.read_text() != "", "the program has begun")
    return int(path.read_text())


async def test_what_it_is_given_and_what_it_says() -> None:
    body = "import sys; print('unseen'); print(sys.stdin.read().upper(), '\\x1b[1m', file=sys.stderr)"
    result = await run_program(program(body), b"some words")
    assert result.is_well
    assert result.words.startswith("SOME WORDS ")
    assert "\x1b" not in result.words


async def test_one_that_fails_without_a_word() -> None:
    assert await run_program(program("raise SystemExit(3)")) == Finished(False, "It ended with exit code 3.")


async def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    result = await run_program([str(tmp_path / "missing")])
    assert not result.is_well
    assert "cannot be started" in result.words


async def test_one_that_asks_its_terminal_finds_none() -> None:
    result = await run_program(program("open('/dev/tty')"))
    assert not result.is_well


async def test_one_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    began = time.monotonic()
    result = await run_program(program(NEVER_ENDS, tmp_path / "pid"), within=1.0)
    assert result == Finished(False, "It did not end within 1 s and was stopped. Doing it again goes on.")
    assert time.monotonic() - began < 10


async def test_one_whose_wait_is_given_up_is_killed(tmp_path: Path) -> None:
    task = asyncio.create_task(run_program(program(NEVER_ENDS, tmp_path / "pid")))
    pid = await asyncio.to_thread(pid_in, tmp_path / "pid")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_alive(pid)
