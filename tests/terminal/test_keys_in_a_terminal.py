"""`cotrader keys` in a real terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.terminal.emulator import Terminal


def test_keys_are_told_as_they_are_pressed_and_the_terminal_is_given_back(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    with Terminal([sys.executable, "-m", "cotrader_tui", "keys"], environ, tmp_path) as terminal:
        terminal.wait_for("Press a key")
        terminal.press("r")
        terminal.wait_for("sync: Sync now")
        terminal.press("\x1b")
        terminal.wait_for("back: Back")
        terminal.press("\x03")
        terminal.wait_for("ctrl+c")
        terminal.press("\x03")
        assert terminal.process.wait(10) == 0
