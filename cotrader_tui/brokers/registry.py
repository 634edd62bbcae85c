"""Brokers by name. Knowing which there are imports none of them."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from cotrader_tui.brokers.base import BrokerFactory
from cotrader_tui.errors import ConfigError

GROUP = "cotrader_tui.brokers"


def broker_names() -> tuple[str, ...]:
    """The brokers installed, by name."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


@cache
def broker_factory(name: str) -> BrokerFactory:
    """Load the adapter of one broker; looked up once, since that reads the metadata of every package installed.

    Raises:
        ConfigError: no such broker is installed.
    """
    for point in entry_points(group=GROUP, name=name):
        factory: BrokerFactory = point.load()
        return factory
    raise ConfigError(f"There is no broker '{name}'.", f"Known are: {', '.join(broker_names())}.")
