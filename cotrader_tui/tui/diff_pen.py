"""Pens: the colours and attributes a terminal writes with, as the SGR sequences that set them."""

from __future__ import annotations

from dataclasses import dataclass, replace

_OFF = {1: 22, 2: 22, 3: 23, 4: 24, 21: 24, 5: 25, 6: 25, 7: 27, 8: 28, 9: 29, 51: 54, 52: 54, 53: 55}
"""Attribute → the code that switches it off (and, with it, its siblings of the same code)."""
_COLOR_LENGTH = {"5": 3, "2": 5}
"""The mode behind 38 or 48 → how many parameters the colour has in all."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Colours as SGR parameters ("31", "38;2;1;2;3"; "" for the terminal's own) and attributes as SGR codes."""

    foreground: str = ""
    background: str = ""
    attributes: frozenset[int] = frozenset()


PLAIN = Pen()


def applied(pen: Pen, parameters: str) -> Pen | None:
    """`pen` after `ESC [ parameters m`, or `None` where that is not understood."""
    codes = parameters.split(";")
    while codes:
        code = int(codes[0] or 0)
        length = 1
        if code in (38, 48):
            length = _COLOR_LENGTH.get(codes[1] if len(codes) > 1 else "", 0)
            if not length or len(codes) < length:
                return None
        changed = _with(pen, code, ";".join(codes[:length]))
        if changed is None:
            return None
        pen, codes = changed, codes[length:]
    return pen


def _with(pen: Pen, code: int, parameters: str) -> Pen | None:
    if code == 0:
        return PLAIN
    if code in _OFF:
        return replace(pen, attributes=pen.attributes | {code})
    if code in _OFF.values():
        return replace(pen, attributes=frozenset(each for each in pen.attributes if _OFF[each] != code))
    if 30 <= code <= 39 or 90 <= code <= 97:
        return replace(pen, foreground="" if code == 39 else parameters)
    if 40 <= code <= 49 or 100 <= code <= 107:
        return replace(pen, background="" if code == 49 else parameters)
    return None


def switch(old: Pen | None, new: Pen) -> str:
    """The shortest sequence that turns `old` (`None`: not known) into `new`."""
    if old == new:
        return ""
    whole = [str(code) for code in sorted(new.attributes)] + [each for each in (new.foreground, new.background) if each]
    anew = f"\x1b[{';'.join(['0', *whole])}m" if whole else "\x1b[m"
    return anew if old is None else min(anew, _difference(old, new), key=len)


def _difference(old: Pen, new: Pen) -> str:
    off = sorted({_OFF[each] for each in old.attributes - new.attributes})
    on = sorted(each for each in new.attributes if each not in old.attributes or _OFF[each] in off)
    steps = [str(code) for code in (*off, *on)]
    if old.foreground != new.foreground:
        steps.append(new.foreground or "39")
    if old.background != new.background:
        steps.append(new.background or "49")
    return f"\x1b[{';'.join(steps)}m"
