"""From a theme to the one that is shown: every text readable, with colours the terminal has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from cotrader_tui.tui.contrast import Eyes, as_it_is, in_256, readable
from cotrader_tui.tui.themes import DEFAULT_THEME, IN_SIXTEEN, LIGHT, MONO, OURS, Colours

_AREAS = ("background", "surface")
"""What our texts lie on: tables with their header row; header, totals, notices, footer and dialogs."""
_LISTS = (*_AREAS, "panel-darken-1")
"""What cursor bars lie on: the palette besides."""
_CHROME = (*_LISTS, "panel", "panel-lighten-1")
"""What plain text lies on: messages besides."""
_CURSORS = ("block-cursor", "block-cursor-blurred")
_QUIET = 0.6
"""How far quiet text is from the background to plain text."""
EYES: dict[Colours, Eyes] = {Colours.ALL: (as_it_is,), Colours.MANY: (in_256,), Colours.NONE: (as_it_is, in_256)}
"""Where a theme must be readable: greys are meant for any terminal."""
_LOSS_WEIGHT, _WARN_WEIGHT = "bold ", "underline "
"""How they differ where there is no hue, or where nobody knows what the terminal's own colours look like."""


@cache
def shown(name: str, colours: Colours) -> Theme | None:
    """The theme of a name as it is shown; `None` where there is none of that name.

    It has, besides Textual's variables, the tokens `gain`, `loss`, `warn` and `stale` as colours, and as styles for
    text `gain-style`, `loss-style` and `warn-style`.
    """
    theme = OURS.get(name) or BUILTIN_THEMES.get(name)
    if theme is None:
        return None
    if colours is Colours.NONE:
        return _adjusted(OURS[MONO if theme.dark else MONO + LIGHT], colours)
    if theme.ansi or colours is Colours.SIXTEEN:
        return _in_sixteen(theme)
    return _adjusted(theme, colours)


def _adjusted(theme: Theme, colours: Colours) -> Theme:
    """`theme` with each text lighter or darker by as little as it takes to be read."""
    shades = {**theme.to_color_system().generate(), **theme.variables}
    areas, lists, chrome = ([Color.parse(shades[name]) for name in names] for names in (_AREAS, _LISTS, _CHROME))
    made = partial(readable, eyes=EYES[colours])

    def token(name: str) -> str:
        return made(Color.parse(shades[name]), areas).hex

    plain = made(Color.parse(shades["foreground"]), chrome)
    faint = areas[0].blend(plain, _QUIET, alpha=1)
    quiet, hint = made(faint, areas).hex, made(faint, chrome).hex
    well, failed, warn = token("success"), token("error"), token("warning")
    gain = token("gain") if "gain" in shades else well
    loss = token("loss") if "loss" in shades else failed
    tokens = {"gain": gain, "loss": loss, "warn": warn, "stale": quiet, "accent": token("accent")}
    texts = {"foreground": plain.hex, "text-success": well, "text-error": failed, "text-warning": warn}
    hints = {"text-muted": hint, "text-disabled": hint}
    footer = {"footer-background": shades["surface"], "footer-foreground": plain.hex}
    keys = {name: token(name) for name in ("footer-key-foreground", "footer-description-foreground")}
    cursors: dict[str, str] = {}
    for cursor in _CURSORS:
        bars = [below + Color.parse(shades[f"{cursor}-background"]) for below in lists]
        cursors[f"{cursor}-foreground"] = made(_on_cursor(shades[f"{cursor}-foreground"], bars[0]), bars).hex
    has_hue = theme.name not in (MONO, MONO + LIGHT)
    own = {**texts, **hints, **footer, **keys, **cursors, **tokens, **_styles(tokens, has_hue=has_hue)}
    return replace(theme, variables={**theme.variables, **own})


def _on_cursor(wanted: str, bar: Color) -> Color:
    return bar.get_contrast_text(1) if wanted.startswith("auto") else Color.parse(wanted)


def _styles(tokens: Mapping[str, str], *, has_hue: bool) -> dict[str, str]:
    """The tokens that are no mere colour: without hue weight stands in for it."""
    return {
        "gain-style": tokens["gain"],
        "loss-style": tokens["loss"] if has_hue else _LOSS_WEIGHT + tokens["loss"],
        "warn-style": tokens["warn"] if has_hue else _WARN_WEIGHT + tokens["warn"],
    }


def _in_sixteen(theme: Theme) -> Theme:
    """`theme` by the terminal's own colours; a theme of Textual's with the meanings of our default."""
    hues = IN_SIXTEEN[theme.name if theme.name in OURS else DEFAULT_THEME + ("" if theme.dark else LIGHT)]
    base = BUILTIN_THEMES["ansi-dark" if theme.dark else "ansi-light"]
    tokens = {name: f"ansi_{getattr(hues, name)}" for name in ("gain", "loss", "warn", "accent")}
    own = {
        **dict.fromkeys(("foreground", "stale", "text-muted", "text-disabled"), "ansi_default"),
        "text-success": f"ansi_{hues.well}",
        "text-error": f"ansi_{hues.failed}",
        "text-warning": tokens["warn"],
        **dict.fromkeys(("border", "footer-key-foreground"), tokens["accent"]),
        **dict.fromkeys(("scrollbar", "scrollbar-hover", "scrollbar-active"), "ansi_bright_black"),
    }
    variables = {**base.variables, **own, **tokens, **_styles(tokens, has_hue=False)}
    return replace(base, name=theme.name, variables=variables)
