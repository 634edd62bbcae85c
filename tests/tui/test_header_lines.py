"""How the lines above every screen are painted: alone where they change, whole where they are too long."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.selection import SELECT_ALL
from textual.widgets import Static

from cotrader_tui.tui.present.text import Line, Piece
from cotrader_tui.tui.widgets.lines import Header

ABOVE, BELOW = (Piece("net liq "), Piece("1,000.00", "bold")), (Piece("14s ago"),)


class Watched(Header):
    """It notes what it asks to be painted."""

    def __init__(self) -> None:
        super().__init__()
        self.regions: list[tuple[Region, ...]] = []

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Watched:
        self.regions.append(regions)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class HeaderApp(App[None]):
    CSS = "Header { dock: top; width: 100%; height: auto; }"

    def compose(self) -> ComposeResult:
        yield Watched()
        yield Static("below")


async def shown(pilot: Pilot[None], *lines: Line) -> list[str]:
    """What stands in the header once it shows `lines`."""
    header = pilot.app.query_one(Watched)
    header.regions.clear()
    header.show(lines)
    await pilot.pause()
    whole = header.render_lines(Region(0, 0, *header.size))
    return [strip.text.rstrip() for strip in whole]


async def test_only_the_line_that_differs_is_painted() -> None:
    async with HeaderApp().run_test(size=(40, 10)) as pilot:
        assert await shown(pilot, ABOVE, BELOW) == ["net liq 1,000.00", "14s ago"]
        assert await shown(pilot, ABOVE, (Piece("15s ago"),)) == ["net liq 1,000.00", "15s ago"]
        header = pilot.app.query_one(Watched)
        assert header.regions == [(Region(0, 1, 40, 1),)]
        await shown(pilot, ABOVE, (Piece("15s ago"),))
        assert header.regions == []


async def test_a_line_that_is_too_long_gets_more_lines_as_long_as_it_is() -> None:
    async with HeaderApp().run_test(size=(20, 10)) as pilot:
        long = (Piece("READ-ONLY", "bold"), Piece(" a copy of a book from elsewhere"))
        assert await shown(pilot, ABOVE, BELOW) == ["net liq 1,000.00", "14s ago"]
        assert " ".join(await shown(pilot, long)) == "READ-ONLY a copy of a book from elsewhere"
        assert pilot.app.query_one(Static).region.y == 3
        assert await shown(pilot, ABOVE, BELOW) == ["net liq 1,000.00", "14s ago"]
        assert pilot.app.query_one(Static).region.y == 2


async def test_what_is_selected_is_what_stands_there_now() -> None:
    async with HeaderApp().run_test(size=(40, 10)) as pilot:
        await shown(pilot, ABOVE, BELOW)
        await shown(pilot, (Piece("net liq "), Piece("2,000.00", "bold")), BELOW)
        header = pilot.app.query_one(Watched)
        assert header.get_selection(SELECT_ALL) == ("net liq 2,000.00\n14s ago", "\n")
        plain = header.render_lines(Region(0, 0, *header.size))
        pilot.app.screen.selections = {header: SELECT_ALL}
        await pilot.pause()
        marked = header.render_lines(Region(0, 0, *header.size))
        assert [strip.text for strip in marked] == [strip.text for strip in plain]
        assert marked != plain
