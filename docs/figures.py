"""Writes docs/figures.md from the table of formulas. Run it with `python docs/figures.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cotrader_tui.analytics.formula import Formula
from cotrader_tui.analytics.position_formulas import LEG_FORMULAS
from cotrader_tui.analytics.total_formulas import ACCOUNT_FORMULAS, UNDERLYING_FORMULAS

PAGE = Path(__file__).with_name("figures.md")
_HEAD = """\
# The formulas of all figures

`python docs/figures.py` writes this page from the table that the screen shows on `E` and that the tests work out anew.

A figure is unknown (`–`, in JSON `null`) as soon as one of its inputs is; it is never 0 instead. `|…|` is the amount
without its sign. The names in `code` are those of the JSON where the figure is there.
"""


def page() -> str:
    """The whole page."""
    parts = [
        _HEAD,
        *_section("Of a position", LEG_FORMULAS.values()),
        *_section("Of an underlying", UNDERLYING_FORMULAS.values()),
        *_section("Of an account", ACCOUNT_FORMULAS.values()),
    ]
    return "\n".join(parts)


def _section(title: str, formulas: Iterable[Formula[Any]]) -> Iterator[str]:
    yield f"## {title}\n"
    for each in formulas:
        formula = "as it is told" if each.is_told else each.text
        yield f"- **{each.name}** `{each.id}`: {formula}"
        told = [f"In {each.unit}" + (f" ({each.sign})" if each.sign else "")]
        if not each.is_told:
            told.append(f"Source: {each.source}" if each.source != "by definition" else "By definition")
        yield f"  <br>{'. '.join(told)}.{f' {each.note}' if each.note else ''}"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
