"""Pictures of the screen: what they show, that privacy holds in them, and that they need nothing but themselves."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.command import DiscoveryHit
from textual.pilot import Pilot

from cotrader_tui.domain.clock import EXCHANGE_ZONE
from cotrader_tui.errors import ConfigError
from cotrader_tui.private_files import write_private
from cotrader_tui.tui.app import CotraderApp
from cotrader_tui.tui.commands import ActionCommands
from cotrader_tui.tui.ports import ScreenOptions
from tests.builders import NOW, share, snapshot
from tests.tui.book import book, held, make_app, numbered, settled, shown, text_of

NAME = f"screen-{NOW.astimezone(EXCHANGE_ZONE):%Y%m%d-%H%M%S}.svg"
_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


class Folder:
    """Keeps what is exported."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def __call__(self, name: str, text: str) -> Path:
        self.files[name] = text
        return Path("/exports") / name


def app_with(export: Callable[[str, str], Path] | None, *, is_private: bool = False) -> CotraderApp:
    return make_app(options=ScreenOptions(is_watching=False, export=export, is_private=is_private))


def words_of(svg: str) -> str:
    """What a picture says, its lines joined."""
    return html.unescape(" ".join(_TEXT.findall(svg))).replace("\xa0", " ")


async def until(pilot: Pilot[Any], is_so: Callable[[], bool]) -> None:
    for _ in range(250):
        await pilot.pause(0.02)
        if is_so():
            return
    raise AssertionError(text_of(pilot))


async def test_the_key_saves_the_screen_as_it_is_seen_and_the_toast_names_the_file() -> None:
    folder = Folder()
    async with shown(book(), app_with(folder)) as pilot:
        seen = text_of(pilot)
        await pilot.press("S")
        await until(pilot, lambda: f"/exports/{NAME}" in text_of(pilot).replace("\n", ""))
        words = words_of(folder.files[NAME]).split()
        for line in seen.splitlines():
            assert set(line.replace("│", " ").split()) <= {*words, *"╭╰╮╯─"} or "─" in line
        assert "228.14" in words


async def test_the_palettes_command_does_it_and_textuals_own_does_not_stand_beside_it() -> None:
    folder = Folder()
    async with shown(book(), app_with(folder)) as pilot:
        hits = [hit async for hit in ActionCommands(pilot.app.screen).discover() if isinstance(hit, DiscoveryHit)]
        named = [str(hit.text) for hit in hits]
        assert [each for each in named if "picture" in each or "creenshot" in each] == ["Save a picture of the screen"]
        await pilot.press("colon", *"picture")
        await until(pilot, lambda: "Save a picture of the screen" in text_of(pilot))
        assert "system" not in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: NAME in folder.files)
        assert "Save a picture" not in words_of(folder.files[NAME])  # the palette is gone
        assert "AAPL" in words_of(folder.files[NAME])


async def test_a_dialog_is_in_the_picture_with_what_shines_through_it() -> None:
    folder = Folder()
    async with shown(book(), app_with(folder)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: "Markdown" in text_of(pilot))
        pilot.app.action_screenshot()
        await until(pilot, lambda: NAME in folder.files)
        words = words_of(folder.files[NAME])
        assert "Markdown" in words
        assert "Positions" in words


async def test_privacy_holds_in_a_picture_taken_the_moment_after() -> None:
    folder = Folder()
    async with shown(book(), app_with(folder)) as pilot:
        before = text_of(pilot)
        await pilot.press("p", "S")
        await until(pilot, lambda: NAME in folder.files)
        svg = html.unescape(folder.files[NAME])
        assert "PRIVACY" in svg
        assert "•••••" in svg
        for amount in ("180,107.64", "27,376.80", "+2,012.40", "211.37"):
            assert amount in before
            assert amount not in svg
        assert "228.14" in svg  # a market price


async def test_a_large_book_is_masked_before_its_picture_is_taken() -> None:
    folder = Folder()
    legs = numbered(*(held(share(f"S{number:04d}"), "13", "5", "6", "5.5") for number in range(3000)))
    async with shown(snapshot(*legs), app_with(folder)) as pilot:
        await until(pilot, lambda: "+13.00" in text_of(pilot))
        await pilot.press("p", "S")
        await until(pilot, lambda: NAME in folder.files)
        assert "+13.00" not in folder.files[NAME]
        assert "•••••" in words_of(folder.files[NAME])


async def test_the_file_is_well_formed_and_fetches_nothing() -> None:
    folder = Folder()
    async with shown(book(), app_with(folder)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: NAME in folder.files)
    svg = folder.files[NAME]
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert re.findall(r"https?://[^\"' )]+", svg) == ["http://www.w3.org/2000/svg"]
    assert "@font-face" not in svg
    assert {found[:5] for found in re.findall(r"url\(([^)]*)\)", svg)} == {"#cotr"}
    titles = [each for each in root.iter("{http://www.w3.org/2000/svg}text") if "title" in each.get("class", "")]
    assert [each.text for each in titles] == ["cotrader"]


async def test_the_file_is_its_owners_only(tmp_path: Path) -> None:
    def export(name: str, text: str) -> Path:
        write_private(tmp_path / "exports" / name, text)
        return tmp_path / "exports" / name

    async with shown(book(), app_with(export)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: "The picture is in" in text_of(pilot))
    file = tmp_path / "exports" / NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


async def test_a_file_that_cannot_be_written_is_told() -> None:
    def refuse(name: str, text: str) -> Path:
        raise ConfigError("The folder is read-only.", "Make it writable.")

    async with shown(book(), app_with(refuse)) as pilot:
        await pilot.press("S")
        await until(pilot, lambda: "The folder is read-only. Make it writable." in text_of(pilot))


async def test_where_nothing_can_be_written_no_picture_is_offered() -> None:
    async with shown(book()) as pilot:
        assert not pilot.app.check_action("screenshot", ())
        await pilot.press("S")
        await settled(pilot)
        assert "picture" not in text_of(pilot)
