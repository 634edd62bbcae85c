"""`cotrader serve`: the screen in browsers on this machine, each tab's in a process of its own that writes nothing."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cotrader_tui import bootstrap
from cotrader_tui.commands.parser import LOOPBACK
from cotrader_tui.config import Settings, without_brokers
from cotrader_tui.domain.text import visible
from cotrader_tui.errors import ConfigError
from cotrader_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from cotrader_tui.serving.site import Site
    from cotrader_tui.tui.ports import EngineState

_END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_ADVICE = (
    "Open this address in a browser on this machine. Whoever has it can see the book; it ends with this program.\n"
    "Ctrl+C ends it.\n"
)
_NO_BROKER = (
    "No broker is configured: the page shows what is stored.\n"
    "Run `cotrader connect tastytrade`, then start this again, or look at the demo: `cotrader --demo serve`.\n"
)


def run_session(settings: Settings) -> int:
    """The screen of one tab, as the server starts it."""
    app = bootstrap.make_session(settings)
    app.run()
    return app.return_code or ExitCode.SUCCESS


def serve(settings: Settings, port: int) -> int:
    """Serve until a signal; 0 for a port takes any that is free. The address goes to standard output.

    Raises:
        ConfigError: textual-serve is missing, the port is taken, or `--demo` names the database of a real book.
    """
    if settings.is_demo and settings.database.exists():
        bootstrap.refuse_real_book(settings)
    if find_spec("textual_serve") is None:
        raise ConfigError(
            "`cotrader serve` needs textual-serve, which is not installed.",
            "Install the extra: pip install 'cotrader-tui[serve]', in a checkout pip install '.[serve]'.",
        )
    from cotrader_tui.serving.site import Site

    with _listening(port) as listening:
        port = listening.getsockname()[1]
        command, environ = bootstrap.session_command(settings), without_brokers(os.environ)
        asyncio.run(_serve(Site(command, environ, port, secrets.token_urlsafe(32)), listening, settings))
    return ExitCode.SUCCESS


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise ConfigError(
            f"Port {port} of this machine cannot be used: {os.strerror(error.errno or 0)}.",
            "Name another with --port, or 0 for any.",
        ) from error


async def _serve(site: Site, listening: socket.socket, settings: Settings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in _END_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # who ignores one (nohup) wants it to stay so
            loop.add_signal_handler(number, stop.set)
    keeper = bootstrap.engine_keeper(settings)
    if settings.connections:
        keeper.start(_tell)
    else:
        sys.stderr.write(_NO_BROKER)
    sys.stdout.write(f"{site.address}\n")
    sys.stdout.flush()
    sys.stderr.write(_ADVICE)
    try:
        with redirect_stdout(sys.stderr):  # where textual-serve says why a screen did not start
            await site.run(listening, stop)
    finally:
        keeper.stop()


def _tell(state: EngineState) -> None:
    """What is the matter with the engine."""
    words = " ".join(filter(None, (state.message, state.hint)))
    if words:
        sys.stderr.write(f"{visible(words)}\n")
