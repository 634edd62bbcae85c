"""Our figures of an account against its broker's, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from cotrader_tui.domain.checks import AccountChecks, Check, Figure
from cotrader_tui.domain.clock import exchange_date
from cotrader_tui.domain.identifiers import AccountId
from cotrader_tui.domain.portfolio import AccountBook, PortfolioSnapshot
from cotrader_tui.domain.text import visible
from cotrader_tui.tui.present.figures import STALE, WARN, Figures
from cotrader_tui.tui.present.names import name
from cotrader_tui.tui.present.text import Line, Piece
from cotrader_tui.tui.present.times import age, calm_age, moment, since

_LABELS = {
    Figure.NET_LIQUIDATING_VALUE: "Net liq",
    Figure.OPEN_PNL: "Open P&L",
    Figure.DAY_PNL: "Day P&L",
    Figure.POSITIONS: "Positions",
}
_STATES = {
    True: Piece("≡ agrees   "),
    False: Piece("≠ differs  ", WARN),
    None: Piece("– unknown  ", STALE),
}
_OLD = 30
"""Seconds from which the age of the broker's balances is worth a word."""


def reconciliation_lines(
    book: AccountBook, snapshot: PortfolioSnapshot, now: datetime, figures: Figures
) -> tuple[Line, ...]:
    """The last reconciliation of an account: when it was, then a line for each figure."""
    checks = book.checks
    if checks is None:
        return ((Piece(f"{_account(book)} has not been compared with its broker yet.", STALE),),)
    return (
        (Piece(_heading(book, checks, now), STALE),),
        *(_line(check, book.account.id, snapshot, now, figures) for check in checks.checks),
    )


def others_that_differ(book: AccountBook, snapshot: PortfolioSnapshot) -> tuple[Line, ...]:
    """A line that names the other accounts whose figures are not their brokers'; none if there is no such."""
    others = [
        _account(each)
        for each in snapshot.accounts
        if each.account.id != book.account.id and each.checks is not None and each.checks.agrees is False
    ]
    return ((Piece(f"≠ differs too: {', '.join(others)}.", WARN),),) if others else ()


def _account(book: AccountBook) -> str:
    return visible(f"{book.connection} {book.account.id.number}")


def _heading(book: AccountBook, checks: AccountChecks, now: datetime) -> str:
    balances = book.balances
    currency = "" if balances is None else f" in {visible(balances.currency)}"
    words = f"{_account(book)} against its broker{currency}, {calm_age(since(checks.at, now))} ago"
    words += f" at {moment(checks.at, now)} New York"
    lag = None if balances is None else checks.at - balances.received_at
    if lag is not None and lag.total_seconds() > _OLD:
        words += f"; the broker's balances were {age(lag)} old"
    return f"{words}."


def _line(check: Check, account: AccountId, snapshot: PortfolioSnapshot, now: datetime, figures: Figures) -> Line:
    label = Piece(f"  {_LABELS[check.figure]:<10} ", STALE)
    words = "".join(_words(check, account, snapshot, now, figures))
    return (label, _STATES[check.agrees], Piece(words))


def _words(
    check: Check, account: AccountId, snapshot: PortfolioSnapshot, now: datetime, figures: Figures
) -> Iterator[str]:
    symbol = None if check.position_symbol is None else _position(check.position_symbol, account, snapshot, now)
    if check.ours is not None:
        yield f"ours {_amount(check.figure, check.ours, figures)}, "
    elif symbol is not None:
        yield f"ours unknown, something is missing of {symbol}; "
    else:
        yield "ours unknown without the broker's cash; "
    yield "broker gives none" if check.brokers is None else f"broker {_amount(check.figure, check.brokers, figures)}"
    if check.difference is not None and not check.agrees:
        yield f": {_signed(check.figure, check.difference, figures)}"
        yield from _origin(check, symbol, figures)


def _origin(check: Check, symbol: str | None, figures: Figures) -> Iterator[str]:
    part = check.position_difference
    if symbol is None or part is None:
        yield ", from no single position"
    elif part == check.difference:
        yield f" from {symbol}"
    else:
        yield f", {_signed(check.figure, part, figures)} from {symbol}"


def _amount(figure: Figure, value: Decimal, figures: Figures) -> str:
    match figure:
        case Figure.POSITIONS:
            return f"{value:f}"
        case Figure.NET_LIQUIDATING_VALUE:
            return figures.money(value).text
        case Figure.OPEN_PNL | Figure.DAY_PNL:
            return figures.gain(value).text


def _signed(figure: Figure, value: Decimal, figures: Figures) -> str:
    return f"{value:+f}" if figure is Figure.POSITIONS else figures.gain(value).text


def _position(symbol: str, account: AccountId, snapshot: PortfolioSnapshot, now: datetime) -> str:
    """What the table calls the position, or the broker's symbol of one that is not in it."""
    for leg in snapshot.legs:
        if leg.position.instrument.symbol == symbol and leg.position.account == account:
            return name(leg.position.instrument, exchange_date(now))
    return visible(symbol)
