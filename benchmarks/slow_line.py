"""A slow line: how old the book on screen is and how long a key waits, LiveTable beside Textual's DataTable.

    python benchmarks/slow_line.py [--seconds N] [--rates 16 64 200]

500 rows, 50 visible cells changed four times a second, 200×50 in a pty whose reader takes so many kB (1,000 bytes) a
second. Age: from a book's making to the moment its stamp, a cell of the first row, is on screen. Stall: the longest an
asyncio nap took over its time; own: the most of the program's own CPU time in one, for a machine that others use.
Targets on 16 kB/s: age 100 ms, stall 25 ms.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence

from tests.tui.live.line import Line
from tests.tui.live.wire import SIZE

VARIANTS = {
    "DataTable": ("--table", "stock", "--plain"),
    "LiveTable": ("--plain",),
    "LiveTable + diff": (),
    "LiveTable + diff, ansi": ("--theme", "ansi-dark"),
    "LiveTable + diff, ansi, marked": ("--theme", "ansi-dark", "--marks"),
}
_WARM_UP = 4
"""Books that come before the first screen has been taken and do not count."""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(arguments: Sequence[str], rate: int, seconds: float) -> str:
    """The figures of one variant on a line of `rate` kB/s."""
    options = ("--delay", "4", "--seconds", str(seconds))
    with Line(*arguments, *options, size=SIZE, bytes_per_second=rate * 1000, stamps=True) as line:
        line.wait_for("T=", 60)
        report = line.report(seconds + 120)
        ages = line.ages[_WARM_UP:] or line.ages
    stall, work = 1000 * float(report["longest_stall"]), 1000 * float(report["longest_work"])
    kept = len(line.ages) / max(1, report["ticks"])
    late = sorted(ages)[int(0.9 * (len(ages) - 1))]
    return (
        f"{1000 * statistics.median(ages):10.0f}{1000 * late:10.0f}{1000 * max(ages):10.0f}{stall:10.0f}{work:10.0f}"
        f"{100 * kept:11.0f} %{line.bytes_read / 1000:10.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="A slow line.")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rates", type=int, nargs="+", default=[16, 64, 200])
    options = parser.parse_args()
    say(f"{'':45}{'age ms':>10}{'p90':>10}{'worst':>10}{'stall ms':>10}{'own':>10}{'shown':>13}{'kB':>10}")
    for rate in options.rates:
        for label, arguments in VARIANTS.items():
            say(f"{rate:4} kB/s   {label:33}{run(arguments, rate, options.seconds)}")


if __name__ == "__main__":
    main()
