"""How each broker is reached, from the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from cotrader_tui.brokers.base import ConnectionConfig, Secret
from cotrader_tui.config.connection_keys import CONNECTED_AT, CONNECTION_KEYS, interval_for, kinds_for
from cotrader_tui.config.toml_file import TomlFile
from cotrader_tui.config.values import SETTINGS, Setting, Values, interval_of
from cotrader_tui.connections_file import Definition
from cotrader_tui.domain.sync import SyncKind
from cotrader_tui.errors import ConfigError

USUAL_INTERVAL = timedelta(seconds=60)
DEMO_INTERVAL = timedelta(seconds=15)
_PAPER_PORTS = frozenset({"7497", "4002"})
_ADDRESSES = ("TASTYTRADE_API_URL", "TASTYTRADE_STREAMER_URL")

PASSWORD_WORDS = (
    "tastytrade no longer takes a user name and password: log-ins by password ended, an OAuth grant replaced them."
)
PASSWORD_HINT = (
    "At my.tastytrade.com, under Manage, My Profile, API, make an OAuth application with the read scope and a grant "
    "for it; put its TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN into `.env`."
)


def demo_connection(values: Values) -> ConnectionConfig:
    """The simulated broker, whose market never closes."""
    return ConnectionConfig(
        "demo",
        "demo",
        label="DEMO",
        sync_interval=interval_of(values, DEMO_INTERVAL),
        sync_kinds=frozenset(SyncKind),
        rests=False,
    )


def unnamed_connections(values: Values) -> tuple[ConnectionConfig, ...]:
    """The connections that the environment, a `.env` or the configuration file defines.

    Raises:
        ConfigError: a value is wrong, or a grant is half there.
    """
    return (*_tastytrade(values), *_ibkr(values))


def _ibkr(values: Values) -> tuple[ConnectionConfig, ...]:
    """TWS or IB Gateway, where its port is set. It asks for no log-in of ours: it has its own."""
    port = values.get("IBKR_PORT")
    if port is None:
        return ()
    host = values.get("IBKR_HOST") or "127.0.0.1"
    label = " ".join([*(["PAPER"] if port in _PAPER_PORTS else []), *([] if _is_loopback(host) else [host])])
    options = {"host": host, "port": port}
    for setting, option in (("IBKR_CLIENT_ID", "client_id"), ("IBKR_MARKET_DATA_LINES", "market_data_lines")):
        if value := values.get(setting):
            options[option] = value
    config = ConnectionConfig(
        name="ibkr",
        broker="ibkr",
        label=label,
        sync_interval=interval_for(values, "ibkr", USUAL_INTERVAL),
        sync_kinds=kinds_for(values, "ibkr"),
        account_filter=_numbers(values.get("IBKR_ACCOUNT")),
        options=options,
    )
    return (config,)


def _numbers(text: str | None) -> frozenset[str]:
    """Account numbers, comma-separated."""
    return frozenset(filter(None, (number.strip() for number in (text or "").split(","))))


def _tastytrade(values: Values) -> tuple[ConnectionConfig, ...]:
    secret, token = values.get("TASTYTRADE_CLIENT_SECRET"), values.get("TASTYTRADE_REFRESH_TOKEN")
    if secret is None and token is None:
        return ()
    if secret is None or token is None:
        missing = "TASTYTRADE_CLIENT_SECRET" if secret is None else "TASTYTRADE_REFRESH_TOKEN"
        raise ConfigError(f"{missing} is not set, its companion is.", PASSWORD_HINT)
    return (_tastytrade_connection(values, {"client_secret": Secret(secret), "refresh_token": Secret(token)}),)


def _tastytrade_connection(values: Values, secrets: Mapping[str, Secret]) -> ConnectionConfig:
    is_sandbox = values.flag("TASTYTRADE_SANDBOX")
    addresses = {name: _address(values, name) for name in _ADDRESSES}
    hosts = {urlsplit(address).netloc for address in addresses.values() if address is not None}
    options = {"is_sandbox": "1" if is_sandbox else "0"}
    options |= {name.removeprefix("TASTYTRADE_").lower(): url for name, url in addresses.items() if url is not None}
    label = " ".join([*(["SANDBOX"] if is_sandbox else []), *sorted(hosts)])
    return ConnectionConfig(
        name="tastytrade",
        broker="tastytrade",
        label=label,
        sync_interval=interval_for(values, "tastytrade", USUAL_INTERVAL),
        sync_kinds=kinds_for(values, "tastytrade"),
        account_filter=_numbers(values.get("TASTYTRADE_ACCOUNT_NUMBER")),
        options=options,
        secrets=secrets,
    )


# Named connections

_NAMED: Mapping[str, Callable[[Values], tuple[ConnectionConfig, ...]]] = {
    "tastytrade": lambda values: (_tastytrade_connection(values, {}),),
    "ibkr": _ibkr,
}
"""For each broker that `cotrader connect` knows, what makes a connection of its settings; without its secrets."""


def connectable_brokers() -> tuple[str, ...]:
    """The brokers to which connections can be named."""
    return tuple(_NAMED)


def broker_settings(broker: str) -> tuple[Setting, ...]:
    """The settings of a broker, for each of its connections.

    Raises:
        ConfigError: no connection to it can be named.
    """
    if broker not in _NAMED:
        raise ConfigError(f"There is no broker '{broker}' to connect.", f"Known are: {', '.join(sorted(_NAMED))}.")
    return tuple(setting for setting in SETTINGS if setting.key.startswith(f"{broker}."))


def named_connection(name: str, definition: Definition, place: Path, interval: timedelta) -> ConnectionConfig:
    """The connection that `definition`, which stands in the file `place`, describes; its secrets are only named.

    `interval` is the one it has unless it tells its own.

    Raises:
        ConfigError: something in it is wrong; the words name it.
    """
    broker = definition["broker"]
    settings = broker_settings(broker)
    known = {setting.key.partition(".")[2]: setting for setting in settings}
    for key in definition.keys() - {"broker", CONNECTED_AT, *CONNECTION_KEYS}:
        if key not in known or known[key].is_secret:
            raise ConfigError(
                f"The connection {name} in {place} has a '{key}'.",
                "Secrets are kept elsewhere: run `cotrader connect`." if key in known else "Remove it, or mend it.",
            )
    values = Values({}, (), TomlFile(place, {broker: definition}), title=f"the connection {name}")
    made = _NAMED[broker](values)
    if not made:
        raise ConfigError(f"The connection {name} in {place} lacks a setting.", f"Known are: {', '.join(known)}.")
    return replace(
        made[0],
        name=name,
        sync_interval=interval_for(values, broker, interval),
        connected_at=str(definition.get(CONNECTED_AT) or ""),
        secret_names=tuple(key for key, setting in known.items() if setting.is_secret),
    )


def _address(values: Values, name: str) -> str | None:
    """An address that may be used: from `.env` only on loopback, in clear only on loopback."""
    found = values.find(name)
    if found is None:
        return None
    url, place = found
    parts = _split(url)
    if parts is None or not parts.hostname or parts.username or parts.password:
        raise ConfigError(
            f"{name} is '{_without_login(url)}' in {place}.", "Set it to a URL such as https://host:port."
        )
    if _is_loopback(parts.hostname):
        return url
    if values.is_from_dotenv(name):
        raise ConfigError(
            f"{name} in {place} names the foreign host {parts.hostname}.",
            "A `.env` may only name this machine: set the variable in the environment or the configuration file.",
        )
    if parts.scheme in ("http", "ws"):
        raise ConfigError(f"{name} is '{url}' in {place}: without encryption.", "Use https or wss.")
    return url


def _split(url: str) -> SplitResult | None:
    """The parts of an address with a scheme and a port that can be; `None` if it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https", "ws", "wss") else None


def _without_login(url: str) -> str:
    return url.rsplit("@", 1)[-1]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
