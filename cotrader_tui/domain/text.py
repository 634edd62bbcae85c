"""Text that came from elsewhere, made safe to show; ages; and the mask that stands for an amount."""

from __future__ import annotations

from datetime import timedelta
from unicodedata import category

UNKNOWN = "–"
"""What stands for a figure that is not known."""

MASK = "•••••"
"""What stands for an amount while privacy is on: always as wide, so that it tells nothing."""

_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that move the cursor, reorder or vanish: controls, formats (bidi, zero width), separators."""


def visible(text: str) -> str:
    """`text` with every control and escape character as a mark one can see: ESC as ␛, others as \\x9b or \\u202e."""
    return text if text.isprintable() else "".join(map(_mark, text))


def age(span: timedelta | None) -> str:
    """An age in one unit, rounded down: 2s, 3m, 4h, 2d."""
    if span is None:
        return UNKNOWN
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _mark(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if category(character) not in _INVISIBLE:
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
