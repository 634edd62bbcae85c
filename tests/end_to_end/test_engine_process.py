"""The keeper of the screen's worker, with small scripts in place of the engine."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cotrader_tui.tui.engine_process import EngineProcess
from cotrader_tui.tui.ports import EngineState
from tests.end_to_end.conftest import Machine, eventually

OURS = EngineState(is_ours=True, is_running=True)
ANOTHERS = EngineState(is_ours=False, is_running=True)

UNTIL_INPUT_CLOSES = "sys.stdin.buffer.read(); told('ended')"


@dataclass
class Stage:
    """A keeper and what it told, and what its workers wrote down."""

    folder: Path
    states: list[EngineState] = field(default_factory=list)
    is_held: bool = False
    _keepers: list[EngineProcess] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "state" / "cotrader.log"

    @property
    def notes(self) -> list[list[str]]:
        """What workers told: a word and their pid, session and time each."""
        path = self.folder / "notes"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def told(self, word: str) -> list[list[str]]:
        return [note for note in self.notes if note[0] == word]

    def script(self, body: str) -> list[str]:
        """A worker that notes that it started and does `body`."""
        preamble = (
            "import os, sys, time\n"
            f"def told(word):\n"
            f"    with open({str(self.folder / 'notes')!r}, 'a') as file:\n"
            "        file.write(f'{word} {os.getpid()} {os.getsid(0)} {time.monotonic()}\\n')\n"
            "told('started')\n"
        )
        return [sys.executable, "-S", "-c", preamble + body]

    def keep(self, command: list[str], is_held: Callable[[], bool] | None = None) -> EngineProcess:
        keeper = EngineProcess(command, self.log, is_held or (lambda: self.is_held))
        self._keepers.append(keeper)
        keeper.start(self.states.append)
        return keeper

    def end(self) -> None:
        for keeper in self._keepers:
            keeper.stop()
        for _, pid, *_ in self.told("started"):
            eventually(lambda number=int(pid): not _is_alive(number), f"worker {pid} ended")  # type: ignore[misc]


def _is_alive(pid: int) -> bool:
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    return done == 0


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.end()


def test_a_worker_is_started_where_nobody_syncs(stage: Stage) -> None:
    stage.keep(stage.script(UNTIL_INPUT_CLOSES))
    eventually(lambda: bool(stage.told("started")), "the worker starts")
    eventually(lambda: stage.states == [OURS], "it is told")
    _, pid, session, _ = stage.notes[0]
    assert pid == session, "a signal for the screen's terminal must not reach the worker"


def test_stopping_ends_the_worker_by_its_input_and_takes_less_than_a_second(stage: Stage) -> None:
    keeper = stage.keep(stage.script(UNTIL_INPUT_CLOSES))
    eventually(lambda: bool(stage.told("started")), "the worker starts")
    began = time.monotonic()
    keeper.stop()
    assert time.monotonic() - began < 1
    eventually(lambda: bool(stage.told("ended")), "the worker hears that its input closed", 2)
    keeper.stop()


def test_stopping_does_not_wait_for_a_worker_that_takes_its_time(stage: Stage) -> None:
    keeper = stage.keep(stage.script("sys.stdin.buffer.read(); time.sleep(1.5); told('ended')"))
    eventually(lambda: bool(stage.told("started")), "the worker starts")
    began = time.monotonic()
    keeper.stop()
    assert time.monotonic() - began < 1
    assert not stage.told("ended")


def test_nothing_is_started_while_another_engine_syncs_until_it_goes(stage: Stage) -> None:
    stage.is_held = True
    stage.keep(stage.script(UNTIL_INPUT_CLOSES))
    eventually(lambda: stage.states == [ANOTHERS], "the other engine is told of")
    assert stage.notes == []
    stage.is_held = False
    eventually(lambda: bool(stage.told("started")), "the worker takes over", 5)
    eventually(lambda: stage.states == [ANOTHERS, OURS], "it is told")


def test_a_worker_that_was_too_late_leaves_the_syncing_to_the_other(stage: Stage) -> None:
    """The exit code 75: between looking and starting, another engine took the lease."""
    stage.keep(stage.script("raise SystemExit(75)"), lambda: bool(stage.told("started")))
    eventually(lambda: ANOTHERS in stage.states, "the other engine is told of")
    assert stage.states == [OURS, ANOTHERS]
    assert len(stage.told("started")) == 1


def test_a_worker_that_crashes_is_told_of_and_started_again_with_growing_waits(stage: Stage) -> None:
    stage.keep(stage.script("print('The vendor broke.', file=sys.stderr); os._exit(1)"))
    eventually(lambda: len(stage.told("started")) == 3, "the worker is started three times", 15)
    first, second, third = (float(note[-1]) for note in stage.told("started"))
    assert 1.0 <= second - first < third - second
    assert third - second >= 2.0
    assert stage.states[0] == OURS
    assert (stage.states[1].is_running, stage.states[1].message) == (False, "The vendor broke.")
    assert stage.states[2] == OURS


def test_a_worker_that_is_killed_is_told_of_with_the_place_to_look(stage: Stage) -> None:
    stage.keep(stage.script(UNTIL_INPUT_CLOSES))
    eventually(lambda: bool(stage.told("started")), "the worker starts")
    os.kill(int(stage.told("started")[0][1]), signal.SIGKILL)
    eventually(lambda: len(stage.states) == 2, "its end is told")
    assert not stage.states[1].is_running
    assert stage.states[1].message.endswith(".")
    assert str(stage.log) in stage.states[1].hint
    eventually(lambda: len(stage.told("started")) == 2, "it is started again", 5)


def test_a_configuration_that_must_be_mended_is_told_of_and_not_tried_again(stage: Stage) -> None:
    keeper = stage.keep(
        stage.script(
            "print('2026-11-20 10:00:00,000 INFO cotrader_tui: Syncing', file=sys.stderr)\n"
            "print('No broker is set.', file=sys.stderr)\n"
            "print('Set one.', file=sys.stderr)\n"
            "raise SystemExit(2)"
        )
    )
    eventually(lambda: len(stage.states) == 2, "its end is told")
    assert stage.states[1] == EngineState(is_ours=True, is_running=False, message="No broker is set.", hint="Set one.")
    threading.Event().wait(1.5)  # longer than the first wait before another start
    assert len(stage.told("started")) == 1
    began = time.monotonic()
    keeper.stop()
    assert time.monotonic() - began < 1


def test_a_configuration_that_was_mended_is_tried_at_once_when_told(stage: Stage) -> None:
    body = f"if not os.path.exists({str(stage.folder / 'mended')!r}): raise SystemExit(2)\n"
    keeper = stage.keep(stage.script(body + UNTIL_INPUT_CLOSES))
    eventually(lambda: len(stage.states) == 2, "its end is told")
    (stage.folder / "mended").touch()
    keeper.start(stage.states.append)
    eventually(lambda: stage.states[2:] == [OURS], "it runs")
    eventually(lambda: len(stage.told("started")) == 2, "it has begun")


def test_the_words_of_the_real_engine_reach_the_screen_whole(stage: Stage, machine: Machine) -> None:
    command = [sys.executable, "-m", "cotrader_tui", "daemon", "--until-stdin-closes"]
    settled = ["env", "-i", *(f"{name}={value}" for name, value in machine.environment.items()), *command]
    stage.keep(settled)
    eventually(lambda: len(stage.states) == 2, "the engine refuses to start")
    assert stage.states[1].message == "No broker is configured."
    assert "--demo" in stage.states[1].hint


@pytest.mark.parametrize("before", ["", "2026-11-20 10:00:00,000 INFO cotrader_tui: Syncing", "    raise vendor"])
def test_one_line_is_told_by_itself(stage: Stage, before: str) -> None:
    stage.keep(stage.script(f"print({before!r} + '\\nIt broke.', file=sys.stderr)\nraise SystemExit(2)"))
    eventually(lambda: len(stage.states) == 2, "its end is told")
    assert stage.states[1].message == "It broke."
    assert str(stage.log) in stage.states[1].hint


def test_a_log_record_is_not_taken_for_words(stage: Stage) -> None:
    stage.keep(stage.script("print('2026-11-20 10:00:00,000 INFO x: Cycle 1', file=sys.stderr)\nraise SystemExit(2)"))
    eventually(lambda: len(stage.states) == 2, "its end is told")
    assert stage.states[1].message == "The sync engine ended with exit code 2."


def test_only_what_this_worker_said_is_told(stage: Stage) -> None:
    stage.log.parent.mkdir(parents=True)
    stage.log.write_text("An older worker said this.\n")
    stage.keep(stage.script("os._exit(3)"))
    eventually(lambda: len(stage.states) >= 2, "its end is told")
    assert "older" not in stage.states[1].message
    assert "3" in stage.states[1].message


def test_what_the_worker_prints_goes_to_a_private_log(stage: Stage) -> None:
    stage.keep(stage.script("print('spoken', flush=True); " + UNTIL_INPUT_CLOSES))
    eventually(lambda: stage.log.exists() and "spoken" in stage.log.read_text(), "the worker's output is logged")
    assert stat.S_IMODE(stage.log.stat().st_mode) == 0o600
    assert stat.S_IMODE(stage.log.parent.stat().st_mode) == 0o700


def test_a_log_that_cannot_be_written_is_told_of(stage: Stage) -> None:
    (stage.folder / "state").write_text("a file where a folder should be")
    stage.keep(stage.script(UNTIL_INPUT_CLOSES))
    eventually(lambda: bool(stage.states), "it is told")
    assert not stage.states[0].is_running
    assert str(stage.log) in stage.states[0].message
    assert stage.notes == []


def test_the_worker_ends_when_the_screen_is_killed(stage: Stage) -> None:
    screen = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from cotrader_tui.tui.engine_process import EngineProcess\n"
        "keeper = EngineProcess(sys.argv[2:], Path(sys.argv[1]), lambda: False)\n"
        "keeper.start(lambda state: None)\n"
        "threading.Event().wait()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", screen, str(stage.log), *stage.script(UNTIL_INPUT_CLOSES)])
    try:
        eventually(lambda: bool(stage.told("started")), "the worker starts")
    finally:
        process.kill()
        process.wait()
    eventually(lambda: bool(stage.told("ended")), "the worker ends", 2)
