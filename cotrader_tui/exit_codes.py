"""What the program's exit codes mean. Scripts rely on them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    SUCCESS = 0
    UNEXPECTED = 1
    """An error nobody foresaw, or a database that cannot be used."""
    USAGE = 2
    """Usage or configuration: trying again does not help."""
    PARTIAL = 3
    """A sync landed, but not all of it."""
    FAILED = 4
    """A sync landed nothing."""
    NO_DATA = 5
    """Nothing has been synced yet."""
    LEASE_HELD = 75
    """The screen's worker gave way to an engine that was faster."""
    INTERRUPTED = 130
