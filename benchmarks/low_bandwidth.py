"""What low-bandwidth mode saves: bytes of the demo's screen in a terminal of 200×50, with and without `--lowbw`.

    python benchmarks/low_bandwidth.py [--seconds N]

`first`: from the start until the book is on screen. `screen`: going to the Greeks and back. `redrawn`: ctrl+l.
`a second`: while the simulated market moves, after everything has settled.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.processes import load, say
from benchmarks.terminal import Pty, environment

SYMBOL = b"AAPL"
SETTLED = 6.0
_CALM = 2.0
"""Seconds in which a screen is drawn."""
VARIANTS: dict[str, tuple[Sequence[str], dict[str, str]]] = {
    "as ever": ((), {}),
    "as ever, 256 colours": ((), {"COLORTERM": ""}),
    "as ever, ansi-dark": ((), {"COTRADER_THEME": "ansi-dark"}),
    "--lowbw": (("--lowbw",), {}),
    "--lowbw, 256 colours": (("--lowbw",), {"COLORTERM": ""}),
    "--lowbw, ansi-dark": (("--lowbw",), {"COTRADER_THEME": "ansi-dark"}),
}


def bytes_of(screen: Pty, keys: str, seconds: float) -> int:
    """What comes within so many seconds of pressing `keys`."""
    before = screen.bytes_read
    screen.press(keys)
    time.sleep(seconds)
    return screen.bytes_read - before


def run(options: Sequence[str], environ: dict[str, str], seconds: float) -> str:
    """The figures of one variant."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        command = [sys.executable, "-m", "cotrader_tui", "--demo", *options]
        with Pty(command, environment(home, **environ), home, SYMBOL) as screen:
            screen.seconds_until_seen()
            time.sleep(_CALM)
            first = screen.bytes_read
            time.sleep(SETTLED)
            switched = bytes_of(screen, "2", _CALM) + bytes_of(screen, "1", _CALM)
            redrawn = bytes_of(screen, "\x0c", _CALM)
            moving = bytes_of(screen, "", seconds) / seconds
    return f"{first:10,}{switched:10,}{redrawn:10,}{moving:10,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="What low-bandwidth mode saves.")
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    say(f"the demo in 200×50, {load()}\n")
    say(f"{'bytes':28}{'first':>10}{'screen':>10}{'redrawn':>10}{'a second':>10}")
    for label, (arguments, environ) in VARIANTS.items():
        say(f"{label:28}{run(arguments, environ, options.seconds)}")


if __name__ == "__main__":
    main()
