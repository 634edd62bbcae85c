"""Themes: every text can be read, and colour is never all that tells states apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.color import Color, rgb_to_lab
from textual.markup import parse_style
from textual.pilot import Pilot
from textual.style import Style
from textual.theme import BUILTIN_THEMES, Theme

from cotrader_tui.tui.contrast import LEAST, contrast, least_contrast
from cotrader_tui.tui.ports import ScreenOptions
from cotrader_tui.tui.present.figures import GAIN, LOSS, WARN
from cotrader_tui.tui.shown_theme import EYES, shown
from cotrader_tui.tui.themes import ALIASES, COLOURS_OF, DEFAULT_THEME, IN_SIXTEEN, OURS, Colours, named, unknown_theme
from tests.tui.book import book, make_app, settled, tell, text_of
from tests.tui.book import shown as app_shown

NAMES = [*OURS, *(name for name, theme in BUILTIN_THEMES.items() if not theme.ansi)]
TOKENS = ("gain", "loss", "warn", "stale", "accent", "text-success", "text-error", "text-warning")
AREAS = ("background", "surface")
"""Tables with their header row lie on the background, everything else on the surface."""
OVERLAYS = ("panel-darken-1", "panel", "panel-lighten-1")
"""The palette, whose list has a cursor bar; messages."""
WITHOUT_HUE = [
    *((name, Colours.ALL) for name in ("mono", "mono-light")),
    *((name, Colours.NONE) for name in ("western", "western-light", "nord")),
    *((name, Colours.SIXTEEN) for name in ("western", "east-asia-light", "mono", "gruvbox")),
    *((name, Colours.ALL) for name in ("ansi-dark", "ansi-light")),
]


def theme_of(name: str, colours: Colours = Colours.ALL) -> Theme:
    theme = shown(name, colours)
    assert theme is not None
    return theme


def shades(name: str, colours: Colours = Colours.ALL) -> dict[str, str]:
    theme = theme_of(name, colours)
    return {**theme.to_color_system().generate(), **theme.variables}


def style_of(token: str, name: str, colours: Colours = Colours.ALL) -> Style:
    return parse_style(token, shades(name, colours))


# Contrast


@pytest.mark.parametrize("colours", [Colours.ALL, Colours.MANY, Colours.NONE], ids=lambda each: each.name)
@pytest.mark.parametrize("name", NAMES)
def test_every_text_can_be_read_on_what_it_is_shown_on(name: str, colours: Colours) -> None:
    found = shades(name, colours)
    areas, overlays = ([Color.parse(found[each]) for each in names] for names in (AREAS, OVERLAYS))
    footer = [Color.parse(found["surface"]), Color.parse(found["footer-background"])]
    pairs = [(token, areas) for token in TOKENS]
    pairs += [(token, [*areas, *overlays]) for token in ("foreground", "text-muted", "text-disabled")]
    pairs += [(f"footer-{part}foreground", footer) for part in ("", "key-", "description-")]
    for cursor in ("block-cursor", "block-cursor-blurred"):
        bar = Color.parse(found[f"{cursor}-background"])
        pairs.append((f"{cursor}-foreground", [below + bar for below in (*areas, overlays[0])]))
    ratios = {text: least_contrast(Color.parse(found[text]), on, EYES[colours]) for text, on in pairs}
    assert {text: ratio for text, ratio in ratios.items() if ratio < LEAST} == {}


LINUX = (
    "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff"
)
XTERM = (
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)


@pytest.mark.parametrize("palette", [LINUX, XTERM], ids=["linux", "xterm"])
@pytest.mark.parametrize("name", [*NAMES, "ansi-dark", "ansi-light"])
def test_in_16_colours_every_token_can_be_read_on_black_or_on_white(name: str, palette: str) -> None:
    theme, found = theme_of(name, Colours.SIXTEEN), shades(name, Colours.SIXTEEN)
    numbers = [Color.parse(f"#{each}") for each in palette.split()]
    background, plain = (numbers[0], numbers[7]) if theme.dark else (numbers[15], numbers[0])
    for token in (*TOKENS, "foreground", "footer-key-foreground"):
        number = Color.parse(found[token]).ansi
        assert number is not None, token
        assert contrast(plain if number < 0 else numbers[number], background) >= LEAST, token


def test_textuals_own_colours_stay_where_they_can_be_read() -> None:
    assert shades("rose-pine")["gain"] == Color.parse(BUILTIN_THEMES["rose-pine"].success or "").hex
    assert shades("solarized-dark")["loss"] != Color.parse(BUILTIN_THEMES["solarized-dark"].error or "").hex


def drawn(pilot: Pilot[Any]) -> Iterator[tuple[Segment, RichStyle]]:
    """Every piece of text on the screen that is more than blanks and lines."""
    for strip in pilot.app.screen._compositor.render_strips():
        for segment in strip:
            if segment.style is not None and any(each.isalnum() for each in segment.text):
                yield segment, segment.style


def colors_of(style: RichStyle) -> tuple[Color, Color]:
    assert style.color is not None
    assert style.bgcolor is not None
    text, background = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    return (background, text) if style.reverse else (text, background)


async def test_what_the_screens_draw_can_be_read() -> None:
    async with app_shown(book()) as pilot:
        for name in ("colour-blind-light", "solarized-light", "nord"):
            pilot.app.theme = name
            for key in ("1", "enter", "3", "enter", "4"):
                await pilot.press(key)
                await settled(pilot)
                hidden = [each.text for each, style in drawn(pilot) if contrast(*colors_of(style)) < LEAST]
                assert hidden == [], (name, key)


# Not by colour alone


@pytest.mark.parametrize(("name", "colours"), WITHOUT_HUE)
def test_without_hue_a_loss_and_a_warning_differ_by_weight(name: str, colours: Colours) -> None:
    weights = {
        (style.bold, style.underline) for style in (style_of(each, name, colours) for each in (GAIN, LOSS, WARN))
    }
    assert weights == {(None, None), (True, None), (None, True)}


async def test_without_colour_everything_is_grey_and_losses_are_bold_with_a_sign() -> None:
    app = make_app(options=ScreenOptions(is_watching=False, has_color=False, theme="east-asia"))
    async with app_shown(book(), app) as pilot:
        pieces = list(drawn(pilot))
        for _, style in pieces:
            assert all(color.r == color.g == color.b for color in colors_of(style))
            assert contrast(*colors_of(style)) >= LEAST
        assert any(segment.text.strip().startswith("-") and style.bold for segment, style in pieces)
        assert "● LIVE" in text_of(pilot)
        await pilot.press("3")
        await settled(pilot)
        assert any("partial" in segment.text and style.underline for segment, style in drawn(pilot))


async def test_in_16_colours_only_the_terminals_own_are_used() -> None:
    app = make_app()
    app.colours = Colours.SIXTEEN
    async with app_shown(book(), app) as pilot:
        styles = [style for _, style in drawn(pilot)]
        assert all(color is None or color.triplet is None for style in styles for color in (style.color, style.bgcolor))
        assert any(style.color is not None and style.color.number == 9 and style.bold for style in styles)


def test_in_east_asia_a_gain_is_red_and_what_does_well_is_green() -> None:
    western, eastern = shades("western"), shades("east-asia")
    assert (eastern["gain"], eastern["loss"]) == (western["loss"], western["gain"])
    assert eastern["text-success"] == western["text-success"]
    assert eastern["text-error"] == western["text-error"]


def test_mono_has_no_hue() -> None:
    for name in ("mono", "mono-light"):
        texts = [Color.parse(value) for token, value in shades(name).items() if token in (*TOKENS, *AREAS, *OVERLAYS)]
        assert all(color.r == color.g == color.b for color in texts)


PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
TRITANOPIA = ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900))
"""Linear RGB as seen with each deficiency: Machado, Oliveira, Fernandes 2009, severity 1, doi:10.1109/TVCG.2009.113."""


def seen(color: Color, eyes: tuple[tuple[float, float, float], ...]) -> Color:
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in color.rgb]
    mixed = [min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in eyes]
    red, green, blue = (255 * (12.92 * x if x <= 0.0031308 else 1.055 * float(x ** (1 / 2.4)) - 0.055) for x in mixed)
    return Color(round(red), round(green), round(blue))


def difference(one: Color, other: Color) -> float:
    """CIE 1976: 2.3 is just noticeable."""
    (l1, a1, b1), (l2, a2, b2) = ((lab.L, lab.a, lab.b) for lab in (rgb_to_lab(one), rgb_to_lab(other)))
    return float(((l1 - l2) ** 2 + (a1 - a2) ** 2 + (b1 - b2) ** 2) ** 0.5)


@pytest.mark.parametrize("eyes", [PROTANOPIA, DEUTERANOPIA, TRITANOPIA], ids=["protan", "deutan", "tritan"])
@pytest.mark.parametrize("name", ["colour-blind", "colour-blind-light"])
def test_the_tokens_of_colour_blind_are_told_apart_by_every_eye(
    name: str, eyes: tuple[tuple[float, float, float], ...]
) -> None:
    colors = [seen(Color.parse(shades(name)[token]), eyes) for token in ("gain", "loss", "warn")]
    assert min(difference(one, other) for one, other in combinations(colors, 2)) > 20


# The names


async def test_the_default_is_western_and_its_old_name_goes_on() -> None:
    for name in (None, "cotrader"):
        async with app_shown(None, make_app(options=ScreenOptions(is_watching=False, theme=name))) as pilot:
            assert pilot.app.theme == DEFAULT_THEME == "western"
            assert "There is no theme" not in text_of(pilot)


@pytest.mark.parametrize("wanted", [*OURS, *BUILTIN_THEMES, *ALIASES])
def test_every_name_is_a_theme_in_every_kind_of_terminal(wanted: str) -> None:
    assert all(shown(named(wanted), colours) is not None for colours in Colours)


def test_each_of_ours_has_its_16_colours() -> None:
    assert IN_SIXTEEN.keys() == OURS.keys()


def test_what_rich_calls_a_terminal_is_known() -> None:
    assert set(COLOURS_OF) == {"truecolor", "256", "standard"}


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    said = unknown_theme("colour-blin", [*OURS, *BUILTIN_THEMES])
    assert said.startswith("There is no theme 'colour-blin'. Did you mean colour-blind? There are western, ")
    assert all(name in said for name in [*OURS, *BUILTIN_THEMES])


async def test_a_theme_chosen_while_it_runs_is_adjusted_too() -> None:
    async with app_shown(book()) as pilot:
        pilot.app.theme = "solarized-dark"
        await tell(pilot, book())
        assert pilot.app.theme_variables["loss"] == shades("solarized-dark")["loss"]


async def test_textuals_own_default_is_adjusted_to_the_terminal_too() -> None:
    app = make_app(options=ScreenOptions(is_watching=False, theme="textual-dark"))
    app.colours = Colours.SIXTEEN
    async with app_shown(book(), app) as pilot:
        assert pilot.app.theme_variables["loss"] == "ansi_bright_red"
        assert all(style.color is None or style.color.triplet is None for _, style in drawn(pilot))
