"""Where TWS or IB Gateway listens, and how patiently it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.errors import ConfigError

HOST = "127.0.0.1"
FIRST_CLIENT_ID = 71
"""Out of the way of the small numbers other programs take."""
CLIENT_IDS = 8
LINES = 60
"""Of the 100 market data lines that every log-in has at least; they stay taken, and TWS's own windows need some."""
DELAYED_IF_NOT_LIVE = 3
_PORTS_HINT = "Usual are 7496 (TWS), 7497 (TWS, paper), 4001 (IB Gateway) and 4002 (IB Gateway, paper)."


@dataclass(frozen=True, slots=True)
class Settings:
    """One connection's options, checked."""

    host: str
    port: int
    client_ids: Sequence[int]
    """Tried in this order while one is in use."""
    lines: int
    market_data_type: int

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each part of a cycle may take, in seconds."""

    handshake: float = 10.0
    """From opening the socket until TWS has named its accounts."""
    start: float = 20.0
    """For each of the first requests after that."""
    accounts: float = 60.0
    """Connecting, tries and waits included."""
    positions: float = 25.0
    details: float = 20.0
    """For the details of the contracts not yet known."""
    extras: float = 5.0
    """For what need not come: the portfolio of a single account, account values that TWS does not end."""
    pnl: float = 4.0
    """For the first figures of new P&L subscriptions."""
    quiet: float = 3.0
    """After the last contract that sent market data for the first time."""
    market: float = 10.0
    """For one round of market data, whatever happens."""
    history: float = 15.0
    """For the list of executions, and for that of open orders."""
    commissions: float = 2.0
    """For what executions cost, which comes after them."""
    look: float = 0.5
    """Between two looks at what has moved, as long as nothing has."""
    quiet_line: float = 45.0
    """Without one byte from TWS, until it is asked what time it is."""
    answer: float = 15.0
    """For the answer to that."""
    knock: float = 60.0
    """Between two looks at whether something listens again, once the connection is gone."""
    knock_answer: float = 2.0
    """For the answer to such a look."""
    lost_link: float = 600.0
    """After so long without a link to Interactive Brokers the connection is made anew, to learn how it really is."""


def settings_of(config: ConnectionConfig) -> Settings:
    """The options of `config`.

    Raises:
        ConfigError: one is missing or makes no sense; the words name the setting.
    """
    first = _number(config, "client_id", FIRST_CLIENT_ID)
    if first < 1:
        raise ConfigError(
            f"The client id of {config.name} is {first}: it must be 1 or more.",
            "Client 0 takes over orders typed into TWS, which a monitor must not do. Set IBKR_CLIENT_ID or leave it.",
        )
    port = _number(config, "port", None)
    if not 1 <= port <= 65535:
        raise ConfigError(f"The port of {config.name} is {port}: there is none like that.", _PORTS_HINT)
    kind = _number(config, "market_data_type", DELAYED_IF_NOT_LIVE)
    if kind not in range(1, 5):
        raise ConfigError(
            f"The market data type of {config.name} is {kind}.",
            "Known are 1 (live), 2 (frozen), 3 (delayed where live is not subscribed to) and 4 (delayed-frozen).",
        )
    lines = _number(config, "market_data_lines", LINES)
    if lines < 1:
        raise ConfigError(
            f"The market data lines of {config.name} are {lines}: it needs at least one.",
            "Set IBKR_MARKET_DATA_LINES to what TWS's own windows leave free, or leave it.",
        )
    return Settings(
        host=config.options.get("host") or HOST,
        port=port,
        client_ids=range(first, first + CLIENT_IDS),
        lines=lines,
        market_data_type=kind,
    )


def _number(config: ConnectionConfig, name: str, default: int | None) -> int:
    text = config.options.get(name, "")
    if not text and default is not None:
        return default
    try:
        return int(text)
    except ValueError:
        setting = f"IBKR_{name.upper()}"
        given = f"is {text!r}, which is no whole number" if text else "is missing"
        raise ConfigError(
            f"The {name.replace('_', ' ')} of {config.name} {given}.", f"Set {setting}. {_PORTS_HINT}"
        ) from None
