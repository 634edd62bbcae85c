"""What the screen is given by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EngineState:
    """Who syncs this database, as far as this program knows."""

    is_ours: bool
    """Our own background worker syncs; otherwise another program may."""
    is_running: bool
    message: str = ""
    """A sentence where something is wrong or noteworthy."""
    hint: str = ""
    """The next step."""


class EngineKeeper(Protocol):
    """Keeps an engine running behind the screen."""

    def start(self, on_change: Callable[[EngineState], None]) -> None:
        """Begin; `on_change` is called from the keeper's own thread. Returns at once."""
        ...

    def stop(self) -> None:
        """End what was started. Returns within a fraction of a second and may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """How the screen starts."""

    is_demo: bool = False
    is_private: bool = False
    theme: str | None = None
    account: str | None = None
    """Only this account number."""
    has_color: bool = True
    unconfigured: str | None = None
    """Why there is no broker to sync, in words; `None` if there is one."""
    poll_seconds: float = 0.25
    """How often the database is asked whether something was committed."""
    is_diffing: bool = True
    """Send the terminal only what differs; False: Textual's own driver."""
    is_watching: bool = True
    """False: no thread reads the database, figures come only as messages; for pictures and tests."""
