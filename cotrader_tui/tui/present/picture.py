"""A screen as an SVG that needs nothing but itself: no fonts, scripts or hosts."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.segment import Segment, Segments

_TITLE = "cotrader"
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, "Fira Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
        font-variant-east-asian: full-width;
    }}
    .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""
"""Rich's own without the fonts that it fetches from a host."""


def svg(lines: Sequence[Iterable[Segment]], width: int) -> str:
    """`lines` of `width` cells as they look on a terminal."""
    console = Console(
        width=width,
        height=len(lines),
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
        markup=False,
        highlight=False,
        _environ={},
    )
    segments = (segment for line in lines for segment in (*line, Segment.line()) if not segment.control)
    console.print(Segments(segments))
    return console.export_svg(title=_TITLE, code_format=_FORMAT, unique_id=_TITLE)
