"""What the screen is given by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.portfolios import NO_PORTFOLIOS, PortfolioSettings
from cotrader_tui.tui.glance import Glance
from cotrader_tui.tui.keymap import Wish


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
        """Begin; `on_change` is called from the keeper's own thread. Returns at once.

        Called again it tries anew at once, where it has stopped trying.
        """
        ...

    def stop(self) -> None:
        """End what was started. Returns within a fraction of a second and may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class FormField:
    """Something a connection to a broker is told."""

    key: str
    label: str
    is_secret: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionPrograms:
    """How connections are made and ended: by programs of their own, for the screen loads nothing of a broker.

    Each says on standard error what came of it, and ends with 0 if it succeeded.
    """

    fields: Mapping[str, tuple[FormField, ...]]
    """What each broker's connections are told."""
    connect: Callable[[str, str], Sequence[str]]
    """The command that connects to a broker under a name; it reads the fields as a JSON object on standard input."""
    disconnect: Callable[[str], Sequence[str]]
    """The command that disconnects a name."""
    kept: Callable[[], Sequence[str]]
    """The names that can be disconnected, at this moment."""


class ViewStore(Protocol):
    """Where saved views are kept, as one text."""

    @property
    def place(self) -> str:
        """What to call it in a sentence: the path of a file."""
        ...

    def read(self) -> str:
        """The text; empty where there is none. Raises CotraderError."""
        ...

    def write(self, text: str) -> None:
        """Keep `text` in the place of what was there, whole or not at all. Raises CotraderError."""
        ...


class LastSeen(Protocol):
    """Where it is kept when somebody last used a screen of this book."""

    def read(self) -> datetime | None:
        """That instant; `None` if it is not known. Raises CotraderError."""
        ...

    def write(self, at: datetime) -> None:
        """Keep it. Raises CotraderError."""
        ...


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """How the screen starts."""

    is_demo: bool = False
    is_private: bool = False
    is_read_only: bool = False
    """The header says that this screen writes nothing."""
    theme: str | None = None
    account: str | None = None
    """Only this account number."""
    portfolio: str | None = None
    """The portfolio to show at first."""
    portfolios: PortfolioSettings = NO_PORTFOLIOS
    has_color: bool = True
    unconfigured: str | None = None
    """Why there is no broker to sync, in words; `None` if there is one."""
    has_connections: bool = True
    """Whether there is something to sync: the engine is started at once, else with the first connection."""
    programs: ConnectionPrograms | None = None
    """`None`: connections cannot be made or ended here."""
    views: ViewStore | None = None
    """`None`: saved views last as long as the program."""
    last_seen: LastSeen | None = None
    """`None`: what happened before the program was started is not told."""
    export: Callable[[str, str], Path] | None = None
    """Writes a text to a file of that name, for its owner only, and tells its place; called in a thread, raises
    CotraderError. `None`: nothing is exported."""
    keys: Sequence[Wish] = ()
    """The keys somebody wants for actions instead of their own."""
    warnings: Sequence[str] = ()
    """What is amiss with the settings, a sentence each."""
    first: PortfolioSnapshot | None = None
    """The book as it was read already: it is shown before the database has been read anew."""
    glance: Glance | None = None
    """What the terminal shows of it already."""
    poll_seconds: float = 0.5
    """How often the database is asked whether something was committed, as long as nothing was for a while."""
    is_diffing: bool = True
    """Send the terminal only what differs; False: Textual's own driver."""
    is_low_bandwidth: bool = False
    """Low-bandwidth mode from the start; False: once the terminal does not keep up."""
    is_ascii: bool = False
    """Charts are drawn in ASCII: without braille and box drawing."""
    has_model_greeks: bool = True
    """Where a broker sends no Greeks, show a model's, marked so."""
    is_watching: bool = True
    """False: no thread reads the database, figures come only as messages; for pictures and tests."""
