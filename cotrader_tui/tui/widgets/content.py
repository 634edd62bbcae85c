"""From pieces to Textual's content: literal text, styles that follow the theme, never markup."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from cotrader_tui.tui.present.text import Line, Piece


def content_of(piece: Piece) -> Content:
    return Content.styled(piece.text, piece.style) if piece.style else Content(piece.text)


def line_content(line: Line) -> Content:
    return Content("").join([content_of(piece) for piece in line])


def lines_content(lines: Iterable[Line]) -> Content:
    return Content("\n").join([line_content(line) for line in lines])
