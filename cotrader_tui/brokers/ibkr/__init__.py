"""Interactive Brokers through a running TWS or IB Gateway: positions, P&L, balances and Greeks. Reads only."""

from __future__ import annotations

from cotrader_tui.brokers.base import Broker, ConnectionConfig
from cotrader_tui.domain.clock import Clock


def create(config: ConnectionConfig, clock: Clock) -> Broker:
    """The connection that `config` describes. Imports ib_async.

    `config.options` holds `port`, and may hold `host` (127.0.0.1), `client_id` (the first of a small range, never 0),
    `market_data_lines` (how many are used at once) and `market_data_type` (1 live, 2 frozen, 3 delayed where live is
    not subscribed to, 4 delayed-frozen).

    Raises:
        ConfigError: an option is missing or makes no sense.
    """
    from cotrader_tui.brokers.ibkr.client import IbkrBroker

    return IbkrBroker(config, clock)
