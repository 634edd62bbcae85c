"""Every frame of a random session, replayed through an emulator, is what Textual meant."""

from __future__ import annotations

import re

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static

from tests.tui.live.session import replay
from tests.tui.live.terminals import Emulator, ReplayDriver, differences
from tests.tui.live.wire import at_rest


@pytest.mark.parametrize("seed", [11, 12])
async def test_every_frame_of_a_random_session_equals_what_textual_meant(seed: int) -> None:
    driver = await replay(seed, steps=130)
    assert driver.wrong == []
    assert driver.compared > 30
    assert sum(map(len, driver.sent)) < sum(map(len, driver.written)) / 2


class Styled(App[None]):
    """A line of text in a style, and one beside it that moves."""

    def __init__(self) -> None:
        super().__init__(driver_class=ReplayDriver)

    def compose(self) -> ComposeResult:
        yield Static("plain", id="styled", markup=False)
        yield Static("0", id="beside", markup=False)


@pytest.mark.parametrize("style", ["reverse", "italic", "underline", "bold", "bold reverse underline"])
async def test_a_text_style_comes_and_goes_as_meant(style: str) -> None:
    app = Styled()
    seen: list[tuple[bool, ...]] = []

    async def pilot(_: Pilot[object]) -> None:
        driver, line = ReplayDriver.of[app], app.query_one("#styled", Static)
        await at_rest(driver, 0.1)
        for text in (Content("plain"), Content.styled("plain", style), Content("plain")):
            line.update(text)
            app.query_one("#beside", Static).update(str(len(seen)))
            await at_rest(driver, 0.1)
            seen.append(driver.shown.line(0)[0][3:])
        app.exit()

    await app.run_async(size=(20, 3), auto_pilot=pilot)
    wanted = tuple(name in style for name in ("bold", "reverse", "italic", "underline"))
    assert seen == [(False,) * 4, wanted, (False,) * 4]
    assert ReplayDriver.of[app].wrong == []


async def test_without_colour_the_cursor_is_replayed_as_it_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    driver = await replay(13, steps=60)
    assert driver.wrong == []
    assert any(re.search(r"\x1b\[(?:\d+;)*7(?:;\d+)*m", sent) for sent in driver.sent)


@pytest.mark.parametrize("style", ["reverse", "italics", "underscore"])
def test_a_style_that_is_not_as_meant_is_found(style: str) -> None:
    sgr = {"reverse": 7, "italics": 3, "underscore": 4}[style]
    meant, shown = Emulator(10, 1), Emulator(10, 1)
    meant.feed(f"\x1b[1;1H\x1b[{sgr}ma\x1b[0mb")
    shown.feed("\x1b[1;1Hab")
    assert len(differences(meant, shown)) == 1
