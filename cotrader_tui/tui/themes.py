"""Our themes: what a gain, a loss and a warning look like, on dark and on light."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from textual.theme import Theme

from cotrader_tui.domain.spelling import meant

DEFAULT_THEME = "western"
ALIASES = {
    "cotrader": DEFAULT_THEME,
    "color-blind": "colour-blind",
    "color-blind-light": "colour-blind-light",
}
"""Other names that may be given."""
MONO = "mono"
LIGHT = "-light"
"""What the names of our light themes end with."""


class Colours(Enum):
    """What the terminal can show, or is to show."""

    ALL = auto()
    MANY = auto()
    """256: over SSH there are often no more."""
    SIXTEEN = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Hues:
    """The colours that mean something. Each only repeats what a sign, a word or a glyph says."""

    gain: str
    loss: str
    warn: str
    accent: str
    well: str
    """Of a connection or a sync that does well."""
    failed: str


_DARK = {
    "foreground": "#d4d8de",
    "background": "#12161c",
    "surface": "#171c23",
    "panel": "#1f262f",
    "border": "#3a4654",
    "quiet": "#2b3440",
    "primary": "#5b9bd5",
    "secondary": "#3d6a94",
    "cursor": "#2c4a68",
    "on_cursor": "#f2f5f8",
}
_LIGHT = {
    "foreground": "#1d242c",
    "background": "#fafbfc",
    "surface": "#f0f2f5",
    "panel": "#e4e8ed",
    "border": "#a9b4c0",
    "quiet": "#ccd4dc",
    "primary": "#2f6ea8",
    "secondary": "#6f9cc4",
    "cursor": "#cfe1f4",
    "on_cursor": "#10161d",
}
_MONO_DARK = {
    "foreground": "#d4d4d4",
    "background": "#121212",
    "surface": "#1a1a1a",
    "panel": "#242424",
    "border": "#4a4a4a",
    "quiet": "#333333",
    "primary": "#9a9a9a",
    "secondary": "#6a6a6a",
    "cursor": "#444444",
    "on_cursor": "#f6f6f6",
}
_MONO_LIGHT = {
    "foreground": "#222222",
    "background": "#fbfbfb",
    "surface": "#f1f1f1",
    "panel": "#e6e6e6",
    "border": "#aaaaaa",
    "quiet": "#cccccc",
    "primary": "#6a6a6a",
    "secondary": "#9a9a9a",
    "cursor": "#d0d0d0",
    "on_cursor": "#111111",
}
_GREEN, _RED, _AMBER, _SKY = "#6cc58f", "#e8707a", "#e0b050", "#7fb4e6"
_DEEP_GREEN, _DEEP_RED, _DEEP_AMBER, _DEEP_SKY = "#17753f", "#b3202f", "#855600", "#1c5c9c"
# Blue and orange after Okabe and Ito, https://jfly.uni-koeln.de/color/
_BLUE, _ORANGE, _YELLOW, _PALE = "#56b4e9", "#e8853a", "#f0e442", "#c3cad3"
_DEEP_BLUE, _DEEP_ORANGE, _DEEP_PURPLE, _DEEP_GREY = "#0060a8", "#b34700", "#7d2f6b", "#3d4a58"


def _ours(name: str, base: dict[str, str], hues: Hues, *, is_dark: bool) -> Theme:
    return Theme(
        name=name,
        primary=base["primary"],
        secondary=base["secondary"],
        accent=hues.accent,
        foreground=base["foreground"],
        background=base["background"],
        surface=base["surface"],
        panel=base["panel"],
        success=hues.well,
        warning=hues.warn,
        error=hues.failed,
        dark=is_dark,
        variables={
            "gain": hues.gain,
            "loss": hues.loss,
            "border": base["border"],
            "scrollbar": base["quiet"],
            "scrollbar-hover": base["border"],
            "scrollbar-active": base["border"],
            "scrollbar-background": base["background"],
            "scrollbar-background-hover": base["background"],
            "scrollbar-background-active": base["background"],
            "border-blurred": base["quiet"],
            "footer-background": base["surface"],
            "footer-key-foreground": hues.accent,
            "block-cursor-background": base["cursor"],
            "block-cursor-foreground": base["on_cursor"],
            "block-cursor-text-style": "none",
        },
    )


def _grey(base: dict[str, str]) -> Hues:
    return Hues(*[base["foreground"]] * 6)


OURS = {
    theme.name: theme
    for theme in (
        _ours("western", _DARK, Hues(_GREEN, _RED, _AMBER, _SKY, _GREEN, _RED), is_dark=True),
        _ours(
            "western-light",
            _LIGHT,
            Hues(_DEEP_GREEN, _DEEP_RED, _DEEP_AMBER, _DEEP_SKY, _DEEP_GREEN, _DEEP_RED),
            is_dark=False,
        ),
        _ours("east-asia", _DARK, Hues(_RED, _GREEN, _AMBER, _SKY, _GREEN, _RED), is_dark=True),
        _ours(
            "east-asia-light",
            _LIGHT,
            Hues(_DEEP_RED, _DEEP_GREEN, _DEEP_AMBER, _DEEP_SKY, _DEEP_GREEN, _DEEP_RED),
            is_dark=False,
        ),
        _ours("colour-blind", _DARK, Hues(_BLUE, _ORANGE, _YELLOW, _PALE, _BLUE, _ORANGE), is_dark=True),
        _ours(
            "colour-blind-light",
            _LIGHT,
            Hues(_DEEP_BLUE, _DEEP_ORANGE, _DEEP_PURPLE, _DEEP_GREY, _DEEP_BLUE, _DEEP_ORANGE),
            is_dark=False,
        ),
        _ours("mono", _MONO_DARK, _grey(_MONO_DARK), is_dark=True),
        _ours("mono-light", _MONO_LIGHT, _grey(_MONO_LIGHT), is_dark=False),
    )
}

IN_SIXTEEN = {
    "western": Hues("bright_green", "bright_red", "bright_yellow", "bright_cyan", "bright_green", "bright_red"),
    "western-light": Hues("blue", "red", "magenta", "blue", "blue", "red"),
    "east-asia": Hues("bright_red", "bright_green", "bright_yellow", "bright_cyan", "bright_green", "bright_red"),
    "east-asia-light": Hues("red", "blue", "magenta", "blue", "blue", "red"),
    "colour-blind": Hues(
        "bright_cyan", "bright_yellow", "bright_magenta", "bright_white", "bright_cyan", "bright_yellow"
    ),
    "colour-blind-light": Hues("blue", "red", "magenta", "black", "blue", "red"),
    "mono": Hues(*["default"] * 6),
    "mono-light": Hues(*["default"] * 6),
}
"""The same by the terminal's own 16 colours, of those that can be read on black or on white: there no green can."""


COLOURS_OF: dict[str | None, Colours] = {"truecolor": Colours.ALL, "256": Colours.MANY, "standard": Colours.SIXTEEN}
"""By Rich's name of what a terminal can show."""


def named(wanted: str | None) -> str:
    """The name a theme goes by."""
    return DEFAULT_THEME if wanted is None else ALIASES.get(wanted, wanted)


def unknown_theme(wanted: str, known: Iterable[str]) -> str:
    """What is said where there is no such theme: those there are, ours first."""
    others = ", ".join(sorted(set(known) - OURS.keys()))
    return f"There is no theme {wanted!r}. {meant(wanted, known)}There are {', '.join(OURS)}; and {others}."
