"""Pictures of every screen, to be compared with stored ones: each in three sizes, and one screen in every palette.

A new screen is one line in every_screen.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.themes import Colours
from tests.tui.book import settled, text_of
from tests.tui.every_screen import SCREENS, Prepare, app_for

SIZES = [(80, 24), (120, 40), (200, 50)]
DIALOGS = ("help", "columns", "export", "connect", "disconnect")
"""They look the same in every size."""
UNSTEADY = ("palette",)
"""What it finds comes bit by bit."""
Compare = Callable[..., bool]

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def drawn(compare: Compare, screen: str, size: tuple[int, int], app: CotraderApp | None = None) -> bool:
    return compare(app or app_for(screen), terminal_size=size, run_before=still(SCREENS[screen]))


def still(prepare: Prepare) -> Prepare:
    """As `prepare`, with cursors that do not blink."""

    async def prepared(pilot: Pilot[Any]) -> None:
        await prepare(pilot)
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await settled(pilot)
        assert text_of(pilot).strip()  # what has failed leaves an empty screen

    return prepared


@sizes
@pytest.mark.parametrize("screen", [name for name in SCREENS if name not in (*DIALOGS, *UNSTEADY)])
def test_screen(snap_compare: Compare, screen: str, size: tuple[int, int]) -> None:
    assert drawn(snap_compare, screen, size)


@pytest.mark.parametrize("screen", DIALOGS)
def test_dialog(snap_compare: Compare, screen: str) -> None:
    assert drawn(snap_compare, screen, SIZES[0])


@pytest.mark.parametrize("theme", ["western-light", "east-asia", "colour-blind", "mono", "textual-light"])
def test_theme(snap_compare: Compare, theme: str) -> None:
    assert drawn(snap_compare, "positions", SIZES[0], app_for("positions", theme=theme))


def test_16_colours(snap_compare: Compare) -> None:
    app = app_for("positions")
    app.colours = Colours.SIXTEEN
    assert drawn(snap_compare, "positions", SIZES[0], app)


def test_no_colour(snap_compare: Compare) -> None:
    assert drawn(snap_compare, "positions", SIZES[1], app_for("positions", has_color=False))


def test_privacy(snap_compare: Compare) -> None:
    assert drawn(snap_compare, "positions", SIZES[1], app_for("positions", is_private=True))


def test_ascii(snap_compare: Compare) -> None:
    assert drawn(snap_compare, "charts", SIZES[0], app_for("charts", is_ascii=True))
