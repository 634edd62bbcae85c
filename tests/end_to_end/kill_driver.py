"""A program that syncs in forked children and kills them: the SDK is imported once, not at every round.

Reads lines from standard input: `sync` lets a child sync to its end, `kill SECONDS` kills it after so long. Answers
each with a line: how long the child lived, and its exit code or the signal that ended it as a negative number.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import cotrader_tui.brokers.tastytrade.client
import cotrader_tui.store.writer
import cotrader_tui.sync.engine  # noqa: F401 - loaded before the first fork, as the others
from cotrader_tui.commands.sync import exit_code
from cotrader_tui.config import Options, load_settings
from cotrader_tui.running import sync_once


def main() -> None:
    settings = load_settings(Options(), os.environ, Path.cwd())
    for line in sys.stdin:
        command, *seconds = line.split()
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(exit_code(sync_once(settings)))
        if command == "kill":
            threading.Event().wait(float(seconds[0]))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{time.monotonic() - began:.6f} {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
