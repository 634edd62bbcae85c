"""The positions as plain lines, for the moment before the screen is there: the same figures in the same cells."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from cotrader_tui.errors import CotraderError
from cotrader_tui.tui.arrange.arrangement import Arrangement
from cotrader_tui.tui.arrange.grammar import Filter
from cotrader_tui.tui.arrange.plan import Plan
from cotrader_tui.tui.arrange.positions import arranged_positions
from cotrader_tui.tui.arrange.views import Views
from cotrader_tui.tui.keymap import Keymap, keymap
from cotrader_tui.tui.portfolio_choice import PortfolioChoice
from cotrader_tui.tui.ports import ScreenOptions, ViewStore
from cotrader_tui.tui.present import positions
from cotrader_tui.tui.present.book import Book
from cotrader_tui.tui.present.figures import Figures
from cotrader_tui.tui.present.header import WIDE, HeaderFacts, header_lines
from cotrader_tui.tui.present.position_columns import EXTRA_COLUMNS
from cotrader_tui.tui.present.states import Situation, book_state, notice
from cotrader_tui.tui.present.tables import CORNERS, HeaderMarks, header_cells, titles, totals_line
from cotrader_tui.tui.present.text import GAP, Column, Line, Piece, cell_width, clipped, fitting, padded

_NOTICE = 3
"""So many lines a notice takes at most."""
_SCROLLBAR = 1
_OPENING = " opening…"


def first_look(options: ScreenOptions, now: datetime, size: tuple[int, int]) -> tuple[str, ...] | None:
    """A text for each line of a terminal of `size`, columns and lines; `None` where there are no positions to show.

    None is wider than the terminal. The last one says that keys are not taken yet.
    """
    if options.first is None:
        return None
    shown = PortfolioChoice(options.portfolios, options.account, options.portfolio).take(options.first)
    situation = Situation(shown, None, None, options.unconfigured, now)
    if not shown.legs or book_state(situation, now) is not None:
        return None
    width, height = size
    is_wide = width >= WIDE
    book = Book.of(shown, now)
    head = _head(book, options, notice(situation), now, width)
    room = (width - 3 if is_wide else width, height - len(head) - (3 if is_wide else 2))
    table = _table(book, _arrangement(options.views), now, Figures(options.is_private), room)
    return (*head, *_framed(table, keymap(options.keys), width, is_wide=is_wide), _OPENING)[-height:]


def _head(book: Book, options: ScreenOptions, words: str, now: datetime, width: int) -> list[str]:
    facts = HeaderFacts(book=book, is_private=options.is_private, is_demo=options.is_demo)
    lines = [_text(line) for line in header_lines(facts, now, width)]
    return lines + [f" {line}" for line in textwrap.wrap(words, width - 2)[:_NOTICE]]


def _arrangement(store: ViewStore | None) -> Arrangement:
    views = Views(store)
    with suppress(CotraderError):  # the screen says what is wrong with it
        views.load()
    return views.of_screen("positions")


def _framed(table: Iterable[str], keys: Keymap, width: int, *, is_wide: bool) -> Iterator[str]:
    tabs = "─".join(f" {title} " for title in titles(keys, width - CORNERS).values())
    if not is_wide:
        yield _rule(f"─{tabs}", width)
        yield from table
        return
    yield _rule(f"╭─ {tabs} ", width - 1) + "╮"
    yield from (f"│ {line}│" for line in table)
    yield _rule("╰", width - 1) + "╯"


def _rule(text: str, width: int) -> str:
    text = clipped(text, width)
    return text + "─" * (width - cell_width(text))


def _table(
    book: Book, arrangement: Arrangement, now: datetime, figures: Figures, size: tuple[int, int]
) -> Iterator[str]:
    """Header, rows and totals, each `size` wide and together as high."""
    width, height = size
    own = positions.columns_for(book.snapshot, now)
    columns = arrangement.chosen(own, (*own, *EXTRA_COLUMNS))
    shown = fitting(columns, width - _SCROLLBAR)
    found = arranged_positions(book.snapshot, now, figures, Plan(arrangement, Filter(), columns))
    lines = [_line(shown, header_cells(shown, HeaderMarks(arrangement.sort, arrangement.is_reversed)))]
    lines += [_line(shown, found.rows.cells(key)) for key in found.rows.keys[: max(0, height - 2)]]
    lines += [""] * (height - 1 - len(lines))
    lines.append(_text(totals_line(shown, positions.totals(book.totals, figures))))
    return (padded(line, width, is_text=True) for line in lines)


def _line(columns: Sequence[Column], cells: Mapping[str, Piece]) -> str:
    texts = (cells[column.key].text if column.key in cells else "" for column in columns)
    padded_ones = (padded(text, each.width, is_text=each.is_text) for text, each in zip(texts, columns, strict=True))
    return (" " * GAP).join(padded_ones)


def _text(line: Line) -> str:
    return "".join(piece.text for piece in line)
