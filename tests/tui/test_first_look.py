"""What stands on the terminal before the screen does is what the screen then shows, cell by cell."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.first_look import first_look
from cotrader_tui.tui.ports import ScreenOptions
from tests import builders
from tests.builders import NOW
from tests.tui.book import book, make_app, shown, text_of

ROOT = Path(__file__).resolve().parents[2]


class Kept:
    """Saved views of somebody."""

    place = "views.json"

    def __init__(self, **arrangement: object) -> None:
        self._text = json.dumps({"version": 1, "screens": {"positions": arrangement}})

    def read(self) -> str:
        return self._text

    def write(self, text: str) -> None:
        raise AssertionError("a first look keeps nothing")


def options(**differing: object) -> ScreenOptions:
    return replace(ScreenOptions(is_watching=False, first=book()), **differing)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (99, 20), (100, 20), (140, 40), (200, 50)])
async def test_each_line_is_where_the_screen_has_it(size: tuple[int, int]) -> None:
    await same_as_the_screen(options(), size)


@pytest.mark.parametrize(
    "chosen",
    [
        options(is_private=True),
        options(is_demo=True),
        options(account="5WT00002"),
        options(views=Kept(sort="open", reversed=True)),
        options(views=Kept(grouping="underlying")),
        options(views=Kept(columns=["symbol", "mark", "bid", "quantity"])),
        options(unconfigured="There are no credentials for any broker."),
    ],
    ids=["private", "demo", "one account", "sorted", "grouped", "columns", "a notice"],
)
async def test_it_is_what_the_screen_will_show(chosen: ScreenOptions) -> None:
    await same_as_the_screen(chosen, (140, 30))


async def same_as_the_screen(chosen: ScreenOptions, size: tuple[int, int]) -> None:
    look = first_look(chosen, NOW, size)
    assert look is not None
    assert len(look) == size[1]
    async with shown(None, make_app(options=chosen), size) as pilot:
        theirs = text_of(pilot).splitlines()
    *lines, footer = (line.rstrip() for line in look)
    *their_lines, _ = (line.rstrip() for line in theirs)
    assert footer == " opening…"
    assert without_count(lines) == without_count(their_lines)


def without_count(lines: list[str]) -> list[str]:
    """The lower rule of the panel says how many rows there are only on the screen."""
    return ["╰─" if line.startswith("╰") else line for line in lines]


@pytest.mark.parametrize(
    "snapshot",
    [None, PortfolioSnapshot((), (), (), (), ()), builders.snapshot(accounts=book().accounts)],
    ids=["no database", "nothing landed", "no positions"],
)
def test_without_positions_there_is_none(snapshot: PortfolioSnapshot | None) -> None:
    assert first_look(options(first=snapshot), NOW, (80, 24)) is None


def test_views_that_cannot_be_read_are_left_to_the_screen_to_tell() -> None:
    class Broken(Kept):
        def read(self) -> str:
            return "{"

    assert first_look(options(views=Broken()), NOW, (80, 24)) == first_look(options(), NOW, (80, 24))


def test_it_needs_nothing_of_textual(tmp_path: Path) -> None:
    script = """
import sys
from cotrader_tui.config import Options, process_settings
from cotrader_tui.bootstrap import screen_options
from cotrader_tui.tui import first_look, glance
screen_options(process_settings(Options()))
print([name for name in sys.modules if name.partition(".")[0] in ("textual", "rich", "asyncio")])
"""
    environ = {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environ, cwd=tmp_path)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
