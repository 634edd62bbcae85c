"""`cotrader completion`: what a shell needs to complete the command line, made from its parser."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

import shtab

from cotrader_tui.exit_codes import ExitCode


def report(parser: argparse.ArgumentParser, shell: str, out: TextIO) -> int:
    """Print the script for `shell` (bash, zsh or fish); returns 0."""
    _complete_files(parser)
    out.write(shtab.complete(parser, shell=shell))
    return ExitCode.SUCCESS


def _complete_files(parser: argparse.ArgumentParser) -> None:
    """Have each argument that names a file completed with files."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _complete_files(command)
        elif action.type is Path or action.metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # where shtab looks for it
