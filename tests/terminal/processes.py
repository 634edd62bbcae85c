"""Who still runs on a test's machine. Linux only: it reads /proc."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cotrader_tui.store.lease import is_held

_PROCESSES = Path("/proc")
NEEDS_PROC = pytest.mark.skipif(
    not (_PROCESSES / "self" / "environ").exists(), reason="It looks for processes in /proc, which is Linux's."
)


def at_home(home: Path) -> dict[int, str]:
    """The command lines of the processes whose home folder this is, by pid; a zombie has none."""
    found = {}
    for pid in (int(folder.name) for folder in _PROCESSES.iterdir() if folder.name.isdecimal()):
        if environ_of(pid).get("HOME") == str(home):
            words = _read(pid, "cmdline")
            found[pid] = " ".join(words)
    return found


def ours(home: Path) -> dict[int, str]:
    """Those of them that are this program: the screen and its engine."""
    return {pid: words for pid, words in at_home(home).items() if words.startswith(f"{sys.executable} -m cotrader_tui")}


def environ_of(pid: int) -> dict[str, str]:
    """The environment a process was started with; empty where it has gone."""
    pairs = (entry.partition("=") for entry in _read(pid, "environ"))
    return {name: value for name, _, value in pairs}


def is_stopped(pid: int) -> bool:
    return (_PROCESSES / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "T"


def _read(pid: int, name: str) -> list[str]:
    try:
        return (_PROCESSES / str(pid) / name).read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


def is_closed(database: Path) -> bool:
    """Whether nobody syncs it, and it is whole and holds a book."""
    if is_held(database):
        return False
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        (count,) = connection.execute("SELECT count(*) FROM positions").fetchone()
    return bool(verdict == "ok" and count)
