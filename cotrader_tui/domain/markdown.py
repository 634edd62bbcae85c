"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\|`*_<>[]"})


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], is_right: Sequence[bool]) -> Iterator[str]:
    """The lines of a table; `is_right` says which columns are aligned right. Texts are shown, never interpreted."""
    yield _line(header)
    yield f"| {' | '.join('---:' if right else '---' for right in is_right)} |"
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.translate(_SPECIAL) for cell in cells)} |"
