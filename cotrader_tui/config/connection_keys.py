"""What every connection may be told, whatever its broker: how often it is synced, and what of it.

The keys stand in its broker's section of the configuration file, or in its own definition in `connections.json`.
"""

from __future__ import annotations

from datetime import timedelta

from cotrader_tui.config.values import Values, as_interval, as_switch, interval_of
from cotrader_tui.domain.sync import SyncKind
from cotrader_tui.errors import ConfigError

SYNC_INTERVAL = "sync_interval"
CONNECTED_AT = "connected_at"
"""When `cotrader connect` last stored it: what tells a running engine that its secrets are others."""
CONNECTION_KEYS = (SYNC_INTERVAL, *SyncKind)
"""The keys that are a person's to set."""


def interval_for(values: Values, broker: str, default: timedelta) -> timedelta:
    """The interval in the section of `broker`, else the common one, else `default`.

    Raises:
        ConfigError: it is no number of seconds that can be.
    """
    found = values.in_section(broker, SYNC_INTERVAL)
    if found is None:
        return interval_of(values, default)
    return as_interval(SYNC_INTERVAL, *found)


def kinds_for(values: Values, broker: str) -> frozenset[SyncKind]:
    """What is synced: all there is but what the switches in the section of `broker` turn off.

    Raises:
        ConfigError: a switch is neither on nor off.
    """
    return frozenset(kind for kind in SyncKind if _is_on(values, broker, kind))


def _is_on(values: Values, broker: str, kind: SyncKind) -> bool:
    found = values.in_section(broker, kind)
    if found is None:
        return True
    is_on = as_switch(found[0])
    if is_on is None:
        raise ConfigError(f"{kind} is '{found[0]}' in {found[1]}.", "Set it to true or false.")
    return is_on
