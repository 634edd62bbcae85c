"""The README names every command, option, key and setting."""

from __future__ import annotations

import argparse
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from cotrader_tui.cli import build_parser
from cotrader_tui.config import SETTINGS
from cotrader_tui.tui.actions import ACTIONS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return {
        name: command
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, command in action.choices.items()
    }


def commands(parser: argparse.ArgumentParser, above: str = "cotrader") -> Iterator[str]:
    """Every command in full, such as `cotrader db backup`; a group of commands is not one itself."""
    for name, command in subcommands(parser).items():
        yield from commands(command, f"{above} {name}") if subcommands(command) else [f"{above} {name}"]


def options(parser: argparse.ArgumentParser) -> set[str]:
    """Every long option that the help shows, at whatever depth."""
    shown = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    own = {name for action in shown for name in action.option_strings if name.startswith("--")}
    return own.union(*(options(command) for command in subcommands(parser).values()))


def is_named(words: str, text: str = README) -> bool:
    """Whether `words` stand in `text` as such and not as a part of something longer."""
    return re.search(rf"(?<![\w-]){re.escape(words)}(?![\w-])", text) is not None


def test_the_parser_has_the_commands_of_the_main_job() -> None:
    assert {"cotrader sync", "cotrader positions", "cotrader doctor"} <= set(commands(build_parser()))


@pytest.mark.parametrize("command", sorted(commands(build_parser())))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert is_named(command)


@pytest.mark.parametrize("option", sorted(options(build_parser())))
def test_every_option_is_in_the_readme(option: str) -> None:
    assert is_named(option)


@pytest.mark.parametrize("key", sorted({key for action in ACTIONS for key in action.keys}))
def test_every_key_is_in_the_readme(key: str) -> None:
    assert f"`{key}`" in README


@pytest.mark.parametrize("setting", [setting.env for setting in SETTINGS])
def test_every_setting_is_in_the_readme_and_the_example(setting: str) -> None:
    assert is_named(setting)
    assert is_named(setting, (ROOT / ".env.example").read_text("utf-8"))


def test_the_page_of_formulas_is_that_of_the_table() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "figures.py"))
    assert (ROOT / "docs" / "figures.md").read_text("utf-8") == script["page"](), "run `python docs/figures.py`"
