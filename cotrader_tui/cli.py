"""From arguments to one front end. Each is imported only when it is the one asked for."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from cotrader_tui.commands.parser import READING, build_parser
from cotrader_tui.errors import BrokerError, ConfigError, CotraderError, StoreError
from cotrader_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from cotrader_tui.config import Options, Settings

__all__ = ["build_parser", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` (the process's arguments by default) and return the exit code.

    Raises:
        SystemExit: argparse has printed its help, the version (0) or a usage error (2).
    """
    arguments = build_parser().parse_args(argv)
    _make_everything_printable()
    out = io.StringIO()
    try:
        code = _run(arguments, out)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except CotraderError as error:
        _say(error)
        return ExitCode.USAGE if isinstance(error, ConfigError) else ExitCode.UNEXPECTED
    _print(out.getvalue())
    return code


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    """Run one command; what it prints on `out` is printed whole at its end, or not at all."""
    from cotrader_tui.config import process_settings

    if arguments.command == "config" and arguments.action == "init":
        return _init_config(arguments)
    if arguments.command == "completion":
        from cotrader_tui.commands import completion

        return completion.report(build_parser(), arguments.shell, out)
    try:
        settings = process_settings(_options(arguments))
    except ConfigError as error:
        if arguments.command != "doctor":
            raise
        from cotrader_tui.commands import doctor

        return doctor.report(doctor.without_settings(error), as_json=arguments.json, out=out)
    for warning in settings.warnings:
        sys.stderr.write(f"{warning}\n")
    try:
        return _dispatch(arguments, settings, out)
    except CotraderError:
        raise
    except Exception as error:  # noqa: BLE001 - the last line of defence: a sentence, and the traceback in the log
        return _crash(error, settings)


def _options(arguments: argparse.Namespace) -> Options:
    from cotrader_tui.config import Options

    return Options(
        db=arguments.db,
        config=arguments.config,
        demo=arguments.demo,
        account=arguments.account,
        portfolio=arguments.portfolio,
        privacy=arguments.privacy,
        no_color=arguments.no_color,
        no_diff=arguments.no_diff,
        lowbw=arguments.lowbw,
        ascii=arguments.ascii,
        no_brokers=getattr(arguments, "session", False),
    )


def _dispatch(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    match arguments.command:
        case None:
            return _screen(settings)
        case "sync":
            return _sync(arguments, settings, out)
        case "serve":
            return _serve(arguments, settings)
        case "daemon":
            return _daemon(arguments, settings)
        case "doctor":
            return _doctor(arguments, settings, out)
        case "paths":
            from cotrader_tui.commands import paths

            return paths.report(settings, as_json=arguments.json, out=out)
        case "export":
            return _export(arguments, settings, out)
        case "status":
            return _status(arguments, settings, out)
        case "keys":
            return _keys(arguments, settings, out)
        case "config":
            return _show_config(arguments, settings, out)
        case "held":
            return _held(arguments, settings, out)
        case "enrich":
            return _enrich(arguments, settings)
        case "stats":
            return _stats(arguments, settings, out)
        case "since":
            return _since(arguments, settings, out)
        case "transactions" | "orders":
            return _history(arguments, settings, out)
        case "db":
            return _database(arguments, settings)
        case "connect":
            return _connect(arguments, settings)
        case "disconnect":
            return _disconnect(arguments, settings)
        case name if name in READING:
            return _read(arguments, settings, out)
        case name:
            raise AssertionError(f"the parser knows '{name}', nothing else does")


def _screen(settings: Settings) -> int:
    # Textual draws on standard error.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise ConfigError(
            "The monitor needs a terminal for its input, its output and its errors, on which it draws.",
            "Run `cotrader` in one, or use a command such as `cotrader positions`; `cotrader --help` lists them.",
        )
    if settings.account is not None or settings.portfolio is not None:
        from cotrader_tui.commands.reading import refuse_unknown_account

        refuse_unknown_account(settings)
    from cotrader_tui import bootstrap

    return bootstrap.run_screen(settings)


def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    from cotrader_tui import in_browser

    if arguments.session:
        return in_browser.run_session(settings)
    if settings.account is not None or settings.portfolio is not None:
        from cotrader_tui.commands.reading import refuse_unknown_account

        refuse_unknown_account(settings)
    return in_browser.serve(settings, arguments.port)


def _read(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands.output import Format
    from cotrader_tui.commands.reading import Question, read
    from cotrader_tui.domain.clock import system_clock

    question = Question(
        command=arguments.command,
        form=Format.JSON if arguments.json else Format.CSV if arguments.csv else Format.TEXT,
        everything=arguments.all,
        limit=getattr(arguments, "limit", 0),
    )
    return read(settings, question, system_clock(), out, sys.stderr)


def _held(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands import held
    from cotrader_tui.domain.clock import system_clock

    return held.report(settings, arguments.symbols, system_clock(), as_json=arguments.json, out=out, err=sys.stderr)


def _enrich(arguments: argparse.Namespace, settings: Settings) -> int:
    """Straight to standard output, row by row: a file may be larger than the memory."""
    from cotrader_tui.commands import enrich
    from cotrader_tui.domain.clock import system_clock

    with enrich.opened(arguments.file) as lines:
        out = enrich.as_bytes_came(sys.stdout)
        return _until_the_reader_goes(lambda: enrich.report(settings, lines, system_clock(), out, sys.stderr))


def _stats(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands import stats
    from cotrader_tui.commands.output import Format
    from cotrader_tui.domain.clock import system_clock

    form = Format.JSON if arguments.json else Format.CSV if arguments.csv else Format.TEXT
    return stats.report(settings, form, system_clock(), out, sys.stderr)


def _since(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands import since
    from cotrader_tui.commands.output import Format
    from cotrader_tui.domain.clock import system_clock
    from cotrader_tui.seen_file import SeenFile

    form = Format.JSON if arguments.json else Format.CSV if arguments.csv else Format.TEXT
    seen = None if arguments.hours or arguments.moment else SeenFile(settings.database).read()
    question = since.SinceQuestion(arguments.table, form, arguments.hours, arguments.moment, seen)
    return since.report(settings, question, system_clock(), out, sys.stderr)


def _history(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands import history
    from cotrader_tui.commands.output import Format
    from cotrader_tui.domain.clock import system_clock

    form = Format.JSON if arguments.json else Format.CSV if arguments.csv else Format.TEXT
    now = system_clock()
    if arguments.command == "orders":
        return history.orders(settings, form, now, out, sys.stderr, everything=arguments.all)
    limit = -1 if arguments.all else arguments.limit
    return history.transactions(settings, form, limit, now, out, sys.stderr)


def _sync(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands import sync

    settings = settings.only(arguments.connection)
    _refuse_unknown_account(settings)
    from cotrader_tui import running

    try:
        runs = running.sync_once(settings, is_full=arguments.full)
    except StoreError as error:
        _say(error)
        return ExitCode.FAILED
    return sync.report(settings, runs, is_full=arguments.full, as_json=arguments.json, out=out, err=sys.stderr)


def _daemon(arguments: argparse.Namespace, settings: Settings) -> int:
    settings.require_connections()
    _refuse_unknown_account(settings)
    from cotrader_tui import running

    return running.run_daemon(settings, until_closed=arguments.until_stdin_closes)


def _doctor(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands import doctor
    from cotrader_tui.tui.keymap import keymap

    checks = [*doctor.examine(settings), *doctor.warned(settings.warnings, keymap(settings.keys).problems)]
    if settings.connections:
        from cotrader_tui import bootstrap
        from cotrader_tui.logfile import log_to

        with suppress(StoreError):  # that the log cannot be written is among the checks
            log_to(settings.log_file, settings.secrets)
        answers = bootstrap.check_connections(settings)
        checks += doctor.reached((each.name, each.is_ok, each.message, each.hint) for each in answers)
    return doctor.report(checks, as_json=arguments.json, out=out)


def _init_config(arguments: argparse.Namespace) -> int:
    """Without the settings: the file that is there may be what is wrong."""
    from cotrader_tui.commands import config
    from cotrader_tui.config import config_file_of
    from cotrader_tui.config.template import template
    from cotrader_tui.tui.actions import ACTIONS

    text = template([(action.id, action.keys, action.description) for action in ACTIONS])
    return config.init(config_file_of(_options(arguments), os.environ), text, is_forced=arguments.force, err=sys.stderr)


def _show_config(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands import config
    from cotrader_tui.config.origins import effective
    from cotrader_tui.tui.keymap import keymap

    found = effective(settings, _options(arguments), os.environ)
    problems = keymap(settings.keys).problems
    return config.show(found, problems, with_origin=arguments.origin, as_json=arguments.json, out=out, err=sys.stderr)


def _export(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands.export import Export, export
    from cotrader_tui.commands.output import Format
    from cotrader_tui.domain.clock import system_clock

    wanted = Export(arguments.table, Format(arguments.format), arguments.output, everything=arguments.all)
    return export(settings, wanted, system_clock(), out, sys.stderr)


def _status(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.commands import status
    from cotrader_tui.domain.clock import system_clock

    return status.report(settings, status.StatusFormat(arguments.format), system_clock(), out, sys.stderr)


def _keys(arguments: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    from cotrader_tui.tui.actions import ACTIONS
    from cotrader_tui.tui.keymap import keymap

    chosen = keymap(settings.keys)
    if arguments.list or arguments.json:
        from cotrader_tui.commands import keys

        actions = [(action.id, chosen.keys[action.id], action.description) for action in ACTIONS]
        return keys.report(actions, chosen.problems, as_json=arguments.json, out=out, err=sys.stderr)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("`cotrader keys` reads what is typed: it needs a terminal.", "Run it in one, or add --list.")
    from cotrader_tui.tui.key_reader import read_keys

    read_keys(chosen)
    return ExitCode.SUCCESS


def _database(arguments: argparse.Namespace, settings: Settings) -> int:
    from cotrader_tui.commands.database import run_backup, run_restore
    from cotrader_tui.domain.clock import system_clock

    if arguments.action == "backup":
        return run_backup(settings, arguments.file, sys.stderr)
    return run_restore(settings, arguments.file, system_clock(), sys.stderr)


def _connect(arguments: argparse.Namespace, settings: Settings) -> int:
    from cotrader_tui import connecting
    from cotrader_tui.commands import connect
    from cotrader_tui.store.lease import is_held

    connect.refuse_demo(settings)
    name = arguments.name or arguments.broker
    terminal = None if arguments.stdin_json else connect.process_terminal()
    connecting.refuse_name(settings, arguments.broker, name)
    fields = connect.read_fields(sys.stdin) if arguments.stdin_json else {}
    answers = connect.gather(arguments.broker, os.environ, terminal, fields)
    if answers.secrets and connecting.needs_passphrase(settings):
        settings = connect.with_passphrase(settings, terminal)
    try:
        done = connecting.connect(settings, name, answers.definition, answers.secrets)
    except BrokerError as error:
        _say(error)
        sys.stderr.write("Nothing is stored.\n")
        return ExitCode.FAILED
    numbers = [account.id.number for account in done.accounts]
    connect.report(settings, name, numbers, done.place, done.shared, sys.stderr)
    if is_held(settings.database):
        sys.stderr.write("The engine that runs takes it up within seconds.\n")
    return ExitCode.SUCCESS


def _disconnect(arguments: argparse.Namespace, settings: Settings) -> int:
    from cotrader_tui import connecting
    from cotrader_tui.commands import connect

    connect.refuse_demo(settings)
    broker = connecting.disconnect(settings, arguments.name)
    connect.report_end(settings, arguments.name, broker, sys.stderr)
    return ExitCode.SUCCESS


def _refuse_unknown_account(settings: Settings) -> None:
    if settings.account is not None:
        from cotrader_tui.commands.reading import refuse_unknown_account

        refuse_unknown_account(settings)


def _crash(error: Exception, settings: Settings) -> int:
    """The traceback, without local values and secrets, goes to the log file; a sentence to the person."""
    import logging

    from cotrader_tui.logfile import log_to

    what = f"Something unexpected went wrong ({type(error).__name__})."
    try:
        log_to(settings.log_file, settings.secrets)
    except StoreError as refusal:
        sys.stderr.write(f"{what} {refusal}\n")
    else:
        logging.getLogger(__name__).error("Unexpected", exc_info=error)
        sys.stderr.write(f"{what} The details are in {settings.log_file}.\n")
    return ExitCode.UNEXPECTED


def _say(error: CotraderError) -> None:
    from cotrader_tui.domain.text import visible

    sys.stderr.writelines(f"{visible(line)}\n" for line in (error.message, error.hint) if line)


def _make_everything_printable() -> None:
    """What the terminal's encoding lacks is written as an escape instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _print(text: str) -> None:
    _until_the_reader_goes(lambda: sys.stdout.write(text))


def _until_the_reader_goes(write: Callable[[], int]) -> int:
    """What `write` returns, which writes to standard output; 0 if the reader has gone (`| head`): it is satisfied."""
    try:
        try:
            return write()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.SUCCESS
