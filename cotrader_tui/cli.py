"""From arguments to one front end. Each is imported only when it is the one asked for."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cotrader_tui.commands.parser import READING, build_parser
from cotrader_tui.errors import ConfigError, CotraderError, StoreError

if TYPE_CHECKING:
    from cotrader_tui.config import Options, Settings

__all__ = ["build_parser", "main"]

UNEXPECTED = 1
USAGE = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` (the process's arguments by default) and return the exit code.

    Raises:
        SystemExit: argparse has printed its help, the version (0) or a usage error (2).
    """
    arguments = build_parser().parse_args(argv)
    _make_everything_printable()
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except CotraderError as error:
        _say(error)
        return USAGE if isinstance(error, ConfigError) else UNEXPECTED
    return code


def _run(arguments: argparse.Namespace) -> int:
    from cotrader_tui.config import process_settings

    options = _options(arguments)
    try:
        settings = process_settings(options)
    except ConfigError as error:
        if arguments.command != "doctor":
            raise
        from cotrader_tui.commands import doctor

        return doctor.report(doctor.without_settings(error), as_json=arguments.json, out=sys.stdout)
    for warning in settings.warnings:
        sys.stderr.write(f"{warning}\n")
    try:
        return _dispatch(arguments, settings)
    except (CotraderError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 - the last line of defence: a sentence, and the traceback in the log
        from cotrader_tui.commands.crash import record_crash
        from cotrader_tui.domain.clock import system_clock

        sys.stderr.write(f"{record_crash(error, settings.log_file, settings.secrets, system_clock())}\n")
        return UNEXPECTED


def _options(arguments: argparse.Namespace) -> Options:
    from cotrader_tui.config import Options

    return Options(
        db=arguments.db,
        config=arguments.config,
        demo=arguments.demo,
        account=arguments.account,
        privacy=arguments.privacy,
        no_color=arguments.no_color,
    )


def _dispatch(arguments: argparse.Namespace, settings: Settings) -> int:
    command: str | None = arguments.command
    if command is None:
        return _screen(settings)
    if command in READING:
        return _read(arguments, settings)
    return {"sync": _sync, "daemon": _daemon, "doctor": _doctor, "paths": _paths, "db": _database}[command](
        arguments, settings
    )


def _screen(settings: Settings) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(
            "The monitor needs a terminal for its input and its output.",
            "Run `cotrader` in one, or use a command such as `cotrader positions`; `cotrader --help` lists them.",
        )
    from cotrader_tui import bootstrap

    return bootstrap.run_screen(settings)


def _read(arguments: argparse.Namespace, settings: Settings) -> int:
    from cotrader_tui.commands.output import Format
    from cotrader_tui.commands.reading import Question, read
    from cotrader_tui.domain.clock import system_clock

    question = Question(
        command=arguments.command,
        form=Format.JSON if arguments.json else Format.CSV if arguments.csv else Format.TEXT,
        everything=arguments.all,
        limit=getattr(arguments, "limit", 0),
    )
    return read(settings, question, system_clock(), sys.stdout, sys.stderr)


def _sync(arguments: argparse.Namespace, settings: Settings) -> int:
    from cotrader_tui.commands import sync

    settings.require_connections()
    sync.refuse_unknown_connections(settings, arguments.connection or ())
    from cotrader_tui import bootstrap

    try:
        runs = bootstrap.sync_once(settings, arguments.connection)
    except StoreError as error:
        _say(error)
        return sync.FAILED
    return sync.report(runs, as_json=arguments.json, out=sys.stdout, err=sys.stderr)


def _daemon(arguments: argparse.Namespace, settings: Settings) -> int:
    settings.require_connections()
    from cotrader_tui import bootstrap

    return bootstrap.run_daemon(settings, until_closed=arguments.until_stdin_closes)


def _doctor(arguments: argparse.Namespace, settings: Settings) -> int: ...


def _paths(arguments: argparse.Namespace, settings: Settings) -> int: ...


def _database(arguments: argparse.Namespace, settings: Settings) -> int: ...


def _say(error: CotraderError) -> None:
    from cotrader_tui.domain.text import visible

    sys.stderr.writelines(f"{visible(line)}\n" for line in (error.message, error.hint) if line)


def _make_everything_printable() -> None:
    """What the terminal's encoding lacks is written as an escape instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_stdout() -> None:
    """Whoever read our output has gone: what is still buffered must not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
