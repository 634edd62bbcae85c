"""Pictures of every screen, to be compared with stored ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.messages import HistoryRead, QuarantineRead, StoreTrouble
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.states import Trouble
from tests.builders import snapshot
from tests.tui.book import book, event, history, make_app, settled, tell

SIZES = [(140, 40), (80, 24)]
Compare = Callable[..., bool]
Prepare = Callable[[Pilot[Any]], Awaitable[None]]

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def showing(book_shown: PortfolioSnapshot, *keys: str) -> Prepare:
    """Show a book, then press keys."""

    async def prepare(pilot: Pilot[Any]) -> None:
        await tell(pilot, book_shown)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)

    return prepare


def drawn(compare: Compare, size: tuple[int, int], prepare: Prepare, app: CotraderApp | None = None) -> bool:
    return compare(app or make_app(), terminal_size=size, run_before=prepare)


@sizes
@pytest.mark.parametrize("area", ["positions", "greeks", "sync_log", "accounts"])
def test_areas(snap_compare: Compare, area: str, size: tuple[int, int]) -> None:
    key = {"positions": "1", "greeks": "2", "sync_log": "3", "accounts": "4"}[area]
    assert drawn(snap_compare, size, showing(book(), key))


@sizes
def test_privacy(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert drawn(snap_compare, size, showing(book(), "p"))


@sizes
def test_position_detail(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await showing(book(), "j", "j", "enter")(pilot)
        await pilot.app.workers.wait_for_complete()
        pilot.app.screen.post_message(HistoryRead(2, (event(),), history()))
        await settled(pilot)

    assert drawn(snap_compare, size, prepare)


@sizes
def test_sync_run_detail(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await showing(book(), "3", "j", "j", "enter")(pilot)
        await pilot.app.workers.wait_for_complete()
        rows = (("XYZ  270115C00010000", "its multiplier is no number", '{"symbol": "XYZ  270115C00010000"}'),)
        pilot.app.screen.post_message(QuarantineRead(2, rows))
        await settled(pilot)

    assert drawn(snap_compare, size, prepare)


@sizes
def test_help(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert drawn(snap_compare, size, showing(book(), "question_mark"))


@sizes
def test_welcome(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = make_app(options=ScreenOptions(is_watching=False, unconfigured="No broker is configured."))
    assert drawn(snap_compare, size, settled, app)


@sizes
def test_loading(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert drawn(snap_compare, size, settled)


@sizes
def test_failing(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        trouble = Trouble("The file book.db is damaged or is not a database.", "Bring a backup back.")
        pilot.app.post_message(StoreTrouble(trouble))
        await settled(pilot)

    assert drawn(snap_compare, size, prepare)


@sizes
def test_empty(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert drawn(snap_compare, size, showing(snapshot()))


@sizes
def test_notice_above_the_last_figures(snap_compare: Compare, size: tuple[int, int]) -> None:
    noted = replace(book(), notes=("The disk is full; free some space and the next sync goes on.",))
    assert drawn(snap_compare, size, showing(noted))


def test_no_colour(snap_compare: Compare) -> None:
    app = make_app(options=ScreenOptions(is_watching=False, has_color=False))
    assert drawn(snap_compare, (140, 40), showing(book(), "j"), app)
