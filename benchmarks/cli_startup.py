"""What start-up costs: the command line beside a bare interpreter, and argparse beside click.

    python benchmarks/cli_startup.py [RUNS]

Each command runs RUNS times (20 unless told) in a fresh process, the commands in turn so that a busy moment
hits all alike. `click` is there because sqlite-utils brings it; the reading commands never import it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NO_DATA_YET = 5
"""The exit code of a reading command without a database; it has then loaded all that it needs."""


def commands(folder: Path) -> dict[str, list[str]]:
    """What is measured, by the name in the table; the first is what the others are compared with."""
    python, cotrader = [sys.executable, "-c"], [sys.executable, "-m", "cotrader_tui"]
    return {
        "python -c pass": [*python, "pass"],
        "import argparse": [*python, "import argparse"],
        "import click": [*python, "import click"],
        "cotrader --version": [*cotrader, "--version"],
        "cotrader positions --json": [*cotrader, "--db", str(folder / "none.db"), "positions", "--json"],
    }


def milliseconds(command: list[str], folder: Path) -> float:
    """The wall time of one run in `folder`, which holds no `.env`."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    elapsed = (time.perf_counter() - start) * 1000
    if done.returncode not in (0, NO_DATA_YET):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return elapsed


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = commands(folder)
        for command in measured.values():
            milliseconds(command, folder)
        rounds = [{label: milliseconds(command, folder) for label, command in measured.items()} for _ in range(runs)]
    baseline = statistics.median(times["python -c pass"] for times in rounds)
    version = sys.version.split()[0]
    sys.stdout.write(f"Python {version}, {runs} runs each, milliseconds\n\n")
    sys.stdout.write(f"{'':28}{'median':>8}{'fastest':>9}{'over python -c pass':>21}\n")
    for label in measured:
        times = [each[label] for each in rounds]
        median = statistics.median(times)
        sys.stdout.write(f"{label:28}{median:8.1f}{min(times):9.1f}{median - baseline:+21.1f}\n")


if __name__ == "__main__":
    main()
