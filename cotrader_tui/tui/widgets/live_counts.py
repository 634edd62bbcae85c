"""What a LiveView has cost, for tests and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """What a table has cost so far."""

    flushes: int = 0
    """Flushes that repainted something."""
    skipped: int = 0
    """Flushes put off because the terminal had not taken the last frame."""
    lines: int = 0
    """Lines Textual asked for."""
    painted: int = 0
    """Rows formatted, each with all its cells; the others came from the cache."""
