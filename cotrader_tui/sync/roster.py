"""Which connections there are to be, while an engine runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cotrader_tui.brokers.base import Broker, ConnectionConfig


@dataclass(frozen=True, slots=True)
class Wanted:
    """The connections to serve, and those somebody disconnects."""

    connections: tuple[ConnectionConfig, ...]
    leaving: Mapping[str, str] = field(default_factory=dict)
    """By name the mark of the wish, which the engine stores once it has let go."""


class Roster(Protocol):
    """What an engine asks about once a second."""

    def changed(self) -> Wanted | None:
        """All that is wanted, where that may have changed since the last call; else `None`. Quick; never raises."""
        ...

    def broker(self, config: ConnectionConfig) -> Broker:
        """A broker for a connection that is new or another one than before. Quick: the slow part comes with its use."""
        ...
