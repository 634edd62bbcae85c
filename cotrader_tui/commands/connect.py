"""What `cotrader connect` asks and tells, and what `cotrader disconnect` tells."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TextIO

from cotrader_tui.brokers.base import Secret
from cotrader_tui.config import CONNECTION_KEYS, Setting, Settings, broker_settings, given
from cotrader_tui.domain.text import visible
from cotrader_tui.errors import ConfigError

_REQUIRED = frozenset({"IBKR_PORT"})
"""What a connection cannot do without, beside every secret."""

_REVOKE = {
    "tastytrade": "Its grant still exists at tastytrade, and only you can revoke it there: at my.tastytrade.com, under "
    "Manage, My Profile, API, OAuth Applications, remove the grant, or the application if nothing else uses it.",
    "ibkr": "Interactive Brokers knows nothing of it: in TWS or IB Gateway, under API, Settings, you may turn off the "
    "socket or remove the trusted address.",
}


class Terminal(Protocol):
    """Somebody who can be asked."""

    def ask(self, question: str) -> str:
        """The answer, shown while it is typed."""
        ...

    def ask_secret(self, question: str) -> str:
        """The answer, not shown."""
        ...


class ProcessTerminal:
    """Whoever sits at this process's terminal. Questions go to standard error."""

    def ask(self, question: str) -> str:
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline()

    def ask_secret(self, question: str) -> str:
        try:
            return getpass.getpass(question)
        except EOFError:
            return ""


def process_terminal() -> Terminal | None:
    """This process's terminal; `None` where nobody can be asked."""
    return ProcessTerminal() if sys.stdin.isatty() else None


@dataclass(frozen=True, slots=True)
class Answers:
    """How to reach a broker: the definition of the connection, and its secrets by name."""

    definition: Mapping[str, str]
    secrets: Mapping[str, Secret]


def refuse_demo(settings: Settings) -> None:
    """Raises ConfigError with `--demo`, whose connection is built in."""
    if settings.is_demo:
        raise ConfigError("The demo's connection is built in.", "Leave out --demo.")


def read_fields(stream: TextIO) -> Mapping[str, str]:
    """The fields of the one JSON object on `stream`, as texts; those that are null or empty are left out.

    Raises:
        ConfigError: it is something else. The words repeat nothing of it.
    """
    try:
        fields = json.load(stream)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ConfigError("What came on standard input is not a JSON object.", "Give one of fields and their values.")
    texts = {key: _text(key, value) for key, value in fields.items() if value is not None}
    return {key: text for key, text in texts.items() if text}


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, str | int | float):
        raise ConfigError(
            f"The value of '{key}' on standard input is no text.", "Give a text, a number, true or false."
        )
    return str(value).strip()


def gather(
    broker: str, environ: Mapping[str, str], terminal: Terminal | None, fields: Mapping[str, str] | None = None
) -> Answers:
    """The settings of a connection to `broker`: from `fields`, from the environment, what must be from the terminal.

    Raises:
        ConfigError: the broker is unknown, or has no such field, or something is missing and nobody answers.
    """
    settings, fields = broker_settings(broker), fields or {}
    known = [setting.key.partition(".")[2] for setting in settings]
    for key in fields:
        if key not in (*known, *CONNECTION_KEYS):
            raise ConfigError(
                f"A connection to {broker} has no '{key}'.", f"It has: {', '.join((*known, *CONNECTION_KEYS))}."
            )
    definition: dict[str, str] = {"broker": broker}
    definition |= {key: fields[key] for key in CONNECTION_KEYS if key in fields}
    secrets = {}
    for setting, key in zip(settings, known, strict=True):
        value = fields.get(key) or given(setting, environ)
        if value is None and is_required(setting):
            value = _asked(setting, terminal)
        if value is not None and setting.is_secret:
            secrets[key] = Secret(value)
        elif value is not None:
            definition[key] = value
    return Answers(definition, secrets)


def is_required(setting: Setting) -> bool:
    """Whether a connection cannot do without."""
    return setting.is_secret or setting.env in _REQUIRED


def _asked(setting: Setting, terminal: Terminal | None) -> str:
    question = f"{setting.description[0].upper()}{setting.description[1:]} ({setting.env}): "
    value = "" if terminal is None else (terminal.ask_secret if setting.is_secret else terminal.ask)(question)
    if not value.strip():
        raise ConfigError(
            f"{setting.env} is missing: {setting.description}.",
            "Type it on a terminal, give it in the JSON of --stdin-json, or set it in the environment.",
        )
    return value.strip()


def with_passphrase(settings: Settings, terminal: Terminal | None) -> Settings:
    """The settings with the passphrase of the encrypted file, which somebody is asked for if it is not there."""
    text = "" if terminal is None else terminal.ask_secret("The passphrase of the encrypted file: ")
    if not text:
        raise ConfigError(
            "The secrets' file is encrypted with a passphrase.", "Type it on a terminal, or set COTRADER_PASSPHRASE."
        )
    return replace(settings, passphrase=Secret(text), secrets=(*settings.secrets, Secret(text)))


def report(
    settings: Settings, name: str, accounts: Sequence[str], place: str, shared: Mapping[str, str], err: TextIO
) -> None:
    """Tell what was connected: the accounts' numbers, where the secrets are, and what may surprise."""
    listed = ", ".join(accounts) if accounts else "no account"
    err.write(visible(f"{name} is connected; the broker lists {listed}.") + "\n")
    if place:
        err.write(f"Its secrets are in {place}.\n")
    for number, other in shared.items():
        err.write(
            visible(f"Account {number} is already synced by {other}: it is counted once; better disconnect one.") + "\n"
        )
    if name in settings.unnamed:
        err.write(
            f"As long as the environment, a `.env` or {settings.config_file} has settings of {name} too, those are "
            "used: remove them there.\n"
        )


def report_end(settings: Settings, name: str, broker: str, err: TextIO) -> None:
    """Tell what was disconnected, and what only its owner can do at the broker."""
    err.write(f"{name} is disconnected: what was kept to log in is wiped, its history stays.\n")
    err.write(f"{_REVOKE.get(broker, 'Revoke its access at the broker too.')}\n")
    if name in settings.unnamed:
        err.write(f"The environment, a `.env` or {settings.config_file} still defines a {name}: that one goes on.\n")
