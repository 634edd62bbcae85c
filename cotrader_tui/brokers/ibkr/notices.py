"""What TWS has said about its own links: its state between and during requests. Pure but for what it remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cotrader_tui.brokers.ibkr.errors import (
    FARM_BROKEN,
    FARM_FINE,
    LINK_BACK,
    LINK_BACK_DATA_LOST,
    LINK_LOST,
    PORT_CHANGED,
)


@dataclass(slots=True)
class Notices:
    """The sum of the notices of one connection."""

    lost_since: datetime | None = None
    """Since when TWS has no link to Interactive Brokers; what it sends is old then."""
    has_lost_data: bool = False
    """The link is back but every subscription is gone: the connection must be made anew."""
    is_port_changed: bool = False
    broken_farms: dict[str, str] = field(default_factory=dict)
    """What the farm serves, by its name."""

    def hear(self, code: int, text: str, at: datetime) -> None:
        """Takes one error or notice into account; codes about requests change nothing here."""
        if code in LINK_LOST:
            self.lost_since = self.lost_since or at
        elif code == LINK_BACK_DATA_LOST:
            self.lost_since, self.has_lost_data = None, True
        elif code == LINK_BACK:
            self.lost_since = None
        elif code == PORT_CHANGED:
            self.is_port_changed = True
        elif code in FARM_BROKEN:
            self.broken_farms[_farm(text)] = FARM_BROKEN[code]
        elif code in FARM_FINE:
            self.broken_farms.pop(_farm(text), None)

    def warnings(self) -> tuple[str, ...]:
        """Sentences about what makes figures old."""
        return tuple(
            f"Interactive Brokers' {serves} farm {farm} is down: prices and Greeks may be old."
            for farm, serves in sorted(self.broken_farms.items())
        )


def _farm(text: str) -> str:
    """The name behind the colon: `Market data farm connection is broken:usfarm`."""
    name = text.rpartition(":")[2].strip()
    return name if name.replace(".", "").isalnum() else "(unnamed)"
