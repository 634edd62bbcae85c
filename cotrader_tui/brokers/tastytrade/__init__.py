"""tastytrade: positions, balances and market data over its REST interface, Greeks over DXLink. Reads only."""

from __future__ import annotations

from cotrader_tui.brokers.base import Broker, ConnectionConfig
from cotrader_tui.domain.clock import Clock


def create(config: ConnectionConfig, clock: Clock) -> Broker:
    """The connection that `config` describes. Imports the SDK, which takes about two seconds.

    `config.secrets` holds `client_secret` and `refresh_token`. `config.options` may hold `api_url` (another host
    for the same interface), `streamer_url` (likewise for the account streamer, which is left alone where only the
    first is given) and `is_sandbox` ("1" for tastytrade's certification environment).

    Raises:
        ConfigError: a secret is missing.
    """
    from cotrader_tui.brokers.tastytrade.client import TastytradeBroker

    return TastytradeBroker(config, clock)
