"""Whether a text can be read on what lies behind it, and the nearest colour that can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from rich.color import ColorSystem
from textual.color import BLACK, WHITE, Color

LEAST = 4.5
"""The contrast text must have: WCAG 2.1, success criterion 1.4.3 (AA)."""
_STEPS = 100


@lru_cache(maxsize=4096)
def relative_luminance(color: Color) -> float:
    """0 for black to 1 for white: WCAG 2.1, https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    red, green, blue = (_linear(part / 255) for part in color.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4)


def contrast(one: Color, other: Color) -> float:
    """1 for the same colour to 21 for black on white: WCAG 2.1, https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio.

    Both are opaque.
    """
    lighter, darker = sorted((relative_luminance(one), relative_luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def as_it_is(color: Color) -> Color:
    """What a terminal of all colours shows for it."""
    return color


@lru_cache(maxsize=4096)
def in_256(color: Color) -> Color:
    """What a terminal of 256 colours shows for it."""
    return Color(*color.rich_color.downgrade(ColorSystem.EIGHT_BIT).get_truecolor())


Eyes = Sequence[Callable[[Color], Color]]
"""The terminals to look through."""


def least_contrast(text: Color, backgrounds: Sequence[Color], eyes: Eyes = (as_it_is,)) -> float:
    """The lowest contrast `text` has on any of `backgrounds` in any of those terminals."""
    return min(contrast(see(text), see(background)) for see in eyes for background in backgrounds)


def readable(text: Color, backgrounds: Sequence[Color], eyes: Eyes = (as_it_is,)) -> Color:
    """`text`, lighter or darker by as little as it takes to be read on all of `backgrounds`.

    Where no colour can, the one that comes nearest.
    """
    steps = (text.blend(end, step / _STEPS, alpha=1).clamped for step in range(_STEPS + 1) for end in (WHITE, BLACK))
    best, most = text, 0.0
    for color in steps:
        least = least_contrast(color, backgrounds, eyes)
        if least > most:
            best, most = color, least
        if most >= LEAST:
            break
    return best
