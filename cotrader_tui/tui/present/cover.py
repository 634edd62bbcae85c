"""Whether short options are covered, in a word: `covered`, `naked 2C 1P`, `naked at 5WT00001`."""

from __future__ import annotations

from cotrader_tui.analytics.coverage import Coverage, Naked
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.text import MASK, UNKNOWN, visible
from cotrader_tui.tui.present.figures import STALE, WARN, Figures
from cotrader_tui.tui.present.text import Piece

COVER_WIDTH = 17
_AT = "naked at "


def overall_cell(coverage: Coverage, figures: Figures) -> Piece:
    """All accounts together. What only another account covers is `naked at` its account, or in brackets: `2C (1P)`."""
    hidden, overall = coverage.hidden, coverage.overall
    if overall.is_covered and hidden:
        where = account_name(hidden[0], COVER_WIDTH - len(_AT)) if len(hidden) == 1 else f"{len(hidden)} accts"
        return Piece(_AT + where, WARN)
    apart = coverage.by_account.values()
    calls = sum(each.calls or 0 for each in apart) if overall.calls == 0 else 0
    puts = sum(each.puts or 0 for each in apart) if overall.puts == 0 else 0
    return _cell(overall, figures, [f"({count}{letter})" for count, letter in ((calls, "C"), (puts, "P")) if count])


def account_cell(naked: Naked | None, figures: Figures) -> Piece:
    """One account by itself; empty without short options, `naked –C` where the number is not known."""
    return Piece("") if naked is None else _cell(naked, figures, [])


def _cell(naked: Naked, figures: Figures, apart: list[str]) -> Piece:
    if not naked.has_shorts:
        return Piece("")
    counts = [(naked.calls, "C"), (naked.puts, "P")]
    parts = [f"{UNKNOWN if count is None else count}{letter}" for count, letter in counts if count != 0]
    if not parts:
        return Piece("covered", STALE)
    return Piece(f"naked {MASK if figures.is_private else ' '.join((*parts, *apart))}", WARN)


def account_name(account: AccountId, width: int, indent: str = "") -> str:
    """An account's number in at most `width` cells: its end is what tells it from others."""
    number, room = visible(account.number), width - len(indent)
    return indent + (number if len(number) <= room else f"…{number[len(number) - room + 1 :]}")
