"""The colours that mean something, in every theme."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

DEFAULT_THEME = "cotrader"

COTRADER = Theme(
    name=DEFAULT_THEME,
    primary="#5b9bd5",
    secondary="#3d6a94",
    accent="#7fb4e6",
    foreground="#d4d8de",
    background="#12161c",
    surface="#171c23",
    panel="#1f262f",
    success="#6cc58f",
    warning="#e0b050",
    error="#e8707a",
    variables={
        "border": "#3a4654",
        "scrollbar": "#2b3440",
        "scrollbar-hover": "#3a4654",
        "scrollbar-active": "#3a4654",
        "scrollbar-background": "#12161c",
        "scrollbar-background-hover": "#12161c",
        "scrollbar-background-active": "#12161c",
        "border-blurred": "#2b3440",
        "footer-background": "#171c23",
        "footer-key-foreground": "#7fb4e6",
        "block-cursor-background": "#2c4a68",
        "block-cursor-foreground": "#f2f5f8",
        "block-cursor-text-style": "none",
    },
)


def meaning_of(theme: Theme) -> dict[str, str]:
    """Our tokens for a theme that does not set them itself; in 16-colour themes the terminal's own colours."""
    if theme.ansi:
        return {"gain": "ansi_green", "loss": "ansi_red", "warn": "ansi_yellow", "stale": "ansi_bright_black"}
    shades = theme.to_color_system().generate()
    foreground = Color.parse(shades["foreground"])

    def readable(name: str) -> str:
        """The theme's colour, darker on a light background, where it is meant for areas and not for text."""
        return shades[name] if theme.dark else Color.parse(shades[name]).blend(foreground, 0.35).hex

    return {
        "gain": readable("success"),
        "loss": readable("error"),
        "warn": readable("warning"),
        "stale": Color.parse(shades["background"]).blend(foreground, 0.6).hex,
    }
