"""The driver on a real terminal: what it restores, what it does when nobody reads, how it is switched off."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from textual.drivers.linux_driver import LinuxDriver

from cotrader_tui.tui.diff_driver import DiffDriver, driver_class
from tests.tui.live.line import Line

_QUIET = ("--cells", "0")


def test_a_stopped_program_draws_its_screen_again_when_it_goes_on() -> None:
    with Line(*_QUIET) as line:
        before = line.settled("SYM9")
        line.press("s")
        line.wait_for_stop()
        line.scribble()
        line.go_on()
        line.wait_for(lambda text: text == before)
        line.press("q")
        assert line.process.wait(10) == 0


def test_ctrl_l_repairs_what_something_else_wrote_over() -> None:
    with Line(*_QUIET) as line:
        before = line.settled("SYM9")
        line.scribble()
        line.press("\x0c")
        line.wait_for(lambda text: text == before)


def test_a_resized_terminal_is_drawn_anew() -> None:
    with Line(*_QUIET) as line:
        line.settled("SYM9")
        line.resize(90, 20)
        line.wait_for(lambda text: "?" not in text and len(text.splitlines()) == 20 and "SYM18" in text)
        line.resize(120, 30)
        line.wait_for(lambda text: "?" not in text and "SYM28" in text)


def test_a_terminal_nobody_reads_holds_up_no_key_and_shows_only_the_newest_afterwards() -> None:
    with Line("--hertz", "50", "--flush-hertz", "50", stamps=True) as line:
        line.wait_for("T=")
        line.is_held = True
        time.sleep(1.5)
        line.press("q")
        assert line.process.wait(10) == 0  # q is heard, and the writer left alone, though nothing can be written
        line.is_held = False
        report = line.report()
        assert report["skipped"] > 20
        assert report["bytes_sent"] < 60_000


def test_after_a_pause_the_newest_comes_at_once() -> None:
    with Line("--hertz", "20", "--flush-hertz", "20", stamps=True) as line:
        line.wait_for("T=")
        line.is_held = True
        time.sleep(1.5)
        line.ages.clear()
        line.is_held = False
        line.wait_for(lambda _: len(line.ages) > 20)
        assert sorted(line.ages)[len(line.ages) // 2] < 0.5


def test_a_slow_line_gets_fewer_frames_all_keys_and_the_last_picture_whole() -> None:
    moving = ("--hertz", "20", "--flush-hertz", "20", "--cells", "200", "--delay", "0.1")
    with Line(*moving, size=(140, 40), bytes_per_second=16_000, stamps=True) as line:
        line.wait_for(lambda _: len(line.ages) > 1)
        line.press("x")
        assert line.settled("another screen").split() == ["another", "screen"]
        line.press("x")
        line.wait_for("SYM38")
        line.ages.clear()
        line.wait_for(lambda _: len(line.ages) > 3)
        taken = line.bytes_read
        line.press("q")
        report = line.report()
        assert line.process.returncode == 0
        assert report["skipped"] > 10
        # What waits is a piece or two and what a pty holds, though there was ten times that to say a second.
        assert report["bytes_sent"] - taken < 40_000


_WHICH_DRIVER = """
import os, sys
from pathlib import Path
from cotrader_tui.bootstrap import make_screen, screen_options
from cotrader_tui.cli import _options, build_parser
from cotrader_tui.config import load_settings

settings = load_settings(_options(build_parser().parse_args(sys.argv[1:])), os.environ, Path.cwd())
driver = make_screen(settings, screen_options(settings)).driver_class
print(f"{driver.__module__}.{driver.__name__}")
"""


@pytest.mark.parametrize(
    ("flags", "driver"),
    [
        (["--demo", "--no-diff"], "textual.drivers.linux_driver.LinuxDriver"),
        (["--demo"], "cotrader_tui.tui.diff_driver.DiffDriver"),
    ],
)
def test_the_option_no_diff_leads_to_textuals_own_driver(flags: list[str], driver: str, tmp_path: Path) -> None:
    environ = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    environ.pop("TEXTUAL_DRIVER", None)
    command = [sys.executable, "-c", _WHICH_DRIVER, *flags]
    found = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (found.stdout.strip(), found.stderr) == (driver, "")


def test_textuals_own_driver_stays_where_it_is_wanted() -> None:
    chosen = driver_class({})
    assert chosen is not None
    assert issubclass(chosen, DiffDriver)
    assert driver_class({}, is_diffing=False) is None
    assert driver_class({"TEXTUAL_DRIVER": "some.module:Driver"}) is None


@pytest.mark.parametrize("arguments", [("--plain",), ()], ids=["plain", "diff"])
def test_both_drivers_show_the_same(arguments: tuple[str, ...]) -> None:
    with Line(*arguments, *_QUIET) as line:
        text = line.settled("SYM9")
        assert text.splitlines()[0].split()[:3] == ["Symbol", "Qty", "DTE"]


def test_textuals_driver_still_has_what_this_one_builds_on() -> None:
    for name in ("write", "flush", "start_application_mode", "stop_application_mode", "close"):
        assert callable(getattr(LinuxDriver, name))
