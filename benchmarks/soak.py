"""The demo left alone: memory, CPU, stalls and the size of the database over time.

    python benchmarks/soak.py [--minutes N] [--every SECONDS] [--keys]

The real screen in a pty with the real engine behind it, its market moving once a second. A row tells of each stretch of
so many seconds: memory at its end, the share of a core in it, the longest stall, which is by how much a nap of 5 ms in
the screen overslept, and how many took longer than 25 ms; `held` is the same without the time in which the machine had
no core for the screen; `idle` the same stall in a process that does nothing. The naps themselves cost what `napping`
says, and are part of the screen's share. `--keys`: somebody walks through the screens.
Targets: memory of both flat (60 and 180 MB), one engine from beginning to end. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import Nap, cpu_seconds, load, naps, resident, say
from benchmarks.terminal import Pty, environment

Sample = dict[str, float]

COLUMNS = {
    "minute": "minute", "screen": "screen MB", "engine": "engine MB", "screen_cpu": "screen %",
    "engine_cpu": "engine %", "napping_cpu": "napping %", "database": "db MB", "log": "of it WAL",
    "stall": "stall ms", "late": "> 25 ms", "held": "held ms", "held_late": "> 25 ms",
    "idle_stall": "idle ms", "idle_late": "> 25 ms",
}  # fmt: skip
LATE = 0.025
WARM_UP = 20.0
KEYS = "2jj3j4561kj\r\x1b"


# In the screen


def screen(report: Path, every: float) -> None:
    """The monitor as `cotrader --demo` runs it, with naps beside it until it is told to quit."""
    from textual.pilot import Pilot

    from cotrader_tui import bootstrap
    from cotrader_tui.config import Options, process_settings

    settings = process_settings(Options(demo=True))
    app = bootstrap.make_screen(settings, bootstrap.screen_options(settings))

    async def watch(_: Pilot[object]) -> None:
        while app.snapshot is None or app.snapshot.lease is None:
            await naps(0.1)
        await naps(WARM_UP)
        while app.return_code is None:
            engine = app.snapshot.lease.pid
            cpu, began = (time.process_time(), cpu_seconds(engine)), time.perf_counter()
            slept: list[Nap] = []
            while app.return_code is None and (elapsed := time.perf_counter() - began) < every:
                slept += await naps(0.5)
            found = stall_figures(slept)
            found |= {
                "pid": engine, "screen": resident(os.getpid()) / 1024, "engine": resident(engine) / 1024,
                "screen_cpu": 100 * (time.process_time() - cpu[0]) / elapsed,
                "engine_cpu": 100 * (cpu_seconds(engine) - cpu[1]) / elapsed,
            }  # fmt: skip
            append(report, found)

    app.run(auto_pilot=watch)


def napping(report: Path, every: float) -> None:
    """The same naps with nothing beside them."""
    while True:
        cpu, began = time.process_time(), time.perf_counter()
        found = {f"idle_{key}": value for key, value in stall_figures(asyncio.run(naps(every))).items()}
        share = 100 * (time.process_time() - cpu) / (time.perf_counter() - began)
        append(report, found | {"napping_cpu": share})


def stall_figures(slept: list[Nap]) -> Sample:
    return {
        "stall": 1000 * max(each.overslept for each in slept),
        "late": sum(each.overslept > LATE for each in slept),
        "held": 1000 * max(each.held for each in slept),
        "held_late": sum(each.held > LATE for each in slept),
    }


def append(report: Path, found: Sample) -> None:
    with report.open("a") as file:
        file.write(json.dumps(found) + "\n")


# The bench


def bench(minutes: float, every: float, *, has_keys: bool) -> list[Sample]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        told, idle = home / "screen", home / "idle"
        command = [sys.executable, __file__, "--every", str(every)]
        beside = subprocess.Popen([*command, "--napping", str(idle)])
        try:
            with Pty([*command, "--screen", str(told)], environment(home), home) as terminal:
                samples = watch(terminal, home, minutes, has_keys=has_keys)
                terminal.press("q")
                say(f"\nIt ended with {terminal.process.wait(10)}.")
        finally:
            beside.kill()
            beside.wait()
    return samples


def watch(terminal: Pty, home: Path, minutes: float, *, has_keys: bool) -> list[Sample]:
    """A sample for each line that the screen writes, until so many minutes have gone."""
    samples: list[Sample] = []
    began = time.monotonic()
    pressed = 0
    while time.monotonic() - began < 60 * minutes:
        time.sleep(1)
        if terminal.process.poll() is not None:
            raise SystemExit(f"The screen ended with {terminal.process.returncode}.")
        if has_keys and time.monotonic() - began > WARM_UP + 2 * pressed:
            terminal.press(KEYS[pressed % len(KEYS)])
            pressed += 1
        lines = (home / "screen").read_text().splitlines() if (home / "screen").exists() else []
        if len(lines) > len(samples):
            beside = json.loads((home / "idle").read_text().splitlines()[-1])
            files = {each.name: each.stat().st_size / 1e6 for each in home.rglob("demo.db*")}
            size = {"database": sum(files.values()), "log": files.get("demo.db-wal", 0.0)}
            minute = {"minute": (time.monotonic() - began) / 60}
            samples.append(minute | json.loads(lines[-1]) | beside | size)
            say(row(f"{len(samples)}", samples[-1]))
    return samples


def row(label: str, sample: Sample) -> str:
    return f"{label:8}" + "".join(f"{sample[key]:11.1f}" for key in COLUMNS)


def summary(samples: list[Sample]) -> None:
    say(heads())
    say(row("first", samples[0]))
    say(row("median", {key: statistics.median(each[key] for each in samples) for key in COLUMNS}))
    say(row("most", {key: max(each[key] for each in samples) for key in COLUMNS}))
    say(row("last", samples[-1]))
    late = samples[len(samples) // 2 :]
    for who in ("screen", "engine"):
        growth = statistics.linear_regression([each["minute"] for each in late], [each[who] for each in late]).slope
        say(f"{who}: {60 * growth:+.1f} MB an hour over the second half")
    say(f"engines: {len({each['pid'] for each in samples})}")


def heads() -> str:
    return f"{'':8}" + "".join(f"{head:>11}" for head in COLUMNS.values())


def main() -> None:
    parser = argparse.ArgumentParser(description="The demo left alone.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=30, metavar="SECONDS")
    parser.add_argument("--keys", action="store_true", help="walk through the screens, a key every two seconds")
    parser.add_argument("--screen", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--napping", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.screen is not None:
        screen(options.screen, options.every)
    elif options.napping is not None:
        napping(options.napping, options.every)
    else:
        say(f"{options.minutes:g} minutes of the demo, {load()}\n\n{heads()}")
        summary(bench(options.minutes, options.every, has_keys=options.keys))


if __name__ == "__main__":
    main()
