"""The arguments of `cotrader`, and nothing that takes long to load."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn, TypeAlias

from cotrader_tui import __version__

READING = {
    "positions": "what is held, with value, P&L and Greeks",
    "underlyings": "exposure per underlying and currency",
    "accounts": "net liquidating value, cash, buying power and P&L per account",
    "connections": "the brokers and how their last sync ended",
    "sync-log": "sync runs, newest first",
}
"""The commands that print what is stored."""

EXPORTED = ("positions", "underlyings", "accounts", "transactions", "orders")
"""What `cotrader export` writes."""

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8137
"""Where `cotrader serve` listens."""

_MOST_HOURS = 24 * 3660
_ALL = {
    "positions": "closed positions too",
    "sync-log": "every run that is kept",
}

ENRICH_RULE = (
    "The symbol's column is the one named symbol, else ticker, else underlying. Where a column vote says BUY and the "
    "symbol is held, BUY becomes SCALE if the net quantity of the symbol itself is long and its open P&L is known and "
    "not negative (adding to a winner), else HOLD."
)
"""What `cotrader enrich` does beside adding columns."""


class _Parser(argparse.ArgumentParser):
    """Tells somebody who typed a global option behind the command where it goes."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments:"):
            options = (word.partition("=")[0] for word in message.split())
            if found := next((each for each in options if each in self._option_string_actions), None):
                value = self._option_string_actions[found].metavar
                message = f"{found} goes before the command: cotrader {found}{f' {value}' if value else ''} COMMAND"
        super().error(message)


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; `command` is `None` for the full-screen monitor."""
    parser: argparse.ArgumentParser = _Parser(
        prog="cotrader",
        description="A live options and stock book across brokers, in the terminal. It reads; it never trades.",
        epilog="Without a command the full-screen monitor opens.",
        allow_abbrev=False,
    )
    _add_global_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    sync = _add(commands, "sync", "one sync now, then exit")
    sync.add_argument("--connection", action="append", metavar="NAME", help="only this one; may be repeated")
    sync.add_argument(
        "--full", action="store_true", help="fetch everything anew: contracts, and transactions from the first one kept"
    )
    sync.add_argument("--json", action="store_true", help="print the runs as JSON")
    daemon = _add(commands, "daemon", "sync on schedule, without a screen, until SIGTERM")
    daemon.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    _add_serve(commands)
    for name, words in READING.items():
        _add_reading(commands, name, words)
    for name, words in (
        ("doctor", "what is configured, readable and reachable, and the next step for what is not"),
        ("paths", "where the configuration file, the database and the log file are"),
    ):
        _add(commands, name, words).add_argument("--json", action="store_true", help="as JSON")
    _add_history(commands)
    _add_since(commands)
    _add_asking(commands)
    _add_connecting(commands)
    _add_database(commands)
    _add_export(commands)
    _add_configuration(commands)
    _add_completion(commands)
    return parser


def _add_global_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--db", type=Path, metavar="PATH", help="the database file")
    parser.add_argument("--config", type=Path, metavar="PATH", help="the configuration file")
    parser.add_argument("--demo", action="store_true", help="a simulated broker with a database of its own")
    parser.add_argument("--account", metavar="NUMBER", help="only this account")
    parser.add_argument("--portfolio", metavar="NAME", help="only the accounts of this portfolio")
    parser.add_argument("--privacy", action="store_true", help="mask amounts")
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.add_argument("--ascii", action="store_true", help="draw charts in ASCII, without braille")
    parser.add_argument("--lowbw", action="store_true", help="for a slow line: less often, without decoration")
    parser.add_argument("--no-diff", action="store_true", help="send the terminal whole lines, not only what differs")
    parser.add_argument("--version", action="version", version=f"cotrader {__version__}")


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add(commands: _Commands, name: str, words: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".", allow_abbrev=False)


def _add_serve(commands: _Commands) -> None:
    serve = _add(commands, "serve", "the screen in a browser on this machine, read-only, until SIGTERM")
    serve.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, metavar="N", help=f"where (default {DEFAULT_PORT}; 0: any)"
    )
    serve.add_argument("--host", type=_loopback, default=LOOPBACK, metavar="HOST", help="only 127.0.0.1 is taken")
    serve.add_argument("--session", action="store_true", help=argparse.SUPPRESS)


def _add_reading(commands: _Commands, name: str, words: str) -> None:
    command = _add(commands, name, words)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON: one array of flat objects")
    form.add_argument("--csv", action="store_true", help="as CSV with a header")
    # The other commands take --all too, as the contract has it; they always print everything.
    command.add_argument("--all", action="store_true", help=_ALL.get(name, argparse.SUPPRESS))
    if name == "sync-log":
        command.add_argument("--limit", type=_count, default=20, metavar="N", help="how many runs (default 20)")


def _add_asking(commands: _Commands) -> None:
    held = _add(commands, "held", "whether each SYMBOL is held, how much of it and in which accounts")
    held.add_argument(
        "symbols",
        metavar="SYMBOL",
        nargs="+",
        help="an underlying (AAPL, SPX, /ES), a contract (/ESZ6) or an OCC option symbol, padded or not, in any case",
    )
    held.add_argument("--json", action="store_true", help="as JSON: one array of flat objects")
    enrich = _add(commands, "enrich", "add is_held, held_quantity and held_accounts to a CSV of candidates")
    enrich.description = f"{enrich.description} {ENRICH_RULE}"
    enrich.add_argument("file", metavar="FILE", help="a CSV file with a header, - for the standard input")
    stats = _add(commands, "stats", "how often the syncs of each connection landed, and how long they took")
    form = stats.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON: one array of flat objects")
    form.add_argument("--csv", action="store_true", help="as CSV with a header")


def _add_history(commands: _Commands) -> None:
    for name, words in (
        ("transactions", "what was traded, paid and booked, newest first"),
        ("orders", "orders that work, then those that ended today, a row for each leg; cotrader never sends any"),
    ):
        command = _add(commands, name, words)
        form = command.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="as JSON: one array of flat objects")
        form.add_argument("--csv", action="store_true", help="as CSV with a header")
        if name == "transactions":
            command.add_argument("--limit", type=_count, default=50, metavar="N", help="how many (default 50)")
        command.add_argument("--all", action="store_true", help=f"all {name} that are kept")


def _add_since(commands: _Commands) -> None:
    since = _add(commands, "since", "what became of the book since the screen was last used, or since another moment")
    since.add_argument(
        "table",
        nargs="?",
        choices=("underlyings", "positions", "syncs"),
        default="underlyings",
        help="P&L and changes of Greeks by underlying (default), what happened to each position, or failed syncs",
    )
    moment = since.add_mutually_exclusive_group()
    moment.add_argument("--hours", type=_hours, metavar="N", help="since so many hours ago")
    moment.add_argument("--from", dest="moment", metavar="TIME", help="since then: 2026-03-09T16:00, New York's time")
    form = since.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON: one array of flat objects")
    form.add_argument("--csv", action="store_true", help="as CSV with a header")


def _add_connecting(commands: _Commands) -> None:
    connect = _add(commands, "connect", "log in to a broker and keep the connection; asks for what is missing")
    connect.add_argument("broker", metavar="BROKER", help="tastytrade or ibkr")
    connect.add_argument("--name", metavar="NAME", help="what to call it (default: the broker's name)")
    connect.add_argument(
        "--stdin-json",
        action="store_true",
        help="ask nothing: read the fields (client_secret, port, ...) from one JSON object on the standard input",
    )
    disconnect = _add(commands, "disconnect", "wipe a kept connection's secrets and stop syncing it; history stays")
    disconnect.add_argument("name", metavar="NAME", help="what `cotrader connections` calls it")


def _add_database(commands: _Commands) -> None:
    database = _add(commands, "db", "back the database up, or bring a backup back")
    actions = database.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, words in (
        ("backup", "write a copy of the database to FILE, which must not exist; also while a sync runs"),
        ("restore", "put the backup FILE in the database's place, which is kept aside"),
    ):
        _add(actions, name, words).add_argument("file", type=Path, metavar="FILE")


def _add_export(commands: _Commands) -> None:
    export = _add(commands, "export", "write a table in full: CSV, JSON or Markdown, on stdout or to a file")
    export.add_argument("table", metavar="TABLE", choices=EXPORTED, help=", ".join(EXPORTED))
    export.add_argument("--format", choices=("csv", "json", "markdown"), default="csv", help="default: csv")
    export.add_argument("--output", type=Path, metavar="FILE", help="the file (0600) instead of the standard output")
    export.add_argument("--all", action="store_true", help="closed positions too")


def _add_configuration(commands: _Commands) -> None:
    status = _add(commands, "status", "the book in one line: net liquidating value, day P&L, the worst state, its age")
    status.add_argument("--format", choices=("text", "tmux", "json"), default="text", help="tmux has its colours")
    status.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    config = _add(commands, "config", "write a commented configuration file, or show which settings hold")
    actions = config.add_subparsers(dest="action", metavar="ACTION", required=True)
    init = _add(actions, "init", "write the configuration file, with every setting in it as a comment")
    init.add_argument("--force", action="store_true", help="overwrite the file that is there")
    show = _add(actions, "show", "show which settings hold, secrets masked")
    show.add_argument("--origin", action="store_true", help="and where each comes from")
    show.add_argument("--json", action="store_true", help="as JSON, with where each comes from")
    keys = _add(commands, "keys", "show what the terminal sends for each key that is pressed, and which action has it")
    keys.add_argument("--list", action="store_true", help="list the actions and their keys instead")
    keys.add_argument("--json", action="store_true", help="the list as JSON")


def _add_completion(commands: _Commands) -> None:
    completion = _add(commands, "completion", "print what a shell needs to complete this command line")
    completion.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not (text == "0" or 1024 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"'{text}' is no port from 1024 to 65535, nor 0 for any that is free")
    return int(text)


def _loopback(text: str) -> str:
    if text != LOOPBACK:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not {LOOPBACK}: the page shows a book of real money and is not encrypted, so it is for this "
            f"machine only. From another one: ssh -L {DEFAULT_PORT}:{LOOPBACK}:{DEFAULT_PORT} THIS-MACHINE"
        )
    return text


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= _MOST_HOURS:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of hours above 0 and up to {_MOST_HOURS}")
    return hours


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 up")
    return count
