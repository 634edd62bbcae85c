"""The built-in simulated broker: no credentials, no network, the same book for the same seed."""

from __future__ import annotations

from cotrader_tui.brokers.base import Broker, ConnectionConfig
from cotrader_tui.brokers.demo.client import DemoBroker, market_from
from cotrader_tui.domain.clock import Clock

__all__ = ["create"]


def create(config: ConnectionConfig, clock: Clock) -> Broker:
    """The demo broker for `config.options`: `seed` (a whole number) and `epoch` (ISO instant of the database's making).

    Raises:
        ConfigError: an option is missing or cannot be read.
    """
    return DemoBroker(market_from(config), clock)
