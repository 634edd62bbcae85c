"""Settings, checked in words."""

from cotrader_tui.config.brokers import (
    DEMO_INTERVAL,
    PASSWORD_HINT,
    PASSWORD_WORDS,
    USUAL_INTERVAL,
    broker_settings,
    connectable_brokers,
    named_connection,
)
from cotrader_tui.config.connection_keys import CONNECTED_AT, CONNECTION_KEYS
from cotrader_tui.config.keys import KeyWish
from cotrader_tui.config.settings import (
    NOTHING_CONFIGURED,
    NOTHING_HINT,
    Options,
    Settings,
    config_file_of,
    load_settings,
    process_settings,
)
from cotrader_tui.config.values import LONGEST_INTERVAL, SETTINGS, SHORTEST_INTERVAL, Setting, given, without_brokers
from cotrader_tui.domain.spelling import meant

__all__ = [
    "CONNECTED_AT",
    "CONNECTION_KEYS",
    "DEMO_INTERVAL",
    "LONGEST_INTERVAL",
    "NOTHING_CONFIGURED",
    "NOTHING_HINT",
    "PASSWORD_HINT",
    "PASSWORD_WORDS",
    "SETTINGS",
    "SHORTEST_INTERVAL",
    "USUAL_INTERVAL",
    "KeyWish",
    "Options",
    "Setting",
    "Settings",
    "broker_settings",
    "config_file_of",
    "connectable_brokers",
    "given",
    "load_settings",
    "meant",
    "named_connection",
    "process_settings",
    "without_brokers",
]
