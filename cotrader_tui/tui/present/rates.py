"""What totals must say of the exchange rates they rest on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cotrader_tui.analytics.currency import NO_CONVERSIONS, Conversions
from cotrader_tui.analytics.totals import account_pnls, book_totals
from cotrader_tui.domain.portfolio import PortfolioSnapshot
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present import accounts
from cotrader_tui.tui.present.figures import STALE, Figures
from cotrader_tui.tui.present.text import Line, Piece

_FEW = 2
_WIDTHS = {column.key: column.width for column in accounts.COLUMNS}


def conversion_words(conversions: Conversions, currency: str | None, *, is_short: bool) -> Iterator[str]:
    """What is missing from totals in `currency` for want of a rate, and the date of the ECB's rates that were used."""
    yield from missing_words(conversions, currency)
    for day, currencies in conversions.by_ecb:
        yield f"ECB {day}" if is_short else f"{_named(currencies)} at ECB {day}"


def missing_words(conversions: Conversions, currency: str | None) -> Iterator[str]:
    """What is missing from totals in `currency`; without one there are none, as the accounts' own do not convert."""
    if conversions.missing:
        yield f"{'no rate between' if currency is None else 'without'} {_named(conversions.missing)}"


def _named(currencies: tuple[str, ...]) -> str:
    return visible(", ".join(currencies)) if len(currencies) <= _FEW else f"{len(currencies)} currencies"


def account_totals(snapshot: PortfolioSnapshot, now: datetime, figures: Figures) -> dict[str, Piece] | None:
    """The line below several accounts, or below money that was converted."""
    book = book_totals(snapshot, now)
    if sum(each.is_included for each in snapshot.accounts) <= 1 and _conversions(snapshot, now) == NO_CONVERSIONS:
        return None
    label = "Totals" if book.currency is None else f"Totals in {book.currency}"
    return {
        "account": Piece(", ".join([label, *missing_words(book.conversions, book.currency)])),
        "net_liq": figures.starred(book.net_liquidating_value, _WIDTHS["net_liq"], is_gain=False),
        "buying_power": figures.starred(book.buying_power, _WIDTHS["buying_power"], is_gain=False),
        "open": figures.starred(book.pnl.open_pnl, _WIDTHS["open"]),
        "day": figures.starred(book.pnl.day_pnl, _WIDTHS["day"]),
    }


def rate_lines(snapshot: PortfolioSnapshot, now: datetime) -> tuple[Line, ...]:
    """Every rate behind the totals and the accounts' own figures, with where it is from."""
    return tuple((Piece(visible(f"{rate.words}."), STALE),) for rate in _conversions(snapshot, now).rates)


def _conversions(snapshot: PortfolioSnapshot, now: datetime) -> Conversions:
    pnls = account_pnls(snapshot, now)
    of_accounts = (pnls[book.account.id].conversions for book in snapshot.accounts if book.is_included)
    return sum(of_accounts, book_totals(snapshot, now).conversions)
